#include "server/logbook.h"

#include "api/public_event.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "room/poll.h"
#include "server/logged_calls.h"
#include "server/untold.h"

#include <stdio.h>
#include <string.h>

enum { AGE_INTERVAL_S = 3600, AGE_AT_ONCE = 1000, AGE_AGAIN_S = 1 };

static const int64_t us_per_s = 1000000;
static const int64_t ms_per_day = INT64_C(86400) * 1000;

struct logbook {
    struct logbook_config config;
    const struct rooms *rooms;
    struct jobs *jobs;
    struct rng *rng;
    struct id_source ids;
    struct map sessions;           // room number -> struct session
    struct store_log_batch *batch; // what waits; NULL: nothing
    bool is_writing;               // a write is under way
    struct logged_calls calls;     // that look for what is not written
    int64_t write_at;              // us; no write before
    int64_t age_at;                // us
    uint64_t dropped, dropped_told;
};

struct session {
    uint64_t room; // the key
    struct public_event_session is;
};

struct logbook *logbook_new(const struct logbook_config *config, const struct rooms *rooms,
                            struct jobs *jobs, struct rng *rng)
{
    struct logbook *l = mem_alloc(sizeof *l);
    l->config = *config;
    l->rooms = rooms;
    l->jobs = jobs;
    l->rng = rng;
    id_source_init(&l->ids, rng);
    logged_calls_init(&l->calls);
    return l;
}

static void free_session(struct session *s)
{
    if (s)
        mem_free(s->is.room_name);
    mem_free(s);
}

void logbook_free(struct logbook *l)
{
    size_t at = 0;
    for (struct session *s; (s = map_next(&l->sessions, &at));)
        free_session(s);
    map_dispose(&l->sessions);
    store_log_batch_free(l->batch);
    logged_calls_dispose(&l->calls);
    mem_free(l);
}

uint64_t logbook_dropped(const struct logbook *l)
{
    return l->dropped;
}

// --- Entries ---

// NULL when there is no room for it: it is left out.
// A fact is what says who is in, and what a back end is to be told.
static struct store_log_entry *add_entry(struct logbook *l, enum store_log_kind kind,
                                         bool is_fact, struct moment now)
{
    size_t waiting = l->batch ? l->batch->count : 0;
    size_t most = is_fact ? LOG_ENTRIES_WAITING_MAX : LOG_EVENTS_WAITING_MAX;
    if (waiting >= most) {
        l->dropped++;
        return NULL;
    }
    if (!l->batch)
        l->batch = mem_alloc(sizeof *l->batch);
    if (!waiting && !l->is_writing)
        l->write_at = now.mono_us + (int64_t)LOG_INTERVAL_MS * 1000;
    return store_log_add(l->batch, kind);
}

static void add_session(struct logbook *l, enum store_log_kind kind, const struct session *s,
                        int64_t ended_at, struct moment now)
{
    struct store_log_entry *entry = add_entry(l, kind, true, now);
    if (!entry)
        return;
    entry->session = (struct store_session){
        .id = store_log_text(l->batch, s->is.id),
        .room_id = store_log_text(l->batch, s->is.room_id),
        .started_at = s->is.started_at,
        .ended_at = ended_at,
        .updated_at = now.wall_ms,
    };
}

static void add_visit(struct logbook *l, enum store_log_kind kind, const struct session *s,
                      const struct store_visit *visit, struct moment now)
{
    struct store_log_entry *entry = add_entry(l, kind, true, now);
    if (!entry)
        return;
    entry->visit = *visit;
    entry->visit.session_id = store_log_text(l->batch, s->is.id);
    entry->visit.peer_id = store_log_text(l->batch, visit->peer_id);
    entry->visit.user_id = store_log_text(l->batch, visit->user_id);
    entry->visit.name = store_log_text(l->batch, visit->name);
    entry->visit.role = store_log_text(l->batch, visit->role);
}

static struct store_visit visit_of(const struct peer_view *who, int64_t left_at)
{
    return (struct store_visit){.peer_id = who->id,
                                .user_id = who->user_id,
                                .name = who->name,
                                .role = who->role,
                                .token = who->token,
                                .joined_at = who->joined_at,
                                .left_at = left_at};
}

static void add_public_event(struct logbook *l, const struct public_event_session *s,
                             const struct public_event *told, struct moment now)
{
    char id[OBJECT_ID_LEN + 1], uuid[UUID_LEN + 1];
    struct store_log_entry *entry = add_entry(l, STORE_LOG_EVENT, told->is_for_hooks, now);
    if (!entry)
        return;
    id_object(&l->ids, now.wall_ms, id);
    id_uuid(l->rng, uuid);
    entry->event = (struct store_session_event){
        .id = store_log_text(l->batch, id),
        .uuid = store_log_text(l->batch, uuid),
        .session_id = store_log_text(l->batch, s->id),
        .room_id = store_log_text(l->batch, s->room_id),
        .peer_id = store_log_text(l->batch, told->peer_id),
        .user_id = store_log_text(l->batch, told->user_id),
        .type = told->type,
        .is_error = told->is_error,
        .at = told->at,
        .data = store_log_text(l->batch, told->data.at),
    };
    if (!told->is_for_hooks)
        return;
    struct text body = {0};
    api_webhook_body(&l->config.workspace, uuid, told, &body);
    entry->event.post = store_log_text(l->batch, body.at);
    text_dispose(&body);
    // Somebody waits for it, and a crash before it is stored would lose it.
    if (l->config.target && l->config.target[0])
        l->write_at = now.mono_us;
}

// --- Events ---

static struct session *begin_session(struct logbook *l, uint64_t room, const char *id,
                                     const char *room_id, const char *room_name,
                                     const char *template_id, int64_t started_at)
{
    struct session *s = mem_alloc(sizeof *s);
    s->room = room;
    s->is.room_name = mem_text(room_name);
    s->is.started_at = started_at;
    snprintf(s->is.id, sizeof s->is.id, "%s", id);
    snprintf(s->is.room_id, sizeof s->is.room_id, "%s", room_id);
    snprintf(s->is.template_id, sizeof s->is.template_id, "%s", template_id);
    free_session(map_remove(&l->sessions, map_key_u64(&room)));
    map_put(&l->sessions, map_key_u64(&s->room), s);
    return s;
}

static struct session *session_of(struct logbook *l, const struct event *event)
{
    if (event->kind == EVENT_ROOM_OPENED)
        return begin_session(l, event->room, event->session.session_id, event->session.room_id,
                             event->session.room_name, event->session.template_id,
                             event->session.started_at);
    return map_get(&l->sessions, map_key_u64(&event->room));
}

static void fill_place(struct public_event_session *room, const char *id, const char *name,
                       const char *template_id)
{
    *room = (struct public_event_session){.room_name = (char *)name};
    snprintf(room->room_id, sizeof room->room_id, "%s", id);
    snprintf(room->template_id, sizeof room->template_id, "%s", template_id);
}

// What failed may have done so while nobody was in: `room` is filled.
static const struct public_event_session *place_of(struct logbook *l, const struct event *event,
                                                   struct public_event_session *room)
{
    const struct session *s = session_of(l, event);
    switch (event->kind) {
    case EVENT_JOIN_FAILED:
    case EVENT_LEAVE_FAILED:
    case EVENT_END_FAILED:
        if (!event->failed.room_name)
            return NULL;
        fill_place(room, event->failed.room_id, event->failed.room_name,
                   event->failed.template_id);
        return room;
    case EVENT_CLIENT_FAILED:
        fill_place(room, event->failure.room_id, event->failure.room_name,
                   event->failure.template_id);
        room->account_id = l->config.workspace.account_id;
        if (s)
            memcpy(room->id, s->is.id, sizeof room->id);
        return room;
    default:
        return s ? &s->is : NULL;
    }
}

static const char *new_id(struct logbook *l, struct moment now)
{
    char id[OBJECT_ID_LEN + 1];
    id_object(&l->ids, now.wall_ms, id);
    return store_log_text(l->batch, id);
}

// --- Figures of clients ---

static void add_stats(struct logbook *l, const struct session *s, const struct event *event,
                      struct moment now)
{
    struct text document = {0};
    struct store_log_entry *entry = add_entry(l, STORE_LOG_STATS, false, now);
    if (!entry)
        return;
    store_stats_write(event->stats.tracks, event->stats.count, &document);
    entry->stats = (struct store_stats){.id = new_id(l, now),
                                        .session_id = store_log_text(l->batch, s->is.id),
                                        .peer_id = store_log_text(l->batch, event->who->id),
                                        .subscribes = event->stats.subscribes,
                                        .at = now.wall_ms,
                                        .document = store_log_text(l->batch, document.at)};
    text_dispose(&document);
}

// --- Polls ---

// One that was made in the meeting is new to the store.
static void add_poll(struct logbook *l, const struct event *event, struct moment now)
{
    struct store_log_entry *entry = add_entry(l, STORE_LOG_POLL, true, now);
    struct text document = {0};
    if (!entry)
        return;
    struct json_out j = json_out_on(&document);
    store_poll_write(&j, event->poll.info, event->poll.questions, event->poll.question_count);
    entry->poll = (struct store_poll){.id = store_log_text(l->batch, event->poll.id),
                                      .document = store_log_text(l->batch, document.at),
                                      .created_at = event->poll.at,
                                      .updated_at = event->poll.at};
    text_dispose(&document);
}

static void add_run(struct logbook *l, enum store_log_kind kind, const struct session *s,
                    const struct event *event, struct moment now)
{
    struct store_log_entry *entry = add_entry(l, kind, true, now);
    if (entry)
        entry->run =
            (struct store_poll_run){.id = new_id(l, now),
                                    .poll_id = store_log_text(l->batch, event->poll.id),
                                    .session_id = store_log_text(l->batch, s->is.id),
                                    .started_at = event->poll.at,
                                    .stopped_at = event->poll.at};
}

static void add_answer(struct logbook *l, const struct session *s, const struct event *event,
                       struct moment now)
{
    const struct event_answer *answer = event->poll.answer;
    struct store_log_entry *entry = add_entry(l, STORE_LOG_POLL_ANSWER, true, now);
    if (!entry)
        return;
    entry->answer = (struct store_poll_answer){
        .poll_id = store_log_text(l->batch, event->poll.id),
        .session_id = store_log_text(l->batch, s->is.id),
        .voter_row = new_id(l, now),
        .is = *answer,
    };
    struct event_answer *kept = &entry->answer.is;
    kept->id = store_log_text(l->batch, answer->id);
    kept->original = store_log_text(l->batch, answer->original);
    kept->text = store_log_text(l->batch, answer->text);
    kept->voter = store_log_text(l->batch, answer->voter);
    kept->peer_id = store_log_text(l->batch, answer->peer_id);
    kept->user_id = store_log_text(l->batch, answer->user_id);
}

static void note_poll(struct logbook *l, const struct session *s, const struct event *event,
                      struct moment now)
{
    if (!event->poll.is_kept)
        return;
    if (event->kind == EVENT_POLL_STARTED && event->poll.info)
        add_poll(l, event, now);
    if (event->kind == EVENT_POLL_STARTED)
        add_run(l, STORE_LOG_POLL_START, s, event, now);
    else if (event->kind == EVENT_POLL_STOPPED)
        add_run(l, STORE_LOG_POLL_STOP, s, event, now);
    else
        add_answer(l, s, event, now);
}

// --- All of it ---

static void note_state(struct logbook *l, const struct session *s, const struct event *event,
                       struct moment now)
{
    struct store_visit visit;
    switch (event->kind) {
    case EVENT_ROOM_OPENED:
        add_session(l, STORE_LOG_OPEN, s, 0, now);
        break;
    case EVENT_PEER_JOINED:
    case EVENT_PEER_UPDATED:
        visit = visit_of(event->who, 0);
        add_visit(l, STORE_LOG_VISIT, s, &visit, now);
        break;
    case EVENT_PEER_LEFT:
        visit = visit_of(event->who, event->left.left_at);
        add_visit(l, STORE_LOG_LEFT, s, &visit, now);
        break;
    case EVENT_ROOM_CLOSED:
        add_session(l, STORE_LOG_CLOSE, s, event->session.ended_at, now);
        break;
    case EVENT_STATS_REPORTED:
        add_stats(l, s, event, now);
        break;
    case EVENT_POLL_STARTED:
    case EVENT_POLL_STOPPED:
    case EVENT_POLL_ANSWERED:
        note_poll(l, s, event, now);
        break;
    default:
        break;
    }
}

static void note(struct logbook *l, const struct event *event, struct moment now)
{
    struct public_event_session room;
    const struct public_event_session *place = place_of(l, event, &room);
    if (!place)
        return; // of nobody's session: the reply to a join that was refused
    size_t count = api_public_event_count(event, l->config.with_chat);
    for (size_t i = 0; i < count; i++) {
        struct public_event told;
        api_public_event(event, i, place, now.wall_ms, &told);
        add_public_event(l, place, &told, now);
        text_dispose(&told.data);
    }
    const struct session *s = map_get(&l->sessions, map_key_u64(&event->room));
    if (s)
        note_state(l, s, event, now);
    if (event->kind == EVENT_ROOM_CLOSED)
        free_session(map_remove(&l->sessions, map_key_u64(&event->room)));
}

void logbook_deliver(struct logbook *l, const struct event_list *events, struct moment now)
{
    for (size_t i = 0; i < events->count; i++)
        note(l, &events->at[i], now);
}

static void resume(struct logbook *l, const struct room *room, struct moment now)
{
    struct session *s = begin_session(l, room->number, room->session_id, room->record.id,
                                      room->record.name, room->template->id, room->started_at);
    add_session(l, STORE_LOG_RESUME, s, 0, now);
    size_t at = 0;
    for (const struct peer *peer; (peer = map_next(&room->peers, &at));) {
        if (peer->state != PEER_JOINED)
            continue;
        add_visit(l, STORE_LOG_VISIT, s,
                  &(struct store_visit){.peer_id = peer->id,
                                        .user_id = peer->user_id,
                                        .name = peer->name,
                                        .role = peer->role->name,
                                        .token = peer->token,
                                        .joined_at = peer->joined_at},
                  now);
    }
    struct event_list polls = {0};
    polls_retell(room, &polls);
    for (size_t i = 0; i < polls.count; i++)
        note_poll(l, s, &polls.at[i], now);
    event_list_dispose(&polls);
}

void logbook_restore(struct logbook *l, const struct jobs_live *live, const struct room *room,
                     struct moment now)
{
    struct event_list events = {0};
    if (live->is_logged)
        begin_session(l, room ? room->number : 0, live->session_id, live->room_id,
                      live->record.name, live->template_id, live->started_at);
    untold_events(live, room, &events);
    logbook_deliver(l, &events, now);
    if (room)
        resume(l, room, now);
    event_list_dispose(&events);
}

// --- Writing ---

static void put_batch(struct logbook *l)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_LOG;
    job->log.batch = l->batch;
    job->log.posts.workspace = l->config.target;
    l->batch = NULL;
    l->is_writing = true;
    jobs_put(l->jobs, job);
}

void logbook_flush(struct logbook *l)
{
    if (l->batch)
        put_batch(l);
    logged_calls_put(&l->calls, l->jobs);
}

bool logbook_is_full_of_calls(const struct logbook *l)
{
    return l->calls.count >= LOG_CALLS_WAITING_MAX;
}

void logbook_put_call(struct logbook *l, struct job *job)
{
    if (l->batch || l->is_writing)
        logged_calls_add(&l->calls, job, l->batch && l->is_writing);
    else
        jobs_put(l->jobs, job);
}

// What could not be written comes before what waits now.
static void take_back(struct logbook *l, struct job *job)
{
    struct store_log_batch *later = l->batch;
    l->batch = job->log.batch;
    job->log.batch = NULL;
    for (size_t i = 0; later && i < later->count; i++) {
        struct store_log_entry *entry = &later->entries[i];
        if (l->batch->count >= LOG_ENTRIES_WAITING_MAX)
            l->dropped++;
        else
            *store_log_add(l->batch, entry->kind) = *entry;
    }
    if (later) {
        arena_take(&l->batch->arena, &later->arena);
        store_log_batch_free(later);
    }
}

bool logbook_done(struct logbook *l, struct job *job)
{
    if (job->kind == JOB_AGE && job->log.done == AGE_AT_ONCE)
        l->age_at -= (AGE_INTERVAL_S - AGE_AGAIN_S) * us_per_s; // there is more
    if (job->kind != JOB_LOG)
        return false;
    l->is_writing = false;
    if (job->db.err) {
        take_back(l, job);
        logged_calls_not_written(&l->calls);
    } else {
        logged_calls_written(&l->calls, l->jobs);
    }
    if (l->dropped != l->dropped_told) {
        log_warn("server", "the session log left out %llu entries: the storage is too slow",
                 (unsigned long long)(l->dropped - l->dropped_told));
        l->dropped_told = l->dropped;
    }
    if (job->db.err)
        return false;
    if (job->log.posts.refused)
        log_warn("server", "%d webhooks are kept as failed: %d wait already",
                 job->log.posts.refused, WEBHOOKS_WAITING_MAX);
    return job->log.posts.stored > 0;
}

static bool ages(const struct logbook *l)
{
    return l->config.days || l->config.sessions_days || l->config.meetings_days ||
           l->config.hooks_days;
}

int64_t logbook_deadline(const struct logbook *l)
{
    int64_t at = l->batch && !l->is_writing ? l->write_at : NEVER;
    return ages(l) && l->age_at < at ? l->age_at : at;
}

static void age(struct logbook *l, struct moment now)
{
    l->age_at = now.mono_us + AGE_INTERVAL_S * us_per_s;
    if (jobs_are_full(l->jobs))
        return;
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_AGE;
    if (l->config.days)
        job->log.before_ms = now.wall_ms - l->config.days * ms_per_day;
    if (l->config.sessions_days)
        job->log.sessions_before_ms = now.wall_ms - l->config.sessions_days * ms_per_day;
    // Events of no session too.
    if (job->log.sessions_before_ms > job->log.before_ms)
        job->log.before_ms = job->log.sessions_before_ms;
    if (l->config.meetings_days)
        job->log.meetings_before_ms = now.wall_ms - l->config.meetings_days * ms_per_day;
    if (l->config.hooks_days)
        job->log.hooks_before_ms = now.wall_ms - l->config.hooks_days * ms_per_day;
    job->log.most = AGE_AT_ONCE;
    jobs_put(l->jobs, job);
}

void logbook_expire(struct logbook *l, struct moment now)
{
    if (ages(l) && l->age_at <= now.mono_us)
        age(l, now);
    if (l->batch && !l->is_writing && l->write_at <= now.mono_us) {
        l->write_at = now.mono_us + (int64_t)LOG_INTERVAL_MS * 1000;
        if (!jobs_are_full(l->jobs))
            put_batch(l);
    }
}
