// Offers, answers, tracks and layers.

#include "room/media.h"
#include "base/err.h"
#include "signal/state.h"

#include <string.h>

// Whether a description is for connections that ended with the process before this one. The
// SDK repeats requests whose answer a lost socket took along, so such an offer may come late.
static bool is_for_lost_media(const struct call *call)
{
    const char *node_id = call->signal->node_id;
    const char *meant = json_get_text(call->rpc->params, "sfu_node_id", NULL);
    if (!node_id[0])
        return false;
    return meant ? strcmp(meant, node_id) != 0
                 : call->peer->lost_media && !call->session->knows_node;
}

bool media_refuse_offer(struct call *call, const char *sdp)
{
    if (!call->signal->offer_check)
        return false;
    struct text why = {0};
    int err = call->signal->offer_check(bytes_of(sdp), &why);
    if (err)
        reply_error(call, RPC_BAD_REQUEST, why.at);
    text_dispose(&why);
    return err != 0;
}

void handle_offer(struct call *call)
{
    const json_t *params = call->rpc->params;
    const char *sdp = json_get_text(json_object_get(params, "desc"), "sdp", NULL);
    const json_t *tracks = json_get_object(params, "tracks");
    if (!sdp) {
        reply_error(call, RPC_INVALID_PARAMS, "desc.sdp is needed");
        return;
    }
    if (is_for_lost_media(call)) {
        node_info_refuse(call);
        return;
    }
    const struct track_wish *wishes;
    size_t count = shape_read_tracks(tracks, &call->events->arena, &wishes);
    if (media_offer_ends(call->peer, wishes, count) && media_refuse_offer(call, sdp))
        return;
    uint64_t request = session_wait(call);
    if (!request) {
        reply_error(call, RPC_TOO_MANY, "too many requests are waiting");
        return;
    }
    media_offer(call->peer, sdp, wishes, count, request, call->events);
}

void handle_answer(struct call *call)
{
    const char *sdp = json_get_text(json_object_get(call->rpc->params, "desc"), "sdp", NULL);
    if (!sdp) {
        reply_error(call, RPC_INVALID_PARAMS, "desc.sdp is needed");
        return;
    }
    if (!is_for_lost_media(call))
        media_subscribe_answer(call->peer, sdp, call->events);
    reply_empty(call);
}

// The server's side of ICE is lite and learns the client's addresses from its checks, so
// candidates are not needed; they may be mDNS names anyway.
void handle_trickle(struct call *call)
{
    reply_empty(call);
}

void handle_track_update(struct call *call)
{
    const json_t *tracks = json_get_object(call->rpc->params, "tracks");
    const struct track_wish *wishes;
    size_t count = shape_read_tracks(tracks, &call->events->arena, &wishes);
    media_update(call->peer, wishes, count, call->events);
    reply_empty(call);
}

static void prefer(struct call *call, enum track_type type, enum feed_level level)
{
    const char *track_id = json_get_text(call->rpc->params, "track_id", "");
    // 404 is what the client takes silently: the track may have gone meanwhile.
    int err = media_prefer(call->peer, track_id, type, level, call->events);
    if (err == ERR_FULL)
        reply_error(call, RPC_BAD_REQUEST, "too many videos at once");
    else if (err)
        reply_error(call, RPC_NOT_FOUND, "track not found");
    else
        reply_empty(call);
}

static const char *const level_names[] = {
    [FEED_NONE] = "none", [FEED_LOW] = "low", [FEED_MEDIUM] = "medium", [FEED_HIGH] = "high"};

static bool read_level(const char *name, enum feed_level *level)
{
    for (*level = FEED_NONE; *level <= FEED_HIGH; (*level)++) {
        if (strcmp(name, level_names[*level]) == 0)
            return true;
    }
    return false;
}

void handle_prefer_video(struct call *call)
{
    enum feed_level level;
    if (read_level(json_get_text(call->rpc->params, "max_spatial_layer", ""), &level))
        prefer(call, TRACK_VIDEO, level);
    else
        reply_error(call, RPC_INVALID_PARAMS, "max_spatial_layer is none, low, medium or high");
}

void handle_prefer_audio(struct call *call)
{
    bool subscribed = json_get_bool(call->rpc->params, "subscribed", false);
    prefer(call, TRACK_AUDIO, subscribed ? FEED_HIGH : FEED_NONE);
}

bool handle_prefer_stream(struct call *call)
{
    const json_t *message = call->rpc->message;
    const char *stream_id = json_get_text(message, "streamId", NULL);
    const json_t *audio = json_object_get(message, "audio");
    const json_t *video = json_object_get(message, "video");
    enum feed_level level;
    if (!call->by_channel || !stream_id || !json_is_boolean(audio) ||
        json_object_get(message, "method") || json_object_get(message, "id") ||
        (video && !(json_is_string(video) && read_level(json_string_value(video), &level))))
        return false;
    media_prefer_stream(call->peer, stream_id, json_is_true(audio), video ? &level : NULL,
                        call->events);
    return true;
}

// --- Telling it ---

static struct bytes tell_tracks(struct signal *s, const struct event *event, struct moment now,
                                struct frame_list *frames)
{
    static const char *const methods[] = {
        [EVENT_TRACKS_ADDED] = "on-track-add",
        [EVENT_TRACKS_UPDATED] = "on-track-update",
        [EVENT_TRACKS_REMOVED] = "on-track-remove",
    };
    presence_bring_forward(s, event->room, event->peer, now, frames);
    struct json_out j = notify_open(s, methods[event->kind]);
    json_open(&j, '{');
    json_key(&j, "tracks");
    shape_tracks(&j, event->tracks.list, event->tracks.count);
    json_key(&j, "peer");
    json_open(&j, '{');
    shape_peer_brief(&j, event->who);
    json_close(&j, '}');
    json_close(&j, '}');
    struct bytes text = notify_finish(s, &j, frames);
    notify_about(s, event, text, frames);
    return text;
}

void updates_tell(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames)
{
    updates_told(s, event, tell_tracks(s, event, now, frames), now);
}

void notify_tracks(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames)
{
    if (!updates_are_put_off(s, event, now))
        updates_tell(s, event, now, frames);
}

void notify_speakers(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames)
{
    (void)now;
    struct json_out j = notify_open(s, "active-speakers");
    json_open(&j, '{');
    json_key(&j, "speaker-list");
    json_open(&j, '[');
    for (size_t i = 0; i < event->speakers.count; i++) {
        const struct event_speaker *speaker = &event->speakers.list[i];
        json_open(&j, '{');
        json_member_string(&j, "peer_id", speaker->peer_id);
        json_member_string(&j, "track_id", speaker->track_id);
        json_member_int(&j, "level", speaker->level);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    notify_all(s, event->room, notify_finish(s, &j, frames), FRAME_DATA, frames);
}

void notify_quality(struct signal *s, const struct event *event, struct moment now,
                    struct frame_list *frames)
{
    (void)now;
    struct json_out j = notify_open(s, "on-connection-quality-update");
    json_open(&j, '{');
    json_key(&j, "peers");
    json_open(&j, '[');
    for (size_t i = 0; i < event->quality.count; i++) {
        json_open(&j, '{');
        json_member_string(&j, "peer_id", event->quality.list[i].peer_id);
        json_member_int(&j, "downlink_score", event->quality.list[i].downlink_score);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    struct bytes text = notify_finish(s, &j, frames);
    const struct session *only = signal_session_of(s, event->quality.to);
    if (!event->quality.to)
        notify_all(s, event->room, text, FRAME_DATA, frames);
    else if (only)
        frame_add(frames, (struct frame){.kind = FRAME_DATA,
                                         .session = only->number,
                                         .peer = only->peer,
                                         .text = text});
}

void notify_layers(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames)
{
    (void)now;
    const struct session *session = signal_session_of(s, event->peer);
    if (!session)
        return;
    struct json_out j = notify_open(s, "on-track-layer-update");
    json_open(&j, '{');
    json_key(&j, "tracks");
    json_open(&j, '{');
    for (size_t i = 0; i < event->layers.count; i++) {
        const struct event_layer *layer = &event->layers.list[i];
        json_key(&j, layer->track_id);
        json_open(&j, '{');
        json_member_string(&j, "track_id", layer->track_id);
        json_member_string(&j, "current_layer", level_names[layer->current]);
        json_member_string(&j, "expected_layer", level_names[layer->expected]);
        json_member_bool(&j, "subscriber_degraded", layer->subscriber_degraded);
        json_member_bool(&j, "publisher_degraded", layer->publisher_degraded);
        json_close(&j, '}');
    }
    json_close(&j, '}');
    json_close(&j, '}');
    frame_add(frames, (struct frame){.kind = FRAME_DATA,
                                     .session = session->number,
                                     .peer = session->peer,
                                     .text = notify_finish(s, &j, frames)});
}

// To clients that asked for it alone: the vendor's know no such message.
void notify_demand(struct signal *s, const struct event *event, struct moment now,
                   struct frame_list *frames)
{
    (void)now;
    const struct session *session = signal_session_of(s, event->peer);
    if (!session || !session->takes_demand)
        return;
    const char *id = event->demand.track_id;
    struct json_out j = notify_open(s, "on-track-layers-wanted");
    json_open(&j, '{');
    json_key(&j, "tracks");
    json_open(&j, '{');
    json_key(&j, id);
    json_open(&j, '{');
    json_member_string(&j, "track_id", id);
    json_member_string(&j, "max_layer", level_names[event->demand.most]);
    json_close(&j, '}');
    json_close(&j, '}');
    json_close(&j, '}');
    frame_add(frames, (struct frame){.kind = FRAME_TEXT,
                                     .session = session->number,
                                     .peer = session->peer,
                                     .text = notify_finish(s, &j, frames)});
}

void notify_answered(struct signal *s, const struct event *event, struct moment now,
                     struct frame_list *frames)
{
    (void)now;
    struct session *session = signal_session_of(s, event->peer);
    if (!session)
        return;
    json_t *id = session_take(session, event->answered.request);
    if (!rooms_peer(s->rooms, event->peer)) // its join failed
        session_bind(s, session, 0);
    if (!id)
        return;
    if (event->answered.err)
        // The SDK tries again after 503, and gives up after any other.
        reply_answer_error(s, session, id,
                           event->answered.err == ERR_BUSY ? RPC_BUSY : RPC_BAD_REQUEST,
                           event->answered.text, frames);
    else
        reply_answer(s, session, id, event->answered.text, frames);
    json_decref(id);
}

void notify_offer(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames)
{
    (void)now;
    const struct session *session = signal_session_of(s, event->peer);
    if (!session)
        return;
    struct json_out j = notify_open(s, "offer");
    json_open(&j, '{');
    json_member_string(&j, "type", "offer");
    json_member_string(&j, "sdp", event->offer.sdp);
    shape_node(&j, s);
    json_close(&j, '}');
    notify_send(s, session, &j, frames);
}
