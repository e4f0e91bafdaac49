// The limit on wrong room codes: a code is a secret that opens a meeting, and short enough to
// be guessed by who may try without end.
#pragma once

#include "base/addr.h"
#include "base/limits.h"

#include <stddef.h>
#include <stdint.h>

enum { TRY_PREFIX_LEN = 3 }; // characters of a code that are looked at: its first group

// The wrong tries of the last minute, oldest first. A second bound is not needed: the bound on
// all of them is also the size of the ring.
struct api_tries {
    struct api_try *ring;
    size_t each; // of one address, within a minute
    size_t all;
    size_t first;
    size_t count;
};

void api_tries_init(struct api_tries *t, size_t each, size_t all);
void api_tries_dispose(struct api_tries *t);

// How many seconds `from` has to wait before it may try `code`; 0 when it may now. An address
// has so many wrong ones. Many addresses that guess at one meeting are told by the beginning of
// what they try: when CODE_TRIES_PER_PREFIX wrong ones began alike, whoever was one of them
// waits. An address that was not may come in, else anybody could lock the door of a meeting. ""
// has none.
int64_t api_tries_wait_s(struct api_tries *t, const struct addr *from, const char *code,
                         int64_t now);
void api_tries_add(struct api_tries *t, const struct addr *from, const char *code, int64_t now);
