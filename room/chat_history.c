#include "room/chat_history.h"

#include "base/err.h"
#include "base/text.h"
#include "base/words.h"
#include "room/permit.h"

#include <string.h>

// --- Keeping ---

static size_t size_of(const struct past_message *m)
{
    size_t sum = sizeof *m + text_weight(m->text) + text_weight(m->from.peer_id) +
                 text_weight(m->from.user_id) + text_weight(m->from.name) +
                 text_weight(m->from.role);
    for (size_t i = 0; i < m->role_count; i++)
        sum += text_weight(m->roles[i]);
    return sum;
}

static void forget_first(struct chat_history *history)
{
    struct past_message *m = history->first;
    history->first = m->next;
    if (!history->first)
        history->last = NULL;
    history->count--;
    history->size_bytes -= size_of(m);
    mem_free(m->from.peer_id);
    mem_free(m->from.user_id);
    mem_free(m->from.name);
    mem_free(m->from.role);
    mem_free(m->text);
    mem_free(m->to_peer_id);
    for (size_t i = 0; i < m->role_count; i++)
        mem_free(m->roles[i]);
    mem_free(m->roles);
    mem_free(m);
}

static struct past_message *copy(const struct past_message *message)
{
    struct past_message *m = mem_alloc(sizeof *m);
    *m = *message;
    m->next = NULL;
    m->from.peer_id = mem_text(message->from.peer_id);
    m->from.user_id = mem_text(message->from.user_id);
    m->from.name = mem_text(message->from.name);
    m->from.role = mem_text(message->from.role);
    m->text = mem_text(message->text);
    m->to_peer_id = mem_text(message->to_peer_id);
    m->roles = mem_alloc_array(m->role_count ? m->role_count : 1, sizeof *m->roles);
    for (size_t i = 0; i < m->role_count; i++)
        m->roles[i] = mem_text(message->roles[i]);
    return m;
}

void chat_history_add(struct room *room, const struct past_message *message)
{
    struct chat_history *history = &room->history;
    if (room->record.chat_history <= 0)
        return;
    struct past_message *m = copy(message);
    m->number = ++history->last_number;
    if (history->last)
        history->last->next = m;
    else
        history->first = m;
    history->last = m;
    history->count++;
    history->size_bytes += size_of(m);
    room_touch_message(room, m->number);
    while (history->count > (size_t)room->record.chat_history ||
           history->size_bytes > CHAT_HISTORY_SIZE_MAX) {
        room_touch_message(room, history->first->number);
        forget_first(history);
    }
}

static bool is_sound(const struct past_message *m)
{
    if (strlen(m->text) > CHAT_MESSAGE_LEN_MAX || strlen(m->from.name) > NAME_LEN_MAX ||
        m->role_count > ROLES_PER_TEMPLATE_MAX)
        return false;
    if (m->to_peer_id && !peer_id_is_valid(m->to_peer_id))
        return false;
    return !m->from.peer_id[0] || peer_id_is_valid(m->from.peer_id);
}

int chat_history_restore(struct room *room, const struct past_message *message)
{
    if (!is_sound(message))
        return ERR_MALFORMED;
    chat_history_add(room, message);
    return 0;
}

void chat_history_dispose(struct chat_history *history)
{
    while (history->first)
        forget_first(history);
    history->last_number = 0;
}

// --- Telling ---

// The ids are in every roster and prove nothing.
static bool is_person(const struct peer *peer, const char *peer_id,
                      const struct token_hash *token)
{
    return strcmp(peer->id, peer_id) == 0 && token_hash_is_known(token) &&
           token_hash_equal(&peer->token, token);
}

static bool may_read(const struct peer *peer, const struct past_message *m)
{
    if (!permit(peer, ACT_TAKE_PART))
        return false;
    if (is_person(peer, m->from.peer_id, &m->from.token))
        return true;
    if (m->to_peer_id)
        return is_person(peer, m->to_peer_id, &m->to_token);
    return !m->role_count ||
           words_contain((const char *const *)m->roles, m->role_count, peer->role->name);
}

static struct peer_view sender(const struct past_message *m, struct event_list *events)
{
    return (struct peer_view){
        .id = event_text(events, m->from.peer_id),
        .role = event_text(events, m->from.role),
        .name = event_text(events, m->from.name),
        .metadata = "",
        .user_id = event_text(events, m->from.user_id),
    };
}

static void tell_message(const struct peer *peer, const struct past_message *m,
                         struct event_list *events)
{
    struct peer_view *who = NULL;
    if (m->from.peer_id[0]) {
        who = arena_alloc(&events->arena, sizeof *who);
        *who = sender(m, events);
    }
    const char **roles = arena_alloc(&events->arena, m->role_count * sizeof *roles);
    for (size_t i = 0; i < m->role_count; i++)
        roles[i] = event_text(events, m->roles[i]);
    uint64_t *to = arena_alloc(&events->arena, sizeof *to);
    *to = peer->number;

    struct event *event = event_add(events, EVENT_CHAT_PAST, peer);
    event->who = who;
    event->chat.message_id = event_text(events, m->message_id);
    event->chat.sent_at = m->sent_at;
    event->chat.type = CHAT_TYPE_TEXT;
    event->chat.message = event_text(events, m->text);
    event->chat.is_private = m->to_peer_id;
    event->chat.roles = roles;
    event->chat.role_count = m->role_count;
    event->chat.to = to;
    event->chat.to_count = 1;
}

void chat_history_tell(const struct peer *peer, uint64_t after, struct event_list *events)
{
    const struct chat_history *history = &peer->room->history;
    for (const struct past_message *m = history->first; m; m = m->next) {
        if (m->number > after && may_read(peer, m))
            tell_message(peer, m, events);
    }
}
