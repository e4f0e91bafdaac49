#include "room/presence.h"

#include "fixture.h"
#include "room/group.h"
#include "room/media.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;
static struct peer *last;

static struct peer *join(int number, const char *role)
{
    char id[16];
    snprintf(id, sizeof id, "p%d", number);
    return fixture_join(&f, id, role);
}

// A room with as many as are told, and one more.
static void begin(void)
{
    fixture_init(&f);
    f.room->template->roles[0].permissions[PERMISSION_MUTE] = true;
    for (int i = 0; i < PEERS_TOLD_MAX; i++)
        CHECK(join(i, "guest")->is_told);
    last = join(PEERS_TOLD_MAX, "guest");
    event_list_clear(&f.events);
}

TEST(beyond_the_bound_people_are_counted_and_not_told)
{
    begin();
    CHECK(!last->is_told);
    CHECK_EQ(f.room->told_count, PEERS_TOLD_MAX);
    CHECK_EQ(f.room->joined_count, PEERS_TOLD_MAX + 1);
    fixture_dispose(&f);
}

TEST(who_may_do_things_to_others_is_told_at_once)
{
    begin();
    CHECK(join(1000, "host")->is_told);
    fixture_dispose(&f);
}

TEST(a_raised_hand_shows_who_was_not_told)
{
    begin();
    CHECK_EQ(group_join(f.room, last, last->id, "_handraise", &f.events), 0);
    CHECK(last->is_told);
    const struct event *shown = fixture_event(&f, EVENT_PEER_SHOWN);
    CHECK_TEXT(shown->who->id, last->id);
    CHECK_EQ(group_leave(f.room, last, last->id, "_handraise", &f.events), 0);
    CHECK(last->is_told); // once told, until it leaves
    CHECK_EQ(fixture_count(&f, EVENT_PEER_SHOWN), 1);
    fixture_dispose(&f);
}

TEST(who_publishes_is_shown_before_the_track)
{
    begin();
    struct track_wish wish = {
        .id = "t", .stream_id = "s", .type = TRACK_AUDIO, .source = "regular"};
    uint64_t request = rooms_number(&f.rooms);
    media_offer(last, "sdp", &wish, 1, request, &f.events);
    uint64_t number = last->tracks[0]->number;
    event_list_clear(&f.events);
    media_answered(last, request, 0, "answer", &number, 1, f.now, &f.events);
    size_t shown = 0, added = 0;
    for (size_t i = 0; i < f.events.count; i++) {
        if (f.events.at[i].kind == EVENT_PEER_SHOWN)
            shown = i + 1;
        if (f.events.at[i].kind == EVENT_TRACKS_ADDED)
            added = i + 1;
    }
    CHECK(shown && added && shown < added);
    fixture_dispose(&f);
}

TEST(who_leaves_makes_a_place)
{
    begin();
    room_leave(last, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(f.room->told_count, PEERS_TOLD_MAX);
    room_leave(room_peer(f.room, "p7"), LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(f.room->told_count, PEERS_TOLD_MAX - 1);
    CHECK(join(2000, "guest")->is_told);
    CHECK(!join(2001, "guest")->is_told);
    fixture_dispose(&f);
}
