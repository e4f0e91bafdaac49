#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 1024, LINES_PER_SECOND = 10 };

static _Atomic int threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&threshold, (int)level);
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

void log_write(struct log_site *site, enum log_level level, const char *area,
               const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    if ((int)level < atomic_load(&threshold))
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (!admitted(site, now.tv_sec))
        return;

    char line[LINE_MAX_LEN];
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(line + len, sizeof line - len,
                            ".%03ldZ %-5s %s: ", now.tv_nsec / 1000000, names[level], area);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + len, sizeof line - len, format, args);
    va_end(args);
    if (more > 0)
        len += (size_t)more;
    if (len < sizeof line && site->dropped) {
        more = snprintf(line + len, sizeof line - len, " (%u more dropped)", site->dropped);
        len += (size_t)more;
        site->dropped = 0;
    }
    if (len > sizeof line - 1)
        len = sizeof line - 1;
    line[len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written; // nobody is left to tell
}
