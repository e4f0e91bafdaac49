// Decoding "Transfer-Encoding: chunked": RFC 9112 section 7.1.
#pragma once

#include "base/bytes.h"
#include "base/text.h"

#include <stdbool.h>

// Zero-initialised is the beginning of a body.
struct chunked {
    uint8_t state;
    uint8_t digits;    // of the present size
    uint32_t left;     // of the present chunk
    uint32_t overhead; // octets of extensions and trailers so far
    bool done;
};

// Appends what `in` holds of the body to `body`; `*used` octets of it were read, which are all
// unless the body ends before. Returns 0, ERR_MALFORMED, or ERR_FULL beyond `max` octets of
// body.
int chunked_decode(struct chunked *c, struct bytes in, size_t max, struct text *body,
                   size_t *used);
