#include "room/media.h"

#include "base/err.h"
#include "fixture.h"
#include "room/role.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;

static struct track_wish wish(const char *id, enum track_type type, const char *source)
{
    struct track_wish w = {.type = type};
    snprintf(w.id, sizeof w.id, "%s", id);
    snprintf(w.stream_id, sizeof w.stream_id, "stream");
    snprintf(w.source, sizeof w.source, "%s", source);
    return w;
}

// Publishes and lets the worker accept everything it was told of.
static void publish(struct peer *peer, const struct track_wish *wishes, size_t count)
{
    media_offer(peer, "sdp", wishes, count, 50, &f.events);
    uint64_t tracks[TRACKS_PER_PEER_MAX];
    for (size_t i = 0; i < peer->track_count; i++)
        tracks[i] = peer->tracks[i]->number;
    media_answered(peer, 50, 0, "answer", tracks, peer->track_count, f.now, &f.events);
}

TEST(a_track_is_announced_when_the_answer_accepted_it)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    struct peer *guest = fixture_join(&f, "guest", "guest");
    struct track_wish audio = wish("A", TRACK_AUDIO, "regular");
    media_offer(host, "sdp", &audio, 1, 50, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_ADDED), 0);
    uint64_t number = fixture_event(&f, EVENT_PUBLISH)->publish.tracks[0].number;

    // An answer that does not send it announces nothing.
    media_answered(host, 50, 0, "answer", NULL, 0, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_ADDED), 0);
    media_answered(host, 51, 0, "answer", &number, 1, f.now, &f.events);
    CHECK_EQ(fixture_event(&f, EVENT_TRACKS_ADDED)->tracks.count, 1);
    const struct event *feed = fixture_event(&f, EVENT_FEED_OPEN);
    CHECK_EQ(feed->peer, guest->number);
    CHECK_EQ(feed->feed.track, number);
    CHECK_EQ(feed->feed.level, FEED_HIGH);

    // Once.
    event_list_clear(&f.events);
    media_answered(host, 52, 0, "answer", &number, 1, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_ADDED), 0);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 0);
    fixture_dispose(&f);
}

TEST(an_answer_may_name_only_tracks_of_its_own_peer)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    struct peer *guest = fixture_join(&f, "guest", "guest");
    struct track_wish audio = wish("A", TRACK_AUDIO, "regular");
    media_offer(host, "sdp", &audio, 1, 50, &f.events);
    uint64_t tracks[] = {host->tracks[0]->number, 999};
    media_answered(guest, 51, 0, "answer", tracks, 2, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_ADDED), 0);
    fixture_dispose(&f);
}

TEST(screen_sources_need_the_permission_to_share_the_screen)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    f.room->template->roles[0].allowed[PUBLISH_SCREEN] = false;
    struct track_wish wishes[] = {
        wish("A", TRACK_AUDIO, "regular"), wish("SV", TRACK_VIDEO, "screen"),
        wish("SA", TRACK_AUDIO, "screen"), wish("P", TRACK_VIDEO, "plugin")};
    publish(host, wishes, 4);
    const struct event *added = fixture_event(&f, EVENT_TRACKS_ADDED);
    CHECK_EQ(added->tracks.count, 2);
    CHECK_TEXT(added->tracks.list[0].id, "A");
    CHECK_TEXT(added->tracks.list[1].id, "P");
    CHECK_EQ(fixture_event(&f, EVENT_PUBLISH)->publish.track_count, 2);
    fixture_dispose(&f);
}

TEST(roles_see_only_the_roles_they_subscribe_to)
{
    fixture_init(&f);
    f.room->template->roles[1].subscribe_to_roles.count = 0;
    struct peer *host = fixture_join(&f, "host", "host");
    struct peer *guest = fixture_join(&f, "guest", "guest");
    struct peer *lurker = fixture_join(&f, "lurker", "lurker");
    struct track_wish video = wish("V", TRACK_VIDEO, "regular");
    publish(host, &video, 1);
    CHECK_EQ(fixture_count(&f, EVENT_FEED_OPEN), 1);
    CHECK_EQ(fixture_event(&f, EVENT_FEED_OPEN)->peer, lurker->number);
    CHECK_EQ(fixture_event(&f, EVENT_FEED_OPEN)->feed.level, FEED_NONE);
    CHECK_EQ(media_prefer(guest, "V", TRACK_VIDEO, FEED_LOW, &f.events), ERR_NOT_FOUND);
    CHECK_EQ(media_prefer(lurker, "V", TRACK_VIDEO, FEED_LOW, &f.events), 0);
    CHECK_EQ(media_prefer(host, "V", TRACK_VIDEO, FEED_LOW, &f.events), ERR_NOT_FOUND);
    fixture_dispose(&f);
}

TEST(a_track_that_vanishes_is_unfed_before_the_offer_goes_to_the_worker)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    fixture_join(&f, "guest", "guest");
    struct track_wish wishes[] = {wish("A", TRACK_AUDIO, "regular"),
                                  wish("V", TRACK_VIDEO, "regular")};
    publish(host, wishes, 2);
    event_list_clear(&f.events);
    media_offer(host, "sdp", wishes, 1, 60, &f.events);
    CHECK_EQ(f.events.count, 3);
    CHECK_EQ(f.events.at[0].kind, EVENT_FEED_CLOSE);
    CHECK_EQ(f.events.at[1].kind, EVENT_TRACKS_REMOVED);
    CHECK_TEXT(f.events.at[1].tracks.list[0].id, "V");
    CHECK_EQ(f.events.at[2].kind, EVENT_PUBLISH);
    CHECK_EQ(f.events.at[2].publish.track_count, 1);
    CHECK_EQ(room_track_count(f.room), 1);
    fixture_dispose(&f);
}

// For the session log: clients are told by the leave alone.
TEST(tracks_end_before_their_owner_has_left)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    struct track_wish wishes[] = {wish("A", TRACK_AUDIO, "regular"),
                                  wish("V", TRACK_VIDEO, "regular")};
    publish(host, wishes, 2);
    event_list_clear(&f.events);
    room_leave(host, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    const struct event *ended = fixture_event(&f, EVENT_TRACKS_ENDED);
    CHECK_EQ(ended->tracks.count, 2);
    CHECK_TEXT(ended->tracks.list[1].id, "V");
    CHECK_TEXT(ended->who->id, "host");
    CHECK(ended < fixture_event(&f, EVENT_PEER_LEFT));
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_REMOVED), 0);
    fixture_dispose(&f);
}

TEST(an_answer_that_comes_after_its_track_has_gone_announces_nothing)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    struct track_wish audio = wish("A", TRACK_AUDIO, "regular");
    media_offer(host, "sdp", &audio, 1, 50, &f.events);
    uint64_t number = host->tracks[0]->number;
    media_offer(host, "sdp", NULL, 0, 51, &f.events);
    media_answered(host, 50, 0, "answer", &number, 1, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_ADDED), 0);
    CHECK_EQ(fixture_count(&f, EVENT_TRACKS_REMOVED), 0);
    fixture_dispose(&f);
}

TEST(an_offer_of_ours_is_repeated_to_the_next_socket_until_it_is_answered)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    media_subscribe_offer(host, "one", &f.events);
    room_detach(host, f.now, &f.events);
    media_subscribe_offer(host, "two", &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_OFFER), 1);
    event_list_clear(&f.events);
    room_attach(host, &f.events);
    CHECK_TEXT(fixture_event(&f, EVENT_OFFER)->offer.sdp, "two");
    media_subscribe_answer(host, "yes", &f.events);
    media_subscribe_answer(host, "yes", &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_SUBSCRIBE_ANSWER), 1);
    event_list_clear(&f.events);
    room_detach(host, f.now, &f.events);
    room_attach(host, &f.events);
    CHECK_EQ(f.events.count, 0);
    fixture_dispose(&f);
}

TEST(speakers_of_other_rooms_are_left_out)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    struct track_wish audio = wish("A", TRACK_AUDIO, "regular");
    publish(host, &audio, 1);
    struct media_speaker speakers[] = {{host->tracks[0]->number, 42}, {12345, 7}};
    event_list_clear(&f.events);
    media_speakers(&f.rooms, f.room->number, speakers, 2, &f.events);
    CHECK_EQ(f.events.at[0].speakers.count, 1);
    CHECK_TEXT(f.events.at[0].speakers.list[0].peer_id, "host");
    CHECK_EQ(f.events.at[0].speakers.list[0].level, 42);
    media_speakers(&f.rooms, f.room->number + 1, speakers, 2, &f.events);
    CHECK_EQ(f.events.at[1].speakers.count, 0);
    fixture_dispose(&f);
}

TEST(nobody_is_told_that_somebody_speaks_who_waits_to_be_let_in)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    struct track_wish audio = wish("A", TRACK_AUDIO, "regular");
    publish(host, &audio, 1);
    f.room->template->roles[1].waiting_room = true;
    struct peer *guest = fixture_join(&f, "guest", "guest");
    struct track_wish other = wish("B", TRACK_AUDIO, "regular");
    publish(guest, &other, 1);
    struct media_speaker speakers[] = {{host->tracks[0]->number, 42},
                                       {guest->tracks[0]->number, 43}};
    event_list_clear(&f.events);
    media_speakers(&f.rooms, f.room->number, speakers, 2, &f.events);
    CHECK_EQ(f.events.at[0].speakers.count, 1);
    CHECK_TEXT(f.events.at[0].speakers.list[0].peer_id, "host");
    fixture_dispose(&f);
}

// Sound is held to what the SDK sends at least, videos of files to the larger of two measures.
TEST(the_worker_is_told_what_the_role_lets_a_track_need)
{
    fixture_init(&f);
    struct role *role = &f.room->template->roles[0];
    role->media[PUBLISH_AUDIO].bitrate_kbps = 16;
    role->media[PUBLISH_VIDEO].bitrate_kbps = 300;
    role->media[PUBLISH_SCREEN].bitrate_kbps = 900;
    role->video_simulcast =
        (struct simulcast){.layers = {{"f", 1, 0, 30}, {"q", 4, 100, 30}}, .layer_count = 2};
    struct peer *host = fixture_join(&f, "host", "host");
    struct track_wish wishes[] = {
        wish("A", TRACK_AUDIO, "regular"), wish("V", TRACK_VIDEO, "regular"),
        wish("S", TRACK_VIDEO, "screen"), wish("F", TRACK_VIDEO, "videoplaylist")};
    media_offer(host, "sdp", wishes, 4, 50, &f.events);
    const struct event_publish_track *tracks = fixture_event(&f, EVENT_PUBLISH)->publish.tracks;
    CHECK_EQ(tracks[0].cap.kbps, 32);
    CHECK_EQ(tracks[1].cap.layer_count, 2);
    CHECK_EQ(tracks[1].cap.layers[0].max_bitrate_kbps, 300);
    CHECK_EQ(tracks[1].cap.layers[1].max_bitrate_kbps, 100);
    CHECK_EQ(tracks[2].cap.kbps, 900);
    CHECK_EQ(tracks[2].cap.layer_count, 0);
    CHECK_EQ(tracks[3].cap.kbps, 900);
    fixture_dispose(&f);
}

TEST(another_role_has_its_own_bounds_at_once)
{
    fixture_init(&f);
    f.room->template->roles[0].media[PUBLISH_VIDEO].bitrate_kbps = 900;
    f.room->template->roles[1].media[PUBLISH_VIDEO].bitrate_kbps = 200;
    struct peer *host = fixture_join(&f, "host", "host");
    struct track_wish video = wish("V", TRACK_VIDEO, "regular");
    publish(host, &video, 1);
    event_list_clear(&f.events);
    CHECK_EQ(role_change(f.room, NULL, "host", "guest", true, f.now, &f.events), 0);
    CHECK_EQ(fixture_count(&f, EVENT_TRACK_CAP), 1);
    const struct event *event = fixture_event(&f, EVENT_TRACK_CAP);
    CHECK_EQ(event->cap.track, host->tracks[0]->number);
    CHECK_EQ(event->cap.is.kbps, 200);
    fixture_dispose(&f);
}
