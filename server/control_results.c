#include "server/control_state.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "room/moderate.h"
#include "room/poll_link.h"
#include "room/room_codes.h"
#include "server/clock.h"

#include <string.h>

enum { RESULTS_PER_TURN = 64 };

// --- Polls of the back end's ---

static void fetch_polls(struct control *c, const struct room *room)
{
    struct job *job = mem_alloc(sizeof *job);
    job->kind = JOB_POLLS;
    memcpy(job->room.id, room->record.id, sizeof job->room.id);
    jobs_put(c->config.jobs, job);
}

static bool has_linked_poll(const struct room *room, const char *poll_id)
{
    for (size_t i = 0; room->linked && i < room->linked->count; i++) {
        if (strcmp(room->linked->list[i].id, poll_id) == 0)
            return true;
    }
    return false;
}

// What is stored of them has changed. A room that is loaded and has no session yet would begin
// one with the old ones.
static void refresh_polls(struct control *c, const struct api_call *call)
{
    struct room *room = call->changed ? rooms_find(&c->rooms, call->changed->id) : NULL;
    if (room && !room->session_id[0])
        fetch_polls(c, room);
    if (!call->changed_poll)
        return;
    size_t at = 0;
    while ((room = map_next(&c->rooms.by_id, &at))) {
        if (!room->session_id[0] && has_linked_poll(room, call->changed_poll))
            fetch_polls(c, room);
    }
}

// The same for a room that somebody looks at while its session ends.
void control_fetch_polls(struct control *c)
{
    for (size_t i = 0; i < c->events.count; i++) {
        const struct event *event = &c->events.at[i];
        const struct room *room = event->kind == EVENT_ROOM_CLOSED
                                      ? rooms_find(&c->rooms, event->session.room_id)
                                      : NULL;
        if (room)
            fetch_polls(c, room);
    }
}

static void on_polls(struct control *c, struct job *job)
{
    struct room *room = rooms_find(&c->rooms, job->room.id);
    if (job->room.err || !room)
        return;
    room_link_polls(room, job->room.polls);
    job->room.polls = NULL;
}

// --- Calls ---

// Some may have come in while the store removed the room.
static void end_removed(struct control *c, const char *room_id)
{
    struct room *room = rooms_find(&c->rooms, room_id);
    if (!room)
        return;
    room_disable(room);
    if (room->joined_count)
        moderate_end(room, NULL, false, "the room was deleted", clock_now(), &c->events);
}

static void change_code(struct control *c, const struct api_code_change *change)
{
    struct room *room = rooms_find(&c->rooms, change->room_id);
    if (room)
        room_set_code(room, change->code_id, change->is_disabled);
}

static void change_template(struct control *c, struct api_call *call)
{
    struct room *room = call->changed ? rooms_find(&c->rooms, call->changed->id) : NULL;
    if (!call->template || (call->changed && !room))
        return;
    if (room)
        room_take_template(room, call->template);
    else
        rooms_change_template(&c->rooms, call->template);
    call->template = NULL;
}

static void change_role(struct control *c, const struct api_role_change *change)
{
    size_t at = 0;
    for (struct room *room; (room = map_next(&c->rooms.by_id, &at));) {
        if (strcmp(room->template->id, change->template_id) == 0)
            room_codes_forget(room->codes, change->role);
    }
}

// The storage could not say what a code opens: its room may know it. The thread that was asked
// is asked again, as it counts the wrong ones.
static bool ask_rooms(struct control *c, struct job *job)
{
    bool is_away =
        job->db.err && (job->db.err != job->call.answered || job->call.response.status >= 500);
    if (!is_away || !api_ask_rooms(&c->rooms, &job->call.call))
        return false;
    struct job *again = mem_alloc(sizeof *again);
    again->kind = JOB_CALL;
    again->call.id = job->call.id;
    again->call.call = job->call.call;
    text_dispose(&job->call.response.body);
    jobs_put(c->config.jobs, again);
    return true;
}

static void on_answer(struct control *c, struct job *job)
{
    struct api_call *call = &job->call.call;
    if (call->changes_keys) {
        c->config.reload(c->config.context);
        call->changes_keys = false;
    }
    if (control_took_step(c, job) || ask_rooms(c, job))
        return;
    // The handler may have been content and the commit have failed.
    if (job->db.err && job->db.err != job->call.answered)
        api_refuse_storage(&job->call.response, job->db.err);
    else if (call->place)
        api_check_place(call, rooms_find(&c->rooms, call->place->id), &job->call.response);
    if (!job->db.err && call->changed)
        rooms_refresh(&c->rooms, call->changed, clock_now());
    if (!job->db.err)
        change_template(c, call);
    if (!job->db.err && call->changed_code)
        change_code(c, call->changed_code);
    if (!job->db.err && call->changed_role)
        change_role(c, call->changed_role);
    if (!job->db.err && call->queues_webhooks)
        hooks_look(c->hooks);
    if (!job->db.err)
        refresh_polls(c, call);
    if (!job->db.err && call->removes)
        end_removed(c, call->removes);
    control_answer(c, job->call.id, call, &job->call.response);
}

static void on_locked(struct control *c, struct job *job)
{
    struct room *room = rooms_find(&c->rooms, job->lock.id);
    if (room)
        room_disable(room); // a record read before may have come in between
    if (job->db.err)
        log_error("server", "room %s could not be disabled: %s", job->lock.id,
                  err_name(job->db.err));
    if (job->call.call.request)
        on_answer(c, job);
}

void control_results(struct control *c)
{
    struct job *done[RESULTS_PER_TURN];
    size_t count = jobs_take(c->config.jobs, done, RESULTS_PER_TURN);
    for (size_t i = 0; i < count; i++) {
        switch (done[i]->kind) {
        case JOB_CALL:
            on_answer(c, done[i]);
            break;
        case JOB_ROOM:
            control_on_room(c, done[i]);
            break;
        case JOB_MISSED:
            control_on_missed(c, done[i]);
            break;
        case JOB_POLLS:
            on_polls(c, done[i]);
            break;
        case JOB_LOCK:
            on_locked(c, done[i]);
            break;
        case JOB_KEEP:
        case JOB_FORGET:
            snapshots_done(c->snapshots, done[i]);
            if (!done[i]->db.err)
                held_stored(c->held, done[i]->live.room, done[i]->live.change);
            control_answer_held(c);
            break;
        case JOB_LOG:
        case JOB_AGE:
            if (logbook_done(c->logbook, done[i]))
                hooks_look(c->hooks);
            break;
        case JOB_HOOKS:
            hooks_done(c->hooks, done[i], clock_now());
            break;
        case JOB_COUNT:
            control_counted(c, done[i]);
            break;
        case JOB_KEY:
        case JOB_SEEN:
            break;
        }
        job_dispose(done[i]);
        mem_free(done[i]);
        control_settle(c);
    }
}
