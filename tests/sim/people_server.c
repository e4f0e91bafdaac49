// The server of tests/sim/people.c: the control thread's order of things, around a store thread
// that is played.
#include "tests/sim/people_world.h"

#include "base/err.h"
#include "base/mem.h"
#include "room/check.h"
#include "store/snapshot.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_US = 1000000 };

struct room *server_room(const struct world *w)
{
    struct room *room = rooms_find(&w->rooms, w->disk.plan.record.id);
    return room && room->session_id[0] ? room : NULL;
}

// --- Beginning and end ---

void server_start(struct world *w)
{
    char node[16];
    snprintf(node, sizeof node, "n%d", ++w->starts);
    rooms_init(&w->rooms, &w->server_rng);
    w->signal = signal_new(&w->rooms);
    w->bridge = bridge_new(&w->rooms, 1);
    w->jobs = people_jobs_new(&w->disk, &w->rng, w->now);
    w->snapshots = snapshots_new(&w->rooms, w->jobs);
    w->logbook = logbook_new(&(struct logbook_config){0}, &w->rooms, w->jobs, &w->server_rng);
    w->held = held_new();
    signal_set_node(w->signal, node);
}

static void free_call(struct job *job)
{
    mem_free(job);
}

void server_end(struct world *w)
{
    held_free(w->held, free_call);
    logbook_free(w->logbook);
    snapshots_free(w->snapshots);
    people_jobs_free(w->jobs);
    signal_free(w->signal);
    bridge_free(w->bridge);
    rooms_dispose(&w->rooms);
    event_list_clear(&w->events);
    frame_list_clear(&w->frames);
}

// Nobody who is in was told to have left, and nothing that was promised is lost.
static void judge_restored(struct world *w)
{
    const struct room *room = server_room(w);
    const struct peer *peer;
    for (size_t at = 0; room && (peer = map_next(&room->peers, &at));) {
        if (disk_has_left(&w->disk, room->session_id, peer->id, peer->user_id, peer->joined_at))
            world_fail(w, "%s was told to have left, and is in again", peer->id);
    }
    const char *wrong = promises_judge(&w->promises, &w->disk.plan, room);
    if (wrong)
        world_fail(w, "%s is not as it was at any moment since the last promise", wrong);
    w->restored_count += room != NULL;
}

void server_restore(struct world *w)
{
    struct arena arena = {0};
    size_t count;
    struct jobs_live *list = disk_live(&w->disk, &arena, &count);
    w->running = w->disk.plan;
    for (size_t i = 0; i < count; i++) {
        const struct room *room = snapshots_restore(w->snapshots, &list[i], w->now, &w->events);
        logbook_restore(w->logbook, &list[i], room, w->now);
        w->left_out_count += !room;
        template_free(list[i].template);
        room_codes_free(list[i].codes);
    }
    arena_dispose(&arena);
    judge_restored(w);
    server_settle(w);
    writing_flush(w->snapshots, w->logbook);
}

// --- What happens goes on ---

static void lock_rooms(struct world *w)
{
    for (size_t i = 0; i < w->events.count; i++) {
        const struct event *event = &w->events.at[i];
        if (event->kind != EVENT_ROOM_ENDED || !event->ended.lock)
            continue;
        struct job *job = mem_alloc(sizeof *job);
        job->kind = JOB_LOCK;
        snprintf(job->lock.id, sizeof job->lock.id, "%s", event->ended.room_id);
        jobs_put(w->jobs, job);
    }
}

void server_settle(struct world *w)
{
    const char *wrong = rooms_check(&w->rooms);
    if (wrong)
        world_fail(w, "%s", wrong);
    signal_deliver(w->signal, &w->events, w->now, &w->frames);
    lock_rooms(w);
    bridge_deliver(w->bridge, &w->events, &w->commands);
    snapshots_deliver(w->snapshots, &w->events);
    logbook_deliver(w->logbook, &w->events, w->now);
    event_list_clear(&w->events);
    promises_note(&w->promises, w->rooms.last_change, server_room(w));
    world_frames(w);
    world_commands(w);
}

static void answer_held(struct world *w)
{
    struct held_answer *answer;
    while ((answer = held_next(w->held))) {
        struct text text = {0};
        struct frame frame = answer->frame;
        text_add_bytes(&text, answer->is_late ? frame.late : frame.text);
        frame.text = frame_text(&w->frames, &text);
        frame_add(&w->frames, frame);
        text_dispose(&text);
        if (answer->is_late)
            signal_not_stored(w->signal, &answer->frame, w->now);
        held_answer_free(answer);
    }
}

// --- Who comes ---

static bool may_come(const struct world *w, const struct client *c)
{
    const struct plan *plan = &w->disk.plan;
    for (size_t i = 0; i < PLAN_CODES; i++) {
        if (strcmp(plan_codes[i], c->token_code) == 0 && plan->is_disabled[i])
            return false;
    }
    // The server hears a little later that the store has closed the room.
    return (plan->record.enabled || people_jobs_lock(w->jobs)) &&
           plan_has_role(&w->running, c->token_role);
}

static struct client *client_of(struct world *w, uint64_t session)
{
    for (size_t i = 0; i < w->client_count; i++) {
        if (w->clients[i].session == session)
            return &w->clients[i];
    }
    return NULL;
}

// The session has its room. What it has said meanwhile is handled now.
static void begin(struct world *w, uint64_t session, struct room *room)
{
    const struct client *c = client_of(w, session);
    bool was_present = c && room_peer(room, c->id);
    room_hold(room);
    w->begins = true;
    signal_ready(w->signal, session, room, w->now, &w->frames, &w->events);
    bool came = signal_is_open(w->signal, session);
    if (was_present && !came)
        world_fail(w, "%s is in, and cannot come back", c->id);
    if (c && !was_present && came && !may_come(w, c))
        world_fail(w, "%s came in, and may not", c->id);
    server_settle(w);
    w->begins = false;
    room_release(room);
}

static void load_room(struct world *w, uint64_t session)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_ROOM;
    job->room.session = session;
    memcpy(job->room.id, w->disk.plan.record.id, sizeof job->room.id);
    jobs_put(w->jobs, job);
}

static struct room *put_room(struct world *w, struct job *job)
{
    struct room *room = rooms_find(&w->rooms, job->room.id);
    if (job->room.err)
        return job->room.err == ERR_NOT_FOUND ? NULL : room;
    if (!room || !room->peers.count)
        w->running = w->disk.plan;
    room = rooms_put(&w->rooms, job->room.record, job->room.template);
    job->room.template = NULL;
    room_set_codes(room, job->room.codes);
    job->room.codes = NULL;
    return room;
}

static void take_room(struct world *w, struct job *job)
{
    struct room *room = put_room(w, job);
    if (room) {
        begin(w, job->room.session, room);
        return;
    }
    int code = job->room.err == ERR_NOT_FOUND ? 403 : 503;
    signal_refuse(w->signal, job->room.session, code, "no room", w->now, &w->frames);
}

void server_open(struct world *w, struct client *c, const struct signal_claims *claims)
{
    c->session = signal_open(w->signal, claims, w->now, &w->frames);
    struct room *room = server_room(w);
    if (room)
        begin(w, c->session, room);
    else
        load_room(w, c->session);
}

// --- What the store thread has done ---

static void take_result(struct world *w, struct job *job)
{
    struct room *room;
    switch (job->kind) {
    case JOB_KEEP:
    case JOB_FORGET:
        snapshots_done(w->snapshots, job);
        if (!job->db.err)
            held_stored(w->held, job->live.room, job->live.change);
        answer_held(w);
        break;
    case JOB_LOG:
        logbook_done(w->logbook, job);
        break;
    case JOB_ROOM:
        take_room(w, job);
        break;
    case JOB_LOCK:
        if ((room = rooms_find(&w->rooms, job->lock.id)))
            room_disable(room);
        break;
    default:
        break;
    }
    job_dispose(job);
    mem_free(job);
}

// Whatever changes without being written down is lost by a restart.
static void judge_written(struct world *w)
{
    const struct room *room = server_room(w);
    if (!room || !list_empty(&room->changed) || w->now.mono_us - w->looked_at < LOOK_US)
        return;
    w->looked_at = w->now.mono_us;
    struct snapshot whole;
    store_snapshot_take(room, true, &whole);
    const char *differs = people_store_differs(people_jobs_written(w->jobs), &whole);
    if (differs)
        world_fail(w, "what changed was not marked: %.200s", differs);
    store_snapshot_dispose(&whole);
}

void server_expire(struct world *w)
{
    struct job *job;
    rooms_expire(&w->rooms, w->now, &w->events);
    signal_expire(w->signal, w->now, &w->frames, &w->events);
    writing_expire(w->snapshots, w->logbook, w->now);
    held_expire(w->held, w->now.mono_us);
    answer_held(w);
    server_settle(w);
    while ((job = people_jobs_step(w->jobs, w->now))) {
        take_result(w, job);
        server_settle(w);
    }
    judge_written(w);
    if (w->disk.fault)
        world_fail(w, "%s", w->disk.fault);
}

// --- The back end ---

void server_change_plan(struct world *w)
{
    struct plan *plan = &w->disk.plan;
    plan_change(plan, &w->rng, false);
    w->plan_changes++;
    rooms_refresh(&w->rooms, &plan->record, w->now);
    struct room *room = rooms_find(&w->rooms, plan->record.id);
    for (size_t i = 0; room && i < PLAN_CODES; i++)
        room_set_code(room, plan_codes[i], plan->is_disabled[i]);
}
