#include "room/session_store.h"

#include "base/err.h"
#include "base/id.h"
#include "base/words.h"
#include "room/permit.h"

#include <assert.h>
#include <string.h>

struct session_value {
    char *key;
    char *data; // NULL: a list of the server's
    struct event_waiting *waiting;
    size_t waiting_count;
    struct arena words; // of `waiting`, as it is
    int64_t updated_at;
    char updated_by[PEER_ID_LEN_MAX + 1]; // "" for the server's own
    int64_t version;
};

// The server's keys, and what one must be allowed to do to see them.
static const struct {
    const char *key;
    enum act audience;
} kept[] = {
    {"waitingRoom", ACT_CHANGE_ROLE}, // who waits to be let in
};

static bool is_kept(const char *key, enum act *audience)
{
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (strcmp(kept[i].key, key) == 0) {
            *audience = kept[i].audience;
            return true;
        }
    }
    return false;
}

bool session_store_is_kept(const char *key)
{
    enum act audience;
    return is_kept(key, &audience);
}

static bool may_see(const struct peer *peer, const char *key)
{
    enum act audience = ACT_TAKE_PART;
    is_kept(key, &audience);
    return permit(peer, audience);
}

static bool is_key(const char *key)
{
    size_t len = strlen(key);
    return len >= 1 && len <= SESSION_STORE_KEY_LEN_MAX && !id_is_inherited(key);
}

static bool observes(const struct peer *peer, const char *key)
{
    return words_contain((const char *const *)peer->observed, peer->observed_count, key);
}

static struct session_value *find(const struct room *room, const char *key)
{
    return map_get(&room->store.values, bytes_of(key));
}

// --- Telling ---

static struct event_value view(const char *key, const struct session_value *value)
{
    if (!value)
        return (struct event_value){.key = key, .updated_by = ""};
    return (struct event_value){
        .key = value->key,
        .data = value->data,
        .waiting = value->waiting,
        .waiting_count = value->waiting_count,
        .updated_by = value->updated_by,
        .updated_at = value->updated_at,
        .version = value->version,
    };
}

static struct event_waiting *copy_waiting(const struct event_waiting *list, size_t count,
                                          struct arena *arena)
{
    struct event_waiting *own = arena_alloc(arena, count * sizeof *own);
    for (size_t i = 0; i < count; i++)
        own[i] = (struct event_waiting){
            .peer_id = arena_text(arena, bytes_of(list[i].peer_id)),
            .name = arena_text(arena, bytes_of(list[i].name)),
            .user_id = arena_text(arena, bytes_of(list[i].user_id)),
            .since = list[i].since,
        };
    return own;
}

static struct event_value copy(const struct event_value *value, struct event_list *events)
{
    struct event_value own = *value;
    own.key = event_text(events, value->key);
    own.data = value->data ? event_text(events, value->data) : NULL;
    own.waiting = copy_waiting(value->waiting, value->waiting_count, &events->arena);
    own.updated_by = event_text(events, value->updated_by);
    return own;
}

static void tell_observers(const struct room *room, const struct event_value *value,
                           struct event_list *events)
{
    uint64_t *to = arena_alloc(&events->arena, room->peers.count * sizeof *to);
    size_t to_count = 0, at = 0;
    const struct peer *peer;
    while ((peer = map_next(&room->peers, &at))) {
        if (observes(peer, value->key) && may_see(peer, value->key))
            to[to_count++] = peer->number;
    }
    if (to_count == 0)
        return;
    struct event_value *list = arena_alloc(&events->arena, sizeof *list);
    *list = copy(value, events);
    struct event *event = event_add(events, EVENT_STORE_CHANGED, NULL);
    event->room = room->number;
    event->store.list = list;
    event->store.count = 1;
    event->store.to = to;
    event->store.to_count = to_count;
}

static void tell_one(const struct peer *peer, const struct event_value *values, size_t count,
                     struct event_list *events)
{
    if (count == 0)
        return;
    uint64_t *to = arena_alloc(&events->arena, sizeof *to);
    *to = peer->number;
    struct event *event = event_add(events, EVENT_STORE_CHANGED, peer);
    event->store.list = values;
    event->store.count = count;
    event->store.to = to;
    event->store.to_count = 1;
}

// --- Changing ---

static size_t size_of(const struct session_value *value)
{
    return value ? strlen(value->key) + strlen(value->data) : 0;
}

static void forget_value(struct session_value *value)
{
    mem_free(value->key);
    mem_free(value->data);
    arena_dispose(&value->words);
    mem_free(value);
}

static struct session_value *add(struct session_store *store, const char *key)
{
    struct session_value *value = mem_alloc(sizeof *value);
    value->key = mem_text(key);
    map_put(&store->values, bytes_of(value->key), value);
    return value;
}

static struct event_value mark_changed(struct room *room, struct session_value *value,
                                       const char *by, struct moment now)
{
    value->updated_at = now.wall_ms;
    memcpy(value->updated_by, by, strlen(by) + 1);
    value->version = ++room->store.last_version;
    return view(value->key, value);
}

// Returns what the store holds now.
static struct event_value put_data(struct room *room, const char *key, const char *data,
                                   const char *by, struct moment now)
{
    struct session_store *store = &room->store;
    struct session_value *value = find(room, key);
    room_touch_part(room, PART_VALUE, key);
    if (!data) {
        if (value) {
            map_remove(&store->values, bytes_of(key));
            forget_value(value);
            store->has_unset = true;
        }
        return (struct event_value){.key = key, .updated_by = by, .updated_at = now.wall_ms};
    }
    if (!value)
        value = add(store, key);
    mem_free(value->data);
    value->data = mem_text(data);
    return mark_changed(room, value, by, now);
}

enum store_answer session_store_set(struct peer *by, const struct store_wish *wish,
                                    struct moment now, struct event_list *events,
                                    struct event_value *now_is)
{
    struct session_store *store = &by->room->store;
    if (!permit(by, ACT_TAKE_PART))
        return STORE_REFUSED;
    if (!is_key(wish->key))
        return STORE_BAD_KEY;
    if (session_store_is_kept(wish->key))
        return STORE_READ_ONLY;

    const struct session_value *value = find(by->room, wish->key);
    if (wish->if_version != STORE_ANY_VERSION &&
        wish->if_version != (value ? value->version : 0))
        return STORE_CHANGED;

    size_t size_before = size_of(value);
    size_t size = wish->data ? strlen(wish->key) + strlen(wish->data) : 0;
    size_t key_count = store->key_count - (value ? 1 : 0) + (wish->data ? 1 : 0);
    if (wish->data && strlen(wish->data) > SESSION_STORE_VALUE_LEN_MAX)
        return STORE_VALUE_TOO_BIG;
    if (key_count > SESSION_STORE_KEYS_MAX)
        return STORE_TOO_MANY_KEYS;
    if (store->size_bytes - size_before + size > SESSION_STORE_SIZE_MAX)
        return STORE_FULL;

    store->key_count = key_count;
    store->size_bytes = store->size_bytes - size_before + size;
    *now_is = put_data(by->room, wish->key, wish->data, by->id, now);
    tell_observers(by->room, now_is, events);
    return STORE_DONE;
}

static void put_waiting(struct session_value *value, const struct event_waiting *list,
                        size_t count)
{
    arena_dispose(&value->words);
    value->waiting = copy_waiting(list, count, &value->words);
    value->waiting_count = count;
}

static bool is_same(const struct session_value *value, const struct event_waiting *list,
                    size_t count)
{
    if (value->waiting_count != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct event_waiting *was = &value->waiting[i], *is = &list[i];
        if (strcmp(was->peer_id, is->peer_id) != 0 || strcmp(was->name, is->name) != 0 ||
            strcmp(was->user_id, is->user_id) != 0 || was->since != is->since)
            return false;
    }
    return true;
}

void session_store_keep(struct room *room, const char *key, const struct event_waiting *waiting,
                        size_t count, struct moment now, struct event_list *events)
{
    assert(session_store_is_kept(key));
    struct session_value *value = find(room, key);
    if (value && is_same(value, waiting, count))
        return; // as it was
    room_touch_part(room, PART_VALUE, key);
    if (!value)
        value = add(&room->store, key);
    put_waiting(value, waiting, count);
    struct event_value now_is = mark_changed(room, value, "", now);
    tell_observers(room, &now_is, events);
}

int session_store_restore(struct room *room, const struct event_value *past)
{
    struct session_store *store = &room->store;
    bool is_list = session_store_is_kept(past->key);
    if (!is_key(past->key) || find(room, past->key) || past->version <= 0 ||
        past->version > store->last_version || strlen(past->updated_by) > PEER_ID_LEN_MAX ||
        is_list == (past->data != NULL))
        return ERR_MALFORMED;
    if (!is_list) {
        size_t size = strlen(past->key) + strlen(past->data);
        if (strlen(past->data) > SESSION_STORE_VALUE_LEN_MAX ||
            store->key_count == SESSION_STORE_KEYS_MAX ||
            store->size_bytes + size > SESSION_STORE_SIZE_MAX)
            return ERR_MALFORMED;
        store->key_count++;
        store->size_bytes += size;
    }
    struct session_value *value = add(store, past->key);
    if (is_list)
        put_waiting(value, past->waiting, past->waiting_count);
    else
        value->data = mem_text(past->data);
    value->updated_at = past->updated_at;
    memcpy(value->updated_by, past->updated_by, strlen(past->updated_by) + 1);
    value->version = past->version;
    return 0;
}

// --- Reading ---

struct event_value session_store_get(const struct peer *by, const char *key)
{
    return view(key, may_see(by, key) ? find(by->room, key) : NULL);
}

bool session_store_find(const struct room *room, const char *key, struct event_value *value)
{
    const struct session_value *found = find(room, key);
    if (found)
        *value = view(key, found);
    return found;
}

bool session_store_next(const struct session_store *store, size_t *at,
                        struct event_value *value)
{
    const struct session_value *found = map_next(&store->values, at);
    if (found)
        *value = view(found->key, found);
    return found;
}

static void forget_observed(char **keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        mem_free(keys[i]);
    mem_free(keys);
}

int session_store_observe(struct peer *peer, const char *const *keys, size_t count,
                          struct event_list *events)
{
    if (count > SESSION_STORE_OBSERVED_MAX)
        return ERR_FULL;
    for (size_t i = 0; i < count; i++) {
        if (!is_key(keys[i]))
            return ERR_MALFORMED;
    }
    struct event_value *values = arena_alloc(&events->arena, count * sizeof *values);
    size_t value_count = 0;
    char **observed = mem_alloc_array(count ? count : 1, sizeof *observed);
    for (size_t i = 0; i < count; i++) {
        struct event_value value = session_store_get(peer, keys[i]);
        if (value.version && !observes(peer, keys[i]))
            values[value_count++] = copy(&value, events);
        observed[i] = mem_text(keys[i]);
    }
    forget_observed(peer->observed, peer->observed_count);
    peer->observed = observed;
    peer->observed_count = count;
    room_touch_part(peer->room, PART_PEER, peer->id);
    tell_one(peer, values, value_count, events);
    return 0;
}

// What the peer missed is not known, nor which of its keys were unset meanwhile.
void session_store_tell(const struct peer *peer, struct event_list *events)
{
    struct event_value *values =
        arena_alloc(&events->arena, peer->observed_count * sizeof *values);
    size_t count = 0;
    for (size_t i = 0; i < peer->observed_count; i++) {
        struct event_value value = session_store_get(peer, peer->observed[i]);
        if (value.version || (peer->room->store.has_unset && may_see(peer, value.key)))
            values[count++] = copy(&value, events);
    }
    tell_one(peer, values, count, events);
}

// --- Forgetting ---

void session_store_forget_peer(struct peer *peer)
{
    forget_observed(peer->observed, peer->observed_count);
    peer->observed = NULL;
    peer->observed_count = 0;
}

void session_store_dispose(struct session_store *store)
{
    size_t at = 0;
    struct session_value *value;
    while ((value = map_next(&store->values, &at)))
        forget_value(value);
    map_dispose(&store->values);
    *store = (struct session_store){0};
}
