// What is told and asked of people.
#include "signal/state.h"

void handle_peer_update(struct call *call)
{
    const char *name = json_get_text(call->rpc->params, "name", NULL);
    const char *metadata = json_get_text(call->rpc->params, "data", NULL);
    if (!name && !metadata)
        reply_error(call, RPC_INVALID_PARAMS, "neither name nor data");
    else if (room_update_peer(call->peer, name, metadata, call->events))
        reply_error(call, RPC_BAD_REQUEST, "name or metadata is too long");
    else
        reply_empty(call);
}

void handle_get_peer(struct call *call)
{
    const char *peer_id = json_get_text(call->rpc->params, "peer_id", "");
    const struct peer *peer = room_peer(call->peer->room, peer_id);
    if (!peer || peer->state != PEER_JOINED) {
        reply_error(call, RPC_NOT_FOUND, "peer not found");
        return;
    }
    struct peer_view view = shape_view(peer);
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    shape_peer_info(&j, &view);
    json_close(&j, '}');
    reply_send(call, &j);
}
