#include "server/writing.h"

static int64_t log_deadline(const struct snapshots *s, const struct logbook *l)
{
    return snapshots_are_behind(s) ? NEVER : logbook_deadline(l);
}

int64_t writing_deadline(const struct snapshots *s, const struct logbook *l)
{
    int64_t snapshots = snapshots_deadline(s), log = log_deadline(s, l);
    return snapshots < log ? snapshots : log;
}

void writing_expire(struct snapshots *s, struct logbook *l, struct moment now)
{
    if (log_deadline(s, l) <= now.mono_us)
        snapshots_hurry(s);
    snapshots_expire(s, now);
    if (log_deadline(s, l) <= now.mono_us)
        logbook_expire(l, now);
}

void writing_flush(struct snapshots *s, struct logbook *l)
{
    snapshots_flush(s);
    logbook_flush(l);
}
