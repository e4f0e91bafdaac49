#include "server/bridge.h"

#include "base/err.h"
#include "room/media.h"
#include "test.h"

#include <stdio.h>

static struct rng rng;
static struct rooms rooms;
static struct bridge *bridge;
static struct event_list events;
static struct bridge_commands commands;
static const struct moment now = {1000000, 1700000000000};

static struct template *make_template(void)
{
    struct template *t = template_new();
    template_set_roles(t, 1);
    struct role *role = &t->roles[0];
    role->name = template_text(t, "host");
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        role->allowed[kind] = true;
    role->media[PUBLISH_VIDEO].codec = template_text(t, "h264");
    role->max_subscribe_bitrate_kbps = 3200;
    role->has_degradation = true;
    role->degradation.packet_loss_threshold = 25;
    role->degradation.degrade_grace_s = 2;
    role->degradation.recover_grace_s = 4;
    role->subscribe_to_roles = template_names(t, 1);
    role->subscribe_to_roles.at[0] = template_text(t, "host");
    return t;
}

static struct room *make_room(int number)
{
    struct room_record record = {.enabled = true};
    snprintf(record.id, sizeof record.id, "64b0000000000000000000%02d", number);
    return rooms_put(&rooms, &record, make_template());
}

static void begin(size_t workers)
{
    rng = rng_seeded(3);
    rooms_init(&rooms, &rng);
    bridge = bridge_new(&rooms, workers);
}

static void end(void)
{
    bridge_commands_dispose(&commands);
    event_list_dispose(&events);
    bridge_free(bridge);
    rooms_dispose(&rooms);
}

static void deliver(void)
{
    bridge_commands_dispose(&commands);
    bridge_deliver(bridge, &events, &commands);
    event_list_clear(&events);
}

static struct peer *join(struct room *room, const char *id)
{
    struct join_wish wish = {.peer_id = id,
                             .user_id = id,
                             .role = "host",
                             .name = "",
                             .metadata = "",
                             .offer = "join"};
    struct peer *peer;
    enum admission why;
    uint64_t request = rooms_number(&rooms);
    CHECK_EQ(room_join(room, &wish, request, now, &events, &peer, &why), 0);
    return peer;
}

static void accept_join(struct peer *peer)
{
    struct notice notice = {.kind = NOTICE_ANSWER,
                            .endpoint = bridge_endpoint(peer->number, ENDPOINT_PUBLISH)};
    notice.answer.request = peer->join_offer;
    notice.answer.text = "answer";
    bridge_notice(bridge, &notice, now, &events);
}

static const struct command *command(size_t at)
{
    CHECK(at < commands.count);
    return &commands.at[at].command;
}

TEST(endpoints_and_people_name_each_other)
{
    CHECK_EQ(bridge_peer(bridge_endpoint(77, ENDPOINT_SUBSCRIBE)), 77);
    CHECK_EQ(bridge_peer(bridge_endpoint(77, ENDPOINT_PUBLISH)), 77);
    CHECK_EQ(bridge_kind(bridge_endpoint(77, ENDPOINT_SUBSCRIBE)), ENDPOINT_SUBSCRIBE);
    CHECK_EQ(bridge_kind(bridge_endpoint(77, ENDPOINT_PUBLISH)), ENDPOINT_PUBLISH);
}

TEST(a_join_opens_an_endpoint_and_offers)
{
    begin(1);
    struct room *room = make_room(1);
    struct peer *peer = join(room, "a");
    deliver();
    CHECK_EQ(commands.count, 2);
    CHECK_EQ(command(0)->kind, COMMAND_ENDPOINT_OPEN);
    CHECK_EQ(command(0)->open.kind, ENDPOINT_PUBLISH);
    CHECK_EQ(command(0)->room, room->number);
    CHECK_EQ(command(1)->kind, COMMAND_OFFER);
    CHECK_EQ(command(1)->request, peer->join_offer);
    CHECK_TEXT(command(1)->offer.sdp, "join");
    CHECK_EQ(command(1)->offer.preference.video, CODEC_H264);
    CHECK_EQ(command(1)->offer.track_count, 0);
    accept_join(peer);
    deliver();
    CHECK_EQ(commands.count, 2);
    CHECK_EQ(command(0)->kind, COMMAND_ENDPOINT_OPEN);
    CHECK_EQ(command(0)->open.kind, ENDPOINT_SUBSCRIBE);
    CHECK_EQ(command(0)->endpoint, bridge_endpoint(peer->number, ENDPOINT_SUBSCRIBE));
    // What its role may be sent, as the template says.
    CHECK_EQ(command(1)->kind, COMMAND_SUBSCRIBE_CAP);
    CHECK_EQ(command(1)->endpoint, command(0)->endpoint);
    CHECK_EQ(command(1)->subscribe_cap.kbps, 3200);
    CHECK_EQ(command(1)->subscribe_cap.loss_percent, 25);
    CHECK_EQ(command(1)->subscribe_cap.degrade_us, 2 * 1000000);
    CHECK_EQ(command(1)->subscribe_cap.recover_us, 4 * 1000000);
    end();
}

TEST(rooms_go_to_the_worker_with_the_fewest_endpoints_and_stay_there)
{
    begin(2);
    struct room *first = make_room(1), *second = make_room(2), *third = make_room(3);
    struct peer *a = join(first, "a");
    deliver();
    CHECK_EQ(commands.at[0].worker, 0);
    accept_join(a);
    deliver();
    CHECK_EQ(commands.at[0].worker, 0);
    join(second, "b");
    deliver();
    CHECK_EQ(commands.at[0].worker, 1);
    // Two endpoints against one.
    join(third, "c");
    deliver();
    CHECK_EQ(commands.at[0].worker, 1);
    join(first, "d");
    deliver();
    CHECK_EQ(commands.at[0].worker, 0);

    size_t worker;
    uint64_t room;
    CHECK_EQ(
        bridge_find(bridge, bridge_endpoint(a->number, ENDPOINT_SUBSCRIBE), &worker, &room), 0);
    CHECK_EQ(worker, 0);
    CHECK_EQ(room, first->number);
    CHECK_EQ(bridge_find(bridge, 99999, &worker, &room), ERR_NOT_FOUND);
    end();
}

TEST(a_room_without_endpoints_forgets_its_worker)
{
    begin(2);
    struct room *first = make_room(1);
    room_hold(first);
    struct peer *a = join(first, "a");
    accept_join(a);
    deliver();
    room_leave(a, LEAVE_CLIENT_REQUEST, now, &events);
    deliver();
    CHECK_EQ(commands.count, 2);
    CHECK_EQ(command(0)->kind, COMMAND_ENDPOINT_CLOSE);
    CHECK_EQ(command(1)->kind, COMMAND_ENDPOINT_CLOSE);
    // The other room took worker 0 meanwhile, so this one goes to worker 1.
    join(make_room(2), "b");
    deliver();
    CHECK_EQ(commands.at[0].worker, 0);
    join(first, "c");
    deliver();
    CHECK_EQ(commands.at[0].worker, 1);
    end();
}

TEST(tracks_are_named_with_their_msid_and_feeds_carry_layers)
{
    begin(1);
    struct room *room = make_room(1);
    struct peer *a = join(room, "a"), *b = join(room, "b");
    accept_join(a);
    accept_join(b);
    deliver();
    struct track_wish wish = {.id = "{fe4224cf-2e16-42bd-8854-dfe4783c1b3b}",
                              .type = TRACK_VIDEO,
                              .source = "regular",
                              .muted = true};
    media_offer(a, "publish", &wish, 1, 5, &events);
    deliver();
    CHECK_EQ(commands.count, 1);
    CHECK_EQ(command(0)->offer.track_count, 1);
    CHECK_TEXT(command(0)->offer.tracks[0].track_id, "{fe4224cf-2e16-42bd-8854-dfe4783c1b3b}");

    uint64_t track = command(0)->offer.tracks[0].track;
    struct notice notice = {.kind = NOTICE_ANSWER, .endpoint = command(0)->endpoint};
    notice.answer.request = 5;
    notice.answer.text = "answer";
    notice.answer.tracks = &track;
    notice.answer.track_count = 1;
    bridge_notice(bridge, &notice, now, &events);
    deliver();
    CHECK_EQ(commands.count, 2);
    CHECK_EQ(command(0)->kind, COMMAND_TRACK_MUTE);
    CHECK(command(0)->mute.muted);
    CHECK_EQ(command(1)->kind, COMMAND_FEED_OPEN);
    CHECK_EQ(command(1)->endpoint, bridge_endpoint(b->number, ENDPOINT_SUBSCRIBE));
    CHECK_EQ(command(1)->track, track);
    CHECK_EQ(command(1)->feed.quality, VIDEO_OFF);

    CHECK_EQ(media_prefer(b, wish.id, TRACK_VIDEO, FEED_MEDIUM, &events), 0);
    deliver();
    CHECK_EQ(command(0)->kind, COMMAND_FEED_LAYER);
    CHECK_EQ(command(0)->feed.quality, VIDEO_MEDIUM);

    // How much of it anybody has use for is told to the one who sends it.
    notice = (struct notice){.kind = NOTICE_DEMAND,
                             .endpoint = bridge_endpoint(a->number, ENDPOINT_PUBLISH),
                             .track = track,
                             .demand.most = VIDEO_MEDIUM};
    event_list_clear(&events);
    bridge_notice(bridge, &notice, now, &events);
    CHECK_EQ(events.count, 1);
    CHECK_EQ(events.at[0].kind, EVENT_DEMAND);
    CHECK_EQ(events.at[0].peer, a->number);
    CHECK_TEXT(events.at[0].demand.track_id, wish.id);
    CHECK_EQ(events.at[0].demand.most, FEED_MEDIUM);

    // What the worker then chooses is told to the one who asked.
    notice = (struct notice){.kind = NOTICE_LAYER,
                             .endpoint = bridge_endpoint(b->number, ENDPOINT_SUBSCRIBE),
                             .track = track};
    notice.layer.current = VIDEO_OFF;
    notice.layer.expected = VIDEO_MEDIUM;
    notice.layer.subscriber_degraded = true;
    event_list_clear(&events);
    bridge_notice(bridge, &notice, now, &events);
    CHECK_EQ(events.count, 1);
    CHECK_EQ(events.at[0].kind, EVENT_LAYERS);
    CHECK_EQ(events.at[0].peer, b->number);
    CHECK_TEXT(events.at[0].layers.list[0].track_id, wish.id);
    CHECK_EQ(events.at[0].layers.list[0].current, FEED_NONE);
    CHECK_EQ(events.at[0].layers.list[0].expected, FEED_MEDIUM);
    CHECK(events.at[0].layers.list[0].subscriber_degraded);
    CHECK(!events.at[0].layers.list[0].publisher_degraded);
    end();
}

TEST(a_lost_subscribe_connection_is_restarted_and_a_lost_publish_one_is_the_clients)
{
    begin(1);
    struct peer *a = join(make_room(1), "a");
    accept_join(a);
    deliver();
    struct notice notice = {.kind = NOTICE_CLOSED,
                            .endpoint = bridge_endpoint(a->number, ENDPOINT_SUBSCRIBE),
                            .closed = {TRANSPORT_SILENT}};
    bridge_notice(bridge, &notice, now, &events);
    deliver();
    CHECK_EQ(commands.count, 1);
    CHECK_EQ(command(0)->kind, COMMAND_RESTART_ICE);
    notice.closed.reason = TRANSPORT_CLOSED_BY_PEER;
    bridge_notice(bridge, &notice, now, &events);
    notice.closed.reason = TRANSPORT_TIMED_OUT;
    bridge_notice(bridge, &notice, now, &events);
    notice.closed.reason = TRANSPORT_SILENT;
    notice.endpoint = bridge_endpoint(a->number, ENDPOINT_PUBLISH);
    bridge_notice(bridge, &notice, now, &events);
    CHECK_EQ(events.count, 0);
    end();
}

TEST(notices_for_those_who_left_are_dropped)
{
    begin(1);
    struct room *room = make_room(1);
    room_hold(room);
    struct peer *a = join(room, "a");
    struct notice notice = {.kind = NOTICE_ANSWER,
                            .endpoint = bridge_endpoint(a->number, ENDPOINT_PUBLISH)};
    notice.answer.request = a->join_offer;
    notice.answer.text = "answer";
    room_leave(a, LEAVE_CLIENT_REQUEST, now, &events);
    event_list_clear(&events);
    bridge_notice(bridge, &notice, now, &events);
    notice.kind = NOTICE_QUALITY;
    bridge_notice(bridge, &notice, now, &events);
    CHECK_EQ(events.count, 0);
    end();
}

TEST(an_offer_that_a_full_worker_never_got_is_answered_as_busy)
{
    begin(1);
    struct room *room = make_room(1);
    room_hold(room);
    struct peer *a = join(room, "a");
    accept_join(a);
    deliver();
    media_offer(a, "publish", NULL, 0, 5, &events);
    deliver();
    bridge_undelivered(bridge, command(0), now, &events);
    CHECK_EQ(events.count, 1);
    CHECK_EQ(events.at[0].kind, EVENT_ANSWERED);
    CHECK_EQ(events.at[0].answered.err, ERR_BUSY);
    CHECK_EQ(events.at[0].answered.request, 5);
    end();
}

TEST(speakers_come_through_by_track)
{
    begin(1);
    struct room *room = make_room(1);
    struct peer *a = join(room, "a");
    accept_join(a);
    struct track_wish wish = {.id = "A", .type = TRACK_AUDIO, .source = "regular"};
    media_offer(a, "publish", &wish, 1, 5, &events);
    uint64_t track = a->tracks[0]->number;
    media_answered(a, 5, 0, "answer", &track, 1, now, &events);
    event_list_clear(&events);
    struct notice notice = {.kind = NOTICE_SPEAKERS, .room = room->number};
    notice.speakers.list[0] = (struct notice_speaker){track, 42};
    notice.speakers.count = 1;
    bridge_notice(bridge, &notice, now, &events);
    CHECK_EQ(events.at[0].kind, EVENT_SPEAKERS);
    CHECK_TEXT(events.at[0].speakers.list[0].track_id, "A");
    CHECK_EQ(events.at[0].speakers.list[0].level, 42);
    end();
}

static struct peer *come(struct room *room, enum peer_door door)
{
    struct join_wish wish = {.peer_id = "x",
                             .user_id = "x",
                             .role = "host",
                             .name = "",
                             .metadata = "",
                             .offer = "offer",
                             .door = door};
    struct peer *peer;
    enum admission why;
    CHECK_EQ(room_join(room, &wish, rooms_number(&rooms), now, &events, &peer, &why), 0);
    deliver();
    return peer;
}

TEST(an_encoder_offers_tracks_that_have_no_ids_yet)
{
    begin(1);
    struct peer *peer = come(make_room(1), DOOR_WHIP);
    CHECK_EQ(commands.count, 2);
    CHECK_EQ(command(0)->open.kind, ENDPOINT_PUBLISH);
    CHECK_EQ(command(1)->kind, COMMAND_OFFER);
    CHECK(command(1)->offer.whole);
    CHECK_EQ(command(1)->offer.track_count, 2);
    CHECK_EQ(command(1)->offer.tracks[0].kind, MEDIA_AUDIO);
    CHECK_EQ(command(1)->offer.tracks[1].kind, MEDIA_VIDEO);
    CHECK_TEXT(command(1)->offer.tracks[1].stream_id, peer->tracks[1]->is.stream_id);
    media_fragment(peer, "a=x", 5, &events);
    deliver();
    CHECK_EQ(command(0)->kind, COMMAND_FRAGMENT);
    CHECK_EQ(command(0)->endpoint, bridge_endpoint(peer->number, ENDPOINT_PUBLISH));
    CHECK_EQ(command(0)->request, 5);
    CHECK_TEXT(command(0)->fragment.text, "a=x");
    end();
}

TEST(a_viewer_has_an_endpoint_that_answers)
{
    begin(1);
    struct peer *peer = come(make_room(1), DOOR_WHEP);
    CHECK_EQ(commands.count, 3);
    CHECK_EQ(command(0)->kind, COMMAND_ENDPOINT_OPEN);
    CHECK_EQ(command(0)->open.kind, ENDPOINT_SUBSCRIBE);
    CHECK(command(0)->open.answers);
    CHECK_EQ(command(1)->kind, COMMAND_SUBSCRIBE_CAP);
    CHECK_EQ(command(2)->kind, COMMAND_WATCH);
    CHECK_EQ(command(2)->request, peer->join_offer);
    CHECK_TEXT(command(2)->watch.sdp, "offer");
    bridge_undelivered(bridge, command(2), now, &events);
    CHECK_EQ(events.at[0].kind, EVENT_ANSWERED);
    CHECK_EQ(events.at[0].answered.err, ERR_BUSY);
    end();
}

TEST(who_does_not_signal_leaves_with_its_transport)
{
    begin(1);
    struct room *room = make_room(1);
    room_hold(room);
    struct peer *peer = come(room, DOOR_WHIP);
    accept_join(peer);
    deliver();
    struct notice notice = {.kind = NOTICE_CLOSED,
                            .endpoint = bridge_endpoint(peer->number, ENDPOINT_PUBLISH)};
    notice.closed.reason = TRANSPORT_CLOSED_BY_PEER;
    bridge_notice(bridge, &notice, now, &events);
    CHECK_EQ(room->joined_count, 0);
    deliver();
    CHECK_EQ(command(0)->kind, COMMAND_ENDPOINT_CLOSE);
    end();
}
