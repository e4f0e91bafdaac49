#include "store/snapshot.h"

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "room/chat_history.h"
#include "room/past.h"
#include "room/restore.h"
#include "room/session_store.h"
#include "store/snapshot_polls.h"

#include <string.h>

// A document is the program's own: its size was bounded when it was written.
static const struct json_bounds bounds = {
    .depth = 16, .members = 64 * 1024 * 1024, .string_len = JSON_STRING_MAX};

// --- Writing ---

static void put_token(struct json_out *j, const char *key, const struct token_hash *hash)
{
    char text[TOKEN_HASH_TEXT_LEN + 1];
    token_hash_write(hash, text);
    if (token_hash_is_known(hash))
        json_member_string(j, key, text);
}

static void put_peer(struct json_out *j, const struct past_peer *peer)
{
    json_open(j, '{');
    json_member_int(j, "number", (int64_t)peer->number);
    json_member_string(j, "id", peer->id);
    json_member_string(j, "user_id", peer->user_id);
    json_member_string(j, "name", peer->name);
    json_member_string(j, "metadata", peer->metadata);
    json_member_string(j, "token_role", peer->token_role);
    put_token(j, "token", &peer->token);
    json_member_string(j, "role", peer->role);
    json_member_int(j, "joined_at", peer->joined_at);
    json_member_bool(j, "told", peer->was_told);
    json_member_bool(j, "media", peer->had_media);
    json_member_bool(j, "auto_video", peer->auto_video);
    if (peer->on_demand) {
        json_member_bool(j, "on_demand", true);
        json_member_strings(j, "wanted", peer->wanted, peer->wanted_count);
    }
    if (!peer->saw_all_chat)
        json_member_int(j, "chat_seen", (int64_t)peer->chat_seen);
    json_member_strings(j, "observed", peer->observed, peer->observed_count);
    json_member_strings(j, "groups", peer->groups, peer->group_count);
    json_close(j, '}');
}

// Data is JSON in a text, a list of the server's as much as what clients have set.
static void put_waiting(struct json_out *j, const struct event_value *value)
{
    struct text text = {0};
    struct json_out list = json_out_on(&text);
    json_open(&list, '[');
    for (size_t i = 0; i < value->waiting_count; i++) {
        const struct event_waiting *who = &value->waiting[i];
        json_open(&list, '{');
        json_member_string(&list, "peer_id", who->peer_id);
        json_member_string(&list, "name", who->name);
        json_member_string(&list, "user_id", who->user_id);
        json_member_int(&list, "since", who->since);
        json_close(&list, '}');
    }
    json_close(&list, ']');
    json_member_string(j, "data", text.at);
    text_dispose(&text);
}

static void put_value(struct json_out *j, const struct event_value *value)
{
    json_open(j, '{');
    json_member_string(j, "key", value->key);
    if (value->data)
        json_member_string(j, "data", value->data); // opaque here too
    else
        put_waiting(j, value);
    json_member_string(j, "updated_by", value->updated_by);
    json_member_int(j, "updated_at", value->updated_at);
    json_member_int(j, "version", value->version);
    json_close(j, '}');
}

static void put_message(struct json_out *j, const struct past_message *m)
{
    json_open(j, '{');
    json_member_int(j, "number", (int64_t)m->number);
    json_member_string(j, "id", m->message_id);
    json_member_int(j, "sent_at", m->sent_at);
    json_member_string(j, "peer_id", m->from.peer_id);
    json_member_string(j, "user_id", m->from.user_id);
    json_member_string(j, "name", m->from.name);
    json_member_string(j, "role", m->from.role);
    put_token(j, "token", &m->from.token);
    json_member_string(j, "text", m->text);
    if (m->to_peer_id) {
        json_member_string(j, "to_peer_id", m->to_peer_id);
        put_token(j, "to_token", &m->to_token);
    }
    json_member_strings(j, "roles", (const char *const *)m->roles, m->role_count);
    json_close(j, '}');
}

static void put_removed(struct json_out *j, const struct past_session *session)
{
    json_open(j, '[');
    for (size_t i = 0; i < session->removed_count; i++) {
        char text[TOKEN_HASH_TEXT_LEN + 1];
        token_hash_write(&session->removed[i], text);
        json_put_string(j, text);
    }
    json_close(j, ']');
}

// What there is but once.
static void put_head(struct json_out *j, const struct past_session *session)
{
    json_open(j, '{');
    json_member_int(j, "version", SNAPSHOT_VERSION);
    json_member_string(j, "session_id", session->id);
    json_member_int(j, "started_at", session->started_at);
    json_member_int(j, "last_value_version", session->last_value_version);
    json_member_bool(j, "has_unset", session->has_unset);
    json_key(j, "removed");
    put_removed(j, session);
    json_member_int(j, "chat_forgotten", (int64_t)session->chat_forgotten);
    json_close(j, '}');
}

static void put_part(struct json_out *j, const struct past_part *part)
{
    switch (part->kind) {
    case PART_PEER:
        put_peer(j, &part->peer);
        break;
    case PART_VALUE:
        put_value(j, &part->value);
        break;
    case PART_MESSAGE:
        put_message(j, part->message);
        break;
    case PART_POLL:
        snapshot_put_poll(j, &part->poll);
        break;
    case PART_VOTER:
        snapshot_put_voter(j, &part->voter);
        break;
    }
}

void store_snapshot_take(const struct room *room, bool whole, struct snapshot *to)
{
    struct arena arena = {0};
    struct past past;
    past_take(room, whole, &arena, &past);
    *to = (struct snapshot){.is_whole = past.is_whole, .count = past.count};
    to->parts = past.count ? mem_alloc_array(past.count, sizeof *to->parts) : NULL;
    struct text document = {0};
    struct json_out j = json_out_on(&document);
    put_head(&j, &past.session);
    to->head = arena_text(&to->arena, text_bytes(&document));
    for (size_t i = 0; i < past.count; i++) {
        const struct past_part *part = &past.parts[i];
        text_clear(&document);
        j = json_out_on(&document);
        if (!part->is_gone)
            put_part(&j, part);
        to->parts[i] = (struct snapshot_part){
            .name = arena_text(&to->arena, bytes_of(part->name)),
            .document = part->is_gone ? NULL : arena_text(&to->arena, text_bytes(&document))};
    }
    text_dispose(&document);
    arena_dispose(&arena);
}

void store_snapshot_dispose(struct snapshot *s)
{
    mem_free(s->parts);
    arena_dispose(&s->arena);
    *s = (struct snapshot){0};
}

// --- Putting together ---

static const struct {
    enum session_part part;
    const char *list;
} lists[] = {{PART_PEER, "peers"},
             {PART_VALUE, "values"},
             {PART_MESSAGE, "chat"},
             {PART_POLL, "polls"},
             {PART_VOTER, "voters"}};

static bool is_object(const char *document)
{
    json_t *value;
    bool good = json_read(bytes_of(document), &bounds, &value) == 0 && json_is_object(value);
    if (good)
        json_decref(value);
    return good;
}

void store_snapshot_join(const char *head, const struct snapshot_part *parts, size_t count,
                         struct text *document)
{
    size_t len = strlen(head);
    if (!count || len < 2 || head[len - 1] != '}') {
        text_add(document, head); // an older one has all in itself
        return;
    }
    text_add_bytes(document, (struct bytes){(const uint8_t *)head, len - 1});
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        text_addf(document, ",\"%s\":[", lists[k].list);
        bool is_first = true;
        for (size_t i = 0; i < count; i++) {
            if (parts[i].name[0] != (char)lists[k].part)
                continue;
            // What is damaged is a part that does not fit, and no reason to lose the others.
            text_addf(document, "%s%s", is_first ? "" : ",",
                      is_object(parts[i].document) ? parts[i].document : "null");
            is_first = false;
        }
        text_add_char(document, ']');
    }
    text_add_char(document, '}');
}

void store_snapshot_write(const struct room *room, struct text *document)
{
    struct snapshot whole;
    store_snapshot_take(room, true, &whole);
    store_snapshot_join(whole.head, whole.parts, whole.count, document);
    store_snapshot_dispose(&whole);
}

// --- Reading ---

// A member that has to be there. Sets `*bad` when it is not.
static const char *need_text(const json_t *object, const char *key, bool *bad)
{
    const char *text = json_get_text(object, key, NULL);
    *bad |= !text;
    return text ? text : "";
}

static int64_t need_count(const json_t *object, const char *key, bool *bad)
{
    int64_t count = json_get_int(object, key, -1);
    *bad |= count < 0;
    return count < 0 ? 0 : count;
}

// An array of texts, in `arena`.
static const char *const *need_texts(const json_t *object, const char *key, struct arena *arena,
                                     size_t *count, bool *bad)
{
    const char *const *list = json_get_texts(object, key, arena, count);
    *bad |= !json_get_array(object, key);
    for (size_t i = 0; i < *count; i++)
        *bad |= !list[i];
    return list;
}

// What is of an older document has none.
static struct token_hash read_token(const json_t *from, const char *key, bool *bad)
{
    struct token_hash hash = {0};
    const json_t *text = json_object_get(from, key);
    if (text)
        *bad |= !json_is_string(text) || token_hash_read(json_string_value(text), &hash);
    return hash;
}

static int read_peer(struct room *room, const json_t *from, struct arena *arena,
                     struct moment now)
{
    bool bad = false;
    struct past_peer past = {
        .number = (uint64_t)json_get_int(from, "number", 0),
        .id = need_text(from, "id", &bad),
        .user_id = need_text(from, "user_id", &bad),
        .name = need_text(from, "name", &bad),
        .metadata = need_text(from, "metadata", &bad),
        .token_role = need_text(from, "token_role", &bad),
        .token = read_token(from, "token", &bad),
        .role = need_text(from, "role", &bad),
        .joined_at = need_count(from, "joined_at", &bad),
        .was_told = json_get_bool(from, "told", true),
        .had_media = json_get_bool(from, "media", false),
        .auto_video = json_get_bool(from, "auto_video", false),
        .on_demand = json_get_bool(from, "on_demand", false),
        .saw_all_chat = !json_object_get(from, "chat_seen"),
    };
    if (!past.saw_all_chat)
        past.chat_seen = (uint64_t)need_count(from, "chat_seen", &bad);
    if (past.on_demand)
        past.wanted = need_texts(from, "wanted", arena, &past.wanted_count, &bad);
    past.observed = need_texts(from, "observed", arena, &past.observed_count, &bad);
    past.groups = need_texts(from, "groups", arena, &past.group_count, &bad);
    if (bad)
        return ERR_MALFORMED;
    return room_restore_peer(room, &past, now);
}

// What is missing of it reads as nothing: the room makes the list anew when all are in.
static void read_waiting(const json_t *list, struct arena *arena, struct event_value *past)
{
    size_t count = json_array_size(list);
    past->waiting_count = count < WAITING_LISTED_MAX ? count : WAITING_LISTED_MAX;
    struct event_waiting *waiting = arena_alloc(arena, past->waiting_count * sizeof *waiting);
    for (size_t i = 0; i < past->waiting_count; i++) {
        const json_t *who = json_array_get(list, i);
        waiting[i] = (struct event_waiting){
            .peer_id = json_get_text(who, "peer_id", ""),
            .name = json_get_text(who, "name", ""),
            .user_id = json_get_text(who, "user_id", ""),
            .since = json_get_int(who, "since", 0),
        };
    }
    past->waiting = waiting;
}

static int read_value(struct room *room, const json_t *from, struct arena *arena)
{
    bool bad = false;
    struct event_value past = {
        .key = need_text(from, "key", &bad),
        .data = need_text(from, "data", &bad),
        .updated_by = need_text(from, "updated_by", &bad),
        .updated_at = need_count(from, "updated_at", &bad),
        .version = need_count(from, "version", &bad),
    };
    json_t *data = bad ? NULL : json_loads(past.data, JSON_DECODE_ANY, NULL);
    if (!data)
        return ERR_MALFORMED;
    if (session_store_is_kept(past.key)) {
        read_waiting(data, arena, &past);
        past.data = NULL;
    }
    int err = session_store_restore(room, &past);
    json_decref(data);
    return err;
}

static int read_message(struct room *room, const json_t *from, struct arena *arena)
{
    bool bad = false;
    const char *id = need_text(from, "id", &bad);
    struct past_message past = {
        .sent_at = need_count(from, "sent_at", &bad),
        .from = {.peer_id = (char *)need_text(from, "peer_id", &bad),
                 .user_id = (char *)need_text(from, "user_id", &bad),
                 .name = (char *)need_text(from, "name", &bad),
                 .role = (char *)need_text(from, "role", &bad),
                 .token = read_token(from, "token", &bad)},
        .text = (char *)need_text(from, "text", &bad),
        .to_peer_id = (char *)json_get_text(from, "to_peer_id", NULL),
        .to_token = read_token(from, "to_token", &bad),
    };
    past.roles = (char **)need_texts(from, "roles", arena, &past.role_count, &bad);
    if (bad || strlen(id) > UUID_LEN)
        return ERR_MALFORMED;
    memcpy(past.message_id, id, strlen(id) + 1);
    return chat_history_restore(room, &past);
}

// An older document has none. Returns how many were no tokens.
static size_t read_removed(const json_t *list, struct arena *arena,
                           struct past_session *session)
{
    size_t count = json_array_size(list);
    struct token_hash *removed = arena_alloc(arena, count * sizeof *removed);
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_array_get(list, i);
        struct token_hash *hash = &removed[session->removed_count];
        if (json_is_string(text) && token_hash_read(json_string_value(text), hash) == 0)
            session->removed_count++;
    }
    session->removed = removed;
    return count - session->removed_count;
}

// What a room has to have in order that people are in it again. Returns how much of it was left
// out.
static size_t read_all(struct room *room, const json_t *from, struct arena *arena,
                       struct moment now, struct event_list *events)
{
    const json_t *peers = json_get_array(from, "peers");
    const json_t *values = json_get_array(from, "values");
    const json_t *chat = json_get_array(from, "chat");
    size_t left_out = 0;
    for (size_t i = 0; i < json_array_size(values); i++)
        left_out += read_value(room, json_array_get(values, i), arena) != 0;
    const json_t **messages = snapshot_in_order(chat, arena);
    for (size_t i = 0; i < json_array_size(chat); i++)
        left_out += read_message(room, messages[i], arena) != 0;
    for (size_t i = 0; i < json_array_size(peers); i++)
        left_out += read_peer(room, json_array_get(peers, i), arena, now) != 0;
    left_out += snapshot_read_polls(room, json_get_array(from, "polls"),
                                    json_get_array(from, "voters"), arena, now, events);
    room_restored(room, now);
    return left_out;
}

static int restore(struct rooms *rooms, const struct room_record *record,
                   struct template *template, const json_t *from, struct moment now,
                   struct event_list *events, size_t *left_out)
{
    bool bad = false;
    int64_t version = need_count(from, "version", &bad);
    struct past_session session = {
        .id = need_text(from, "session_id", &bad),
        .started_at = need_count(from, "started_at", &bad),
        .last_value_version = need_count(from, "last_value_version", &bad),
        .has_unset = json_get_bool(from, "has_unset", false),
        .chat_forgotten = (uint64_t)need_count(from, "chat_forgotten", &bad),
    };
    if (version < SNAPSHOT_VERSION_MIN || version > SNAPSHOT_VERSION || bad) {
        template_free(template);
        return version > SNAPSHOT_VERSION ? ERR_UNSUPPORTED : ERR_MALFORMED;
    }
    struct arena arena = {0};
    size_t before = events->count, unread;
    unread = read_removed(json_get_array(from, "removed"), &arena, &session);
    struct room *room = room_restore(rooms, record, template, &session, now);
    if (room)
        *left_out = unread + read_all(room, from, &arena, now, events);
    arena_dispose(&arena);
    if (!room)
        return ERR_MALFORMED;
    if (room->joined_count) {
        room_release(room);
        return 0;
    }
    events->count = before;
    room_forget(room);
    return ERR_NOT_FOUND;
}

int store_snapshot_restore(struct rooms *rooms, const struct room_record *record,
                           struct template *template, struct bytes document, struct moment now,
                           struct event_list *events, size_t *left_out)
{
    json_t *from;
    if (json_read(document, &bounds, &from) != 0) {
        template_free(template);
        return ERR_MALFORMED;
    }
    int err = restore(rooms, record, template, from, now, events, left_out);
    json_decref(from);
    return err;
}
