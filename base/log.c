#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 1024, LINES_PER_SECOND = 10 };

static _Atomic int threshold = LOG_INFO;
static _Atomic int shape = LOG_TEXT;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
}

void log_set_format(enum log_format format)
{
    atomic_store(&shape, (int)format);
}

static bool admitted(struct log_site *site, int64_t now_s)
{
    if (site->window_at != now_s) {
        site->window_at = now_s;
        site->in_window = 0;
    }
    if (site->in_window >= LINES_PER_SECOND) {
        site->dropped++;
        return false;
    }
    site->in_window++;
    return true;
}

void log_write(struct log_site *site, enum log_level level, const struct log_field *fields,
               const char *area, const char *format, ...)
{
    if ((int)level < atomic_load(&threshold))
        return;
    struct log_line line = {.level = level, .area = area, .fields = fields};
    clock_gettime(CLOCK_REALTIME, &line.at);
    if (!admitted(site, line.at.tv_sec))
        return;

    char message[MESSAGE_MAX], out[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    line.message = len >= 0 ? message : format;
    line.dropped = site->dropped;
    site->dropped = 0;
    size_t octets = log_line_write(&line, (enum log_format)atomic_load(&shape), out);
    ssize_t written = write(STDERR_FILENO, out, octets);
    (void)written; // nobody is left to tell
}
