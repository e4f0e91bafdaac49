#include "base/json_scan.h"

// Behind the octets up to the next quote or backslash. What is not of ASCII among them, or near
// them, leaves its high bit in `seen`.
static inline size_t skip_plain(struct bytes text, size_t at, uint64_t *seen)
{
    for (; at + JSON_WORD <= text.len; at += JSON_WORD) {
        uint64_t word = json_word(text.at + at);
        uint64_t found = json_word_is(word, '"') | json_word_is(word, '\\');
        *seen |= word;
        if (found)
            return at + json_word_first(found);
    }
    for (; at < text.len && text.at[at] != '"' && text.at[at] != '\\'; at++)
        *seen |= text.at[at];
    return at;
}

struct json_string json_string_at(struct bytes text, size_t at)
{
    struct json_string string = {.end = at};
    if (at < text.len && text.at[at] == '"')
        return string; // an empty one
    uint64_t seen = 0;
    for (;;) {
        at = skip_plain(text, at, &seen);
        if (at + 1 >= text.len || text.at[at] == '"')
            break;
        do { // often several in a row
            string.escapes++;
            string.has_unicode |= text.at[at + 1] == 'u';
            at += 2;
        } while (at + 1 < text.len && text.at[at] == '\\');
    }
    bool is_closed = at < text.len && text.at[at] == '"';
    string.end = is_closed ? at : text.len;
    string.is_wide = seen & UINT64_MAX / 255 << 7;
    return string;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_blanks(struct bytes text, size_t at)
{
    while (at < text.len && is_blank(text.at[at]))
        at++;
    return at;
}

size_t json_value_behind(struct bytes text, size_t at)
{
    at = skip_blanks(text, at);
    return at < text.len && text.at[at] == ':' ? skip_blanks(text, at + 1) : 0;
}

// A string was found that ends before `end`. Whether it is a name is looked up only where that
// matters.
static inline void count_string(struct json_scan *scan, struct bytes text, size_t start,
                                const struct json_string *string, bool may_be_asked)
{
    size_t len = string->end - start;
    bool is_long = len >= JSON_LONG;
    size_t value_at = is_long || may_be_asked ? json_value_behind(text, string->end + 1) : 0;
    if (may_be_asked)
        scan->value_at = value_at;
    if (is_long && !value_at) {
        scan->octets -= len;
        scan->long_octets += len;
        scan->long_escapes += string->escapes;
        scan->wide_octets += string->is_wide ? len : 0;
    } else {
        scan->escapes += string->escapes;
    }
}

struct json_scan json_scan(struct bytes text, const char *key)
{
    enum { PLAIN, OPENS, CLOSES, SEPARATES, QUOTES };
    static const uint8_t kinds[256] = {['{'] = OPENS,  ['['] = OPENS,     ['}'] = CLOSES,
                                       [']'] = CLOSES, [','] = SEPARATES, ['"'] = QUOTES};
    struct json_scan scan = {.octets = text.len};
    size_t key_len = strlen(key), depth = 0;
    for (size_t i = 0; i < text.len; i++) {
        switch (kinds[text.at[i]]) {
        case OPENS:
            depth++;
            scan.members++;
            break;
        case SEPARATES:
            scan.members++;
            break;
        case CLOSES:
            depth -= depth > 0;
            break;
        case QUOTES: {
            struct json_string string = json_string_at(text, i + 1);
            bool may_be_asked = depth == 1 && !scan.value_at &&
                                string.end - (i + 1) == key_len &&
                                memcmp(text.at + i + 1, key, key_len) == 0;
            count_string(&scan, text, i + 1, &string, may_be_asked);
            i = string.end;
            break;
        }
        default:
            break;
        }
    }
    return scan;
}
