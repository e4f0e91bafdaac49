// Log lines for the operator, on standard error: one line is one write(2), so lines of several
// threads never mix. Every call site may write 10 lines a second; what it drops is counted and
// told by the next line. Ids only: never secrets, tokens, codes, or ICE passwords. Text that a
// client chose is escaped by the caller (text_add_escaped).
#pragma once

#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

// State of one call site.
struct log_site {
    int64_t window_at; // s
    uint32_t in_window;
    uint32_t dropped;
};

void log_set_level(enum log_level level);

__attribute__((format(printf, 4, 5))) void log_write(struct log_site *site,
                                                     enum log_level level, const char *area,
                                                     const char *format, ...);

#define LOG_AT(level, area, ...)                                                               \
    do {                                                                                       \
        static _Thread_local struct log_site log_site_here;                                    \
        log_write(&log_site_here, level, area, __VA_ARGS__);                                   \
    } while (0)

// `area` is the folder or the subject: log_info("worker", "port %u", port)
#define log_debug(area, ...) LOG_AT(LOG_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...) LOG_AT(LOG_INFO, area, __VA_ARGS__)
#define log_warn(area, ...) LOG_AT(LOG_WARN, area, __VA_ARGS__)
#define log_error(area, ...) LOG_AT(LOG_ERROR, area, __VA_ARGS__)
