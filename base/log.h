// Log lines for the operator, on standard error: one line is one write(2), so lines of several
// threads never mix. Every call site may write 10 lines a second; what it drops is counted and
// told by the next line. Ids only: never secrets, tokens, codes, or ICE passwords. Whatever is
// in a text, its line stays one (base/log_line.h).
#pragma once

#include "base/log_line.h"

#include <stdint.h>

#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__, {0}})

// State of one call site.
struct log_site {
    int64_t window_at; // s
    uint32_t in_window;
    uint32_t dropped;
};

void log_set_level(enum log_level level);
void log_set_format(enum log_format format);

// `fields` ends with one that has no name; NULL is none.
__attribute__((format(printf, 5, 6))) void log_write(struct log_site *site,
                                                     enum log_level level,
                                                     const struct log_field *fields,
                                                     const char *area, const char *format, ...);

#define LOG_AT(level, fields, area, ...)                                                       \
    do {                                                                                       \
        static _Thread_local struct log_site log_site_here;                                    \
        log_write(&log_site_here, level, fields, area, __VA_ARGS__);                           \
    } while (0)

// `area` is the folder or the subject: log_info("worker", "port %u", port)
#define log_debug(area, ...) LOG_AT(LOG_DEBUG, NULL, area, __VA_ARGS__)
#define log_info(area, ...) LOG_AT(LOG_INFO, NULL, area, __VA_ARGS__)
#define log_warn(area, ...) LOG_AT(LOG_WARN, NULL, area, __VA_ARGS__)
#define log_error(area, ...) LOG_AT(LOG_ERROR, NULL, area, __VA_ARGS__)

// The same with fields: log_info_of(LOG_FIELDS(log_number("port", port)), "worker", "port %u",
// port)
#define log_info_of(fields, area, ...) LOG_AT(LOG_INFO, fields, area, __VA_ARGS__)
#define log_warn_of(fields, area, ...) LOG_AT(LOG_WARN, fields, area, __VA_ARGS__)
#define log_error_of(fields, area, ...) LOG_AT(LOG_ERROR, fields, area, __VA_ARGS__)
