// The session log: what happens in live rooms, on its way to the storage. Room events become
// entries; those of LOG_INTERVAL_MS are one write. One write is under way at a time, the next
// one grows meanwhile; when the storage is slower than what happens, single events are left
// out first, and counted, then all else.
#pragma once

#include "api/webhook.h"
#include "room/rooms.h"
#include "server/jobs.h"

struct logbook_config {
    bool with_chat;    // what people say to all is kept too
    int days;          // that events are kept; 0: for ever
    int meetings_days; // that meetings are kept which nobody uses; 0: for ever
    int sessions_days; // that sessions which are over, and their events, are kept; 0: for ever
    int hooks_days;    // that webhooks are kept which are done; 0: for ever
    struct api_webhook_workspace workspace; // borrowed strings
    const char *target; // of the workspace's webhooks, as the store keeps it; borrowed
};

struct logbook;

// Borrows `rooms`, `jobs` and `rng`.
struct logbook *logbook_new(const struct logbook_config *config, const struct rooms *rooms,
                            struct jobs *jobs, struct rng *rng);
void logbook_free(struct logbook *l);

// A session that the last process left: it goes on in `room`, or is over and `room` is NULL.
// Peers that were in and are not any more have left; those that are in and were not told of
// have come.
void logbook_restore(struct logbook *l, const struct jobs_live *live, const struct room *room,
                     struct moment now);

// A call that looks for what the log tells goes to the storage when all that was delivered
// before it is written. Takes `job`.
void logbook_put_call(struct logbook *l, struct job *job);
bool logbook_is_full_of_calls(const struct logbook *l); // it may not

void logbook_deliver(struct logbook *l, const struct event_list *events, struct moment now);

// A write is done; takes what the job holds when it has to be tried again. True: there are
// webhooks to send.
bool logbook_done(struct logbook *l, struct job *job);

int64_t logbook_deadline(const struct logbook *l); // NEVER when nothing waits
void logbook_expire(struct logbook *l, struct moment now);
// Everything that waits, at once and however full the queue is.
void logbook_flush(struct logbook *l);

uint64_t logbook_dropped(const struct logbook *l); // entries, since the start
