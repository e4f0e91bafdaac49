// Peers that do not signal: one publishes (WHIP), one watches (WHEP).
#include "room/media.h"

#include "base/err.h"
#include "fixture.h"
#include "room/moderate.h"
#include "room/role.h"
#include "test.h"

#include <string.h>

static struct fixture f;

static struct peer *come(const char *id, const char *role, enum peer_door door,
                         const char *only)
{
    struct join_wish wish = fixture_wish(id, role);
    wish.offer = "offer";
    wish.auto_video = true;
    wish.door = door;
    wish.only = only;
    struct peer *peer = NULL;
    enum admission why;
    CHECK_EQ(room_join(f.room, &wish, 70, f.now, &f.events, &peer, &why), 0);
    return peer;
}

// An encoder whose offer sends the first `count` of its tracks, sound first.
static struct peer *encoder(const char *id, size_t count)
{
    struct peer *peer = come(id, "host", DOOR_WHIP, NULL);
    uint64_t tracks[2] = {peer->tracks[0]->number, peer->tracks[1]->number};
    media_answered(peer, 70, 0, "answer", tracks, count, f.now, &f.events);
    return peer;
}

static struct peer *viewer(const char *id, const char *only)
{
    struct peer *peer = come(id, "guest", DOOR_WHEP, only);
    media_answered(peer, 70, 0, "answer", NULL, 0, f.now, &f.events);
    return peer;
}

TEST(an_encoder_opens_one_endpoint_and_offers_a_track_of_each_kind)
{
    fixture_init(&f);
    struct peer *peer = come("e", "host", DOOR_WHIP, NULL);
    CHECK_EQ(fixture_count(&f, EVENT_ENDPOINT_OPEN), 1);
    CHECK(!fixture_event(&f, EVENT_ENDPOINT_OPEN)->endpoint.subscribe);
    const struct event *publish = fixture_event(&f, EVENT_PUBLISH);
    CHECK(publish->publish.whole);
    CHECK_EQ(publish->publish.track_count, 2);
    CHECK(!publish->publish.tracks[0].is_video && publish->publish.tracks[1].is_video);
    CHECK_TEXT(publish->publish.tracks[0].stream_id, publish->publish.tracks[1].stream_id);
    CHECK(strcmp(publish->publish.tracks[0].id, publish->publish.tracks[1].id) != 0);
    CHECK_EQ(peer->state, PEER_JOINING);
    fixture_dispose(&f);
}

TEST(an_encoder_is_in_with_its_tracks_when_the_worker_has_answered)
{
    fixture_init(&f);
    struct peer *guest = fixture_join(&f, "guest", "guest");
    struct peer *peer = encoder("e", 2);
    CHECK_EQ(fixture_count(&f, EVENT_PEER_JOINED), 1);
    CHECK_EQ(fixture_event(&f, EVENT_TRACKS_ADDED)->tracks.count, 2);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 2);
    CHECK_EQ(fixture_event(&f, EVENT_FEED_OPEN)->peer, guest->number);
    CHECK_TEXT(fixture_event(&f, EVENT_ANSWERED)->answered.text, "answer");
    CHECK(!room_subscribes(peer, guest));
    CHECK_EQ(fixture_count(&f, EVENT_ENDPOINT_OPEN), 1); // of its own
    fixture_dispose(&f);
}

TEST(a_track_that_the_offer_does_not_send_is_forgotten)
{
    fixture_init(&f);
    struct peer *peer = encoder("e", 1);
    CHECK_EQ(peer->track_count, 1);
    CHECK_EQ(fixture_event(&f, EVENT_TRACKS_ADDED)->tracks.list[0].type, TRACK_AUDIO);
    CHECK_EQ(room_track_count(f.room), 1);
    fixture_dispose(&f);
}

TEST(the_worker_is_told_only_of_what_the_role_may_publish)
{
    fixture_init(&f);
    f.room->template->roles[0].allowed[PUBLISH_VIDEO] = false;
    come("e", "host", DOOR_WHIP, NULL);
    CHECK_EQ(fixture_event(&f, EVENT_PUBLISH)->publish.track_count, 1);
    CHECK(!fixture_event(&f, EVENT_PUBLISH)->publish.tracks[0].is_video);
    fixture_dispose(&f);
}

TEST(who_was_refused_was_never_there)
{
    fixture_init(&f);
    struct peer *peer = come("e", "host", DOOR_WHIP, NULL);
    media_answered(peer, 70, ERR_MALFORMED, "line 1: bad", NULL, 0, f.now, &f.events);
    CHECK_EQ(fixture_event(&f, EVENT_ANSWERED)->answered.err, ERR_MALFORMED);
    CHECK_EQ(fixture_count(&f, EVENT_ENDPOINT_CLOSE), 1);
    CHECK_EQ(fixture_count(&f, EVENT_PEER_JOINED) + fixture_count(&f, EVENT_PEER_LEFT), 0);
    CHECK(!room_peer(f.room, "e"));
    fixture_dispose(&f);
}

TEST(a_viewer_offers_and_gets_everything_at_once)
{
    fixture_init(&f);
    struct peer *host = encoder("e", 2);
    event_list_clear(&f.events);
    struct peer *peer = come("v", "guest", DOOR_WHEP, NULL);
    const struct event *open = fixture_event(&f, EVENT_ENDPOINT_OPEN);
    CHECK(open->endpoint.subscribe && open->endpoint.answers);
    CHECK_TEXT(fixture_event(&f, EVENT_WATCH)->watch.sdp, "offer");
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 0);
    media_answered(peer, 70, 0, "answer", NULL, 0, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 2);
    CHECK_EQ(fixture_count(&f, EVENT_ENDPOINT_OPEN), 1);
    CHECK_EQ(fixture_event(&f, EVENT_FEED_OPEN)->feed.track, host->tracks[0]->number);
    CHECK_EQ(fixture_event(&f, EVENT_FEED_OPEN)->feed.level, FEED_HIGH);
    fixture_dispose(&f);
}

TEST(a_viewer_of_one_peer_gets_nobody_else_and_that_one_whenever_it_comes)
{
    fixture_init(&f);
    encoder("other", 2);
    event_list_clear(&f.events);
    viewer("v", "e");
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 0);
    struct peer *peer = encoder("e", 2);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 2);
    room_leave(peer, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    event_list_clear(&f.events);
    encoder("e", 2);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 2);
    fixture_dispose(&f);
}

// A role says what it may see once it is let in, too: what counts is that it waits.
TEST(a_viewer_that_waits_gets_nothing_until_it_is_let_in)
{
    fixture_init(&f);
    f.room->template->roles[2].waiting_room = true;
    struct peer *host = encoder("e", 2);
    struct peer *peer = come("v", "lurker", DOOR_WHEP, NULL);
    media_answered(peer, 70, 0, "answer", NULL, 0, f.now, &f.events);
    event_list_clear(&f.events);
    struct peer *late = encoder("late", 1); // and nothing of who comes meanwhile
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 0);
    CHECK(!room_subscribes(peer, host) && !room_subscribes(peer, late));
    CHECK_EQ(role_change(f.room, NULL, "v", "guest", true, f.now, &f.events), 0);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 3);
    event_list_clear(&f.events);
    CHECK_EQ(role_change(f.room, NULL, "v", "lurker", true, f.now, &f.events), 0);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_CLOSE), 3);
    CHECK(!room_subscribes(peer, host));
    fixture_dispose(&f);
}

TEST(who_does_not_signal_stays_while_its_media_does_and_no_longer)
{
    fixture_init(&f);
    fixture_join(&f, "guest", "guest");
    struct peer *peer = encoder("e", 2);
    f.now.mono_us += 10 * (int64_t)RECONNECT_GRACE_MS * 1000;
    rooms_expire(&f.rooms, f.now, &f.events);
    CHECK(room_joined(f.room, "e"));
    event_list_clear(&f.events);
    media_closed(peer, false, true, f.now, &f.events);
    CHECK(!room_peer(f.room, "e"));
    CHECK_EQ(fixture_event(&f, EVENT_PEER_LEFT)->left.reason, LEAVE_MEDIA_LOST);
    CHECK_TEXT(leave_reason_text(LEAVE_MEDIA_LOST), "connection lost");
    CHECK_EQ(fixture_count(&f, EVENT_ENDPOINT_CLOSE), 1);
    fixture_dispose(&f);
}

TEST(another_role_takes_its_tracks_away)
{
    fixture_init(&f);
    fixture_join(&f, "guest", "guest");
    encoder("e", 2);
    event_list_clear(&f.events);
    CHECK_EQ(role_change(f.room, NULL, "e", "lurker", true, f.now, &f.events), 0);
    CHECK_EQ(fixture_event(&f, EVENT_TRACKS_REMOVED)->tracks.count, 2);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_CLOSE), 2);
    fixture_dispose(&f);
}

TEST(an_encoder_that_was_muted_is_unmuted_by_who_may_ask_for_it)
{
    fixture_init(&f);
    struct peer *peer = encoder("e", 2);
    const char *id = peer->tracks[0]->is.id;
    CHECK_EQ(moderate_track(f.room, NULL, "e", id, true, &f.events), 0);
    CHECK(peer->tracks[0]->is.muted && peer->tracks[0]->held);
    event_list_clear(&f.events);
    CHECK_EQ(moderate_track(f.room, NULL, "e", id, false, &f.events), 0);
    CHECK(!peer->tracks[0]->is.muted && !peer->tracks[0]->held);
    CHECK(!fixture_event(&f, EVENT_TRACK_MUTE)->mute.held);
    CHECK_EQ(fixture_event(&f, EVENT_TRACKS_UPDATED)->tracks.count, 1);
    fixture_dispose(&f);
}

TEST(a_fragment_goes_to_the_connection_that_the_peer_has)
{
    fixture_init(&f);
    media_fragment(encoder("e", 1), "a=x", 71, &f.events);
    CHECK(!fixture_event(&f, EVENT_FRAGMENT)->fragment.subscribe);
    CHECK_EQ(fixture_event(&f, EVENT_FRAGMENT)->fragment.request, 71);
    event_list_clear(&f.events);
    media_fragment(viewer("v", NULL), "a=x", 72, &f.events);
    CHECK(fixture_event(&f, EVENT_FRAGMENT)->fragment.subscribe);
    fixture_dispose(&f);
}

TEST(roles_and_rooms_have_room_for_as_many_as_ever)
{
    fixture_init(&f);
    f.room->template->roles[0].max_peer_count = 1;
    encoder("e", 1);
    struct join_wish wish = fixture_wish("second", "host");
    wish.door = DOOR_WHIP;
    struct peer *peer;
    enum admission why;
    CHECK_EQ(room_join(f.room, &wish, 1, f.now, &f.events, &peer, &why), ERR_REFUSED);
    CHECK_EQ(why, ADMISSION_ROLE_FULL);
    f.room->record.size = 1;
    wish.role = "guest";
    CHECK_EQ(room_join(f.room, &wish, 1, f.now, &f.events, &peer, &why), ERR_REFUSED);
    CHECK_EQ(why, ADMISSION_ROOM_FULL);
    fixture_dispose(&f);
}
