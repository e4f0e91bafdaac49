// What a log line looks like: for people, or as an object of JSON (RFC 8259) for programs.
//
//     2026-11-29T12:53:22.479Z warn  hooks: webhook 7d1f is given up: HTTP 500
//     {"time":"2026-11-29T12:53:22.479Z","level":"warn","area":"hooks","message":"webhook 7d1f
//     is given up: HTTP 500","webhook":"7d1f"}
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

// What a message is about, as a member of its own for programs: the message says it too.
struct log_field {
    const char *name; // [a-z_]+
    const char *text; // NULL: it is a number
    int64_t number;
};

static inline struct log_field log_text(const char *name, const char *text)
{
    return (struct log_field){.name = name, .text = text};
}

static inline struct log_field log_number(const char *name, int64_t number)
{
    return (struct log_field){.name = name, .number = number};
}

enum { LOG_LINE_MAX = 2048 };

struct log_line {
    struct timespec at; // UTC
    enum log_level level;
    const char *area;
    const char *message;
    const struct log_field *fields; // the last has no name; NULL: none
    uint32_t dropped;               // that were not written before it
};

// Writes the line with its end, and returns how long it is. Whatever is in the texts, it is one
// line, and valid UTF-8; what is too long is cut, never inside a character or of the object.
size_t log_line_write(const struct log_line *line, enum log_format format,
                      char out[LOG_LINE_MAX]);
