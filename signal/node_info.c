// After a restart: telling a client that its connections ended with the process before this
// one.
//
// Told of another node, it tears both connections down and begins anew: with a fresh offer,
// then its tracks. It is told when it offers something for the old ones. The answer to that
// offer, 421, is held back until it has its tracks again: the SDK takes it for the end of the
// outage, and goes on with what was waiting for that, such as an attempt of its own to repair
// the old publish connection. An offer that is being made while its connection is torn down is
// never made, and the client waits for it for ever; one that comes between those of new tracks
// takes their place.

#include "base/err.h"
#include "base/limits.h"
#include "signal/state.h"

static void tell_node(struct signal *s, struct session *session, struct frame_list *frames)
{
    session->knows_node = true;
    struct json_out j = notify_open(s, "node-info");
    json_open(&j, '{');
    shape_node(&j, s);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
}

// Its tracks count whether its role may publish them or not: the client offers them all the
// same.
static bool is_back(const struct session *session, const struct peer *peer)
{
    return !peer->lost_media && peer->track_count >= session->held.tracks &&
           session->pending_count <= 1; // the offer that is held
}

static void look_again(struct signal *s, struct session *session, struct moment now)
{
    session->held.due.owner = session;
    timers_set(&s->held_due, &session->held.due,
               now.mono_us + (int64_t)HELD_OFFER_INTERVAL_MS * 1000);
}

void node_info_refuse(struct call *call)
{
    struct session *session = call->session;
    tell_node(call->signal, session, call->frames);
    uint64_t request = session->held.request ? 0 : session_wait(call);
    if (!request) {
        reply_error(call, RPC_MISDIRECTED, "the connections are lost");
        call->has_failed = false; // it is no fault of the client's
        return;
    }
    session->held.request = request;
    session->held.tracks = json_object_size(json_get_object(call->rpc->params, "tracks"));
    session->held.until = call->now.mono_us + (int64_t)HELD_OFFER_MS * 1000;
    look_again(call->signal, session, call->now);
}

void node_info_stop(struct signal *s, struct session *session)
{
    timers_set(&s->held_due, &session->held.due, NEVER);
}

int64_t node_info_deadline(const struct signal *s)
{
    return timers_next(&s->held_due);
}

static void answer(struct signal *s, struct session *session, struct frame_list *frames)
{
    json_t *id = session_take(session, session->held.request);
    session->held.request = 0;
    if (id)
        reply_answer_error(s, session, id, RPC_MISDIRECTED, "the connections are lost", frames);
    json_decref(id);
}

void node_info_expire(struct signal *s, struct moment now, struct frame_list *frames)
{
    const struct timer *timer;
    while ((timer = timers_expired(&s->held_due, now.mono_us))) {
        struct session *session = timer->owner;
        const struct peer *peer = rooms_peer(s->rooms, session->peer);
        if (!peer || is_back(session, peer) || session->held.until <= now.mono_us)
            answer(s, session, frames);
        else
            look_again(s, session, now);
    }
}
