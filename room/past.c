#include "room/past.h"

#include "room/poll.h"
#include "room/removed.h"
#include "room/session_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct past_session session_of(const struct room *room, struct arena *arena)
{
    const struct chat_history *history = &room->history;
    struct past_session session = {
        .id = room->session_id,
        .started_at = room->started_at,
        .last_value_version = room->store.last_version,
        .has_unset = room->store.has_unset,
        .chat_forgotten = history->last_number - history->count,
    };
    struct token_hash *removed =
        arena_alloc(arena, room->removed.tokens.count * sizeof *removed);
    const struct list *at = NULL;
    for (const struct token_hash *hash; (hash = removed_next(room, &at));)
        removed[session.removed_count++] = *hash;
    session.removed = removed;
    return session;
}

static struct past_peer peer_of(const struct peer *peer)
{
    return (struct past_peer){
        .number = peer->number,
        .id = peer->id,
        .user_id = peer->user_id,
        .name = peer->name,
        .metadata = peer->metadata,
        .token_role = peer->token_role,
        .token = peer->token,
        .role = peer->role->name,
        .joined_at = peer->joined_at,
        .was_told = peer->is_told,
        .had_media = peer->has_media || peer->lost_media,
        .auto_video = peer->auto_video,
        .on_demand = peer->on_demand,
        .wanted = (const char *const *)peer->wanted,
        .wanted_count = peer->wanted_count,
        // What is on its way to a socket counts as seen, whatever its number: nothing is to be
        // told twice, and a message is no change of all who hear it.
        .saw_all_chat = peer->attached && !peer->role->waiting_room,
        .chat_seen = peer->chat_seen,
        .observed = (const char *const *)peer->observed,
        .observed_count = peer->observed_count,
        .groups = (const char *const *)peer->groups,
        .group_count = peer->group_count,
    };
}

// Peers that do not signal come anew, and those that are only joining are not in.
static bool take_peer(const struct room *room, const char *id, struct past_peer *past)
{
    const struct peer *peer = room_joined(room, id);
    if (!peer || peer->door != DOOR_SIGNAL)
        return false;
    *past = peer_of(peer);
    return true;
}

static const struct past_message *message_of(const struct room *room, const char *number)
{
    uint64_t wanted = strtoull(number, NULL, 16);
    const struct past_message *m = room->history.first;
    while (m && m->number != wanted)
        m = m->next;
    return m;
}

static bool take_poll(const struct room *room, const char *id, struct past_poll *past)
{
    const struct poll *poll = map_get(&room->polls.by_id, bytes_of(id));
    if (!poll)
        return false;
    *past = (struct past_poll){
        .number = poll->number,
        .id = poll->id,
        .info = poll->info,
        .questions = poll->questions,
        .question_count = poll->question_count,
        .state = poll->state,
        .origin = poll->origin,
        .salt = poll->salt,
        .created_by = poll->created_by,
        .started_by = poll->started_by,
        .stopped_by = poll->stopped_by,
        .created_at = poll->created_at,
        .started_at = poll->started_at,
        .stopped_at = poll->stopped_at,
    };
    return true;
}

static struct past_answer answer_of(const struct poll_answer *answer, size_t at)
{
    return (struct past_answer){
        .question = (int64_t)at + 1,
        .id = answer->id,
        .original = answer->original,
        .retries = answer->retries,
        .skipped = answer->skipped,
        .updated = answer->updated,
        .options = answer->options,
        .text = answer->text,
        .duration_ms = answer->duration_ms,
        .sent_at = answer->sent_at,
    };
}

static bool take_voter(const struct room *room, const char *key, struct arena *arena,
                       struct past_voter *past)
{
    size_t id_len = strcspn(key, "\n");
    const struct poll *poll =
        map_get(&room->polls.by_id, (struct bytes){(const uint8_t *)key, id_len});
    const struct poll_voter *voter =
        poll && key[id_len] ? map_get(&poll->voters, bytes_of(key + id_len + 1)) : NULL;
    if (!voter)
        return false;
    *past = (struct past_voter){
        .number = voter->number,
        .poll_id = poll->id,
        .key = voter->key,
        .hash = voter->hash,
        .peer_id = voter->peer_id,
        .user_id = voter->user_id,
        .name = voter->name,
    };
    struct past_answer *answers = arena_alloc(arena, poll->question_count * sizeof *answers);
    for (size_t i = 0; i < poll->question_count; i++) {
        if (voter->answers[i].given)
            answers[past->answer_count++] = answer_of(&voter->answers[i], i);
    }
    past->answers = answers;
    return true;
}

static bool take_part(const struct room *room, const char *key, struct arena *arena,
                      struct past_part *part)
{
    switch (part->kind) {
    case PART_PEER:
        return take_peer(room, key, &part->peer);
    case PART_VALUE:
        return session_store_find(room, key, &part->value);
    case PART_MESSAGE:
        part->message = message_of(room, key);
        return part->message;
    case PART_POLL:
        return take_poll(room, key, &part->poll);
    case PART_VOTER:
        return take_voter(room, key, arena, &part->voter);
    }
    return false;
}

// `name` is the arena's, or the room's.
static void add_part(const struct room *room, const char *name, struct arena *arena,
                     struct past *past)
{
    struct past_part *part = &past->parts[past->count];
    *part = (struct past_part){.kind = (enum session_part)name[0], .name = name};
    part->is_gone = !take_part(room, name + 1, arena, part);
    if (!part->is_gone || !past->is_whole)
        past->count++;
}

static void add_named(const struct room *room, enum session_part kind, const char *key,
                      struct arena *arena, struct past *past)
{
    size_t len = strlen(key);
    char *name = arena_alloc(arena, len + 2);
    name[0] = (char)kind;
    memcpy(name + 1, key, len + 1);
    add_part(room, name, arena, past);
}

static void add_poll(const struct room *room, const struct poll *poll, struct arena *arena,
                     struct past *past)
{
    add_named(room, PART_POLL, poll->id, arena, past);
    struct text key = {0};
    size_t at = 0;
    for (const struct poll_voter *voter; (voter = map_next(&poll->voters, &at));) {
        text_clear(&key);
        text_addf(&key, "%s\n%s", poll->id, voter->key);
        add_named(room, PART_VOTER, key.at, arena, past);
    }
    text_dispose(&key);
}

static size_t count_all(const struct room *room)
{
    size_t count = room->peers.count + room->store.values.count + room->history.count, at = 0;
    for (const struct poll *poll; (poll = map_next(&room->polls.by_id, &at));)
        count += 1 + poll->voters.count;
    return count;
}

static void take_all(const struct room *room, struct arena *arena, struct past *past)
{
    past->parts = arena_alloc(arena, count_all(room) * sizeof *past->parts);
    size_t at = 0;
    for (const struct peer *peer; (peer = map_next(&room->peers, &at));)
        add_named(room, PART_PEER, peer->id, arena, past);
    struct event_value value;
    at = 0;
    while (session_store_next(&room->store, &at, &value))
        add_named(room, PART_VALUE, value.key, arena, past);
    for (const struct past_message *m = room->history.first; m; m = m->next) {
        char key[24];
        snprintf(key, sizeof key, "%016" PRIx64, m->number);
        add_named(room, PART_MESSAGE, key, arena, past);
    }
    at = 0;
    for (const struct poll *poll; (poll = map_next(&room->polls.by_id, &at));)
        add_poll(room, poll, arena, past);
}

void past_take(const struct room *room, bool whole, struct arena *arena, struct past *past)
{
    *past = (struct past){.session = session_of(room, arena),
                          .is_whole = whole || room->is_changed_whole};
    if (past->is_whole) {
        take_all(room, arena, past);
        return;
    }
    past->parts = arena_alloc(arena, room->changed_parts.count * sizeof *past->parts);
    size_t at = 0;
    for (const struct changed_part *part; (part = map_next(&room->changed_parts, &at));)
        add_part(room, part->name, arena, past);
}
