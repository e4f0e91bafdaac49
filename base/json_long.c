#include "base/json_long.h"

#include "base/err.h"
#include "base/json_scan.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <stdlib.h>

// What stands for a string that was taken out begins with this, and its number follows. No
// other string that is left does: it could only be written with \u, or is no JSON.
enum { MARK = 1 };

// --- Reading a string ---

struct reader {
    struct bytes from; // without the quotes
    size_t at;
    uint8_t *to;
    bool mends;
    bool has_nul;
};

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// The number of an escape \uXXXX that begins at `at`, or -1.
static int escaped_unit(struct bytes text, size_t at)
{
    int unit = 0;
    if (at + 6 > text.len || text.at[at] != '\\' || text.at[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        int digit = hex_digit(text.at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static bool is_high(int unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(int unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

static uint8_t *put_character(uint8_t *to, int c)
{
    if (c < 0x80) {
        *to++ = (uint8_t)c;
    } else if (c < 0x800) {
        *to++ = (uint8_t)(0xc0 | c >> 6);
        *to++ = (uint8_t)(0x80 | (c & 0x3f));
    } else {
        if (c < 0x10000) {
            *to++ = (uint8_t)(0xe0 | c >> 12);
        } else {
            *to++ = (uint8_t)(0xf0 | c >> 18);
            *to++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (c & 0x3f));
    }
    return to;
}

static bool read_unicode(struct reader *r)
{
    int unit = escaped_unit(r->from, r->at);
    int low = is_high(unit) ? escaped_unit(r->from, r->at + 6) : -1;
    bool is_pair = is_low(low);
    bool is_broken = unit == 0 || (!is_pair && (is_high(unit) || is_low(unit)));
    if (unit < 0 || (is_broken && !r->mends))
        return false;
    r->has_nul |= unit == 0;
    int c = is_broken ? 0xfffd
            : is_pair ? 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff)
                      : unit;
    r->to = put_character(r->to, c);
    r->at += is_pair ? 12 : 6;
    return true;
}

static bool read_escape(struct reader *r)
{
    static const char meant[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
    if (r->at + 1 >= r->from.len)
        return false;
    uint8_t c = r->from.at[r->at + 1];
    if (c == 'u')
        return read_unicode(r);
    if (!meant[c])
        return false;
    *r->to++ = (uint8_t)meant[c];
    r->at += 2;
    return true;
}

// Octets that are not simply copied word by word: escapes, other characters than those of
// ASCII, and what is left at the end.
static bool read_special(struct reader *r)
{
    do {
        uint8_t c = r->from.at[r->at];
        if (c == '\\') {
            if (!read_escape(r))
                return false;
            continue;
        }
        struct bytes left = {r->from.at + r->at, r->from.len - r->at};
        size_t len = c >= 0x20 ? utf8_len(left) : 0;
        if (len == 0)
            return false;
        memcpy(r->to, left.at, left.len < 4 ? len : 4); // there is room
        r->to += len;
        r->at += len;
    } while (r->at < r->from.len && (r->from.at[r->at] >= 0x80 || r->from.at[r->at] == '\\'));
    return true;
}

static void copy_plain(struct reader *r)
{
    while (r->at + JSON_WORD <= r->from.len) {
        uint64_t word = json_word(r->from.at + r->at);
        uint64_t found = json_word_is(word, '\\') | json_word_is_below(word, 0x20) |
                         (word & UINT64_MAX / 255 << 7);
        size_t plain = found ? json_word_first(found) : JSON_WORD;
        memcpy(r->to, r->from.at + r->at, JSON_WORD);
        r->to += plain;
        r->at += plain;
        if (found)
            return;
    }
}

// There is room for as many octets as are read, and a word.
static bool read_string(struct reader *r)
{
    while (r->at < r->from.len) {
        copy_plain(r);
        if (r->at < r->from.len && !read_special(r))
            return false;
    }
    return true;
}

// --- Taking out ---

static void add_copied(struct json_long *taken, struct bytes given, size_t until)
{
    text_add_bytes(&taken->rest,
                   (struct bytes){given.at + taken->copied, until - taken->copied});
}

static void stand_in(struct json_long *taken, struct bytes string)
{
    if (taken->count == taken->cap) {
        taken->cap = taken->cap ? 2 * taken->cap : 8;
        taken->list = mem_resize(taken->list, taken->cap * sizeof *taken->list);
    }
    text_addf(&taken->rest, "\"\\u%04x%zu\"", MARK, taken->count);
    taken->list[taken->count++] = json_stringn_nocheck((const char *)string.at, string.len);
}

// It stays where it is, with no escapes but those that it needs.
static void write_name(struct json_long *taken, struct bytes name)
{
    text_add_char(&taken->rest, '"');
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        if (c < 0x20 || c == '"' || c == '\\')
            text_addf(&taken->rest, "\\u%04x", c);
        else
            text_add_char(&taken->rest, (char)c);
    }
    text_add_char(&taken->rest, '"');
}

// The string from the quote at `start` to the one at `end`.
static int take(struct json_long *taken, struct bytes given, size_t start, size_t end,
                bool is_name, size_t max)
{
    if (!taken->room)
        taken->room = mem_resize(NULL, given.len + JSON_WORD);
    struct reader reader = {
        .from = {given.at + start + 1, end - (start + 1)},
        .to = (uint8_t *)taken->room,
        .mends = taken->mends,
    };
    if (!read_string(&reader))
        return ERR_MALFORMED;
    taken->has_nul |= reader.has_nul;
    struct bytes string = {(uint8_t *)taken->room,
                           (size_t)(reader.to - (uint8_t *)taken->room)};
    if (string.len > max)
        return ERR_FULL;
    add_copied(taken, given, start);
    taken->copied = end + 1;
    if (is_name)
        write_name(taken, string);
    else
        stand_in(taken, string);
    return 0;
}

// jansson's own bound of depth is 2048, deep enough for its recursion but not for our promise;
// so depth and the number of values are counted on the text before anything is allocated.
int json_long_take(struct json_long *taken, struct bytes text, const struct json_bounds *bounds)
{
    size_t depth = 0, members = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        if (c == 0) // jansson would take it for the end of the text
            return ERR_MALFORMED;
        if (c == '"') {
            struct json_string string = json_string_at(text, i + 1);
            bool is_name = json_value_behind(text, string.end + 1);
            bool is_long = string.end - i > JSON_LONG && !is_name;
            int err = string.end < text.len && (is_long || string.has_unicode)
                          ? take(taken, text, i, string.end, is_name, bounds->string_len)
                          : 0;
            if (err)
                return err;
            i = string.end;
            continue;
        }
        depth += c == '{' || c == '[';
        members += c == '{' || c == '[' || c == ',';
        if (depth > bounds->depth || members > bounds->members)
            return ERR_FULL;
        depth -= depth && (c == '}' || c == ']');
    }
    if (taken->copied)
        add_copied(taken, text, text.len);
    taken->text = taken->copied ? text_bytes(&taken->rest) : text;
    return 0;
}

// --- Putting back ---

// What belongs where `value` stands, if that is a string which stands for another.
static json_t *string_of(const struct json_long *taken, const json_t *value)
{
    const char *mark = json_string_value(value);
    return mark && mark[0] == MARK ? taken->list[strtoul(mark + 1, NULL, 10)] : NULL;
}

// False when a string is too long.
static bool put(const struct json_long *taken, json_t *value, size_t max)
{
    const char *key;
    json_t *member, *string;
    size_t i;

    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_length(value) <= max;
    case JSON_OBJECT:
        json_object_foreach(value, key, member)
        {
            if ((string = string_of(taken, member)))
                json_object_iter_set(value, json_object_key_to_iter(key), string);
            if (strlen(key) > max || (!string && !put(taken, member, max)))
                return false;
        }
        return true;
    case JSON_ARRAY:
        json_array_foreach(value, i, member)
        {
            if ((string = string_of(taken, member)))
                json_array_set(value, i, string);
            else if (!put(taken, member, max))
                return false;
        }
        return true;
    default:
        return true;
    }
}

int json_long_put(const struct json_long *taken, json_t **document,
                  const struct json_bounds *bounds)
{
    json_t *whole = string_of(taken, *document);
    if (whole) {
        json_decref(*document);
        *document = json_incref(whole);
    }
    return whole || put(taken, *document, bounds->string_len) ? 0 : ERR_FULL;
}

void json_long_dispose(struct json_long *taken)
{
    for (size_t i = 0; i < taken->count; i++)
        json_decref(taken->list[i]);
    mem_free(taken->list);
    mem_free(taken->room);
    text_dispose(&taken->rest);
}
