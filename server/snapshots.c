#include "server/snapshots.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/snapshot.h"

#include <stdio.h>
#include <string.h>

enum { INTERVAL_US = 1000000, AGAIN_US = 50000 };

struct snapshots {
    struct rooms *rooms;
    struct jobs *jobs;
    int64_t next_at;   // us; no write before
    size_t waiting;    // writes that the store thread has not done
    bool is_replaced;  // another process has the storage now
    bool is_urgent;    // somebody waits for what has changed
    bool is_cut_short; // the last time there was no room for all of it
};

struct snapshots *snapshots_new(struct rooms *rooms, struct jobs *jobs)
{
    struct snapshots *s = mem_alloc(sizeof *s);
    s->rooms = rooms;
    s->jobs = jobs;
    return s;
}

void snapshots_free(struct snapshots *s)
{
    mem_free(s);
}

static struct job *make_job(enum job_kind kind, const char *room_id, const char *session_id)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = kind;
    snprintf(job->live.room_id, sizeof job->live.room_id, "%s", room_id);
    snprintf(job->live.session_id, sizeof job->live.session_id, "%s", session_id);
    return job;
}

// --- At the start ---

struct room *snapshots_restore(struct snapshots *s, struct jobs_live *live, struct moment now,
                               struct event_list *events)
{
    struct template *template = live->template;
    live->template = NULL;
    if (!live->document) {
        template_free(template);
        return NULL;
    }
    size_t left_out;
    int err = template
                  ? store_snapshot_restore(s->rooms, &live->record, template,
                                           bytes_of(live->document), now, events, &left_out)
                  : ERR_NOT_FOUND;
    if (err) {
        log_warn("server", "the session of room %s does not go on: %s", live->room_id,
                 err_name(err));
        jobs_put(s->jobs, make_job(JOB_FORGET, live->room_id, live->session_id));
        return NULL;
    }
    struct room *room = rooms_find(s->rooms, live->room_id);
    room_link_polls(room, live->polls);
    live->polls = NULL;
    room_set_codes(room, live->codes);
    live->codes = NULL;
    log_info_of(LOG_FIELDS(log_text("room", live->room_id),
                           log_number("peers", (int64_t)room->joined_count)),
                "server", "room %s goes on: %zu peers may come back", live->room_id,
                room->joined_count);
    if (left_out)
        log_warn("server", "%zu parts of the session of room %s do not fit and are left out",
                 left_out, live->room_id);
    return room;
}

// --- While it runs ---

void snapshots_deliver(struct snapshots *s, const struct event_list *events)
{
    for (size_t i = 0; i < events->count; i++) {
        const struct event *event = &events->at[i];
        if (event->kind != EVENT_ROOM_CLOSED)
            continue;
        struct job *job =
            make_job(JOB_FORGET, event->session.room_id, event->session.session_id);
        job->live.room = event->room;
        job->live.change = s->rooms->last_change;
        jobs_put(s->jobs, job);
    }
}

static struct room *first_changed(const struct snapshots *s)
{
    if (list_empty(&s->rooms->changed))
        return NULL;
    return LIST_ENTRY(s->rooms->changed.next, struct room, changed);
}

static void put(struct snapshots *s, struct room *room)
{
    struct job *job = make_job(JOB_KEEP, room->record.id, room->session_id);
    job->live.room = room->number;
    job->live.change = room->change;
    store_snapshot_take(room, false, &job->live.snapshot);
    room_written(room);
    s->waiting++;
    jobs_put(s->jobs, job);
}

// What finds no room in the queue is put soon, and the log waits for it.
static void put_changed(struct snapshots *s, struct moment now)
{
    while (first_changed(s) && !jobs_are_full(s->jobs))
        put(s, first_changed(s));
    s->is_urgent = false;
    s->is_cut_short = first_changed(s);
    s->next_at = now.mono_us + (s->is_cut_short ? AGAIN_US : INTERVAL_US);
}

void snapshots_flush(struct snapshots *s)
{
    while (first_changed(s))
        put(s, first_changed(s));
}

void snapshots_hurry(struct snapshots *s)
{
    s->is_urgent = true;
}

bool snapshots_are_behind(const struct snapshots *s)
{
    return first_changed(s) && (s->waiting || s->is_cut_short) && !s->is_replaced;
}

// Only when the last writes are done: a slow disk makes the intervals longer, not the queue,
// and whoever waits meanwhile waits together for the next.
int64_t snapshots_deadline(const struct snapshots *s)
{
    if (!first_changed(s) || s->waiting || s->is_replaced)
        return NEVER;
    return s->is_urgent ? 0 : s->next_at;
}

void snapshots_expire(struct snapshots *s, struct moment now)
{
    if (snapshots_deadline(s) <= now.mono_us)
        put_changed(s, now);
}

bool snapshots_are_replaced(const struct snapshots *s)
{
    return s->is_replaced;
}

void snapshots_done(struct snapshots *s, const struct job *job)
{
    if (job->kind != JOB_KEEP)
        return;
    s->waiting--;
    if (job->db.err == ERR_EXPIRED && !s->is_replaced) {
        log_error("server", "another process uses this data: sessions are not kept any more");
        s->is_replaced = true;
    }
    // The disk may be full: the storage has said so, and is asked again.
    struct room *room = rooms_find(s->rooms, job->live.room_id);
    if (job->db.err && room && strcmp(room->session_id, job->live.session_id) == 0)
        room_touch_whole(room);
}
