#include "server/control_state.h"

#include "api/whip_answer.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/clock.h"
#include "server/offer_check.h"

#include <stdio.h>

struct room *control_live_room(const struct control *c, const char *room_id)
{
    struct room *room = rooms_find(&c->rooms, room_id);
    return room && room->session_id[0] ? room : NULL;
}

void control_load_room(struct control *c, struct job *job, const char *room_id)
{
    job->kind = JOB_ROOM;
    snprintf(job->room.id, sizeof job->room.id, "%s", room_id);
    jobs_put(c->config.jobs, job);
}

void control_begin_session(struct control *c, uint64_t session, struct room *room)
{
    room_hold(room);
    signal_ready(c->signal, session, room, clock_now(), &c->frames, &c->events);
    control_settle(c);
    room_release(room);
}

// The room of a JOB_ROOM, live and held.
static struct room *hold_loaded(struct control *c, struct job *job)
{
    struct room *room = rooms_put(&c->rooms, job->room.record, job->room.template);
    job->room.template = NULL;
    room_link_polls(room, job->room.polls);
    job->room.polls = NULL;
    room_set_codes(room, job->room.codes);
    job->room.codes = NULL;
    room_hold(room);
    return room;
}

// What a JOB_ROOM brought. Where it failed as the store is away, a room that somebody looks at
// is good as it is.
static struct room *take_loaded(struct control *c, struct job *job)
{
    if (!job->room.err)
        return hold_loaded(c, job);
    struct room *room = rooms_find(&c->rooms, job->room.id);
    if (!room || job->room.err == ERR_NOT_FOUND)
        return NULL;
    room_hold(room);
    return room;
}

// Whether an offer that would replace a peer that is in is good for nothing: then the peer
// stays as it is. The media worker would say so only when the peer had gone.
static bool refuse_replacement(const struct job *job, const struct room *room,
                               struct http_response *response)
{
    const struct api_call *call = &job->call.call;
    const char *id = http_query(call->request, "peer", 0);
    const struct peer *present = id && call->door == DOOR_WHIP ? room_peer(room, id) : NULL;
    if (!present || !admission_is_return(room, id, &call->claims.hash))
        return false;
    struct text why = {0};
    int err = offer_check(call->request->body, role_publishes(present->role, PUBLISH_AUDIO),
                          role_publishes(present->role, PUBLISH_VIDEO), &why);
    if (err)
        whip_refuse(response, err, arena_text(&call->request->arena, text_bytes(&why)));
    text_dispose(&why);
    return err != 0;
}

// Somebody comes in without a web socket. Takes what the job is about, not the job.
static void join_call(struct control *c, struct job *job, struct room *room, int err)
{
    if (room && refuse_replacement(job, room, &job->call.response)) {
        http_server_respond(c->server, job->call.id, job->call.call.request,
                            &job->call.response);
        return;
    }
    whip_post(c->whip, job->call.id, &job->call.call, room, err, &job->call.response,
              clock_now(), &c->events, &c->replies);
    control_settle(c);
}

void control_join_live(struct control *c, struct job *job, struct room *room)
{
    room_hold(room);
    join_call(c, job, room, 0);
    room_release(room);
    job_dispose(job);
    mem_free(job);
}

static void on_room_for_call(struct control *c, struct job *job)
{
    struct room *room = take_loaded(c, job);
    int err = c->draining ? ERR_BUSY : room ? 0 : job->room.err;
    join_call(c, job, err ? NULL : room, err);
    if (room)
        room_release(room);
}

void control_on_room(struct control *c, struct job *job)
{
    if (job->call.call.request) {
        on_room_for_call(c, job);
        return;
    }
    struct room *room = take_loaded(c, job);
    if (room) {
        control_begin_session(c, job->room.session, room);
        room_release(room);
        return;
    }
    bool unknown = job->room.err == ERR_NOT_FOUND;
    signal_refuse(c->signal, job->room.session, unknown ? 403 : 503,
                  unknown ? "room is not active" : "the storage does not answer", clock_now(),
                  &c->frames);
}

void control_lock_rooms(struct control *c)
{
    for (size_t i = 0; i < c->events.count; i++) {
        const struct event *event = &c->events.at[i];
        if (event->kind != EVENT_ROOM_ENDED || !event->ended.lock)
            continue;
        struct job *job = c->reply ? c->reply : mem_alloc(sizeof *job);
        c->reply = NULL;
        job->kind = JOB_LOCK;
        snprintf(job->lock.id, sizeof job->lock.id, "%s", event->ended.room_id);
        jobs_put(c->config.jobs, job);
    }
}

void control_look_up_missed(struct control *c)
{
    for (size_t i = 0; i < c->events.count; i++) {
        const struct event *event = &c->events.at[i];
        if (event->kind != EVENT_END_FAILED || event->failed.room_name ||
            jobs_are_full(c->config.jobs))
            continue;
        struct job *job = mem_alloc(sizeof *job);
        job->kind = JOB_MISSED;
        snprintf(job->room.id, sizeof job->room.id, "%s", event->failed.room_id);
        job->missed.lock = event->failed.lock;
        job->missed.reason = mem_text(event->failed.reason);
        jobs_put(c->config.jobs, job);
    }
}

// Of a room that does not exist there is nothing to tell.
void control_on_missed(struct control *c, struct job *job)
{
    if (job->room.err)
        return;
    struct event *event = event_add(&c->events, EVENT_END_FAILED, NULL);
    event->failed.room_id = event_text(&c->events, job->room.record->id);
    event->failed.room_name = event_text(&c->events, job->room.record->name);
    event->failed.template_id = event_text(&c->events, job->room.template->id);
    event->failed.why = "session not found";
    event->failed.lock = job->missed.lock;
    event->failed.reason = event_text(&c->events, job->missed.reason);
}
