// The people who may come in, by which door and with which token.
#include "room/admission.h"

#include "base/err.h"
#include "fixture.h"
#include "room/media.h"
#include "room/moderate.h"
#include "room/removed.h"
#include "room/restore.h"
#include "room/role.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;

static struct token_hash token(const char *name)
{
    return token_hash_of(bytes_of(name));
}

static struct join_wish wish_of(const char *peer_id, const char *role, const char *token_name)
{
    struct join_wish wish = fixture_wish(peer_id, role);
    wish.token = token(token_name);
    return wish;
}

static enum admission ask(const struct join_wish *wish, enum entry entry)
{
    return admission_of(&f.room->record, f.room->template, f.room, wish, entry);
}

// Of somebody whose token is its own.
static enum admission admission(const char *role, const char *peer_id)
{
    struct join_wish wish = wish_of(peer_id, role, peer_id);
    return ask(&wish, ENTRY_SOCKET);
}

static struct peer *join(const struct join_wish *wish)
{
    struct peer *peer;
    enum admission why;
    uint64_t request = rooms_number(&f.rooms);
    CHECK_EQ(room_join(f.room, wish, request, f.now, &f.events, &peer, &why), 0);
    media_answered(peer, request, 0, "answer", NULL, 0, f.now, &f.events);
    event_list_clear(&f.events);
    return peer;
}

static struct peer *join_as(const char *peer_id, const char *role, const char *token_name)
{
    struct join_wish wish = wish_of(peer_id, role, token_name);
    return join(&wish);
}

TEST(without_a_live_room_the_record_and_the_template_say_it)
{
    fixture_init(&f);
    struct template *t = fixture_template();
    struct join_wish host = wish_of("p", "host", "t"), boss = wish_of("p", "boss", "t");
    CHECK_EQ(admission_of(&f.record, t, NULL, &host, ENTRY_SOCKET), ADMISSION_GRANTED);
    CHECK_EQ(admission_of(&f.record, t, NULL, &boss, ENTRY_SOCKET), ADMISSION_ROLE_UNKNOWN);
    t->roles[0].max_peer_count = -1;
    CHECK_EQ(admission_of(&f.record, t, NULL, &host, ENTRY_SOCKET), ADMISSION_ROLE_FULL);
    f.record.enabled = false;
    CHECK_EQ(admission_of(&f.record, t, NULL, &host, ENTRY_SOCKET), ADMISSION_ROOM_DISABLED);
    host.has_expired = true;
    CHECK_EQ(admission_of(&f.record, t, NULL, &host, ENTRY_SOCKET), ADMISSION_TOKEN_EXPIRED);
    template_free(t);
    fixture_dispose(&f);
}

TEST(who_is_in_is_counted)
{
    fixture_init(&f);
    f.room->record.size = 2;
    f.room->template->roles[1].max_peer_count = 1;
    CHECK_EQ(admission("guest", "a"), ADMISSION_GRANTED);
    join_as("a", "guest", "a");
    CHECK_EQ(admission("guest", "b"), ADMISSION_ROLE_FULL);
    CHECK_EQ(admission("host", "b"), ADMISSION_GRANTED);
    join_as("b", "host", "b");
    CHECK_EQ(admission("host", "c"), ADMISSION_ROOM_FULL);
    // Somebody who is in comes back, even to a room that was disabled meanwhile.
    f.room->record.enabled = false;
    CHECK_EQ(admission("host", "b"), ADMISSION_GRANTED);
    CHECK_EQ(admission("host", "c"), ADMISSION_ROOM_DISABLED);
    fixture_dispose(&f);
}

TEST(large_rooms_hold_more)
{
    fixture_init(&f);
    for (int i = 0; i < PEERS_PER_ROOM_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "p%d", i);
        fixture_join(&f, id, "lurker");
    }
    CHECK_EQ(admission("host", "x"), ADMISSION_ROOM_FULL);
    f.room->record.size = PEERS_PER_LARGE_ROOM_MAX;
    CHECK_EQ(admission("host", "x"), ADMISSION_ROOM_FULL);
    f.room->record.large = true;
    CHECK_EQ(admission("host", "x"), ADMISSION_GRANTED);
    fixture_dispose(&f);
}

TEST(only_the_very_token_comes_back_for_a_peer)
{
    static const enum entry entries[] = {ENTRY_SOCKET, ENTRY_JOIN};
    fixture_init(&f);
    struct peer *a = join_as("a", "guest", "one");
    struct join_wish own = wish_of("a", "guest", "one"), other = wish_of("a", "guest", "two");
    for (int away = 0; away < 2; away++) {
        for (size_t i = 0; i < 2; i++) {
            CHECK_EQ(ask(&own, entries[i]), ADMISSION_GRANTED);
            CHECK_EQ(ask(&other, entries[i]), ADMISSION_PEER_TAKEN);
        }
        room_detach(a, f.now, &f.events);
    }
    // Whatever else is wrong with the room: that the id is taken is said first.
    f.room->record.enabled = false;
    CHECK_EQ(ask(&other, ENTRY_JOIN), ADMISSION_PEER_TAKEN);
    CHECK_EQ(admission_code(ADMISSION_PEER_TAKEN), 409);
    fixture_dispose(&f);
}

TEST(a_join_with_another_token_changes_nothing_and_is_told)
{
    fixture_init(&f);
    struct peer *a = join_as("a", "host", "one"), *thief;
    struct join_wish wish = wish_of("a", "host", "two");
    enum admission why;
    CHECK_EQ(room_join(f.room, &wish, 9, f.now, &f.events, &thief, &why), ERR_REFUSED);
    CHECK_EQ(why, ADMISSION_PEER_TAKEN);
    CHECK(room_peer(f.room, "a") == a);
    CHECK_EQ(f.events.count, 1);
    CHECK_TEXT(fixture_event(&f, EVENT_JOIN_FAILED)->failed.why, "duplicate peer id");
    fixture_dispose(&f);
}

// Of an older snapshot, in which there were no hashes: their ids prove nothing.
TEST(a_peer_without_a_hash_is_not_restored)
{
    fixture_init(&f);
    struct past_peer past = {.id = "a",
                             .user_id = "u",
                             .name = "",
                             .metadata = "",
                             .token_role = "guest",
                             .role = "host",
                             .joined_at = 1};
    struct past_session session = {.id = "64b000000000000000000002", .started_at = 1};
    struct room_record record = f.record;
    memcpy(record.id, "64b000000000000000000009", sizeof record.id);
    struct room *room = room_restore(&f.rooms, &record, fixture_template(), &session, f.now);
    CHECK_EQ(room_restore_peer(room, &past, f.now), ERR_REFUSED);
    CHECK(!room_peer(room, "a"));
    past.token = token("one");
    CHECK_EQ(room_restore_peer(room, &past, f.now), 0);
    struct join_wish own = wish_of("a", "guest", "one"), other = wish_of("a", "guest", "two");
    other.user_id = "u";
    CHECK_EQ(admission_of(&room->record, NULL, room, &own, ENTRY_SOCKET), ADMISSION_GRANTED);
    CHECK_EQ(admission_of(&room->record, NULL, room, &other, ENTRY_SOCKET),
             ADMISSION_PEER_TAKEN);
    room_release(room);
    fixture_dispose(&f);
}

// The answer is the same whether somebody is in under that id or not.
TEST(an_expired_token_of_somebody_else_does_not_tell_who_is_in)
{
    static const enum entry entries[] = {ENTRY_SOCKET, ENTRY_JOIN};
    fixture_init(&f);
    join_as("a", "host", "one");
    for (size_t i = 0; i < 2; i++) {
        struct join_wish present = wish_of("a", "host", "two"),
                         absent = wish_of("b", "host", "two");
        present.has_expired = absent.has_expired = true;
        CHECK_EQ(ask(&present, entries[i]), ADMISSION_TOKEN_EXPIRED);
        CHECK_EQ(ask(&absent, entries[i]), ADMISSION_TOKEN_EXPIRED);
    }
    fixture_dispose(&f);
}

TEST(a_takeover_from_a_socket_that_looks_open_is_told_and_a_return_is_not)
{
    fixture_init(&f);
    struct peer *a = join_as("a", "host", "one");
    room_attach(a, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TAKEN_OVER), 1);
    CHECK_TEXT(fixture_event(&f, EVENT_TAKEN_OVER)->who->id, "a");
    event_list_clear(&f.events);
    room_detach(a, f.now, &f.events);
    room_attach(a, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TAKEN_OVER), 0);
    fixture_dispose(&f);
}

TEST(an_expired_token_is_good_for_who_is_in_and_for_nothing_else)
{
    fixture_init(&f);
    join_as("a", "host", "one");
    struct join_wish own = wish_of("a", "host", "one"), new = wish_of("b", "host", "one");
    own.has_expired = new.has_expired = true;
    CHECK_EQ(ask(&own, ENTRY_SOCKET), ADMISSION_GRANTED);
    CHECK_EQ(ask(&own, ENTRY_JOIN), ADMISSION_GRANTED);
    CHECK_EQ(ask(&new, ENTRY_SOCKET), ADMISSION_TOKEN_EXPIRED);
    CHECK_EQ(ask(&new, ENTRY_JOIN), ADMISSION_TOKEN_EXPIRED);
    CHECK_EQ(admission_code(ADMISSION_TOKEN_EXPIRED), 401);
    room_leave(room_peer(f.room, "a"), LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(ask(&own, ENTRY_SOCKET), ADMISSION_TOKEN_EXPIRED);
    fixture_dispose(&f);
}

TEST(who_joins_again_keeps_its_role_and_takes_its_own_place)
{
    fixture_init(&f);
    f.room->record.size = 2;
    f.room->template->roles[0].max_peer_count = 1;
    join_as("speaker", "host", "one");
    CHECK_EQ(role_change(f.room, NULL, "speaker", "guest", true, f.now, &f.events), 0);
    join_as("second", "host", "two");
    // The role of its token is full by now, and so is the room.
    struct peer *again = join_as("speaker", "host", "one");
    CHECK_TEXT(again->role->name, "guest");
    CHECK_EQ(f.room->peers.count, 2);
    struct peer *second = join_as("second", "host", "two");
    CHECK_TEXT(second->role->name, "host");
    CHECK_EQ(f.room->role_counts[0], 1);
    fixture_dispose(&f);
}

TEST(joining_again_is_admission_like_any_other)
{
    fixture_init(&f);
    join_as("a", "host", "one");
    struct join_wish wish = wish_of("a", "host", "one");
    f.room->record.enabled = false;
    CHECK_EQ(ask(&wish, ENTRY_JOIN), ADMISSION_ROOM_DISABLED);
    CHECK_EQ(ask(&wish, ENTRY_SOCKET), ADMISSION_GRANTED);
    f.room->record.enabled = true;
    f.room->record.size = 1;
    CHECK_EQ(ask(&wish, ENTRY_JOIN), ADMISSION_GRANTED);
    fixture_dispose(&f);
}

TEST(so_many_may_be_in_with_one_token)
{
    fixture_init(&f);
    join_as("a", "guest", "one");
    join_as("b", "guest", "one");
    struct join_wish back = wish_of("a", "guest", "one"), third = wish_of("c", "guest", "one"),
                     other = wish_of("c", "guest", "two");
    CHECK_EQ(ask(&third, ENTRY_JOIN), ADMISSION_GRANTED); // there is no limit
    f.rooms.peers_per_token = 2;
    CHECK_EQ(ask(&third, ENTRY_JOIN), ADMISSION_TOKEN_FULL);
    CHECK_EQ(ask(&third, ENTRY_SOCKET), ADMISSION_TOKEN_FULL);
    CHECK_EQ(ask(&back, ENTRY_SOCKET), ADMISSION_GRANTED);
    CHECK_EQ(ask(&back, ENTRY_JOIN), ADMISSION_GRANTED);
    CHECK_EQ(ask(&other, ENTRY_JOIN), ADMISSION_GRANTED);
    room_leave(room_peer(f.room, "b"), LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(ask(&third, ENTRY_JOIN), ADMISSION_GRANTED);
    fixture_dispose(&f);
}

TEST(a_removed_token_stays_out_for_the_session)
{
    fixture_init(&f);
    join_as("keeper", "host", "keeper");
    join_as("a", "guest", "one");
    join_as("tab", "guest", "one"); // the same token in another tab, which nobody removed
    CHECK_EQ(moderate_remove(f.room, NULL, "a", "", f.now, &f.events), 0);
    struct join_wish same = wish_of("a", "guest", "one"), other = wish_of("x", "guest", "one"),
                     tab = wish_of("tab", "guest", "one"), new = wish_of("a", "guest", "two");
    CHECK_EQ(ask(&same, ENTRY_SOCKET), ADMISSION_REMOVED);
    CHECK_EQ(ask(&other, ENTRY_JOIN), ADMISSION_REMOVED);
    CHECK_EQ(ask(&tab, ENTRY_SOCKET), ADMISSION_GRANTED);
    CHECK_EQ(ask(&tab, ENTRY_JOIN), ADMISSION_REMOVED);
    CHECK_EQ(ask(&new, ENTRY_JOIN), ADMISSION_GRANTED);
    f.rooms.removed_may_return = true;
    CHECK_EQ(ask(&same, ENTRY_SOCKET), ADMISSION_GRANTED);
    f.rooms.removed_may_return = false;
    CHECK_EQ(moderate_end(f.room, NULL, false, "", f.now, &f.events), 0);
    CHECK_EQ(ask(&same, ENTRY_JOIN), ADMISSION_GRANTED);
    fixture_dispose(&f);
}

TEST(of_too_many_removed_tokens_the_first_may_return)
{
    fixture_init(&f);
    join_as("keeper", "host", "keeper");
    for (int i = 0; i <= REMOVED_TOKENS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        struct token_hash hash = token(name);
        removed_add(f.room, &hash);
        removed_add(f.room, &hash);
    }
    struct token_hash first = token("0"), second = token("1");
    CHECK(!removed_contain(f.room, &first));
    CHECK(removed_contain(f.room, &second));
    CHECK_EQ(f.room->removed.tokens.count, REMOVED_TOKENS_MAX);
    fixture_dispose(&f);
}

TEST(a_disabled_code_keeps_out_whom_its_tokens_have_not_let_in)
{
    static const char code[] = "64b0000000000000000000c0";
    fixture_init(&f);
    struct join_wish inside = wish_of("a", "guest", "one"), new = wish_of("b", "guest", "two"),
                     without = wish_of("c", "guest", "three");
    inside.room_code_id = new.room_code_id = code;
    join(&inside);
    room_set_code(f.room, code, true);
    CHECK_EQ(ask(&inside, ENTRY_SOCKET), ADMISSION_GRANTED);
    CHECK_EQ(ask(&inside, ENTRY_JOIN), ADMISSION_GRANTED);
    CHECK_EQ(ask(&new, ENTRY_SOCKET), ADMISSION_CODE_DISABLED);
    CHECK_EQ(ask(&new, ENTRY_JOIN), ADMISSION_CODE_DISABLED);
    CHECK_EQ(ask(&without, ENTRY_JOIN), ADMISSION_GRANTED);
    room_set_code(f.room, code, false);
    CHECK_EQ(ask(&new, ENTRY_JOIN), ADMISSION_GRANTED);
    room_set_codes(f.room, NULL);
    fixture_dispose(&f);
}
