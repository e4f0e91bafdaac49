// A template that is changed under a live room: who comes in goes by it, who is in does not.
#include "room/rooms.h"

#include "base/err.h"
#include "fixture.h"
#include "room/group.h"
#include "room/live.h"
#include "room/media.h"
#include "room/moderate.h"
#include "room/permit.h"
#include "room/role.h"
#include "room/track.h"
#include "test.h"

static struct fixture f;
static struct peer *host, *guest;

static void begin(void)
{
    fixture_init(&f);
    for (int p = 0; p < PERMISSION_COUNT; p++)
        f.room->template->roles[0].permissions[p] = true;
    host = fixture_join(&f, "host", "host");
    guest = fixture_join(&f, "guest", "guest");
}

// Hosts, guests who may end the meeting but publish nothing, and in place of lurkers speakers.
static struct template *next_template(void)
{
    struct template *t = fixture_template();
    for (int p = 0; p < PERMISSION_COUNT; p++)
        t->roles[0].permissions[p] = true;
    t->roles[1].permissions[PERMISSION_END_ROOM] = true;
    t->roles[1].allowed[PUBLISH_AUDIO] = false;
    t->roles[2].name = template_text(t, "speaker");
    t->roles[2].max_peer_count = 1;
    t->roles[0].subscribe_to_roles.at[1] = template_text(t, "speaker");
    return t;
}

static void change(void)
{
    rooms_change_template(&f.rooms, next_template());
}

static enum admission try_role(const char *role)
{
    struct join_wish wish = fixture_wish("somebody", role);
    return admission_of(&f.record, NULL, f.room, &wish, ENTRY_SOCKET);
}

TEST(a_role_that_was_added_can_be_joined_at_once)
{
    begin();
    CHECK_EQ(try_role("speaker"), ADMISSION_ROLE_UNKNOWN);
    change();
    CHECK_EQ(try_role("speaker"), ADMISSION_GRANTED);
    fixture_join(&f, "speaker", "speaker");
    CHECK_EQ(try_role("speaker"), ADMISSION_ROLE_FULL);
    fixture_dispose(&f);
}

TEST(who_is_in_keeps_what_it_may_and_who_joins_later_has_what_was_changed)
{
    begin();
    change();
    struct peer *later = fixture_join(&f, "later", "guest");
    CHECK(!permit(guest, ACT_END_ROOM));
    CHECK(role_publishes(guest->role, PUBLISH_AUDIO));
    CHECK(permit(later, ACT_END_ROOM));
    CHECK(!role_publishes(later->role, PUBLISH_AUDIO));
    fixture_dispose(&f);
}

TEST(who_joins_anew_has_what_was_changed)
{
    begin();
    change();
    guest = fixture_join(&f, "guest", "guest");
    CHECK(permit(guest, ACT_END_ROOM));
    fixture_dispose(&f);
}

TEST(a_role_that_is_no_more_stays_to_those_who_have_it)
{
    begin();
    struct peer *lurker = fixture_join(&f, "lurker", "lurker");
    change();
    CHECK_EQ(try_role("lurker"), ADMISSION_ROLE_UNKNOWN);
    lurker = fixture_join(&f, "lurker", "lurker"); // it has lost its answer
    CHECK_TEXT(lurker->role->name, "lurker");
    CHECK_EQ(role_change(f.room, host, "guest", "lurker", true, f.now, &f.events),
             ERR_NOT_FOUND);
    CHECK(room_knows_role(f.room, "lurker"));
    CHECK_EQ(moderate_remove_role(f.room, host, "lurker", "", f.now, &f.events), 0);
    CHECK(!room_peer(f.room, "lurker"));
    CHECK(!room_knows_role(f.room, "lurker"));
    CHECK_EQ(moderate_remove_role(f.room, host, "lurker", "", f.now, &f.events), ERR_NOT_FOUND);
    fixture_dispose(&f);
}

TEST(a_change_of_role_gives_the_new_one_also_under_the_same_name)
{
    begin();
    change();
    CHECK_EQ(role_change(f.room, host, "guest", "speaker", true, f.now, &f.events), 0);
    CHECK_TEXT(guest->role->name, "speaker");
    CHECK(!admission_has_place(f.room, template_role(f.room->template, "speaker")));
    CHECK_EQ(role_change(f.room, host, "guest", "speaker", true, f.now, &f.events), 0);
    CHECK_EQ(role_change(f.room, host, "guest", "guest", true, f.now, &f.events), 0);
    CHECK(permit(guest, ACT_END_ROOM));
    CHECK_EQ(role_change(f.room, host, "host", "host", true, f.now, &f.events), 0);
    CHECK(names_contain(&host->role->subscribe_to_roles, "speaker"));
    fixture_dispose(&f);
}

TEST(places_are_counted_by_name_whatever_template_they_are_of)
{
    begin();
    struct template *t = next_template();
    t->roles[1].max_peer_count = 2;
    rooms_change_template(&f.rooms, t);
    CHECK_EQ(try_role("guest"), ADMISSION_GRANTED);
    fixture_join(&f, "second", "guest");
    CHECK_EQ(try_role("guest"), ADMISSION_ROLE_FULL);
    room_leave(guest, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(try_role("guest"), ADMISSION_GRANTED);
    fixture_dispose(&f);
}

TEST(a_question_is_for_the_role_as_it_is_when_it_is_answered)
{
    begin();
    CHECK_EQ(role_change(f.room, NULL, "guest", "host", false, f.now, &f.events), 0);
    change();
    CHECK_EQ(role_accept(guest, "host", guest->asked.token, f.now, &f.events), 0);
    CHECK(names_contain(&guest->role->subscribe_to_roles, "speaker"));

    // One for a role that is gone lapses.
    CHECK_EQ(role_change(f.room, NULL, "guest", "speaker", false, f.now, &f.events), 0);
    rooms_change_template(&f.rooms, fixture_template());
    CHECK_TEXT(guest->asked.token, "");
    fixture_dispose(&f);
}

TEST(media_goes_by_the_names_of_roles_of_either_template)
{
    begin();
    change();
    struct peer *speaker = fixture_join(&f, "speaker", "speaker");
    CHECK(!room_subscribes(host, speaker)); // as it was when the host came
    CHECK(!room_subscribes(guest, speaker));
    CHECK(room_subscribes(speaker, host));
    CHECK(room_subscribes(speaker, guest));
    host = fixture_join(&f, "host", "host");
    CHECK(room_subscribes(host, speaker));
    fixture_dispose(&f);
}

TEST(only_rooms_of_the_changed_template_are_touched)
{
    begin();
    struct template *other = next_template();
    other->id = template_text(other, "64b0000000000000000000bb");
    struct template *first = f.room->template;
    rooms_change_template(&f.rooms, other);
    CHECK(f.room->template == first);

    // A room may be given another one.
    struct template *given = next_template();
    given->id = template_text(given, "64b0000000000000000000bb");
    room_take_template(f.room, given);
    CHECK_EQ(try_role("speaker"), ADMISSION_GRANTED);
    fixture_dispose(&f);
}
