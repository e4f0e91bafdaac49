// Offers, answers, tracks and layers.

#include "room/media.h"
#include "signal/state.h"

#include <string.h>

void handle_offer(struct call *call)
{
    const json_t *params = call->rpc->params;
    const char *sdp = json_get_text(json_object_get(params, "desc"), "sdp", NULL);
    const json_t *tracks = json_get_object(params, "tracks");
    if (!sdp || !tracks) {
        reply_error(call, RPC_INVALID_PARAMS, "desc.sdp and tracks are needed");
        return;
    }
    uint64_t request = session_wait(call);
    if (!request) {
        reply_error(call, RPC_TOO_MANY, "too many requests are waiting");
        return;
    }
    const struct track_wish *wishes;
    size_t count = shape_read_tracks(tracks, &call->events->arena, &wishes);
    media_offer(call->peer, sdp, wishes, count, request, call->events);
}

void handle_answer(struct call *call)
{
    const char *sdp = json_get_text(json_object_get(call->rpc->params, "desc"), "sdp", NULL);
    if (!sdp) {
        reply_error(call, RPC_INVALID_PARAMS, "desc.sdp is needed");
        return;
    }
    media_subscribe_answer(call->peer, sdp, call->events);
    reply_empty(call);
}

// The server's side of ICE is lite and learns the client's addresses from its checks, so
// candidates are not needed; they may be mDNS names anyway.
void handle_trickle(struct call *call)
{
    if (json_get_object(call->rpc->params, "candidate"))
        reply_empty(call);
    else
        reply_error(call, RPC_INVALID_PARAMS, "candidate is needed");
}

void handle_track_update(struct call *call)
{
    const json_t *tracks = json_get_object(call->rpc->params, "tracks");
    if (!tracks) {
        reply_error(call, RPC_INVALID_PARAMS, "tracks is needed");
        return;
    }
    const struct track_wish *wishes;
    size_t count = shape_read_tracks(tracks, &call->events->arena, &wishes);
    media_update(call->peer, wishes, count, call->events);
    reply_empty(call);
}

static void prefer(struct call *call, enum track_type type, enum feed_level level)
{
    const char *track_id = json_get_text(call->rpc->params, "track_id", "");
    // 404 is what the client takes silently: the track may have gone meanwhile.
    if (media_prefer(call->peer, track_id, type, level, call->events))
        reply_error(call, RPC_NOT_FOUND, "track not found");
    else
        reply_empty(call);
}

void handle_prefer_video(struct call *call)
{
    static const char *const names[] = {[FEED_NONE] = "none",
                                        [FEED_LOW] = "low",
                                        [FEED_MEDIUM] = "medium",
                                        [FEED_HIGH] = "high"};
    const char *layer = json_get_text(call->rpc->params, "max_spatial_layer", "");
    for (enum feed_level level = FEED_NONE; level <= FEED_HIGH; level++) {
        if (strcmp(layer, names[level]) == 0) {
            prefer(call, TRACK_VIDEO, level);
            return;
        }
    }
    reply_error(call, RPC_INVALID_PARAMS, "max_spatial_layer is none, low, medium or high");
}

void handle_prefer_audio(struct call *call)
{
    const json_t *subscribed = json_object_get(call->rpc->params, "subscribed");
    if (json_is_boolean(subscribed))
        prefer(call, TRACK_AUDIO, json_is_true(subscribed) ? FEED_HIGH : FEED_NONE);
    else
        reply_error(call, RPC_INVALID_PARAMS, "subscribed is true or false");
}
