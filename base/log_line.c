#include "base/log_line.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

// What each text may take, and all fields: what is cut is the longest, which is the message.
enum { FIELDS_MAX = 600, CLOSE_LEN = 48 };

static const char *const levels[] = {"debug", "info", "warn", "error"};

struct line {
    char *at;
    size_t len, max;
};

// All of it or nothing.
static bool add(struct line *l, const char *octets, size_t len)
{
    if (l->len + len > l->max)
        return false;
    memcpy(l->at + l->len, octets, len);
    l->len += len;
    return true;
}

static bool add_text(struct line *l, const char *text)
{
    return add(l, text, strlen(text));
}

// In JSON each control character, the two line ends of Unicode, quotes and backslashes are
// escaped; for people, control characters alone.
static bool add_character(struct line *l, const char *p, size_t len, enum log_format format)
{
    char escape[8];
    unsigned char c = (unsigned char)*p;
    bool is_json = format == LOG_JSON;
    if (len == 0)
        return add_text(l, "\xef\xbf\xbd"); // no character: U+FFFD
    if (len == 3 && memcmp(p, "\xe2\x80", 2) == 0 && (p[2] == '\xa8' || p[2] == '\xa9'))
        snprintf(escape, sizeof escape, "\\u202%c", p[2] == '\xa8' ? '8' : '9');
    else if (len == 2 && c == 0xc2 && (unsigned char)p[1] < 0xa0)
        snprintf(escape, sizeof escape, "\\u00%02x", (unsigned char)p[1]);
    else if (c < 0x20 || c == 0x7f)
        snprintf(escape, sizeof escape, is_json ? "\\u00%02x" : "\\x%02x", c);
    else if (is_json && (c == '"' || c == '\\'))
        snprintf(escape, sizeof escape, "\\%c", c);
    else
        return add(l, p, len);
    return add_text(l, escape);
}

static void add_escaped(struct line *l, const char *text, enum log_format format)
{
    for (size_t left = strlen(text); left > 0;) {
        size_t len = utf8_len((struct bytes){(const uint8_t *)text, left});
        if (!add_character(l, text, len, format))
            return;
        text += len ? len : 1;
        left -= len ? len : 1;
    }
}

static void add_time(struct line *l, const struct timespec *at)
{
    char text[40];
    struct tm utc;
    gmtime_r(&at->tv_sec, &utc);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + len, sizeof text - len, ".%03ldZ", at->tv_nsec / 1000000);
    add_text(l, text);
}

static void add_field(struct line *l, const struct log_field *field)
{
    char number[24];
    size_t before = l->len, max = l->max;
    bool fits = add_text(l, ",\"") && add_text(l, field->name) && add_text(l, "\":");
    if (!field->text) {
        snprintf(number, sizeof number, "%lld", (long long)field->number);
        fits = fits && add_text(l, number);
    } else {
        l->max--; // for the quote that ends it
        fits = fits && add_text(l, "\"");
        if (fits)
            add_escaped(l, field->text, LOG_JSON);
        l->max = max;
        fits = fits && add_text(l, "\"");
    }
    if (!fits)
        l->len = before;
}

static void write_json(struct line *l, const struct log_line *line)
{
    char dropped[CLOSE_LEN] = "";
    if (line->dropped)
        snprintf(dropped, sizeof dropped, ",\"dropped\":%u", line->dropped);
    size_t max = l->max - strlen(dropped) - 1;
    add_text(l, "{\"time\":\"");
    add_time(l, &line->at);
    add_text(l, "\",\"level\":\"");
    add_text(l, levels[line->level]);
    add_text(l, "\",\"area\":\"");
    add_escaped(l, line->area, LOG_JSON);
    add_text(l, "\",\"message\":\"");
    l->max = max - FIELDS_MAX;
    add_escaped(l, line->message, LOG_JSON);
    l->max = max;
    add_text(l, "\"");
    for (const struct log_field *f = line->fields; f && f->name; f++)
        add_field(l, f);
    l->max = max + strlen(dropped) + 1;
    add_text(l, dropped);
    add_text(l, "}");
}

// The fields are in the message already.
static void write_text(struct line *l, const struct log_line *line)
{
    char dropped[CLOSE_LEN] = "";
    if (line->dropped)
        snprintf(dropped, sizeof dropped, " (%u more dropped)", line->dropped);
    add_time(l, &line->at);
    add_text(l, " ");
    add_text(l, levels[line->level]);
    add_text(l, strlen(levels[line->level]) < 5 ? "  " : " ");
    add_text(l, line->area);
    add_text(l, ": ");
    l->max -= strlen(dropped);
    add_escaped(l, line->message, LOG_TEXT);
    l->max += strlen(dropped);
    add_text(l, dropped);
}

size_t log_line_write(const struct log_line *line, enum log_format format,
                      char out[LOG_LINE_MAX])
{
    struct line l = {.at = out, .max = LOG_LINE_MAX - 1};
    if (format == LOG_JSON)
        write_json(&l, line);
    else
        write_text(&l, line);
    l.max++;
    bool has_end = add(&l, "\n", 1);
    assert(has_end);
    return l.len;
}
