#include "room/duration.h"

#include "fixture.h"
#include "test.h"

static struct fixture f;

static void begin(int64_t room_s, int64_t server_s)
{
    fixture_init(&f);
    f.room->record.max_duration_s = room_s;
    f.rooms.max_session_s = server_s;
    fixture_join(&f, "host", "host");
}

static void pass(int64_t seconds)
{
    f.now.mono_us += seconds * 1000000;
    f.now.wall_ms += seconds * 1000;
    event_list_clear(&f.events);
    rooms_expire(&f.rooms, f.now, &f.events);
}

// How long until something happens.
static int64_t next_s(void)
{
    int64_t at = rooms_deadline(&f.rooms);
    return at == NEVER ? -1 : (at - f.now.mono_us) / 1000000;
}

static void lasts(int64_t seconds)
{
    struct room_record record = f.room->record;
    record.max_duration_s = seconds;
    rooms_refresh(&f.rooms, &record, f.now);
}

TEST(the_shorter_of_two_limits_counts_and_none_is_for_ever)
{
    begin(3600, 7200);
    CHECK_EQ(next_s(), 3300);
    fixture_dispose(&f);
    begin(7200, 3600);
    CHECK_EQ(next_s(), 3300);
    fixture_dispose(&f);
    begin(0, 3600);
    CHECK_EQ(next_s(), 3300);
    fixture_dispose(&f);
    begin(0, 0);
    CHECK_EQ(next_s(), -1);
    fixture_dispose(&f);
}

TEST(each_warning_comes_once_also_when_people_join_at_its_time)
{
    begin(600, 0);
    f.now.mono_us += 300 * 1000000LL + 5000;
    f.now.wall_ms += 300 * 1000 + 5;
    fixture_join(&f, "late", "guest"); // before the timer is looked at
    rooms_expire(&f.rooms, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_ROOM_ENDS_SOON), 1);
    CHECK_EQ(fixture_event(&f, EVENT_ROOM_ENDS_SOON)->ends.seconds_left, 300);
    fixture_join(&f, "later", "guest");
    pass(100);
    CHECK_EQ(f.events.count, 0);
    pass(140);
    CHECK_EQ(fixture_event(&f, EVENT_ROOM_ENDS_SOON)->ends.seconds_left, 60);
    pass(60);
    CHECK_EQ(fixture_count(&f, EVENT_PEER_LEFT), 3);
    CHECK_EQ(next_s(), -1);
    fixture_dispose(&f);
}

TEST(a_short_meeting_has_only_the_warning_that_fits)
{
    begin(120, 0);
    CHECK_EQ(next_s(), 60);
    pass(60);
    CHECK_EQ(fixture_event(&f, EVENT_ROOM_ENDS_SOON)->ends.seconds_left, 60);
    CHECK_EQ(next_s(), 60);
    fixture_dispose(&f);
}

TEST(a_meeting_that_is_made_longer_is_warned_again)
{
    begin(600, 0);
    pass(540);
    CHECK_EQ(next_s(), 60);
    lasts(1200);
    CHECK_EQ(next_s(), 360);
    pass(360);
    CHECK_EQ(fixture_event(&f, EVENT_ROOM_ENDS_SOON)->ends.seconds_left, 300);
    fixture_dispose(&f);
}

TEST(a_meeting_that_is_made_shorter_than_it_is_ends)
{
    begin(0, 0);
    pass(3600);
    lasts(600);
    CHECK_EQ(next_s(), 0);
    pass(0);
    CHECK_EQ(fixture_count(&f, EVENT_ROOM_ENDS_SOON), 0);
    CHECK_EQ(fixture_event(&f, EVENT_PEER_LEFT)->left.reason, LEAVE_ROOM_ENDED);
    fixture_dispose(&f);
}

TEST(the_next_session_has_all_the_time_again)
{
    begin(600, 0);
    pass(400);
    room_leave(room_peer(f.room, "host"), LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(next_s(), -1);
    fixture_join(&f, "host", "host");
    CHECK_EQ(next_s(), 300);
    fixture_dispose(&f);
}
