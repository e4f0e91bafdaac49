// The head of an HTTP/1 request: RFC 9112 sections 2 to 5, read strictly. What two readers
// could understand in two ways is refused, as are heads beyond the bounds that it is given.
#pragma once

#include "base/bytes.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

struct head_field {
    struct bytes name;  // as sent
    struct bytes value; // without the white space around it
};

// Views of the octets that were read.
struct head {
    struct bytes method;
    struct bytes target;
    int minor; // of HTTP/1.x: 0 or 1
    struct head_field fields[HTTP_HEADER_COUNT_MAX];
    size_t field_count;
    size_t len; // octets up to the body, those of an empty line in front included
};

// Octets of the request line and of all fields, each with its line ends; how many fields, at
// most HTTP_HEADER_COUNT_MAX.
struct head_limits {
    size_t line, fields, field_count;
};

extern const struct head_limits head_limits_default;

enum { HEAD_MORE = 1 }; // not all there yet, and nothing wrong so far

// Looks at `in`, which begins with a request. Returns 0 and fills `head`, HEAD_MORE, or the
// status that refuses it: 400, 414, 431. `*looked_at` is where the last call stopped
// looking for the end; 0 at first.
int head_parse(struct head *head, const struct head_limits *limits, struct bytes in,
               size_t *looked_at);

// The value of the only field `name` (its case does not matter). Returns how many there are;
// `*value` is that of the first.
size_t head_field(const struct head *head, const char *name, struct bytes *value);

// Whether the comma-separated list `value` has the word, whatever its case.
bool head_list_has(struct bytes value, const char *word);
bool head_equal(struct bytes text, const char *word); // whatever its case

// Decodes the escapes of `in` (RFC 3986 section 2.1) to `out`, of at least in.len octets.
// Returns the length, or ERR_MALFORMED: a broken escape, U+0000, or what is not UTF-8 then.
int head_decode_path(struct bytes in, char *out);
