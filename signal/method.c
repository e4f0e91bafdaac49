// The table of methods: what a client may ask for, by which door, and who answers.
#include "signal/state.h"

#include <string.h>

struct method {
    const char *name;
    void (*handle)(struct call *call); // NULL: the SDK knows it, this server does not
    bool needs_peer;                   // only for those who have joined
    bool by_channel;                   // may come over the data channel too
    bool resumes;                      // what a client begins with when it comes back
};

static const struct method methods[] = {
    {.name = "join", .handle = handle_join},
    {.name = "leave", .handle = handle_leave},
    {.name = "ping", .handle = handle_ping},
    {.name = "analytics", .handle = handle_ignore},
    {.name = "trickle", .handle = handle_trickle},
    {.name = "offer", .handle = handle_offer, .needs_peer = true, .resumes = true},
    {.name = "answer", .handle = handle_answer, .needs_peer = true},
    {.name = "track-update",
     .handle = handle_track_update,
     .needs_peer = true,
     .resumes = true},
    {.name = "prefer-video-track-state",
     .handle = handle_prefer_video,
     .needs_peer = true,
     .by_channel = true},
    {.name = "prefer-audio-track-state",
     .handle = handle_prefer_audio,
     .needs_peer = true,
     .by_channel = true},
    {.name = "broadcast", .handle = handle_broadcast, .needs_peer = true},
    {.name = "peer-update", .handle = handle_peer_update, .needs_peer = true},
    {.name = "get-peer", .handle = handle_get_peer, .needs_peer = true},
    {.name = "set-metadata", .handle = handle_set_metadata, .needs_peer = true},
    {.name = "get-metadata", .handle = handle_get_metadata, .needs_peer = true},
    {.name = "listen-metadata-change", .handle = handle_listen_metadata, .needs_peer = true},

    {.name = "role-change-request", .handle = handle_role_change_request, .needs_peer = true},
    {.name = "role-change", .handle = handle_role_change, .needs_peer = true},
    {.name = "track-update-request", .handle = handle_track_update_request, .needs_peer = true},
    {.name = "change-track-mute-state-request",
     .handle = handle_change_track_mute_state_request,
     .needs_peer = true},
    {.name = "peer-leave-request", .handle = handle_peer_leave_request, .needs_peer = true},
    {.name = "end-room", .handle = handle_end_room, .needs_peer = true},
    {.name = "find-peer", .handle = handle_find_peer, .needs_peer = true},
    {.name = "peer-iter-next", .handle = handle_peer_iter_next, .needs_peer = true},
    {.name = "peer-name-search", .handle = handle_peer_name_search, .needs_peer = true},
    {.name = "group-join", .handle = handle_group_join, .needs_peer = true},
    {.name = "group-leave", .handle = handle_group_leave, .needs_peer = true},
    {.name = "group-add", .handle = handle_group_add, .needs_peer = true},
    {.name = "group-remove", .handle = handle_group_remove, .needs_peer = true},
    {.name = "rtmp-start"},
    {.name = "rtmp-stop"},
    {.name = "hls-start"},
    {.name = "hls-stop"},
    {.name = "hls-timed-metadata"},
    {.name = "transcription-start"},
    {.name = "transcription-stop"},
    {.name = "transcription-config-update"},
    {.name = "poll-info-set", .handle = handle_poll_info_set, .needs_peer = true},
    {.name = "poll-info-get", .handle = handle_poll_info_get, .needs_peer = true},
    {.name = "poll-questions-set", .handle = handle_poll_questions_set, .needs_peer = true},
    {.name = "poll-questions-get", .handle = handle_poll_questions_get, .needs_peer = true},
    {.name = "poll-start", .handle = handle_poll_start, .needs_peer = true},
    {.name = "poll-stop", .handle = handle_poll_stop, .needs_peer = true},
    {.name = "poll-response", .handle = handle_poll_response, .needs_peer = true},
    {.name = "poll-responses", .handle = handle_poll_responses, .needs_peer = true},
    {.name = "poll-list", .handle = handle_poll_list, .needs_peer = true},
    {.name = "poll-result", .handle = handle_poll_result, .needs_peer = true},
    {.name = "poll-leaderboard", .handle = handle_poll_leaderboard, .needs_peer = true},
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
    else
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
