// Reading JSON from outside, strictly, and writing it fast. Reading uses jansson behind bounds
// of its own, for all but long strings (base/json_long.h); writing goes straight into a growing
// text.
//
// Refused: depth over JSON_DEPTH_MAX, more than JSON_MEMBERS_MAX members and elements in all,
// a string over JSON_STRING_MAX octets, invalid UTF-8, U+0000. Duplicate keys: the last wins.
#pragma once

#include "base/bytes.h"
#include "base/json_long.h"
#include "base/mem.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

extern const struct json_bounds json_bounds_default;

// Reads any value. Returns 0 and the value (the caller's to json_decref()), or ERR_MALFORMED
// for bad JSON, ERR_FULL beyond a bound.
int json_read(struct bytes text, const struct json_bounds *bounds, json_t **value);

// The same, but half a surrogate pair is read as U+FFFD, and so is U+0000, which is told.
int json_read_mended(struct bytes text, const struct json_bounds *bounds, json_t **value,
                     bool *has_nul);

// The member `key` of `object`, as said; the fallback when it is absent or of another type.
const char *json_get_text(const json_t *object, const char *key, const char *fallback);
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback);
bool json_get_bool(const json_t *object, const char *key, bool fallback);
const json_t *json_get_object(const json_t *object, const char *key); // NULL when no object
const json_t *json_get_array(const json_t *object, const char *key);  // NULL when no array

// The member `key` of `object` as a list of texts, in `arena`, that borrows them from the
// document. What is no text in it is NULL; no array is an empty list.
const char *const *json_get_texts(const json_t *object, const char *key, struct arena *arena,
                                  size_t *count);
// Whether it is an array of up to `most` texts. `known`: those that there are, and then NULL;
// NULL: any.
bool json_is_words(const json_t *value, const char *const *known, size_t most);

// Writing. Commas are put by themselves:
//
//     struct json_out j = json_out_on(&text);
//     json_open(&j, '{');
//     json_key(&j, "code"); json_put_int(&j, 404);
//     json_key(&j, "message"); json_put_string(&j, "not found");
//     json_close(&j, '}');
struct json_out {
    struct text *to;
    bool comma; // the next value needs one in front
};

static inline struct json_out json_out_on(struct text *to)
{
    return (struct json_out){.to = to};
}

void json_open(struct json_out *j, char bracket);  // '{' or '['
void json_close(struct json_out *j, char bracket); // '}' or ']'
void json_key(struct json_out *j, const char *key);
void json_put_string(struct json_out *j, const char *value); // NULL becomes null
void json_put_bytes(struct json_out *j, struct bytes value); // valid UTF-8
void json_put_int(struct json_out *j, int64_t value);
void json_put_bool(struct json_out *j, bool value);
void json_put_null(struct json_out *j);
void json_put_value(struct json_out *j, const json_t *value);   // any jansson value
void json_put_verbatim(struct json_out *j, struct bytes value); // a value written elsewhere

// A member in one call.
void json_member_string(struct json_out *j, const char *key, const char *value);
void json_member_int(struct json_out *j, const char *key, int64_t value);
void json_member_bool(struct json_out *j, const char *key, bool value);
void json_member_strings(struct json_out *j, const char *key, const char *const *list,
                         size_t count);
