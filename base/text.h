// A string that grows. Always terminated once something was added.
#pragma once

#include "base/bytes.h"

// Zero-initialised is the empty string. `at` is NULL until something is added.
struct text {
    char *at;
    size_t len;
    size_t cap;
};

void text_add(struct text *t, const char *more);
void text_add_bytes(struct text *t, struct bytes more);
void text_add_char(struct text *t, char c);
__attribute__((format(printf, 2, 3))) void text_addf(struct text *t, const char *format, ...);
void text_add_int(struct text *t, int64_t value); // in decimal
void text_reserve(struct text *t, size_t more);   // room for that much, taken in one piece
void text_clear(struct text *t);                  // empties, keeps the memory
void text_dispose(struct text *t);                // frees
char *text_take(struct text *t); // the string is the caller's to mem_free(); never NULL

static inline struct bytes text_bytes(const struct text *t)
{
    return (struct bytes){(const uint8_t *)t->at, t->len};
}

// How many characters a string of valid UTF-8 has.
size_t text_characters(const char *text);

// How many octets a text may take in a message to a client, where control characters, quotes
// and backslashes are escaped. NULL takes none.
size_t text_weight(const char *text);

// Of what people read on one line, as names are: control characters become spaces. They mean
// nothing there, and each takes six octets in every message to a client.
void text_make_line(char *text);

// What is added to a text for people and logs: control characters, quotes and backslashes of
// client-made strings become \xNN, so that a log line stays one line.
void text_add_escaped(struct text *t, struct bytes more);
