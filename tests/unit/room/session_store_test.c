#include "room/session_store.h"

#include "base/err.h"
#include "fixture.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;
static struct peer *host, *guest;
static struct event_value now_is;

static void begin(void)
{
    fixture_init(&f);
    host = fixture_join(&f, "host", "host");
    guest = fixture_join(&f, "guest", "guest");
}

static enum store_answer set(const char *key, const char *data)
{
    struct store_wish wish = {.key = key, .data = data, .if_version = STORE_ANY_VERSION};
    return session_store_set(host, &wish, f.now, &f.events, &now_is);
}

// A text of `len` octets.
static const char *long_text(size_t len)
{
    static char text[2048];
    memset(text, 'x', len);
    text[len] = 0;
    return text;
}

TEST(a_value_is_bounded_and_the_old_one_stays)
{
    begin();
    CHECK_EQ(set("k", long_text(1024)), STORE_DONE);
    CHECK_EQ(set("k", long_text(1025)), STORE_VALUE_TOO_BIG);
    CHECK_EQ(strlen(session_store_get(guest, "k").data), 1024);
    CHECK_EQ(session_store_get(guest, "k").version, 1);
    fixture_dispose(&f);
}

TEST(a_key_is_not_a_name_that_clients_inherit)
{
    begin();
    CHECK(set("toString", "1") != STORE_DONE);
    CHECK(set("__proto__", "1") != STORE_DONE);
    CHECK_EQ(set("tostring", "1"), STORE_DONE);
    fixture_dispose(&f);
}

TEST(there_are_a_hundred_keys_and_unsetting_makes_room)
{
    begin();
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "key%d", i);
        CHECK_EQ(set(key, "1"), STORE_DONE);
    }
    CHECK_EQ(set("one more", "1"), STORE_TOO_MANY_KEYS);
    CHECK(!session_store_get(host, "one more").data);
    CHECK_EQ(set("key7", "2"), STORE_DONE);
    CHECK_EQ(set("key7", NULL), STORE_DONE);
    CHECK_EQ(set("key7", NULL), STORE_DONE);
    CHECK_EQ(set("one more", "1"), STORE_DONE);
    CHECK_EQ(set("two more", "1"), STORE_TOO_MANY_KEYS);
    fixture_dispose(&f);
}

// 64 values of 1022 octets with keys of 2 are 64 KiB to the octet.
TEST(all_values_and_keys_have_a_size_in_common)
{
    begin();
    char key[4];
    for (int i = 10; i < 74; i++) {
        snprintf(key, sizeof key, "%d", i);
        CHECK_EQ(set(key, long_text(1022)), STORE_DONE);
    }
    CHECK_EQ(set("x", ""), STORE_FULL);
    CHECK_EQ(set("11", long_text(1023)), STORE_FULL);
    CHECK_EQ(set("11", long_text(1020)), STORE_DONE);
    CHECK_EQ(set("x", "1"), STORE_DONE);
    CHECK_EQ(set("y", ""), STORE_FULL);
    fixture_dispose(&f);
}

TEST(a_peer_observes_a_hundred_keys_at_most_and_a_refusal_changes_nothing)
{
    begin();
    const char *keys[101];
    for (int i = 0; i < 101; i++)
        keys[i] = "k";
    CHECK_EQ(session_store_observe(guest, keys, 100, &f.events), 0);
    keys[0] = "other";
    CHECK_EQ(session_store_observe(guest, keys, 101, &f.events), ERR_FULL);
    keys[0] = long_text(129);
    CHECK_EQ(session_store_observe(guest, keys, 2, &f.events), ERR_MALFORMED);
    CHECK_EQ(set("k", "1"), STORE_DONE);
    CHECK_EQ(fixture_event(&f, EVENT_STORE_CHANGED)->store.to_count, 1);
    CHECK_EQ(fixture_event(&f, EVENT_STORE_CHANGED)->store.to[0], guest->number);
    fixture_dispose(&f);
}

TEST(the_servers_own_values_are_seen_by_their_audience_only)
{
    begin();
    struct role *roles = f.room->template->roles;
    roles[0].permissions[PERMISSION_CHANGE_ROLE] = true;
    const char *keys[] = {"waitingRoom"};
    CHECK_EQ(session_store_observe(host, keys, 1, &f.events), 0);
    CHECK_EQ(session_store_observe(guest, keys, 1, &f.events), 0);

    struct event_waiting ann = {.peer_id = "ann", .name = "Ann", .user_id = "", .since = 7};
    session_store_keep(f.room, "waitingRoom", &ann, 1, f.now, &f.events);
    const struct event *event = fixture_event(&f, EVENT_STORE_CHANGED);
    CHECK_EQ(event->store.to_count, 1);
    CHECK_EQ(event->store.to[0], host->number);
    CHECK(!event->store.list[0].data);
    CHECK_EQ(event->store.list[0].waiting_count, 1);
    CHECK_TEXT(event->store.list[0].waiting[0].name, "Ann");
    CHECK_TEXT(event->store.list[0].updated_by, "");
    CHECK_EQ(session_store_get(guest, "waitingRoom").version, 0);
    CHECK_EQ(set("waitingRoom", "[]"), STORE_READ_ONLY);

    // A list that is the same again is no change.
    event_list_clear(&f.events);
    session_store_keep(f.room, "waitingRoom", &ann, 1, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_STORE_CHANGED), 0);

    // Somebody who becomes one of the audience is told by the one who made them so.
    event_list_clear(&f.events);
    roles[1].permissions[PERMISSION_CHANGE_ROLE] = true;
    session_store_tell(guest, &f.events);
    event = fixture_event(&f, EVENT_STORE_CHANGED);
    CHECK_EQ(event->store.to[0], guest->number);
    CHECK_TEXT(event->store.list[0].waiting[0].peer_id, "ann");

    // Its size does not count against what clients may store.
    session_store_keep(f.room, "waitingRoom", NULL, 0, f.now, &f.events);
    CHECK_EQ(session_store_get(host, "waitingRoom").version, 2);
    CHECK_EQ(session_store_get(host, "waitingRoom").waiting_count, 0);
    CHECK_EQ(f.room->store.size_bytes, 0);
    CHECK_EQ(f.room->store.key_count, 0);
    fixture_dispose(&f);
}
