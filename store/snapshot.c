#include "store/snapshot.h"

#include "base/err.h"
#include "base/json.h"
#include "room/chat_history.h"
#include "room/poll.h"
#include "room/removed.h"
#include "room/restore.h"
#include "room/session_store.h"
#include "store/snapshot_polls.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A document is the program's own: its size was bounded when it was written.
static const struct json_bounds bounds = {
    .depth = 16, .members = 64 * 1024 * 1024, .string_len = JSON_STRING_MAX};

// --- Writing ---

static void put_texts(struct json_out *j, const char *key, char *const *list, size_t count)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < count; i++)
        json_put_string(j, list[i]);
    json_close(j, ']');
}

static void put_token(struct json_out *j, const char *key, const struct token_hash *hash)
{
    char text[TOKEN_HASH_TEXT_LEN + 1];
    token_hash_write(hash, text);
    if (token_hash_is_known(hash))
        json_member_string(j, key, text);
}

static void put_peer(struct json_out *j, const struct peer *peer)
{
    json_open(j, '{');
    json_member_int(j, "number", (int64_t)peer->number);
    json_member_string(j, "id", peer->id);
    json_member_string(j, "user_id", peer->user_id);
    json_member_string(j, "name", peer->name);
    json_member_string(j, "metadata", peer->metadata);
    json_member_string(j, "token_role", peer->token_role);
    put_token(j, "token", &peer->token);
    json_member_string(j, "role", peer->role->name);
    json_member_int(j, "joined_at", peer->joined_at);
    json_member_bool(j, "told", peer->is_told);
    json_member_bool(j, "media", peer->has_media || peer->lost_media);
    json_member_bool(j, "auto_video", peer->auto_video);
    if (peer->on_demand) {
        json_member_bool(j, "on_demand", true);
        put_texts(j, "wanted", peer->wanted, peer->wanted_count);
    }
    // What is on its way to a socket counts as seen, whatever its number: nothing is to be told
    // twice, and a message is no change of all who hear it.
    if (!peer->attached || peer->role->waiting_room)
        json_member_int(j, "chat_seen", (int64_t)peer->chat_seen);
    put_texts(j, "observed", peer->observed, peer->observed_count);
    put_texts(j, "groups", peer->groups, peer->group_count);
    json_close(j, '}');
}

static void put_value(struct json_out *j, const struct event_value *value)
{
    json_open(j, '{');
    json_member_string(j, "key", value->key);
    json_member_string(j, "data", value->data); // JSON in a text: opaque here too
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
        json_member_string(j, "to_user_id", m->to_user_id);
        put_token(j, "to_token", &m->to_token);
    }
    json_key(j, "roles");
    json_open(j, '[');
    for (size_t i = 0; i < m->role_count; i++)
        json_put_string(j, m->roles[i]);
    json_close(j, ']');
    json_close(j, '}');
}

static void put_removed(struct json_out *j, const struct room *room)
{
    const struct list *at = NULL;
    const struct token_hash *hash;
    json_open(j, '[');
    while ((hash = removed_next(room, &at))) {
        char text[TOKEN_HASH_TEXT_LEN + 1];
        token_hash_write(hash, text);
        json_put_string(j, text);
    }
    json_close(j, ']');
}

// What there is but once.
static void put_head(struct json_out *j, const struct room *room)
{
    const struct chat_history *history = &room->history;
    json_open(j, '{');
    json_member_int(j, "version", SNAPSHOT_VERSION);
    json_member_string(j, "session_id", room->session_id);
    json_member_int(j, "started_at", room->started_at);
    json_member_int(j, "last_value_version", room->store.last_version);
    json_member_bool(j, "has_unset", room->store.has_unset);
    json_key(j, "removed");
    put_removed(j, room);
    json_member_int(j, "chat_forgotten", (int64_t)(history->last_number - history->count));
    json_close(j, '}');
}

// Who does not signal comes anew, and who is only joining is not in.
static bool put_peer_named(struct json_out *j, const struct room *room, const char *id)
{
    const struct peer *peer = room_joined(room, id);
    if (!peer || peer->door != DOOR_SIGNAL)
        return false;
    put_peer(j, peer);
    return true;
}

static bool put_value_named(struct json_out *j, const struct room *room, const char *key)
{
    struct event_value value;
    if (!session_store_find(room, key, &value))
        return false;
    put_value(j, &value);
    return true;
}

static bool put_message_named(struct json_out *j, const struct room *room, const char *number)
{
    uint64_t wanted = strtoull(number, NULL, 16);
    const struct past_message *m = room->history.first;
    while (m && m->number != wanted)
        m = m->next;
    if (m)
        put_message(j, m);
    return m;
}

static bool put_named(struct json_out *j, const struct room *room, const char *name)
{
    switch ((enum session_part)name[0]) {
    case PART_PEER:
        return put_peer_named(j, room, name + 1);
    case PART_VALUE:
        return put_value_named(j, room, name + 1);
    case PART_MESSAGE:
        return put_message_named(j, room, name + 1);
    case PART_POLL:
        return snapshot_put_poll(j, room, name + 1);
    case PART_VOTER:
        return snapshot_put_voter(j, room, name + 1);
    }
    return false;
}

static void add_part(struct snapshot *to, const struct room *room, const char *name)
{
    struct text document = {0};
    struct json_out j = json_out_on(&document);
    bool is_there = put_named(&j, room, name);
    if (is_there || !to->is_whole) {
        if (to->count == to->cap) {
            to->cap = to->cap ? 2 * to->cap : 16;
            to->parts = mem_resize(to->parts, to->cap * sizeof *to->parts);
        }
        to->parts[to->count++] = (struct snapshot_part){
            .name = arena_text(&to->arena, bytes_of(name)),
            .document = is_there ? arena_text(&to->arena, text_bytes(&document)) : NULL};
    }
    text_dispose(&document);
}

static void add_named(struct snapshot *to, const struct room *room, enum session_part part,
                      const char *key)
{
    struct text name = {0};
    text_add_char(&name, (char)part);
    text_add(&name, key);
    add_part(to, room, name.at);
    text_dispose(&name);
}

static void add_head(struct snapshot *to, const struct room *room)
{
    struct text document = {0};
    struct json_out j = json_out_on(&document);
    put_head(&j, room);
    to->head = arena_text(&to->arena, text_bytes(&document));
    text_dispose(&document);
}

static void take_whole(const struct room *room, struct snapshot *to)
{
    to->is_whole = true;
    size_t at = 0;
    for (const struct peer *peer; (peer = map_next(&room->peers, &at));)
        add_named(to, room, PART_PEER, peer->id);
    struct event_value value;
    at = 0;
    while (session_store_next(&room->store, &at, &value))
        add_named(to, room, PART_VALUE, value.key);
    for (const struct past_message *m = room->history.first; m; m = m->next) {
        char key[24];
        snprintf(key, sizeof key, "%016" PRIx64, m->number);
        add_named(to, room, PART_MESSAGE, key);
    }
    struct text name = {0};
    at = 0;
    for (const struct poll *poll; (poll = map_next(&room->polls.by_id, &at));) {
        add_named(to, room, PART_POLL, poll->id);
        size_t voters = 0;
        for (const struct poll_voter *voter; (voter = map_next(&poll->voters, &voters));) {
            text_clear(&name);
            text_addf(&name, "%s\n%s", poll->id, voter->key);
            add_named(to, room, PART_VOTER, name.at);
        }
    }
    text_dispose(&name);
}

void store_snapshot_take(const struct room *room, bool whole, struct snapshot *to)
{
    *to = (struct snapshot){0};
    add_head(to, room);
    if (whole || room->is_changed_whole) {
        take_whole(room, to);
        return;
    }
    size_t at = 0;
    for (const struct changed_part *part; (part = map_next(&room->changed_parts, &at));)
        add_part(to, room, part->name);
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
static const char **need_texts(const json_t *object, const char *key, struct arena *arena,
                               size_t *count, bool *bad)
{
    const json_t *array = json_get_array(object, key);
    *bad |= !array;
    *count = json_array_size(array);
    const char **list = arena_alloc(arena, *count * sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        list[i] = json_string_value(json_array_get(array, i));
        *bad |= !list[i];
    }
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
        .chat_seen = room->history.last_number,
    };
    if (json_object_get(from, "chat_seen"))
        past.chat_seen = (uint64_t)need_count(from, "chat_seen", &bad);
    if (past.on_demand)
        past.wanted = need_texts(from, "wanted", arena, &past.wanted_count, &bad);
    past.observed = need_texts(from, "observed", arena, &past.observed_count, &bad);
    past.groups = need_texts(from, "groups", arena, &past.group_count, &bad);
    if (bad)
        return ERR_MALFORMED;
    return room_restore_peer(room, &past, now);
}

static bool is_json(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    json_decref(value);
    return value;
}

static int read_value(struct room *room, const json_t *from)
{
    bool bad = false;
    struct event_value past = {
        .key = need_text(from, "key", &bad),
        .data = need_text(from, "data", &bad),
        .updated_by = need_text(from, "updated_by", &bad),
        .updated_at = need_count(from, "updated_at", &bad),
        .version = need_count(from, "version", &bad),
    };
    return bad || !is_json(past.data) ? ERR_MALFORMED : session_store_restore(room, &past);
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
        .to_user_id = (char *)json_get_text(from, "to_user_id", NULL),
        .to_token = read_token(from, "to_token", &bad),
    };
    past.roles = (char **)need_texts(from, "roles", arena, &past.role_count, &bad);
    if (bad || strlen(id) > UUID_LEN)
        return ERR_MALFORMED;
    memcpy(past.message_id, id, strlen(id) + 1);
    return chat_history_restore(room, &past);
}

static int read_removed(struct room *room, const json_t *text)
{
    struct token_hash hash;
    if (!json_is_string(text) || token_hash_read(json_string_value(text), &hash))
        return ERR_MALFORMED;
    removed_add(room, &hash);
    return 0;
}

// What a room has to have in order that people are in it again. Returns how much of it was left
// out.
static size_t read_all(struct room *room, const json_t *from, struct arena *arena,
                       struct moment now, struct event_list *events)
{
    const json_t *peers = json_get_array(from, "peers");
    const json_t *values = json_get_array(from, "values");
    const json_t *chat = json_get_array(from, "chat");
    const json_t *removed = json_get_array(from, "removed"); // an older document has none
    size_t left_out = 0;
    for (size_t i = 0; i < json_array_size(removed); i++)
        left_out += read_removed(room, json_array_get(removed, i)) != 0;
    for (size_t i = 0; i < json_array_size(values); i++)
        left_out += read_value(room, json_array_get(values, i)) != 0;
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
    struct room *room = room_restore(rooms, record, template, &session);
    if (!room)
        return ERR_MALFORMED;
    struct arena arena = {0};
    size_t before = events->count;
    *left_out = read_all(room, from, &arena, now, events);
    arena_dispose(&arena);
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
