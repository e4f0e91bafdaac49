#include "room/moderate.h"

#include "base/err.h"
#include "fixture.h"
#include "room/media.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;
static struct peer *host, *guest;

static struct track_wish wish(const char *id, enum track_type type, bool muted)
{
    struct track_wish w = {.type = type, .muted = muted, .source = "regular"};
    snprintf(w.id, sizeof w.id, "%s", id);
    return w;
}

// The host may do everything; the guest may do nothing and publishes A and V, V muted.
static void begin(void)
{
    fixture_init(&f);
    struct role *role = &f.room->template->roles[0];
    for (int i = 0; i < PERMISSION_COUNT; i++)
        role->permissions[i] = true;
    memset(f.room->template->roles[1].permissions, 0, sizeof role->permissions);
    host = fixture_join(&f, "host", "host");
    guest = fixture_join(&f, "guest", "guest");
    struct track_wish tracks[] = {wish("A", TRACK_AUDIO, false), wish("V", TRACK_VIDEO, true)};
    media_offer(guest, "sdp", tracks, 2, 50, &f.events);
    uint64_t numbers[] = {guest->tracks[0]->number, guest->tracks[1]->number};
    media_answered(guest, 50, 0, "answer", numbers, 2, f.now, &f.events);
    event_list_clear(&f.events);
}

static void say(const char *id, enum track_type type, bool muted)
{
    event_list_clear(&f.events);
    struct track_wish said = wish(id, type, muted);
    media_update(guest, &said, 1, &f.events);
}

TEST(a_track_muted_by_another_is_held_until_its_publisher_unmutes_it)
{
    begin();
    CHECK_EQ(moderate_track(f.room, host, "guest", "A", true, &f.events), 0);
    CHECK_EQ(fixture_event(&f, EVENT_MUTE_ASKED)->asked.to[0], guest->number);
    CHECK(fixture_event(&f, EVENT_TRACK_MUTE)->mute.held);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_UPDATED), 1);
    say("A", TRACK_AUDIO, true); // as the client does when it is told
    CHECK_EQ(f.events.count, 0);
    say("A", TRACK_AUDIO, false);
    CHECK(!fixture_event(&f, EVENT_TRACK_MUTE)->mute.muted);
    CHECK(!fixture_event(&f, EVENT_TRACK_MUTE)->mute.held);
    fixture_dispose(&f);
}

TEST(who_only_says_that_it_is_muted_can_be_held_to_it)
{
    begin();
    CHECK_EQ(moderate_track(f.room, host, "guest", "V", true, &f.events), 0);
    CHECK(fixture_event(&f, EVENT_TRACK_MUTE)->mute.held);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_UPDATED), 0);
    event_list_clear(&f.events);
    moderate_track(f.room, host, "guest", "V", true, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TRACK_MUTE), 0);
    fixture_dispose(&f);
}

TEST(unmuting_asks_and_changes_nothing)
{
    begin();
    CHECK_EQ(moderate_track(f.room, host, "guest", "V", false, &f.events), 0);
    CHECK_EQ(fixture_count(&f, EVENT_MUTE_ASKED), 1);
    CHECK_EQ(f.events.count, 1);
    CHECK(guest->tracks[1]->is.muted);
    fixture_dispose(&f);
}

TEST(many_are_asked_only_where_something_would_change)
{
    begin();
    struct mute_wish all = {.muted = true};
    CHECK_EQ(moderate_tracks(f.room, host, &all, &f.events), 0);
    CHECK_EQ(fixture_event(&f, EVENT_MUTE_ASKED)->asked.to_count, 1);
    CHECK_EQ(fixture_event(&f, EVENT_TRACKS_UPDATED)->tracks.count, 1);
    event_list_clear(&f.events);
    CHECK_EQ(moderate_tracks(f.room, host, &all, &f.events), 0);
    CHECK_EQ(f.events.count, 0);
    // The back end is nobody in the room: the host would be concerned as well.
    struct mute_wish one = {.muted = false, .peer_id = "guest", .type = "video"};
    CHECK_EQ(moderate_tracks(f.room, NULL, &one, &f.events), 0);
    CHECK(!fixture_event(&f, EVENT_MUTE_ASKED)->who);
    fixture_dispose(&f);
}

TEST(who_may_not_changes_nothing)
{
    begin();
    struct mute_wish all = {.muted = true};
    CHECK_EQ(moderate_track(f.room, guest, "guest", "A", true, &f.events), ERR_REFUSED);
    CHECK_EQ(moderate_tracks(f.room, guest, &all, &f.events), ERR_REFUSED);
    CHECK_EQ(moderate_remove(f.room, guest, "host", "", f.now, &f.events), ERR_REFUSED);
    CHECK_EQ(moderate_remove_role(f.room, guest, "host", "", f.now, &f.events), ERR_REFUSED);
    CHECK_EQ(moderate_end(f.room, guest, true, "", f.now, &f.events), ERR_REFUSED);
    CHECK_EQ(f.events.count, 0);
    CHECK(f.room->record.enabled);
    fixture_dispose(&f);
}

TEST(asking_about_nobody_or_at_length_changes_nothing)
{
    begin();
    char reason[REASON_LEN_MAX + 2] = {0};
    memset(reason, 'x', REASON_LEN_MAX + 1);
    CHECK_EQ(moderate_track(f.room, host, "host", "A", true, &f.events), ERR_NOT_FOUND);
    CHECK_EQ(moderate_track(f.room, host, "nobody", "A", true, &f.events), ERR_NOT_FOUND);
    CHECK_EQ(moderate_remove(f.room, host, "nobody", "", f.now, &f.events), ERR_NOT_FOUND);
    CHECK_EQ(moderate_remove(f.room, host, "guest", reason, f.now, &f.events), ERR_FULL);
    CHECK_EQ(moderate_end(f.room, host, true, reason, f.now, &f.events), ERR_FULL);
    CHECK_EQ(f.events.count, 0);
    CHECK(f.room->record.enabled);
    fixture_dispose(&f);
}

TEST(who_is_about_to_join_a_room_that_ends_is_answered)
{
    begin();
    struct join_wish late = fixture_wish("late", "guest");
    struct peer *peer;
    enum admission why;
    CHECK_EQ(room_join(f.room, &late, 77, f.now, &f.events, &peer, &why), 0);
    event_list_clear(&f.events);
    CHECK_EQ(moderate_end(f.room, host, false, "over", f.now, &f.events), 0);
    CHECK_EQ(f.events.at[0].kind, EVENT_ROOM_ENDED);
    CHECK_EQ(fixture_count(&f, EVENT_PEER_LEFT), 2); // nobody knew of the third
    CHECK_EQ(fixture_event(&f, EVENT_ANSWERED)->answered.request, 77);
    CHECK_EQ(fixture_event(&f, EVENT_ANSWERED)->answered.err, ERR_REFUSED);
    CHECK_EQ(f.room->peers.count, 0);
    fixture_dispose(&f);
}

// As it does for a back end, which is in no room itself.
TEST(who_ends_a_meeting_leaves_with_the_others_and_the_session_closes)
{
    begin();
    CHECK_EQ(moderate_end(f.room, host, false, "over", f.now, &f.events), 0);
    CHECK_EQ(f.room->peers.count, 0);
    const struct event *left[2] = {0};
    size_t count = 0;
    for (size_t i = 0; i < f.events.count; i++) {
        if (f.events.at[i].kind == EVENT_PEER_LEFT && count < 2)
            left[count++] = &f.events.at[i];
    }
    CHECK_EQ(count, 2);
    CHECK_TEXT(left[0]->who->id, "guest");
    CHECK_EQ(left[0]->left.reason, LEAVE_ROOM_ENDED);
    CHECK_TEXT(left[0]->left.by, "host");
    CHECK_TEXT(left[1]->who->id, "host");
    CHECK_EQ(left[1]->left.reason, LEAVE_CLIENT_REQUEST);
    CHECK_EQ(fixture_count(&f, EVENT_ROOM_CLOSED), 1);
    fixture_dispose(&f);
}
