// The table of methods: what a client may ask for, by which door, and who answers.
#include "signal/param.h"
#include "signal/state.h"

#include <string.h>

// --- What methods take ---

static const struct param join_params[] = {
    {"name", PARAM_TEXT, PARAM_NULL},           {"data", PARAM_TEXT, PARAM_NULL},
    {"offer", PARAM_OBJECT, PARAM_MAY},         {"disableVidAutoSub", PARAM_BOOL, PARAM_NULL},
    {"onDemandTracks", PARAM_BOOL, PARAM_NULL}, {0},
};
static const struct param offer_params[] = {
    {"desc", PARAM_OBJECT, PARAM_MUST},
    {"tracks", PARAM_OBJECT, PARAM_MUST},
    {"sfu_node_id", PARAM_TEXT, PARAM_NULL},
    {0},
};
static const struct param answer_params[] = {
    {"desc", PARAM_OBJECT, PARAM_MUST},
    {"sfu_node_id", PARAM_TEXT, PARAM_NULL},
    {0},
};
static const struct param candidate_params[] = {{"candidate", PARAM_OBJECT, PARAM_MUST}, {0}};
static const struct param tracks_params[] = {{"tracks", PARAM_OBJECT, PARAM_MUST}, {0}};
static const struct param prefer_video_params[] = {
    {"track_id", PARAM_TEXT, PARAM_MUST},
    {"max_spatial_layer", PARAM_TEXT, PARAM_MUST},
    {0},
};
static const struct param prefer_audio_params[] = {
    {"track_id", PARAM_TEXT, PARAM_MUST},
    {"subscribed", PARAM_BOOL, PARAM_MUST},
    {0},
};
static const struct param broadcast_params[] = {
    {"info", PARAM_OBJECT, PARAM_MUST},
    {"roles", PARAM_NAMES, PARAM_MAY},
    {"peer_id", PARAM_TEXT, PARAM_MAY},
    {0},
};
static const struct param peer_update_params[] = {
    {"name", PARAM_TEXT, PARAM_NULL},
    {"data", PARAM_TEXT, PARAM_NULL},
    {0},
};
static const struct param peer_params[] = {{"peer_id", PARAM_TEXT, PARAM_MUST}, {0}};
static const struct param set_metadata_params[] = {
    {"key", PARAM_TEXT, PARAM_MAY},
    {"if_change_version", PARAM_INTEGER, PARAM_NULL},
    {0},
};
static const struct param get_metadata_params[] = {{"key", PARAM_TEXT, PARAM_MAY}, {0}};
static const struct param listen_params[] = {{"keys", PARAM_NAMES, PARAM_MUST}, {0}};
static const struct param change_role_params[] = {
    {"requested_for", PARAM_TEXT, PARAM_MAY},
    {"roles", PARAM_NAMES, PARAM_MAY},
    {"role", PARAM_TEXT, PARAM_MUST},
    {"force", PARAM_BOOL, PARAM_MAY},
    {0},
};
static const struct param accept_role_params[] = {
    {"role", PARAM_TEXT, PARAM_MUST},
    {"token", PARAM_TEXT, PARAM_MUST},
    {0},
};
static const struct param mute_track_params[] = {
    {"requested_for", PARAM_TEXT, PARAM_MUST},
    {"track_id", PARAM_TEXT, PARAM_MUST},
    {"mute", PARAM_BOOL, PARAM_MUST},
    {0},
};
static const struct param mute_tracks_params[] = {
    {"value", PARAM_BOOL, PARAM_MUST},        {"type", PARAM_TEXT, PARAM_MAY},
    {"source", PARAM_TEXT, PARAM_MAY},        {"roles", PARAM_NAMES, PARAM_MAY},
    {"requested_for", PARAM_TEXT, PARAM_MAY}, {0},
};
static const struct param remove_params[] = {
    {"requested_for", PARAM_TEXT, PARAM_MUST},
    {"reason", PARAM_TEXT, PARAM_NULL},
    {0},
};
static const struct param end_params[] = {
    {"lock", PARAM_BOOL, PARAM_NULL},
    {"reason", PARAM_TEXT, PARAM_NULL},
    {0},
};
static const struct param find_params[] = {
    {"limit", PARAM_INTEGER, PARAM_MAY}, {"role", PARAM_TEXT, PARAM_MAY},
    {"group", PARAM_TEXT, PARAM_MAY},    {"peerIds", PARAM_NAMES, PARAM_MAY},
    {"peers", PARAM_NAMES, PARAM_MAY},   {0},
};
static const struct param next_params[] = {
    {"iterator", PARAM_TEXT, PARAM_MAY},
    {"limit", PARAM_INTEGER, PARAM_MAY},
    {0},
};
static const struct param search_params[] = {
    {"query", PARAM_TEXT, PARAM_MUST},
    {"limit", PARAM_INTEGER, PARAM_MAY},
    {"offset", PARAM_INTEGER, PARAM_MAY},
    {0},
};
static const struct param own_group_params[] = {{"name", PARAM_TEXT, PARAM_MUST}, {0}};
static const struct param group_params[] = {
    {"name", PARAM_TEXT, PARAM_MUST},
    {"peer_id", PARAM_TEXT, PARAM_MUST},
    {0},
};
static const struct param poll_info_params[] = {
    {"poll_id", PARAM_TEXT, PARAM_NULL},    {"title", PARAM_TEXT, PARAM_MUST},
    {"type", PARAM_TEXT, PARAM_MAY},        {"mode", PARAM_TEXT, PARAM_NULL},
    {"anonymous", PARAM_BOOL, PARAM_NULL},  {"visibility", PARAM_BOOL, PARAM_NULL},
    {"locked", PARAM_BOOL, PARAM_NULL},     {"vote", PARAM_NAMES, PARAM_NULL},
    {"responses", PARAM_NAMES, PARAM_NULL}, {0},
};
static const struct param poll_params[] = {{"poll_id", PARAM_TEXT, PARAM_MUST}, {0}};
static const struct param poll_questions_params[] = {
    {"poll_id", PARAM_TEXT, PARAM_MUST},
    {"questions", PARAM_ARRAY, PARAM_MUST},
    {0},
};
static const struct param poll_page_params[] = {
    {"poll_id", PARAM_TEXT, PARAM_MUST},
    {"index", PARAM_INTEGER, PARAM_MAY},
    {"count", PARAM_INTEGER, PARAM_MAY},
    {"self", PARAM_BOOL, PARAM_NULL},
    {0},
};
static const struct param poll_response_params[] = {
    {"poll_id", PARAM_TEXT, PARAM_MUST},
    {"responses", PARAM_ARRAY, PARAM_MUST},
    {0},
};
static const struct param poll_list_params[] = {
    {"state", PARAM_TEXT, PARAM_NULL},
    {"start", PARAM_TEXT, PARAM_NULL},
    {"count", PARAM_INTEGER, PARAM_MAY},
    {0},
};
static const struct param leaderboard_params[] = {
    {"poll_id", PARAM_TEXT, PARAM_MUST},
    {"offset", PARAM_INTEGER, PARAM_MAY},
    {"count", PARAM_INTEGER, PARAM_MAY},
    {"question", PARAM_INTEGER, PARAM_NULL},
    {0},
};

// --- Who takes it ---

struct method {
    const char *name;
    void (*handle)(struct call *call); // NULL: the SDK knows it, this server does not
    const struct param *params;        // NULL: what it takes does not matter
    bool needs_peer;                   // only for those who have joined
    bool by_channel;                   // may come over the data channel too
    bool resumes;                      // what a client begins with when it comes back
};

static const struct method methods[] = {
    {.name = "join", .handle = handle_join, .params = join_params},
    {.name = "leave", .handle = handle_leave},
    {.name = "ping", .handle = handle_ping},
    {.name = "analytics", .handle = handle_analytics},
    {.name = "trickle", .handle = handle_trickle, .params = candidate_params},
    {.name = "offer",
     .handle = handle_offer,
     .params = offer_params,
     .needs_peer = true,
     .resumes = true},
    {.name = "answer", .handle = handle_answer, .params = answer_params, .needs_peer = true},
    {.name = "track-update",
     .handle = handle_track_update,
     .params = tracks_params,
     .needs_peer = true,
     .resumes = true},
    {.name = "prefer-video-track-state",
     .handle = handle_prefer_video,
     .params = prefer_video_params,
     .needs_peer = true,
     .by_channel = true},
    {.name = "prefer-audio-track-state",
     .handle = handle_prefer_audio,
     .params = prefer_audio_params,
     .needs_peer = true,
     .by_channel = true},
    {.name = "broadcast",
     .handle = handle_broadcast,
     .params = broadcast_params,
     .needs_peer = true},
    {.name = "peer-update",
     .handle = handle_peer_update,
     .params = peer_update_params,
     .needs_peer = true},
    {.name = "get-peer", .handle = handle_get_peer, .params = peer_params, .needs_peer = true},
    {.name = "set-metadata",
     .handle = handle_set_metadata,
     .params = set_metadata_params,
     .needs_peer = true},
    {.name = "get-metadata",
     .handle = handle_get_metadata,
     .params = get_metadata_params,
     .needs_peer = true},
    {.name = "listen-metadata-change",
     .handle = handle_listen_metadata,
     .params = listen_params,
     .needs_peer = true},

    {.name = "role-change-request",
     .handle = handle_role_change_request,
     .params = change_role_params,
     .needs_peer = true},
    {.name = "role-change",
     .handle = handle_role_change,
     .params = accept_role_params,
     .needs_peer = true},
    {.name = "track-update-request",
     .handle = handle_track_update_request,
     .params = mute_track_params,
     .needs_peer = true},
    {.name = "change-track-mute-state-request",
     .handle = handle_change_track_mute_state_request,
     .params = mute_tracks_params,
     .needs_peer = true},
    {.name = "peer-leave-request",
     .handle = handle_peer_leave_request,
     .params = remove_params,
     .needs_peer = true},
    {.name = "end-room", .handle = handle_end_room, .params = end_params, .needs_peer = true},
    {.name = "find-peer",
     .handle = handle_find_peer,
     .params = find_params,
     .needs_peer = true},
    {.name = "peer-iter-next",
     .handle = handle_peer_iter_next,
     .params = next_params,
     .needs_peer = true},
    {.name = "peer-name-search",
     .handle = handle_peer_name_search,
     .params = search_params,
     .needs_peer = true},
    {.name = "group-join",
     .handle = handle_group_join,
     .params = own_group_params,
     .needs_peer = true},
    {.name = "group-leave",
     .handle = handle_group_leave,
     .params = own_group_params,
     .needs_peer = true},
    {.name = "group-add",
     .handle = handle_group_add,
     .params = group_params,
     .needs_peer = true},
    {.name = "group-remove",
     .handle = handle_group_remove,
     .params = group_params,
     .needs_peer = true},
    {.name = "rtmp-start"},
    {.name = "rtmp-stop"},
    {.name = "hls-start"},
    {.name = "hls-stop"},
    {.name = "hls-timed-metadata"},
    {.name = "transcription-start"},
    {.name = "transcription-stop"},
    {.name = "transcription-config-update"},
    {.name = "poll-info-set",
     .handle = handle_poll_info_set,
     .params = poll_info_params,
     .needs_peer = true},
    {.name = "poll-info-get",
     .handle = handle_poll_info_get,
     .params = poll_params,
     .needs_peer = true},
    {.name = "poll-questions-set",
     .handle = handle_poll_questions_set,
     .params = poll_questions_params,
     .needs_peer = true},
    {.name = "poll-questions-get",
     .handle = handle_poll_questions_get,
     .params = poll_page_params,
     .needs_peer = true},
    {.name = "poll-start",
     .handle = handle_poll_start,
     .params = poll_params,
     .needs_peer = true},
    {.name = "poll-stop",
     .handle = handle_poll_stop,
     .params = poll_params,
     .needs_peer = true},
    {.name = "poll-response",
     .handle = handle_poll_response,
     .params = poll_response_params,
     .needs_peer = true},
    {.name = "poll-responses",
     .handle = handle_poll_responses,
     .params = poll_page_params,
     .needs_peer = true},
    {.name = "poll-list",
     .handle = handle_poll_list,
     .params = poll_list_params,
     .needs_peer = true},
    {.name = "poll-result",
     .handle = handle_poll_result,
     .params = poll_params,
     .needs_peer = true},
    {.name = "poll-leaderboard",
     .handle = handle_poll_leaderboard,
     .params = leaderboard_params,
     .needs_peer = true},
    {.name = "whiteboard-create"},
    {.name = "whiteboard-get"},
};

const char *method_name(size_t at)
{
    return at < sizeof methods / sizeof *methods ? methods[at].name : NULL;
}

bool method_is_built(size_t at)
{
    return methods[at].handle;
}

static const struct method *find(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    }
    return NULL;
}

static void refuse_stranger(struct call *call, const struct method *method)
{
    // A client that comes back starts with its offer instead of a join. When nobody knows it,
    // because the server was restarted meanwhile, only on-error ends its attempts; an error in
    // answer to the offer alone would be tried again for a minute.
    if (method->resumes && !call->session->has_joined) {
        session_refuse(call->signal, call->session, RPC_GONE, "peer not found, join again",
                       call->now, call->frames);
        reply_error(call, RPC_GONE, "peer not found, join again");
        return;
    }
    reply_error(call, RPC_BAD_REQUEST, "not joined");
}

static void dispatch(struct call *call)
{
    const struct method *method = find(call->rpc->method);
    if (!method)
        reply_error(call, RPC_UNKNOWN_METHOD, "unknown method");
    else if (call->by_channel && !method->by_channel)
        reply_error(call, RPC_NOT_SUPPORTED, "not supported on the data channel");
    else if (call->session && call->session->state == SESSION_OVER)
        reply_error(call, RPC_GONE, "the session is over");
    else if (!method->handle)
        reply_error(call, RPC_NOT_SUPPORTED, "not supported");
    else if (method->needs_peer && (!call->peer || call->peer->state != PEER_JOINED))
        refuse_stranger(call, method);
    else if (params_fit(call, method->params))
        method->handle(call);
}

void method_run(struct call *call, struct bytes text, bool refuse)
{
    struct rpc rpc;
    const char *why;
    int code = rpc_parse(&rpc, text, &why);

    call->rpc = &rpc;
    if (code)
        reply_unreadable(call, code, why);
    else if (refuse)
        reply_error(call, RPC_TOO_MANY, "too many messages");
    else
        dispatch(call);
    call->rpc = NULL;
    rpc_dispose(&rpc);
}
