// The table of methods: what a client may ask for, by which door, and who answers.
#include "room/chat.h"
#include "room/poll.h"
#include "signal/outcome.h"
#include "signal/param.h"
#include "signal/state.h"

#include <assert.h>
#include <string.h>

// --- What methods take ---

#define TEXT(name, need, max)                                                                  \
    {                                                                                          \
        (name), PARAM_TEXT, (need), (max), 0, NULL                                             \
    }
#define NAMES(name, need, count, max)                                                          \
    {                                                                                          \
        (name), PARAM_NAMES, (need), (max), (count), NULL                                      \
    }
#define LIST(name, need, count, members)                                                       \
    {                                                                                          \
        (name), PARAM_LIST, (need), 0, (count), (members)                                      \
    }
#define OBJECT(name, need, members)                                                            \
    {                                                                                          \
        (name), PARAM_OBJECT, (need), 0, 0, (members)                                          \
    }
#define PLAIN(name, type, need)                                                                \
    {                                                                                          \
        (name), (type), (need), 0, 0, NULL                                                     \
    }

#define PEER_ID(name, need) TEXT(name, need, PEER_ID_LEN_MAX)
#define POLL_ID(need) TEXT("poll_id", need, POLL_ID_LEN_MAX)
#define ROLE(name, need) TEXT(name, need, ROLE_NAME_LEN_MAX)
#define ROLES(name, need) NAMES(name, need, ROLES_PER_TEMPLATE_MAX, ROLE_NAME_LEN_MAX)
#define WORD(name, need) TEXT(name, need, RPC_WORD_LEN_MAX)
#define REASON TEXT("reason", PARAM_NULL, REASON_LEN_MAX)

static const struct param no_params[] = {{0}};
static const struct param ping_params[] = {PLAIN("timestamp", PARAM_LOOSE, PARAM_MAY), {0}};
static const struct param analytics_params[] = {
    PLAIN("name", PARAM_LOOSE, PARAM_MAY),
    PLAIN("info", PARAM_LOOSE, PARAM_MAY),
    {0},
};
static const struct param description_members[] = {
    TEXT("sdp", PARAM_LAX, SDP_LEN_MAX),
    {0},
};
static const struct param join_params[] = {
    TEXT("name", PARAM_NULL, NAME_LEN_MAX),
    TEXT("data", PARAM_NULL, METADATA_LEN_MAX),
    OBJECT("offer", PARAM_MAY, description_members),
    PLAIN("disableVidAutoSub", PARAM_BOOL, PARAM_NULL),
    PLAIN("onDemandTracks", PARAM_BOOL, PARAM_NULL),
    {0},
};
static const struct param offer_params[] = {
    OBJECT("desc", PARAM_MUST, description_members),
    PLAIN("tracks", PARAM_TRACKS, PARAM_MUST),
    TEXT("sfu_node_id", PARAM_NULL, NODE_ID_LEN_MAX),
    {0},
};
static const struct param answer_params[] = {
    OBJECT("desc", PARAM_MUST, description_members),
    TEXT("sfu_node_id", PARAM_NULL, NODE_ID_LEN_MAX),
    {0},
};
static const struct param candidate_params[] = {
    PLAIN("candidate", PARAM_UNREAD, PARAM_MUST),
    {0},
};
static const struct param tracks_params[] = {PLAIN("tracks", PARAM_TRACKS, PARAM_MUST), {0}};
static const struct param prefer_video_params[] = {
    TEXT("track_id", PARAM_MUST, TRACK_ID_LEN_MAX),
    WORD("max_spatial_layer", PARAM_MUST),
    {0},
};
static const struct param prefer_audio_params[] = {
    TEXT("track_id", PARAM_MUST, TRACK_ID_LEN_MAX),
    PLAIN("subscribed", PARAM_BOOL, PARAM_MUST),
    {0},
};
static const struct param message_members[] = {
    TEXT("message", PARAM_LAX, CHAT_MESSAGE_LEN_MAX),
    TEXT("type", PARAM_LAX, CHAT_TYPE_LEN_MAX),
    {0},
};
static const struct param broadcast_params[] = {
    OBJECT("info", PARAM_MUST, message_members),
    ROLES("roles", PARAM_MAY),
    PEER_ID("peer_id", PARAM_MAY),
    {0},
};
static const struct param peer_update_params[] = {
    TEXT("name", PARAM_NULL, NAME_LEN_MAX),
    TEXT("data", PARAM_NULL, METADATA_LEN_MAX),
    {0},
};
static const struct param peer_params[] = {PEER_ID("peer_id", PARAM_MUST), {0}};
static const struct param set_metadata_params[] = {
    TEXT("key", PARAM_MAY, SESSION_STORE_KEY_LEN_MAX),
    PLAIN("data", PARAM_LOOSE, PARAM_MAY),
    PLAIN("if_change_version", PARAM_INTEGER, PARAM_NULL),
    {0},
};
static const struct param get_metadata_params[] = {
    TEXT("key", PARAM_MAY, SESSION_STORE_KEY_LEN_MAX),
    {0},
};
static const struct param listen_params[] = {
    NAMES("keys", PARAM_MUST, SESSION_STORE_OBSERVED_MAX, SESSION_STORE_KEY_LEN_MAX),
    {0},
};
static const struct param change_role_params[] = {
    PEER_ID("requested_for", PARAM_MAY),
    ROLES("roles", PARAM_MAY),
    ROLE("role", PARAM_MUST),
    PLAIN("force", PARAM_BOOL, PARAM_MAY),
    {0},
};
static const struct param accept_role_params[] = {
    ROLE("role", PARAM_MUST),
    TEXT("token", PARAM_MUST, UUID_LEN),
    {0},
};
static const struct param mute_track_params[] = {
    PEER_ID("requested_for", PARAM_MUST),
    TEXT("track_id", PARAM_MUST, TRACK_ID_LEN_MAX),
    PLAIN("mute", PARAM_BOOL, PARAM_MUST),
    {0},
};
static const struct param mute_tracks_params[] = {
    PLAIN("value", PARAM_BOOL, PARAM_MUST),
    WORD("type", PARAM_MAY),
    TEXT("source", PARAM_MAY, TRACK_SOURCE_LEN_MAX),
    ROLES("roles", PARAM_MAY),
    PEER_ID("requested_for", PARAM_MAY),
    {0},
};
static const struct param remove_params[] = {
    PEER_ID("requested_for", PARAM_MUST),
    REASON,
    {0},
};
static const struct param end_params[] = {
    PLAIN("lock", PARAM_BOOL, PARAM_NULL),
    REASON,
    {0},
};
const struct param roster_query_params[] = {
    PLAIN("limit", PARAM_INTEGER, PARAM_MAY),
    ROLE("role", PARAM_MAY),
    TEXT("group", PARAM_MAY, GROUP_NAME_LEN_MAX),
    NAMES("peerIds", PARAM_MAY, ROSTER_PAGE_MAX, PEER_ID_LEN_MAX),
    NAMES("peers", PARAM_MAY, ROSTER_PAGE_MAX, PEER_ID_LEN_MAX),
    {0},
};
static const struct param next_params[] = {
    TEXT("iterator", PARAM_MAY, ROSTER_ITERATOR_LEN_MAX),
    PLAIN("limit", PARAM_INTEGER, PARAM_MAY),
    {0},
};
static const struct param search_params[] = {
    TEXT("query", PARAM_MUST, NAME_LEN_MAX),
    PLAIN("limit", PARAM_INTEGER, PARAM_MAY),
    PLAIN("offset", PARAM_INTEGER, PARAM_MAY),
    {0},
};
static const struct param own_group_params[] = {
    TEXT("name", PARAM_MUST, GROUP_NAME_LEN_MAX),
    {0},
};
static const struct param group_params[] = {
    TEXT("name", PARAM_MUST, GROUP_NAME_LEN_MAX),
    PEER_ID("peer_id", PARAM_MUST),
    {0},
};
static const struct param poll_info_params[] = {
    POLL_ID(PARAM_NULL),
    TEXT("title", PARAM_MUST, POLL_TEXT_LEN_MAX),
    WORD("type", PARAM_MAY),
    WORD("mode", PARAM_NULL),
    PLAIN("anonymous", PARAM_BOOL, PARAM_NULL),
    PLAIN("visibility", PARAM_BOOL, PARAM_NULL),
    PLAIN("locked", PARAM_BOOL, PARAM_NULL),
    ROLES("vote", PARAM_NULL),
    ROLES("responses", PARAM_NULL),
    {0},
};
static const struct param poll_params[] = {POLL_ID(PARAM_MUST), {0}};
static const struct param question_members[] = {
    TEXT("text", PARAM_LAX, POLL_TEXT_LEN_MAX),
    WORD("type", PARAM_LAX),
    {0},
};
static const struct param option_members[] = {
    TEXT("text", PARAM_LAX, POLL_TEXT_LEN_MAX),
    {0},
};
static const struct param numbered_members[] = {
    OBJECT("question", PARAM_LAX, question_members),
    LIST("options", PARAM_LAX, POLL_OPTIONS_MAX, option_members),
    OBJECT("answer", PARAM_LAX, option_members),
    {0},
};
static const struct param poll_questions_params[] = {
    POLL_ID(PARAM_MUST),
    LIST("questions", PARAM_MUST, POLL_QUESTIONS_MAX, numbered_members),
    {0},
};
static const struct param poll_page_params[] = {
    POLL_ID(PARAM_MUST),
    PLAIN("index", PARAM_INTEGER, PARAM_MAY),
    PLAIN("count", PARAM_INTEGER, PARAM_MAY),
    PLAIN("self", PARAM_BOOL, PARAM_NULL),
    {0},
};
static const struct param poll_response_params[] = {
    POLL_ID(PARAM_MUST),
    LIST("responses", PARAM_MUST, POLL_QUESTIONS_MAX, question_members),
    {0},
};
static const struct param poll_list_params[] = {
    WORD("state", PARAM_NULL),
    TEXT("start", PARAM_NULL, POLL_ID_LEN_MAX),
    PLAIN("count", PARAM_INTEGER, PARAM_MAY),
    {0},
};
static const struct param leaderboard_params[] = {
    POLL_ID(PARAM_MUST),
    PLAIN("offset", PARAM_INTEGER, PARAM_MAY),
    PLAIN("count", PARAM_INTEGER, PARAM_MAY),
    PLAIN("question", PARAM_INTEGER, PARAM_NULL),
    {0},
};

// --- Who takes it ---

struct method {
    const char *name;
    void (*handle)(struct call *call); // NULL: the SDK knows it, this server does not
    const struct param *params;        // of each that is handled
    enum talk talk;                    // what others hear of it
    bool needs_peer;                   // only for those who have joined
    bool by_channel;                   // may come over the data channel too
    bool resumes;                      // what a client begins with when it comes back
    bool is_kept;                      // what it changes is stored before it is acknowledged
};

static const struct method methods[] = {
    {.name = "join", .handle = handle_join, .params = join_params},
    {.name = "leave", .handle = handle_leave, .params = no_params},
    {.name = "ping", .handle = handle_ping, .params = ping_params},
    {.name = "analytics", .handle = handle_analytics, .params = analytics_params},
    {.name = "trickle", .handle = handle_trickle, .params = candidate_params},
    {.name = "offer",
     .handle = handle_offer,
     .params = offer_params,
     .talk = TALK_NEEDED,
     .needs_peer = true,
     .resumes = true},
    {.name = "answer", .handle = handle_answer, .params = answer_params, .needs_peer = true},
    {.name = "track-update",
     .handle = handle_track_update,
     .params = tracks_params,
     .talk = TALK_NEEDED,
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
     .talk = TALK_FREE,
     .needs_peer = true},
    {.name = "peer-update",
     .handle = handle_peer_update,
     .params = peer_update_params,
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
    {.name = "get-peer", .handle = handle_get_peer, .params = peer_params, .needs_peer = true},
    {.name = "set-metadata",
     .handle = handle_set_metadata,
     .params = set_metadata_params,
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
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
     .talk = TALK_NEEDED,
     .needs_peer = true,
     .is_kept = true},
    {.name = "role-change",
     .handle = handle_role_change,
     .params = accept_role_params,
     .talk = TALK_NEEDED,
     .needs_peer = true,
     .is_kept = true},
    {.name = "track-update-request",
     .handle = handle_track_update_request,
     .params = mute_track_params,
     .talk = TALK_NEEDED,
     .needs_peer = true},
    {.name = "change-track-mute-state-request",
     .handle = handle_change_track_mute_state_request,
     .params = mute_tracks_params,
     .talk = TALK_NEEDED,
     .needs_peer = true},
    {.name = "peer-leave-request",
     .handle = handle_peer_leave_request,
     .params = remove_params,
     .needs_peer = true,
     .is_kept = true},
    {.name = "end-room",
     .handle = handle_end_room,
     .params = end_params,
     .needs_peer = true,
     .is_kept = true},
    {.name = "find-peer",
     .handle = handle_find_peer,
     .params = roster_query_params,
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
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
    {.name = "group-leave",
     .handle = handle_group_leave,
     .params = own_group_params,
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
    {.name = "group-add",
     .handle = handle_group_add,
     .params = group_params,
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
    {.name = "group-remove",
     .handle = handle_group_remove,
     .params = group_params,
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
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
     .needs_peer = true,
     .is_kept = true},
    {.name = "poll-info-get",
     .handle = handle_poll_info_get,
     .params = poll_params,
     .needs_peer = true},
    {.name = "poll-questions-set",
     .handle = handle_poll_questions_set,
     .params = poll_questions_params,
     .needs_peer = true,
     .is_kept = true},
    {.name = "poll-questions-get",
     .handle = handle_poll_questions_get,
     .params = poll_page_params,
     .needs_peer = true},
    {.name = "poll-start",
     .handle = handle_poll_start,
     .params = poll_params,
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
    {.name = "poll-stop",
     .handle = handle_poll_stop,
     .params = poll_params,
     .talk = TALK_FREE,
     .needs_peer = true,
     .is_kept = true},
    {.name = "poll-response",
     .handle = handle_poll_response,
     .params = poll_response_params,
     .needs_peer = true,
     .is_kept = true},
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

enum { METHOD_COUNT = sizeof methods / sizeof *methods };
static_assert(METHOD_COUNT < (int)SIGNAL_METHODS_MAX,
              "each has a place in the tally, and the rest");

const char *signal_method_name(size_t at)
{
    return at < METHOD_COUNT ? methods[at].name : at == METHOD_COUNT ? "other" : NULL;
}

const char *method_name(size_t at)
{
    return at < sizeof methods / sizeof *methods ? methods[at].name : NULL;
}

bool method_is_built(size_t at)
{
    return methods[at].handle;
}

const struct param *method_params(size_t at)
{
    return methods[at].params;
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

// What comes of the request is the caller's doing, if it has joined.
static void act(struct call *call, const struct method *method)
{
    uint64_t actor = call->peer ? call->peer->number : 0;
    size_t first = call->events->count;
    method->handle(call);
    for (size_t i = first; i < call->events->count; i++)
        call->events->at[i].actor = actor;
}

// The effect is at once, and told to all; the answer waits for the store.
static void act_kept(struct call *call, const struct method *method)
{
    const struct room *room = call->session->room;
    const struct rooms *rooms = room->rooms;
    uint64_t before = room->change, peer = call->peer->number, first = rooms->last_change;
    uint64_t request = outcome_request(call), after;
    bool is_repeated = outcome_repeat(call, request, &first, &after);
    if (!is_repeated) {
        act(call, method);
        after = rooms->last_change;
    }
    if (!call->reply || room->change == before)
        return;
    struct bytes late = reply_not_stored(call);
    struct frame *frame = &call->frames->at[call->reply - 1];
    frame->peer = peer;
    frame->room = room->number;
    frame->change = room->change;
    frame->late = late;
    frame->request = request;
    frame->before = first;
    frame->after = after;
}

static void dispatch(struct call *call)
{
    const struct method *method = find(call->rpc->method);
    if (method)
        call->method = (size_t)(method - methods);
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
    else if (!params_fit(call, method->params) || !talk_allows(call, method->talk))
        return;
    else if (method->is_kept && call->session)
        act_kept(call, method);
    else
        act(call, method);
}

// What the message is, once it may be read; else what to say of it.
static int read_message(struct rpc *rpc, struct bytes text, size_t id_at, enum reading reading,
                        const char **why)
{
    if (reading == READING_GRANTED)
        return rpc_parse(rpc, text, why);
    rpc_read_id(rpc, text, id_at);
    *why = reading == READING_LATER ? "too many messages" : "too much for one message";
    return reading == READING_LATER ? RPC_TOO_MANY : RPC_INVALID_REQUEST;
}

void method_run(struct call *call, struct bytes text, struct budget *budget)
{
    struct rpc rpc;
    const char *why = NULL;
    int64_t now = call->now.mono_us;
    struct json_scan said = json_scan(text, "id");
    enum reading reading = budget_take(budget, &said, now);
    int code = read_message(&rpc, text, said.value_at, reading, &why);

    call->rpc = &rpc;
    call->method = METHOD_COUNT;
    bool is_of_old_client = reading == READING_GRANTED && code && handle_prefer_stream(call);
    if (is_of_old_client)
        code = 0;
    if (reading == READING_LATER)
        reply_error(call, code, why);
    else if (code)
        reply_unreadable(call, code, why);
    else if (!is_of_old_client)
        dispatch(call);
    assert(call->answers == (rpc.id || (code && reading != READING_LATER) ? 1 : 0));
    // What waits for an answer of the media worker is counted with that.
    if (call->reply || call->code || call->answers == 0)
        call->signal->tally.counts[call->method][signal_result_of(call->code)]++;
    if (call->reply)
        budget_answered(budget, call->frames->at[call->reply - 1].text.len, now);
    call->rpc = NULL;
    rpc_dispose(&rpc);
}
