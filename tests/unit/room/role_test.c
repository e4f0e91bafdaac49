#include "room/role.h"

#include "base/err.h"
#include "fixture.h"
#include "room/group.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;
static struct peer *host, *guest;
static char token[UUID_LEN + 1];

static void begin(void)
{
    fixture_init(&f);
    for (int p = 0; p < PERMISSION_COUNT; p++)
        f.room->template->roles[0].permissions[p] = true;
    host = fixture_join(&f, "host", "host");
    guest = fixture_join(&f, "guest", "guest");
}

static void ask(void)
{
    CHECK_EQ(role_change(f.room, host, "guest", "host", false, f.now, &f.events), 0);
    const struct event *asked = fixture_event(&f, EVENT_ROLE_ASKED);
    CHECK_EQ(asked->peer, guest->number);
    CHECK_TEXT(asked->who->id, "host");
    memcpy(token, asked->role.token, sizeof token);
    event_list_clear(&f.events);
}

TEST(a_question_is_good_once)
{
    begin();
    ask();
    CHECK_TEXT(guest->role->name, "guest");
    CHECK_EQ(role_accept(guest, "host", token, f.now, &f.events), 0);
    CHECK_TEXT(guest->role->name, "host");
    const struct event *changed = fixture_event(&f, EVENT_ROLE_CHANGED);
    CHECK_TEXT(changed->role.name, "guest");
    CHECK_TEXT(changed->who->role, "host");
    CHECK_EQ(role_change(f.room, host, "guest", "guest", true, f.now, &f.events), 0);
    CHECK_EQ(role_accept(guest, "host", token, f.now, &f.events), ERR_NOT_FOUND);
    CHECK_TEXT(guest->role->name, "guest");
    fixture_dispose(&f);
}

TEST(a_question_is_void_after_its_time)
{
    begin();
    ask();
    f.now.mono_us += (int64_t)ROLE_REQUEST_MS * 1000;
    CHECK_EQ(role_accept(guest, "host", token, f.now, &f.events), ERR_NOT_FOUND);
    CHECK_TEXT(guest->role->name, "guest");
    fixture_dispose(&f);
}

TEST(a_question_lapses_with_the_rights_of_who_asked)
{
    begin();
    ask();
    CHECK_EQ(role_change(f.room, NULL, "host", "guest", true, f.now, &f.events), 0);
    CHECK_EQ(role_accept(guest, "host", token, f.now, &f.events), ERR_NOT_FOUND);
    CHECK_EQ(role_change(f.room, NULL, "host", "host", true, f.now, &f.events), 0);
    room_leave(host, LEAVE_REMOVED, f.now, &f.events);
    CHECK_EQ(role_accept(guest, "host", token, f.now, &f.events), ERR_NOT_FOUND);
    CHECK_TEXT(guest->role->name, "guest");

    // The back end is there always.
    event_list_clear(&f.events);
    CHECK_EQ(role_change(f.room, NULL, "guest", "host", false, f.now, &f.events), 0);
    const struct event *asked = fixture_event(&f, EVENT_ROLE_ASKED);
    CHECK_EQ(role_accept(guest, "host", asked->role.token, f.now, &f.events), 0);
    CHECK_TEXT(guest->role->name, "host");
    fixture_dispose(&f);
}

TEST(a_question_is_for_one_peer_and_one_role)
{
    begin();
    ask();
    struct peer *other = fixture_join(&f, "other", "guest");
    CHECK_EQ(role_accept(other, "host", token, f.now, &f.events), ERR_NOT_FOUND);
    CHECK_EQ(role_accept(guest, "lurker", token, f.now, &f.events), ERR_NOT_FOUND);
    CHECK_EQ(f.events.count, 0);
    fixture_dispose(&f);
}

TEST(a_place_that_was_taken_meanwhile_is_no_place)
{
    begin();
    f.room->template->roles[0].max_peer_count = 2;
    ask();
    fixture_join(&f, "second", "host");
    CHECK_EQ(role_accept(guest, "host", token, f.now, &f.events), ERR_FULL);
    CHECK_TEXT(guest->role->name, "guest");
    fixture_dispose(&f);
}

TEST(places_are_counted_through_changes_and_leaves)
{
    begin();
    const struct role *of_hosts = &f.room->template->roles[0];
    f.room->template->roles[0].max_peer_count = 2;
    CHECK(admission_has_place(f.room, of_hosts));
    CHECK_EQ(role_change(f.room, NULL, "guest", "host", true, f.now, &f.events), 0);
    CHECK(!admission_has_place(f.room, of_hosts));
    room_leave(guest, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK(admission_has_place(f.room, of_hosts));
    fixture_dispose(&f);
}

TEST(groups_are_bounded_in_number_and_name)
{
    begin();
    char name[GROUP_NAME_LEN_MAX + 2] = "";
    for (int i = 0; i < GROUPS_PER_PEER_MAX; i++) {
        snprintf(name, sizeof name, "group %d", i);
        CHECK_EQ(group_join(f.room, guest, "guest", name, &f.events), 0);
    }
    event_list_clear(&f.events);
    CHECK_EQ(group_join(f.room, guest, "guest", "one more", &f.events), ERR_FULL);
    CHECK_EQ(group_join(f.room, guest, "guest", "group 3", &f.events), 0);
    memset(name, 'x', sizeof name - 1);
    CHECK_EQ(group_leave(f.room, guest, "guest", name, &f.events), ERR_MALFORMED);
    CHECK_EQ(f.events.count, 0);
    CHECK_EQ(group_leave(f.room, guest, "guest", "group 3", &f.events), 0);
    CHECK(!group_has(guest, "group 3"));
    CHECK(group_has(guest, "group 15"));
    fixture_dispose(&f);
}
