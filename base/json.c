#include "base/json.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/words.h"

#include <assert.h>

const struct json_bounds json_bounds_default = {JSON_DEPTH_MAX, JSON_MEMBERS_MAX,
                                                JSON_STRING_MAX};

static json_t *load(struct bytes text)
{
    // Without JSON_ALLOW_NUL, jansson refuses \u0000; it always checks UTF-8.
    json_error_t why;
    json_t *read = json_loadb((const char *)text.at, text.len, JSON_DECODE_ANY, &why);
    // JavaScript writes 1e20 without an exponent: a number too, though none of 64 bits.
    if (!read && json_error_code(&why) == json_error_numeric_overflow)
        read = json_loadb((const char *)text.at, text.len,
                          JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    return read;
}

static int read_document(struct bytes text, const struct json_bounds *bounds,
                         struct json_long *taken, json_t **value)
{
    int err = json_long_take(taken, text, bounds);
    if (err)
        return err;
    json_t *read = load(taken->text);
    if (!read)
        return ERR_MALFORMED;
    err = json_long_put(taken, &read, bounds);
    if (err)
        json_decref(read);
    else
        *value = read;
    return err;
}

int json_read(struct bytes text, const struct json_bounds *bounds, json_t **value)
{
    struct json_long taken = {0};
    int err = read_document(text, bounds, &taken, value);
    json_long_dispose(&taken);
    return err;
}

int json_read_mended(struct bytes text, const struct json_bounds *bounds, json_t **value,
                     bool *has_nul)
{
    struct json_long taken = {.mends = true};
    int err = read_document(text, bounds, &taken, value);
    *has_nul = taken.has_nul;
    json_long_dispose(&taken);
    return err;
}

const char *json_get_text(const json_t *object, const char *key, const char *fallback)
{
    const json_t *member = json_object_get(object, key);
    return json_is_string(member) ? json_string_value(member) : fallback;
}

int64_t json_get_int(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *member = json_object_get(object, key);
    return json_is_integer(member) ? json_integer_value(member) : fallback;
}

bool json_get_bool(const json_t *object, const char *key, bool fallback)
{
    const json_t *member = json_object_get(object, key);
    return json_is_boolean(member) ? json_is_true(member) : fallback;
}

const json_t *json_get_object(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return json_is_object(member) ? member : NULL;
}

const json_t *json_get_array(const json_t *object, const char *key)
{
    const json_t *member = json_object_get(object, key);
    return json_is_array(member) ? member : NULL;
}

const char *const *json_get_texts(const json_t *object, const char *key, struct arena *arena,
                                  size_t *count)
{
    const json_t *array = json_get_array(object, key);
    *count = json_array_size(array);
    const char **list = arena_alloc(arena, *count * sizeof *list);
    for (size_t i = 0; i < *count; i++)
        list[i] = json_string_value(json_array_get(array, i));
    return list;
}

bool json_is_words(const json_t *value, const char *const *known, size_t most)
{
    if (!json_is_array(value) || json_array_size(value) > most)
        return false;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *word = json_string_value(json_array_get(value, i));
        if (!word || (known && !words_known(known, word)))
            return false;
    }
    return true;
}

static void separate(struct json_out *j)
{
    if (j->comma)
        text_add_char(j->to, ',');
    j->comma = true;
}

void json_open(struct json_out *j, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    separate(j);
    text_add_char(j->to, bracket);
    j->comma = false;
}

void json_close(struct json_out *j, char bracket)
{
    assert(bracket == '}' || bracket == ']');
    text_add_char(j->to, bracket);
    j->comma = true;
}

static void add_quoted(struct text *to, struct bytes value)
{
    text_add_char(to, '"');
    size_t start = 0;
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.at[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        text_add_bytes(to, (struct bytes){value.at + start, i - start});
        start = i + 1;
        if (c == '"' || c == '\\') {
            text_add_char(to, '\\');
            text_add_char(to, (char)c);
        } else if (c == '\n') {
            text_add_bytes(to, (struct bytes){(const uint8_t *)"\\n", 2});
        } else if (c == '\r') {
            text_add_bytes(to, (struct bytes){(const uint8_t *)"\\r", 2});
        } else {
            text_addf(to, "\\u%04x", c);
        }
    }
    text_add_bytes(to, (struct bytes){value.at + start, value.len - start});
    text_add_char(to, '"');
}

void json_key(struct json_out *j, const char *key)
{
    separate(j);
    add_quoted(j->to, bytes_of(key));
    text_add_char(j->to, ':');
    j->comma = false;
}

void json_put_string(struct json_out *j, const char *value)
{
    if (value)
        json_put_bytes(j, bytes_of(value));
    else
        json_put_null(j);
}

void json_put_bytes(struct json_out *j, struct bytes value)
{
    separate(j);
    add_quoted(j->to, value);
}

void json_put_int(struct json_out *j, int64_t value)
{
    separate(j);
    text_add_int(j->to, value);
}

void json_put_bool(struct json_out *j, bool value)
{
    separate(j);
    text_add(j->to, value ? "true" : "false");
}

void json_put_null(struct json_out *j)
{
    separate(j);
    text_add(j->to, "null");
}

static int dump_into(const char *buffer, size_t size, void *to)
{
    text_add_bytes(to, (struct bytes){(const uint8_t *)buffer, size});
    return 0;
}

void json_put_value(struct json_out *j, const json_t *value)
{
    separate(j);
    json_dump_callback(value, dump_into, j->to, JSON_COMPACT | JSON_ENCODE_ANY);
}

void json_put_verbatim(struct json_out *j, struct bytes value)
{
    separate(j);
    text_add_bytes(j->to, value);
}

void json_member_string(struct json_out *j, const char *key, const char *value)
{
    json_key(j, key);
    json_put_string(j, value);
}

void json_member_int(struct json_out *j, const char *key, int64_t value)
{
    json_key(j, key);
    json_put_int(j, value);
}

void json_member_bool(struct json_out *j, const char *key, bool value)
{
    json_key(j, key);
    json_put_bool(j, value);
}

void json_member_strings(struct json_out *j, const char *key, const char *const *list,
                         size_t count)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < count; i++)
        json_put_string(j, list[i]);
    json_close(j, ']');
}
