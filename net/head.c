#include "net/head.h"

#include "base/err.h"
#include "base/utf8.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const struct head_limits head_limits_default = {HTTP_REQUEST_LINE_MAX, HTTP_HEADERS_MAX,
                                                HTTP_HEADER_COUNT_MAX};

// --- Characters ---

// RFC 9110 section 5.6.2.
static bool is_token_octet(uint8_t c)
{
    return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (!is_token_octet(b.at[i]))
            return false;
    return b.len > 0;
}

static struct bytes trimmed(struct bytes b)
{
    while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
        b = (struct bytes){b.at + 1, b.len - 1};
    while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
        b.len--;
    return b;
}

bool head_equal(struct bytes text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.at, word, text.len) == 0;
}

// --- Finding the end ---

// Whether the octet at `i` may be there at all: no control characters, and line ends are pairs.
static bool is_possible(struct bytes in, size_t i)
{
    uint8_t c = in.at[i];
    if (c == '\n')
        return i > 0 && in.at[i - 1] == '\r';
    if (i > 0 && in.at[i - 1] == '\r')
        return false;
    return c == '\r' || c == '\t' || (c >= ' ' && c != 0x7f);
}

// The length of the head from `start` on, 0 while it is not all there, or a negative status.
static int find_end(const struct head_limits *limits, struct bytes in, size_t start,
                    size_t *looked_at)
{
    size_t most = limits->line + limits->fields;
    for (size_t i = *looked_at; i < in.len; i++) {
        if (!is_possible(in, i))
            return -400;
        if (in.at[i] == '\n' && i >= start + 3 && memcmp(in.at + i - 3, "\r\n\r\n", 4) == 0) {
            *looked_at = i;
            return i - start + 1 > most ? -431 : (int)(i - start + 1);
        }
    }
    *looked_at = in.len;
    if (in.len - start > limits->line && !memchr(in.at + start, '\n', limits->line))
        return -414;
    return in.len - start > most ? -431 : 0;
}

// --- Lines ---

// Takes the next line from `*rest`, without its end.
static struct bytes next_line(struct bytes *rest)
{
    const uint8_t *end = memchr(rest->at, '\r', rest->len);
    struct bytes line = {rest->at, (size_t)(end - rest->at)};
    *rest = (struct bytes){end + 2, rest->len - line.len - 2};
    return line;
}

static struct bytes next_word(struct bytes *rest)
{
    const uint8_t *end = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
    struct bytes word = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
    size_t used = word.len + (end != NULL);
    *rest = (struct bytes){rest->at + used, rest->len - used};
    return word;
}

static int read_version(struct head *head, struct bytes version)
{
    if (version.len != 8 || memcmp(version.at, "HTTP/", 5) != 0 || !isdigit(version.at[5]) ||
        version.at[6] != '.' || !isdigit(version.at[7]))
        return 400;
    if (version.at[5] != '1' || version.at[7] > '1')
        return 400;
    head->minor = version.at[7] - '0';
    return 0;
}

static int read_request_line(struct head *head, const struct head_limits *limits,
                             struct bytes line)
{
    if (line.len + 2 > limits->line)
        return 414;
    head->method = next_word(&line);
    head->target = next_word(&line);
    if (!is_token(head->method) || head->target.len == 0)
        return 400;
    // RFC 3986: printable ASCII only. A fragment is never sent.
    for (size_t i = 0; i < head->target.len; i++)
        if (head->target.at[i] <= ' ' || head->target.at[i] > '~' || head->target.at[i] == '#')
            return 400;
    return read_version(head, line);
}

static int read_field(struct head *head, const struct head_limits *limits, struct bytes line)
{
    if (head->field_count == limits->field_count)
        return 431;
    // The name's octets rule out a folded line and a space before the colon too.
    const uint8_t *colon = memchr(line.at, ':', line.len);
    struct bytes name = {line.at, colon ? (size_t)(colon - line.at) : 0};
    if (!is_token(name))
        return 400;
    struct bytes value = {colon + 1, line.len - name.len - 1};
    head->fields[head->field_count++] = (struct head_field){name, trimmed(value)};
    return 0;
}

int head_parse(struct head *head, const struct head_limits *limits, struct bytes in,
               size_t *looked_at)
{
    // RFC 9112 section 2.2: one empty line in front is forgiven.
    size_t start = in.len >= 2 && memcmp(in.at, "\r\n", 2) == 0 ? 2 : 0;
    int len = find_end(limits, in, start, looked_at);
    if (len <= 0)
        return len ? -len : HEAD_MORE;

    struct bytes rest = {in.at + start, (size_t)len - 2};
    head->field_count = 0;
    head->len = start + (size_t)len;
    struct bytes line = next_line(&rest);
    int status = read_request_line(head, limits, line);
    if (!status && rest.len > limits->fields)
        status = 431;
    while (!status && rest.len > 0)
        status = read_field(head, limits, next_line(&rest));
    return status;
}

size_t head_field(const struct head *head, const char *name, struct bytes *value)
{
    size_t count = 0;
    for (size_t i = 0; i < head->field_count; i++)
        if (head_equal(head->fields[i].name, name) && count++ == 0)
            *value = head->fields[i].value;
    return count;
}

bool head_list_has(struct bytes value, const char *word)
{
    while (value.len > 0) {
        const uint8_t *comma = memchr(value.at, ',', value.len);
        size_t len = comma ? (size_t)(comma - value.at) : value.len;
        if (head_equal(trimmed((struct bytes){value.at, len}), word))
            return true;
        size_t used = len + (comma != NULL);
        value = (struct bytes){value.at + used, value.len - used};
    }
    return false;
}

// --- Paths ---

static int hex_digit(uint8_t c)
{
    if (isdigit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int head_decode_path(struct bytes in, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = in.at[i];
        if (c == '%') {
            int high = in.len - i >= 3 ? hex_digit(in.at[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(in.at[i + 2]) : -1;
            if (low < 0 || (high == 0 && low == 0))
                return ERR_MALFORMED;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        out[len++] = (char)c;
    }
    return utf8_is_valid((struct bytes){(const uint8_t *)out, len}) ? (int)len : ERR_MALFORMED;
}
