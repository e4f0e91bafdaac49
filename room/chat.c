#include "room/chat.h"

#include "base/err.h"
#include "base/words.h"
#include "room/chat_history.h"
#include "room/permit.h"

#include <string.h>

static bool is_named(const struct chat_wish *wish, const char *role)
{
    return !wish->role_count || words_contain(wish->roles, wish->role_count, role);
}

static size_t choose_receivers(const struct room *room, const struct peer *from,
                               const struct chat_wish *wish, uint64_t *to)
{
    size_t count = 0, at = 0;
    const struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (peer != from && permit(peer, ACT_TAKE_PART) && is_named(wish, peer->role->name))
            to[count++] = peer->number;
    }
    return count;
}

// What the back end says has a sender without a name.
static void keep_message(struct room *room, const struct peer *from, const struct peer *only,
                         const struct event *sent)
{
    static const struct token_hash nobody;
    struct past_message m = {
        .sent_at = sent->chat.sent_at,
        .from = {.peer_id = from ? (char *)from->id : "",
                 .user_id = from ? from->user_id : "",
                 .name = from ? from->name : "",
                 .role = from ? (char *)from->role->name : "",
                 .token = from ? from->token : nobody},
        .text = (char *)sent->chat.message,
        .to_peer_id = only ? (char *)only->id : NULL,
        .to_token = only ? only->token : nobody,
        .roles = (char **)sent->chat.roles,
        .role_count = sent->chat.role_count,
    };
    memcpy(m.message_id, sent->chat.message_id, sizeof m.message_id);
    chat_history_add(room, &m);
}

static int send_chat(struct room *room, struct peer *from, const struct chat_wish *wish,
                     struct moment now, struct event_list *events, struct chat_receipt *receipt)
{
    if (strlen(wish->message) > CHAT_MESSAGE_LEN_MAX ||
        strlen(wish->type) > CHAT_TYPE_LEN_MAX ||
        !role_names_fit(wish->roles, wish->role_count))
        return ERR_FULL;
    if (!permit(from, ACT_TAKE_PART))
        return ERR_REFUSED;
    const struct peer *only = wish->peer_id ? room_peer(room, wish->peer_id) : NULL;
    if (wish->peer_id && (!only || !permit(only, ACT_TAKE_PART)))
        return ERR_NOT_FOUND;

    uint64_t *to = arena_alloc(&events->arena, room->peers.count * sizeof *to);
    size_t to_count = 0;
    if (!only)
        to_count = choose_receivers(room, from, wish, to);
    else if (only != from)
        to[to_count++] = only->number;

    const char **roles = arena_alloc(&events->arena, wish->role_count * sizeof *roles);
    for (size_t i = 0; i < wish->role_count; i++)
        roles[i] = event_text(events, wish->roles[i]);

    id_uuid(room->rooms->rng, receipt->message_id);
    receipt->sent_at = now.wall_ms;

    struct event *event =
        from ? event_add_who(events, EVENT_CHAT, from) : event_add(events, EVENT_CHAT, NULL);
    event->room = room->number;
    event->chat.message_id = event_text(events, receipt->message_id);
    event->chat.sent_at = receipt->sent_at;
    event->chat.type = event_text(events, wish->type);
    event->chat.message = event_text(events, wish->message);
    event->chat.is_private = wish->peer_id;
    event->chat.roles = roles;
    event->chat.role_count = wish->role_count;
    event->chat.to = to;
    event->chat.to_count = to_count;
    if (strcmp(wish->type, CHAT_TYPE_TEXT) == 0)
        keep_message(room, from, only, event);
    return 0;
}

int chat_send(struct peer *from, const struct chat_wish *wish, struct moment now,
              struct event_list *events, struct chat_receipt *receipt)
{
    return send_chat(from->room, from, wish, now, events, receipt);
}

int chat_announce(struct room *room, const struct chat_wish *wish, struct moment now,
                  struct event_list *events)
{
    struct chat_receipt unread;
    return send_chat(room, NULL, wish, now, events, &unread);
}
