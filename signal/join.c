// Coming, staying, going.
#include "base/err.h"
#include "signal/state.h"

static void finish_join(struct call *call, uint64_t request, int err, enum admission why)
{
    json_decref(session_take(call->session, request));
    call->answers = 0; // what waited is answered here
    if (err == ERR_FULL)
        reply_error(call, RPC_BAD_REQUEST, "name or metadata is too long");
    else
        reply_error(call, admission_code(why), admission_text(why));
}

// Whether the offer would replace a peer that is in, and cannot be served: then the peer stays
// as it is. The media worker would say so only when the peer had gone.
static bool refuse_replacement(struct call *call, const char *sdp)
{
    const struct session *own = call->session;
    return admission_is_return(own->room, own->peer_id, &own->token) &&
           media_refuse_offer(call, sdp);
}

void handle_join(struct call *call)
{
    const json_t *params = call->rpc->params;
    const char *sdp = NULL;
    if (json_object_get(params, "offer")) {
        sdp = json_get_text(json_object_get(params, "offer"), "sdp", NULL);
        if (!sdp) {
            reply_error(call, RPC_INVALID_PARAMS, "offer has no sdp");
            return;
        }
    }
    const struct session *own = call->session;
    if (call->signal->is_short && !admission_is_return(own->room, own->peer_id, &own->token)) {
        reply_error(call, RPC_BUSY, "too much to do");
        return;
    }
    if (sdp && refuse_replacement(call, sdp))
        return;
    uint64_t request = session_wait(call);
    if (!request) {
        reply_error(call, RPC_TOO_MANY, "too many requests are waiting");
        return;
    }

    struct session *session = call->session;
    struct join_wish wish = session_wish(session, call->now);
    wish.name = json_get_text(params, "name", "");
    wish.metadata = json_get_text(params, "data", "");
    wish.offer = sdp;
    wish.auto_video = !json_get_bool(params, "disableVidAutoSub", true);
    wish.on_demand = json_get_bool(params, "onDemandTracks", false);
    struct peer *peer;
    enum admission why;
    session->has_joined = true;
    int err = room_join(session->room, &wish, request, call->now, call->events, &peer, &why);
    if (err) {
        finish_join(call, request, err, why);
        return;
    }
    // What this socket asked for as another peer went with it.
    session_fail_requests(call->signal, session, request, "joined anew", call->frames);
    session_bind(call->signal, session, peer->number);
}

void handle_leave(struct call *call)
{
    if (call->peer)
        room_leave(call->peer, LEAVE_CLIENT_REQUEST, call->now, call->events);
    session_bind(call->signal, call->session, 0);
    session_end(call->signal, call->session, call->now, call->frames);
    reply_empty(call);
}

void handle_ping(struct call *call)
{
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_int(&j, "timestamp",
                    json_get_int(call->rpc->params, "timestamp", call->now.wall_ms));
    json_close(&j, '}');
    reply_send(call, &j);
}
