#include "signal/session.h"

#include "base/jwt.h"
#include "signal/outcome.h"
#include "signal/state.h"

#include <assert.h>
#include <string.h>

static_assert(WS_LINGER_MS > ANSWER_WAIT_MS, "an answer comes before its socket closes");

// --- Tables ---

struct signal *signal_new(struct rooms *rooms)
{
    struct signal *s = mem_alloc(sizeof *s);
    s->rooms = rooms;
    s->node_id = mem_text("");
    list_init(&s->silent);
    list_init(&s->over);
    list_init(&s->infos_due);
    list_init(&s->owing);
    list_init(&s->updates_due);
    list_init(&s->outcomes);
    list_init(&s->unused_shares);
    return s;
}

const struct signal_tally *signal_tally(const struct signal *s)
{
    return &s->tally;
}

struct session *signal_session(const struct signal *s, uint64_t number)
{
    return map_get(&s->sessions, map_key_u64(&number));
}

struct session *signal_session_of(const struct signal *s, uint64_t peer)
{
    return map_get(&s->by_peer, map_key_u64(&peer));
}

struct audience *signal_audience(const struct signal *s, uint64_t room)
{
    return map_get(&s->audiences, map_key_u64(&room));
}

static void enter_audience(struct signal *s, struct session *session, struct moment now)
{
    struct audience *audience = signal_audience(s, session->room->number);
    if (!audience) {
        audience = mem_alloc(sizeof *audience);
        audience->room = session->room->number;
        list_init(&audience->sessions);
        list_init(&audience->info_due);
        list_init(&audience->moves);
        list_init(&audience->updates);
        list_init(&audience->updates_due);
        audience->updates_told = bucket_full(
            (struct rate){UPDATES_ROOM_PER_SECOND, UPDATES_ROOM_BURST}, now.mono_us);
        audience->told =
            bucket_full((struct rate){TALK_ROOM_PER_SECOND, TALK_ROOM_BURST}, now.mono_us);
        audience->metadata = bucket_full(
            (struct rate){METADATA_ROOM_PER_SECOND, METADATA_ROOM_BURST}, now.mono_us);
        audience->changes = bucket_full(
            (struct rate){CHANGES_ROOM_PER_SECOND, CHANGES_ROOM_BURST}, now.mono_us);
        map_put(&s->audiences, map_key_u64(&audience->room), audience);
    }
    list_append(&audience->sessions, &session->in_room);
    audience->session_count++;
    audience->slow_count += session->is_slow;
}

static void leave_audience(struct signal *s, struct session *session)
{
    struct audience *audience = signal_audience(s, session->room->number);
    list_remove(&session->in_room);
    audience->session_count--;
    audience->slow_count -= session->is_slow;
    if (list_empty(&audience->sessions)) {
        list_remove(&audience->info_due);
        presence_forget(audience);
        updates_forget(audience);
        map_remove(&s->audiences, map_key_u64(&audience->room));
        mem_free(audience);
    }
}

void session_bind(struct signal *s, struct session *session, uint64_t peer)
{
    if (session->peer && signal_session_of(s, session->peer) == session)
        map_remove(&s->by_peer, map_key_u64(&session->peer));
    session->peer = peer;
    assert(!peer || session->state == SESSION_READY);
    if (peer)
        map_put(&s->by_peer, map_key_u64(&session->peer), session);
}

// The first of the messages that wait for the room, the caller's to dispose of. It waits no
// more when it is handled, as one of them may end the session, which answers those that still
// wait.
static bool take_waiting(struct session *session, struct text *text)
{
    assert(session->waiting_count <= WS_WAITING_MAX);
    if (session->waiting_count == 0)
        return false;
    *text = session->waiting[0];
    memmove(session->waiting, session->waiting + 1,
            --session->waiting_count * sizeof *session->waiting);
    session->waiting[session->waiting_count] = (struct text){0};
    assert(session->waiting_bytes >= text->len);
    session->waiting_bytes -= text->len;
    return true;
}

static void forget_waiting(struct session *session)
{
    struct text text;
    while (take_waiting(session, &text))
        text_dispose(&text);
}

// Frees the session; its peer stays as it is.
static void drop(struct signal *s, struct session *session)
{
    session_bind(s, session, 0);
    if (session->room) {
        leave_audience(s, session);
        room_release(session->room);
    }
    for (size_t i = 0; i < session->pending_count; i++)
        json_decref(session->pending[i].id);
    forget_waiting(session);
    list_remove(&session->silent);
    list_remove(&session->over);
    owed_forget(session);
    preview_stop(s, session);
    node_info_stop(s, session);
    map_remove(&s->sessions, map_key_u64(&session->number));
    share_release(s, session->budget.of_token);
    share_release(s, session->budget.of_network);
    mem_free(session->room_id);
    mem_free(session->role);
    mem_free(session->told_role);
    template_free(session->told_template);
    mem_free(session->user_id);
    mem_free(session->peer_id);
    mem_free(session->room_code_id);
    mem_free(session->user_agent);
    mem_free(session->owed);
    mem_free(session);
}

static void close_socket(struct signal *s, struct session *session, uint16_t code,
                         struct frame_list *frames)
{
    frame_add(frames, (struct frame){
                          .kind = FRAME_CLOSE, .session = session->number, .close_code = code});
    drop(s, session);
}

static void detach(const struct signal *s, const struct session *session, struct moment now,
                   struct event_list *events)
{
    struct peer *peer = rooms_peer(s->rooms, session->peer);
    if (peer)
        room_detach(peer, now, events);
}

void signal_set_node(struct signal *s, const char *node_id)
{
    mem_free(s->node_id);
    s->node_id = mem_text(node_id);
}

void signal_set_short(struct signal *s, bool is_short)
{
    s->is_short = is_short;
}

void signal_set_offer_check(struct signal *s, int (*check)(struct bytes sdp, struct text *why))
{
    s->offer_check = check;
}

void signal_free(struct signal *s)
{
    size_t at = 0;
    struct session *session;
    while ((session = map_next(&s->sessions, &at)))
        drop(s, session);
    at = 0;
    struct channel *channel;
    while ((channel = map_next(&s->channels, &at)))
        mem_free(channel);
    outcomes_dispose(s);
    shares_dispose(s);
    map_dispose(&s->sessions);
    map_dispose(&s->by_peer);
    map_dispose(&s->audiences);
    at = 0;
    struct talker *talker;
    while ((talker = map_next(&s->talkers, &at)))
        mem_free(talker);
    map_dispose(&s->talkers);
    map_dispose(&s->channels);
    timers_dispose(&s->states_due);
    timers_dispose(&s->held_due);
    text_dispose(&s->scratch);
    mem_free(s->node_id);
    mem_free(s);
}

// --- Requests that wait for the media worker ---

uint64_t session_wait(struct call *call)
{
    struct session *session = call->session;
    assert(session && session->pending_count <= RPC_OFFERS_PENDING_MAX);
    uint64_t request = rooms_number(call->signal->rooms);
    if (!call->rpc->id)
        return request;
    if (session->pending_count == RPC_OFFERS_PENDING_MAX)
        return 0;
    session->pending[session->pending_count++] =
        (struct pending){request, json_incref((json_t *)call->rpc->id), call->method};
    call->answers++; // by the media worker, or by whoever takes the request out again
    return request;
}

json_t *session_take(struct session *session, uint64_t request)
{
    for (size_t i = 0; i < session->pending_count; i++) {
        if (session->pending[i].request != request)
            continue;
        json_t *id = session->pending[i].id;
        session->answering = session->pending[i].method;
        session->pending[i] = session->pending[--session->pending_count];
        return id;
    }
    return NULL;
}

// --- The life of a session ---

static void hear(struct signal *s, struct session *session, struct moment now)
{
    session->heard_at = now.mono_us;
    list_remove(&session->silent);
    list_append(&s->silent, &session->silent);
}

uint64_t signal_open(struct signal *s, const struct signal_claims *claims, struct moment now,
                     struct frame_list *frames)
{
    struct session *session = mem_alloc(sizeof *session);
    session->number = ++s->last_session;
    session->room_id = mem_text(claims->room_id);
    session->role = mem_text(claims->role);
    // A peer without a user id is a user of its own, also when it comes back.
    session->user_id = mem_text(claims->user_id[0] ? claims->user_id : claims->peer_id);
    session->peer_id = mem_text(claims->peer_id);
    session->token = claims->token;
    session->expires_at_s = claims->expires_at_s;
    session->room_code_id = mem_text(claims->room_code_id ? claims->room_code_id : "");
    const char *agent = claims->user_agent ? claims->user_agent : "";
    session->user_agent = mem_text(strlen(agent) <= USER_AGENT_LEN_MAX ? agent : "");
    session->budget = budget_full(now.mono_us);
    session->budget.of_token = share_hold_token(s, &claims->token, now.mono_us);
    if (claims->network)
        session->budget.of_network = share_hold_network(s, claims->network, now.mono_us);
    session->is_stranger = claims->is_stranger;
    session->takes_demand = claims->takes_demand;
    list_init(&session->in_room);
    list_init(&session->silent);
    list_init(&session->over);
    list_init(&session->owing);
    map_put(&s->sessions, map_key_u64(&session->number), session);
    hear(s, session, now);
    uint64_t number = session->number;
    if (session->budget.of_token && session->budget.of_token->shut_until > now.mono_us)
        close_socket(s, session, SIGNAL_CLOSE_TRY_LATER, frames);
    else if (!peer_id_is_valid(claims->peer_id))
        session_refuse(s, session, RPC_BAD_REQUEST, "bad peer id", now, frames);
    return number;
}

bool signal_is_open(const struct signal *s, uint64_t session)
{
    const struct session *found = signal_session(s, session);
    return found && found->state != SESSION_OVER;
}

void session_fail_requests(struct signal *s, struct session *session, uint64_t but,
                           const char *why, struct frame_list *frames)
{
    size_t kept = 0;
    for (size_t i = 0; i < session->pending_count; i++) {
        struct pending *pending = &session->pending[i];
        if (pending->request == but) {
            session->pending[kept++] = *pending;
            continue;
        }
        session->answering = pending->method;
        reply_answer_error(s, session, pending->id, RPC_GONE, why, frames);
        json_decref(pending->id);
    }
    session->pending_count = kept;
}

void session_end(struct signal *s, struct session *session, struct moment now,
                 struct frame_list *frames)
{
    if (session->state == SESSION_OVER)
        return;
    session->state = SESSION_OVER;
    session->over_at = now.mono_us;
    list_append(&s->over, &session->over);
    preview_stop(s, session);
    session_fail_requests(s, session, 0, "the session is over", frames);
    // What waited for the room is answered like whatever comes from now on.
    struct text text;
    while (take_waiting(session, &text)) {
        struct call call = {.signal = s, .session = session, .now = now, .frames = frames};
        method_run(&call, text_bytes(&text), &session->budget);
        text_dispose(&text);
    }
}

void session_refuse(struct signal *s, struct session *session, int code, const char *message,
                    struct moment now, struct frame_list *frames)
{
    notify_error(s, session, code, message, frames);
    session_end(s, session, now, frames);
}

void signal_refuse(struct signal *s, uint64_t number, int code, const char *message,
                   struct moment now, struct frame_list *frames)
{
    struct session *session = signal_session(s, number);
    if (session && session->state == SESSION_LOADING)
        session_refuse(s, session, code, message, now, frames);
}

// The peer is in already: this socket replaces the one it had, open or not. A join that the
// old socket began is lost with it; the client begins another.
static void take_over(struct signal *s, struct session *session, struct peer *peer,
                      struct moment now, struct frame_list *frames, struct event_list *events)
{
    struct session *old = signal_session_of(s, peer->number);
    if (old)
        close_socket(s, old, SIGNAL_CLOSE_GOING_AWAY, frames);
    if (peer->state == PEER_JOINING) {
        room_detach(peer, now, events);
        notify_policy(s, session, session->role, frames);
        return;
    }
    session->has_joined = true;
    session_bind(s, session, peer->number);
    notify_policy(s, session, peer->role->name, frames);
    notify_peer_list(s, session, frames);
    notify_session_info(s, session, frames);
    if (session->room->hides_peers) // it may have been away when that began
        notify_room_info(s, session, frames);
    room_attach(peer, events);
}

static void handle_frame(struct signal *s, struct session *session, struct bytes text,
                         struct moment now, struct frame_list *frames,
                         struct event_list *events)
{
    struct call call = {.signal = s,
                        .session = session,
                        .peer = rooms_peer(s->rooms, session->peer),
                        .now = now,
                        .frames = frames,
                        .events = events};
    method_run(&call, text, &session->budget);
    session->errors_in_a_row = call.has_failed ? session->errors_in_a_row + 1 : 0;
    if (session->errors_in_a_row < ERRORS_IN_A_ROW_MAX && !session->budget.is_overrun)
        return;
    detach(s, session, now, events);
    close_socket(s, session, SIGNAL_CLOSE_POLICY, frames);
}

struct join_wish session_wish(const struct session *session, struct moment now)
{
    return (struct join_wish){
        .peer_id = session->peer_id,
        .user_id = session->user_id,
        .role = session->role,
        .token = session->token,
        .has_expired = jwt_has_expired(session->expires_at_s, now.wall_ms / 1000),
        .room_code_id = session->room_code_id,
        .name = "", // until it asks to join
        .metadata = "",
    };
}

void signal_ready(struct signal *s, uint64_t number, struct room *room, struct moment now,
                  struct frame_list *frames, struct event_list *events)
{
    struct session *session = signal_session(s, number);
    if (!session || session->state != SESSION_LOADING)
        return;
    session->state = SESSION_READY;
    session->room = room;
    room_hold(room);
    enter_audience(s, session, now);

    struct join_wish wish = session_wish(session, now);
    enum admission why = admission_of(&room->record, room->template, room, &wish, ENTRY_SOCKET);
    if (why != ADMISSION_GRANTED) {
        admission_refuse(room, &wish, why, events);
        session_refuse(s, session, admission_code(why), admission_text(why), now, frames);
        return;
    }
    // No socket speaks for who does not signal; a join under the id replaces that peer.
    struct peer *peer = room_peer(room, session->peer_id);
    if (peer && peer->door == DOOR_SIGNAL) {
        take_over(s, session, peer, now, frames, events);
    } else {
        notify_policy(s, session, session->role, frames);
        preview_tell(s, session, now, frames);
    }

    // Handling a message may end the session, so each looks it up again.
    struct text text;
    while ((session = signal_session(s, number)) && take_waiting(session, &text)) {
        handle_frame(s, session, text_bytes(&text), now, frames, events);
        text_dispose(&text);
    }
}

static void keep_frame(struct signal *s, struct session *session, struct bytes text,
                       struct frame_list *frames)
{
    if (session->waiting_count == WS_WAITING_MAX ||
        session->waiting_bytes + text.len > WS_MESSAGE_MAX) {
        close_socket(s, session, SIGNAL_CLOSE_TRY_LATER, frames);
        return;
    }
    session->waiting_bytes += text.len;
    text_add_bytes(&session->waiting[session->waiting_count++], text);
}

void signal_text(struct signal *s, uint64_t number, struct bytes text, struct moment now,
                 struct frame_list *frames, struct event_list *events)
{
    struct session *session = signal_session(s, number);
    if (!session || session->is_stranger)
        return;
    hear(s, session, now);
    if (session->state == SESSION_LOADING)
        keep_frame(s, session, text, frames);
    else
        handle_frame(s, session, text, now, frames, events);
}

void signal_heard(struct signal *s, uint64_t number, struct moment now)
{
    struct session *session = signal_session(s, number);
    if (session)
        hear(s, session, now);
}

void signal_data(struct signal *s, uint64_t number, struct bytes text, struct moment now,
                 struct frame_list *frames, struct event_list *events)
{
    struct peer *peer = rooms_peer(s->rooms, number);
    if (!peer || peer->state != PEER_JOINED)
        return;
    struct channel *channel = map_get(&s->channels, map_key_u64(&number));
    if (!channel) {
        channel = mem_alloc(sizeof *channel);
        *channel = (struct channel){.peer = number, .budget = budget_full(now.mono_us)};
        channel->budget.of_token = share_hold_token(s, &peer->token, now.mono_us);
        map_put(&s->channels, map_key_u64(&channel->peer), channel);
    }
    if (now.mono_us < channel->deaf_until)
        return;
    struct call call = {.signal = s,
                        .session = signal_session_of(s, number),
                        .peer = peer,
                        .by_channel = true,
                        .now = now,
                        .frames = frames,
                        .events = events};
    method_run(&call, text, &channel->budget);
    channel->errors_in_a_row = call.has_failed ? channel->errors_in_a_row + 1 : 0;
    if (channel->errors_in_a_row < ERRORS_IN_A_ROW_MAX && !channel->budget.is_overrun)
        return;
    channel->errors_in_a_row = 0;
    channel->budget.is_overrun = false;
    channel->deaf_until = now.mono_us + (int64_t)RPC_DEAF_MS * 1000;
}

void channel_forget(struct signal *s, uint64_t peer)
{
    struct channel *channel = map_remove(&s->channels, map_key_u64(&peer));
    if (channel)
        share_release(s, channel->budget.of_token);
    mem_free(channel);
}

void signal_closed(struct signal *s, uint64_t number, struct moment now,
                   struct event_list *events)
{
    struct session *session = signal_session(s, number);
    if (!session)
        return;
    detach(s, session, now, events);
    drop(s, session);
}

// --- Deadlines ---

static struct session *first_silent(const struct signal *s)
{
    return list_empty(&s->silent) ? NULL : LIST_ENTRY(s->silent.next, struct session, silent);
}

static struct session *first_over(const struct signal *s)
{
    return list_empty(&s->over) ? NULL : LIST_ENTRY(s->over.next, struct session, over);
}

static int64_t dead_at(const struct session *session)
{
    return session ? session->heard_at + (int64_t)WS_SILENCE_MS * 1000 : NEVER;
}

static int64_t closed_at(const struct session *session)
{
    return session ? session->over_at + (int64_t)WS_LINGER_MS * 1000 : NEVER;
}

int64_t signal_deadline(const struct signal *s)
{
    int64_t at = dead_at(first_silent(s));
    if (closed_at(first_over(s)) < at)
        at = closed_at(first_over(s));
    if (notify_deadline(s) < at)
        at = notify_deadline(s);
    if (owed_deadline(s) < at)
        at = owed_deadline(s);
    if (updates_deadline(s) < at)
        at = updates_deadline(s);
    if (timers_next(&s->states_due) < at)
        at = timers_next(&s->states_due);
    if (node_info_deadline(s) < at)
        at = node_info_deadline(s);
    return at;
}

void signal_expire(struct signal *s, struct moment now, struct frame_list *frames,
                   struct event_list *events)
{
    struct session *session;
    while (closed_at(session = first_over(s)) <= now.mono_us)
        close_socket(s, session, SIGNAL_CLOSE_NORMAL, frames);
    while (dead_at(session = first_silent(s)) <= now.mono_us) {
        detach(s, session, now, events);
        close_socket(s, session, SIGNAL_CLOSE_GOING_AWAY, frames);
    }
    notify_expire(s, now, frames);
    owed_expire(s, now, frames);
    updates_expire(s, now, frames);
    preview_expire(s, now, frames);
    node_info_expire(s, now, frames);
}

void signal_drain(struct signal *s, struct frame_list *frames)
{
    struct session *session;
    while ((session = first_silent(s)))
        close_socket(s, session, SIGNAL_CLOSE_RESTART, frames);
}
