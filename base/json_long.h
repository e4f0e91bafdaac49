// Long strings of a JSON document, which the parser would read an octet at a time: they are
// taken out of its text, so that the parser sees a short one in their place, and are put into
// the document that it makes. So are strings with escapes \u, of which half characters can be
// mended on the way.
#pragma once

#include "base/text.h"

#include <jansson.h>

// Bounds of one document. The defaults are those of base/limits.h.
struct json_bounds {
    size_t depth;
    size_t members;
    size_t string_len;
};

struct json_long {
    struct bytes text; // to be parsed: `given`, or `rest`
    struct text rest;  // what was written instead of it
    size_t copied;     // octets of the given text that are in `rest`
    json_t **list;     // the strings that were taken out
    size_t count, cap; //
    char *room;        // for one of them
    bool mends;        // half characters and U+0000 become U+FFFD, else they are refused
    bool has_nul;      // there was a U+0000
};

// Takes long strings out of `text`, which must stay, and checks its depth and how many members
// it has. Returns 0, ERR_MALFORMED or ERR_FULL.
int json_long_take(struct json_long *taken, struct bytes text,
                   const struct json_bounds *bounds);
// Puts them into the document. Returns 0, or ERR_FULL when one of its strings is too long.
int json_long_put(const struct json_long *taken, json_t **document,
                  const struct json_bounds *bounds);
void json_long_dispose(struct json_long *taken);
