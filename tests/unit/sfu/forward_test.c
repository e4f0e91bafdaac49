// A part of a layer on its way to a subscriber: without a hole, and repaired by arithmetic.
#include "sfu/forward.h"

#include "sfu/repair.h"
#include "sfu/seat.h"
#include "sfu/shared.h"
#include "test.h"

#include <string.h>

enum { FIRST = 500, SEQ = 40 };

static struct shared shared;
static struct stream stream;
static struct batch out;
static struct batch_path path;
static struct tick tick;
static struct feed *feed;

static void open_stream(void)
{
    shared = (struct shared){0};
    list_init(&shared.begun);
    list_init(&shared.wishes);
    tick = (struct tick){.shared = &shared, .out = &out, .now = 1};
    batch_path_init(&path);
    stream_init(&stream, 1, MEDIA_VIDEO);
    stream.codec = (struct negotiated_codec){.codec = CODEC_VP8, .clock_rate = 90000};
    stream.layer_count = 1;
    feed = feed_new(&stream, NULL, true, VIDEO_HIGH, &tick);
    feed_go_on(feed, &(struct feed_tail){.sent.next_seq = SEQ, .rtx_seq = 900});
    feed->ssrc = 1;
    feed->rtx_ssrc = 2;
    feed_join(feed, &path);
}

static void close_stream(void)
{
    feed_free(feed, &shared);
    stream_dispose(&stream);
    batch_dispose(&out);
}

// A packet of temporal layer `temporal` that comes; `parts`: the substreams it is part of.
static const struct history_slot *come(uint64_t seq, uint16_t parts)
{
    static const uint8_t octets[20];
    struct rtp_packet packet = {.payload = {octets, sizeof octets}};
    struct codec_packet info = {.picture_id = (uint16_t)seq, .picture_id_at = 2};
    batch_reset(&out);
    return stream_add(&stream, 0, seq, &packet, &(struct extension_values){0}, &info,
                      (struct stream_parts){parts, (uint16_t)~parts}, tick.now);
}

static void pass(uint64_t seq, uint16_t parts)
{
    forward_packet(&stream, 0, come(seq, parts), false, &tick);
}

static const struct batch_packet *only(void)
{
    CHECK_EQ(out.packet_count, 1);
    return &out.packets[0];
}

// The feed sends what is part of a substream that leaves out some packets.
static void begin_with(struct feed *f, unsigned substream, const struct history_slot *slot)
{
    feed_begin_segment(f, 0, substream, slot, stream_progress(f->stream, 0, substream));
}

static void open_part(void)
{
    open_stream();
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){0, 0, false}), 1);
    begin_with(feed, 1, come(FIRST, 2));
}

TEST(a_part_is_sent_without_a_hole)
{
    open_part();
    pass(FIRST + 1, 0);
    CHECK_EQ(out.packet_count, 0);
    pass(FIRST + 2, 2);
    CHECK_EQ(only()->index, SEQ + 1);
    CHECK_EQ(only()->picture_id, FIRST + 1);
    pass(FIRST + 3, 0);
    pass(FIRST + 4, 2);
    CHECK_EQ(only()->index, SEQ + 2);
    CHECK_EQ(only()->picture_id, FIRST + 2);
    close_stream();
}

TEST(what_comes_late_has_its_number_and_is_empty_when_it_is_no_part)
{
    open_part();
    pass(FIRST + 3, 2); // two are missing
    CHECK_EQ(only()->index, SEQ + 3);
    pass(FIRST + 1, 0);
    CHECK_EQ(only()->index, SEQ + 1);
    CHECK_EQ(only()->shared->payload.len, 0);
    pass(FIRST + 2, 2);
    CHECK_EQ(only()->index, SEQ + 2);
    CHECK_EQ(only()->shared->payload.len, 20);
    close_stream();
}

TEST(what_is_asked_for_again_comes_from_the_part_that_was_sent)
{
    open_part();
    pass(FIRST + 1, 0);
    pass(FIRST + 2, 2);
    pass(FIRST + 4, 2); // FIRST + 3 is missing, and comes as no part
    pass(FIRST + 3, 0);
    feed_end_segment(feed);
    begin_with(feed, 0, come(FIRST + 5, 0)); // all of it again
    CHECK_EQ(feed_line(feed)->shift.seq + FIRST + 5, SEQ + 4);

    batch_reset(&out);
    repair_packet(feed, SEQ + 1, &tick);
    CHECK_EQ(only()->ssrc, 2);
    CHECK_EQ(only()->index, 900);
    CHECK_EQ(only()->picture_id, FIRST + 1);
    CHECK_EQ(only()->shared->payload.len, 20);
    batch_reset(&out);
    repair_packet(feed, SEQ + 2, &tick); // its number was kept: there is nothing in it
    CHECK_EQ(only()->shared->payload.len, 0);
    batch_reset(&out);
    repair_packet(feed, SEQ + 4, &tick);
    CHECK_EQ(only()->shared->payload.len, 20);
    close_stream();
}

TEST(one_subscriber_gets_all_of_a_layer_while_another_gets_a_part)
{
    open_part();
    struct feed *all = feed_new(&stream, NULL, true, VIDEO_HIGH, &tick);
    feed_go_on(all, &(struct feed_tail){.sent.next_seq = 7000});
    feed_join(all, &path);
    begin_with(all, 0, come(FIRST + 1, 2));
    pass(FIRST + 2, 0);
    CHECK_EQ(only()->index, 7001);
    pass(FIRST + 3, 2);
    CHECK_EQ(out.packet_count, 2);
    CHECK_EQ(out.packets[0].index, SEQ + 2);
    CHECK_EQ(out.packets[1].index, 7002);
    CHECK_EQ(feed_progress(feed)->packets, 3);
    CHECK_EQ(feed_progress(all)->packets, 4);
    feed_free(all, &shared);
    close_stream();
}

// --- Fewer pictures, and more again ---

// A packet of a picture that begins with it, or goes on with it, of three temporal layers.
static void camera(uint64_t seq, uint32_t picture, uint8_t temporal, bool begins, bool sync)
{
    static const uint8_t octets[20];
    struct rtp_packet packet = {.timestamp = picture * 3000,
                                .payload = {octets, sizeof octets}};
    struct codec_packet info = {.picture_id = (uint16_t)picture,
                                .picture_id_at = 2,
                                .frame_start = begins,
                                .temporal = temporal,
                                .layer_sync = sync};
    struct stream_parts parts = stream_parts(&stream, 0, &info);
    batch_reset(&out);
    const struct history_slot *slot = stream_add(
        &stream, 0, seq, &packet, &(struct extension_values){0}, &info, parts, tick.now);
    forward_packet(&stream, 0, slot, false, &tick);
}

// All of a camera is sent, which has T0 and T0 with T1 as its first and second substream.
static void open_camera(void)
{
    open_stream();
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){CAP_ALL, 0, false}), 1);
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){CAP_ALL, 1, false}), 2);
    begin_with(feed, 0, come(FIRST - 1, 6));
    camera(FIRST, FIRST, 0, true, true);
    CHECK_EQ(only()->index, SEQ + 1);
}

#define CHECK_SENT(number, picture)                                                            \
    do {                                                                                       \
        CHECK_EQ(only()->index, (number));                                                     \
        CHECK_EQ(only()->picture_id, (picture));                                               \
    } while (0)

TEST(temporal_layers_are_dropped_before_a_picture_and_numbers_go_on)
{
    open_camera();
    feed_line(feed)->wanted = 1;
    camera(FIRST + 1, FIRST, 0, false, true); // of the picture under way
    CHECK_SENT(SEQ + 2, FIRST);
    camera(FIRST + 2, FIRST + 1, 2, true, true); // goes once more: nothing begins with it
    CHECK_SENT(SEQ + 3, FIRST + 1);
    camera(FIRST + 3, FIRST + 2, 0, true, true);
    CHECK_SENT(SEQ + 4, FIRST + 2);
    CHECK_EQ(feed_line(feed)->substream, 1);
    camera(FIRST + 4, FIRST + 3, 2, true, true);
    CHECK_EQ(out.packet_count, 0);
    camera(FIRST + 5, FIRST + 4, 1, true, true);
    CHECK_EQ(out.packet_count, 0);
    camera(FIRST + 6, FIRST + 5, 0, true, true);
    CHECK_SENT(SEQ + 5, FIRST + 3);
    CHECK_EQ(only()->timestamp, (FIRST + 5) * 3000);
    close_stream();
}

TEST(temporal_layers_are_taken_up_one_by_one_where_they_can_be_decoded)
{
    open_camera();
    feed_line(feed)->wanted = 1;
    camera(FIRST + 1, FIRST + 1, 0, true, true);
    camera(FIRST + 2, FIRST + 2, 2, true, true); // not sent, and not counted
    feed_line(feed)->wanted = 0;
    camera(FIRST + 3, FIRST + 3, 2, true, true); // T1 comes first
    CHECK_EQ(out.packet_count, 0);
    camera(FIRST + 4, FIRST + 4, 1, true, false); // needs a T1 that was not sent
    CHECK_EQ(out.packet_count, 0);
    camera(FIRST + 5, FIRST + 5, 1, false, true); // its begin is missing
    CHECK_EQ(out.packet_count, 0);
    camera(FIRST + 6, FIRST + 6, 1, true, true);
    CHECK_SENT(SEQ + 3, FIRST + 2);
    CHECK_EQ(feed_line(feed)->substream, 2);
    camera(FIRST + 7, FIRST + 7, 2, true, false);
    CHECK_EQ(out.packet_count, 0);
    camera(FIRST + 8, FIRST + 8, 2, true, true);
    CHECK_SENT(SEQ + 4, FIRST + 3);
    camera(FIRST + 9, FIRST + 9, 0, true, true);
    CHECK_SENT(SEQ + 5, FIRST + 4);
    CHECK_EQ(feed_line(feed)->substream, 0);
    close_stream();
}

// It has its number already, and its id.
TEST(a_picture_that_comes_after_one_that_is_left_out_counts)
{
    open_camera();
    feed_line(feed)->wanted = 2;
    camera(FIRST + 1, FIRST + 1, 0, true, true);
    camera(FIRST + 3, FIRST + 3, 2, true, true); // one of T1 is late
    CHECK_EQ(out.packet_count, 0);
    CHECK_EQ(feed_progress(feed)->picture_id, FIRST + 2);
    camera(FIRST + 2, FIRST + 2, 1, true, true);
    CHECK_SENT(SEQ + 3, FIRST + 2);
    CHECK_EQ(feed_progress(feed)->timestamp, (FIRST + 2) * 3000);
    close_stream();
}

TEST(what_is_missing_in_front_of_a_change_is_sent_when_it_is_asked_for)
{
    open_camera();
    feed_line(feed)->wanted = 2;
    camera(FIRST + 3, FIRST + 1, 1, true, true); // two packets of before are missing
    CHECK_SENT(SEQ + 4, FIRST + 1);
    CHECK_EQ(feed_line(feed)->substream, 2);
    camera(FIRST + 1, FIRST, 0, false, true); // late: it is of before the change
    CHECK_EQ(out.packet_count, 0);
    repair_packet(feed, SEQ + 2, &tick);
    CHECK_SENT(900, FIRST);
    close_stream();
}

// --- Fewer spatial layers ---

// A frame in one packet of a spatial layer of three, which needs others as `needs` says; the
// last one of its picture has the marker.
static void frame_of(uint64_t seq, uint16_t picture, uint8_t spatial, bool key,
                     struct codec_packet needs)
{
    static const uint8_t octets[20];
    struct rtp_packet packet = {.timestamp = picture * 3000u,
                                .marker = spatial == 2,
                                .payload = {octets, sizeof octets}};
    struct codec_packet info = needs;
    info.picture_id = picture;
    info.picture_id_at = 2;
    info.frame_start = info.frame_end = info.layer_sync = true;
    info.key_frame = key && spatial == 0;
    info.spatial = spatial;
    struct stream_parts parts = stream_parts(&stream, 0, &info);
    batch_reset(&out);
    const struct history_slot *slot = stream_add(
        &stream, 0, seq, &packet, &(struct extension_values){0}, &info, parts, tick.now);
    forward_packet(&stream, 0, slot, info.key_frame, &tick);
}

static void frame(uint64_t seq, uint16_t picture, uint8_t spatial, bool key)
{
    frame_of(seq, picture, spatial, key, (struct codec_packet){0});
}

TEST(the_last_packet_of_a_picture_that_is_sent_bears_the_marker)
{
    open_stream();
    stream.codec.codec = CODEC_VP9;
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){1, CAP_ALL, false}), 1);
    begin_with(feed, 0, come(FIRST - 1, 2));
    feed_line(feed)->wanted = 1;
    frame(FIRST, 7, 0, false);
    CHECK_SENT(SEQ + 1, 7);
    CHECK_EQ(feed_line(feed)->substream, 1);
    CHECK_EQ(only()->shared->head[1] & 0x80, 0);
    frame(FIRST + 1, 7, 1, false);
    CHECK_EQ(only()->shared->head[1] & 0x80, 0x80);
    frame(FIRST + 2, 7, 2, false);
    CHECK_EQ(out.packet_count, 0);
    frame(FIRST + 3, 8, 0, false);
    CHECK_SENT(SEQ + 3, 8);
    repair_packet(feed, SEQ + 2, &tick); // so does what is sent again
    CHECK_EQ(out.packets[1].shared->head[1] & 0x80, 0x80);
    close_stream();
}

TEST(behind_a_gap_the_frame_of_an_upper_layer_begins_no_picture)
{
    open_stream();
    stream.codec.codec = CODEC_VP9;
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){1, CAP_ALL, false}), 1);
    begin_with(feed, 0, come(FIRST - 1, 2));
    frame(FIRST, 7, 0, false);
    frame(FIRST + 1, 7, 1, false);
    frame(FIRST + 2, 7, 2, false);
    feed_line(feed)->wanted = 1;
    frame(FIRST + 4, 8, 1, false); // the lowest is late
    CHECK_SENT(SEQ + 5, 8);
    CHECK_EQ(feed_line(feed)->substream, 0);
    frame(FIRST + 3, 8, 0, false);
    CHECK_SENT(SEQ + 4, 8);
    close_stream();
}

TEST(spatial_layers_are_taken_up_with_a_key_picture)
{
    open_stream();
    stream.codec.codec = CODEC_VP9;
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){0, CAP_ALL, false}), 1);
    for (uint8_t i = 0; i < 3; i++)
        frame(FIRST - 4u + i, 6, i, false); // that is what there is
    begin_with(feed, 1, come(FIRST - 1, 2));
    feed_line(feed)->wanted = 0;
    frame(FIRST, 7, 0, false);
    CHECK_SENT(SEQ + 1, 7);
    frame(FIRST + 1, 7, 1, false);
    frame(FIRST + 2, 7, 2, false);
    CHECK_EQ(out.packet_count, 0);
    frame(FIRST + 3, 8, 0, true);
    CHECK_SENT(SEQ + 2, 8);
    frame(FIRST + 4, 8, 1, false);
    CHECK_SENT(SEQ + 3, 8);
    frame(FIRST + 5, 8, 2, false);
    CHECK_SENT(SEQ + 4, 8);
    CHECK_EQ(only()->shared->head[1] & 0x80, 0x80);
    close_stream();
}

// A subscriber with little room begins with a picture that came a moment ago.
TEST(of_what_is_past_a_subscriber_gets_its_part)
{
    open_stream();
    stream.codec.codec = CODEC_VP9;
    feed->allotted = true;
    feed->allot.chosen = 2;
    tick.now = 1000 * 1000;
    struct cap low = {0, CAP_ALL, false};
    CHECK_EQ(stream_add_substream(&stream, 0, low), 1);
    feed_part(feed); // it comes later
    for (uint16_t i = 0; i < 2; i++)
        for (uint8_t k = 0; k < 3; k++)
            frame(FIRST + 3u * i + k, (uint16_t)(7 + i), k, i == 0);
    frame(FIRST + 6, 9, 0, false);
    feed_join(feed, &path);
    batch_reset(&out);
    tick.now += 100 * 1000;
    CHECK(forward_past(feed_line(feed), 1, &tick));
    CHECK_EQ(feed_line(feed)->substream, 1);
    CHECK_EQ(out.packet_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(out.packets[i].index, SEQ + i);
        CHECK_EQ(out.packets[i].picture_id, 7 + i);
        CHECK(out.packets[i].shared->head[1] & 0x80);
    }
    CHECK_EQ(segment_packets(&feed->segments, feed_progress(feed)), 3);
    CHECK_EQ(segment_octets(&feed->segments, feed_progress(feed)), 60);
    close_stream();
}

// Of spatial layers that need each other in key pictures alone.
static void frame_apart(uint64_t seq, uint16_t picture, uint8_t spatial, bool key)
{
    frame_of(seq, picture, spatial, key,
             (struct codec_packet){.inter_picture = !key,
                                   .inter_layer = key && spatial > 0,
                                   .upper_apart = !key});
}

// Of one that was lost, and came after its time, a receiver would have shown the picture
// without it, and missed it in all that follow.
TEST(of_layers_that_are_apart_a_subscriber_gets_the_one_that_it_is_shown)
{
    open_stream();
    stream.codec.codec = CODEC_VP9;
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){2, CAP_ALL, true}), 1);
    CHECK_EQ(stream_add_substream(&stream, 0, (struct cap){1, CAP_ALL, true}), 2);
    begin_with(feed, 0, come(FIRST - 1, 2));
    feed_line(feed)->wanted = 1;
    frame_apart(FIRST, 7, 0, false);
    CHECK_SENT(SEQ + 1, 7);
    frame_apart(FIRST + 1, 7, 1, false);
    CHECK_SENT(SEQ + 2, 7);
    frame_apart(FIRST + 2, 7, 2, false); // from here on
    CHECK_SENT(SEQ + 3, 7);
    CHECK_EQ(feed_line(feed)->substream, 1);
    frame_apart(FIRST + 3, 8, 0, false);
    CHECK_EQ(out.packet_count, 0);
    frame_apart(FIRST + 4, 8, 1, false);
    CHECK_EQ(out.packet_count, 0);
    frame_apart(FIRST + 5, 8, 2, false);
    CHECK_SENT(SEQ + 4, 8);
    feed_line(feed)->wanted = 2; // its pictures of before were not sent
    for (uint8_t i = 0; i < 3; i++)
        frame_apart(FIRST + 6u + i, 9, i, false);
    CHECK_SENT(SEQ + 5, 9);
    frame_apart(FIRST + 9, 10, 0, true);
    CHECK_SENT(SEQ + 6, 10);
    frame_apart(FIRST + 10, 10, 1, true);
    CHECK_SENT(SEQ + 7, 10);
    CHECK_EQ(only()->shared->head[1] & 0x80, 0x80);
    frame_apart(FIRST + 11, 10, 2, true);
    CHECK_EQ(out.packet_count, 0);
    close_stream();
}

// A key frame of the better encoding, of so many packets of which the last comes last.
static void key_of(uint64_t first, unsigned count)
{
    static const uint8_t octets[20];
    tick.now += 1000 * 1000;
    for (unsigned i = 0; i < count; i++) {
        struct rtp_packet packet = {.marker = i + 1 == count,
                                    .timestamp = (uint32_t)first,
                                    .payload = {octets, sizeof octets}};
        struct codec_packet info = {.frame_start = i == 0, .key_frame = true};
        const struct history_slot *slot =
            stream_add(&stream, 0, first + i, &packet, &(struct extension_values){0}, &info,
                       (struct stream_parts){0}, tick.now);
        forward_packet(&stream, 0, slot, i == 0, &tick);
    }
}

TEST(a_key_frame_that_is_longer_than_the_history_is_not_waited_for)
{
    enum { LONG = HISTORY_VIDEO_PACKETS + 10 };
    open_stream();
    stream.layer_count = 2;
    stream.layers[1].caps[0] = stream.layers[0].caps[0];
    static const uint8_t octets[20];
    struct rtp_packet packet = {.payload = {octets, sizeof octets}};
    const struct history_slot *slot =
        stream_add(&stream, 1, FIRST, &packet, &(struct extension_values){0},
                   &(struct codec_packet){0}, (struct stream_parts){0}, tick.now);
    feed_begin_segment(feed, 1, 0, slot, stream_progress(&stream, 1, 0));
    feed_line(feed)->start_mask = 1;
    key_of(FIRST, LONG);
    CHECK_EQ(feed_line(feed)->current, 1);
    key_of(FIRST + LONG, LONG);
    CHECK_EQ(feed_line(feed)->current, 0);
    CHECK_EQ(feed_line(feed)->from, FIRST + LONG);
    close_stream();
}

// --- What all get is written once ---

static struct bytes head_of(const struct batch_packet *p)
{
    return (struct bytes){p->shared->head, p->shared->head_len};
}

// A whole layer to the feed and to `count` more, each with its own SSRC.
static void open_more(struct feed **more, size_t count)
{
    open_stream();
    begin_with(feed, 0, come(FIRST, 0));
    for (size_t i = 0; i < count; i++) {
        more[i] = feed_new(&stream, NULL, true, VIDEO_HIGH, &tick);
        more[i]->ssrc = (uint32_t)(100 + i);
        more[i]->rtx_ssrc = (uint32_t)(200 + i);
        feed_go_on(more[i], &(struct feed_tail){.sent.next_seq = 7000 + i});
    }
}

static void join(struct feed *f)
{
    feed_join(f, &path);
    begin_with(f, 0, history_get(&stream.layers[0].history, FIRST));
}

static void close_more(struct feed **more, size_t count)
{
    for (size_t i = 0; i < count; i++)
        feed_free(more[i], &shared);
    close_stream();
}

TEST(subscribers_share_a_head_and_differ_in_ssrc_and_number)
{
    struct feed *more[1];
    open_more(more, 1);
    join(more[0]);
    pass(FIRST + 1, 0);
    CHECK_EQ(out.packet_count, 2);
    CHECK(out.packets[0].shared == out.packets[1].shared);
    CHECK_EQ(out.packets[0].ssrc, 1);
    CHECK_EQ(out.packets[0].index, SEQ + 1);
    CHECK_EQ(out.packets[1].ssrc, 100);
    CHECK_EQ(out.packets[1].index, 7001);
    close_more(more, 1);
}

TEST(only_who_tells_what_arrived_gets_a_place_for_a_number)
{
    struct feed *more[2];
    struct bwe *estimate = (struct bwe *)&shared; // it is only looked whether there is one
    open_more(more, 2);
    more[0]->numbered = more[1]->numbered = true;
    join(more[0]);
    join(more[1]);
    pass(FIRST + 1, 0); // agreed, but nobody estimates
    CHECK_EQ(out.packet_count, 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(out.packets[i].shared->number_at, 0);

    path.estimate = estimate;
    pass(FIRST + 2, 0);
    CHECK_EQ(out.packets[0].shared->number_at, 0);
    CHECK_EQ(out.packets[0].shared->head_len, 12);
    CHECK(out.packets[1].shared == out.packets[2].shared);
    static const uint8_t block[] = {0xbe, 0xde, 0, 1, 0x31, 0, 0, 0};
    CHECK_EQ(out.packets[1].shared->number_at, 17);
    CHECK_EQ(out.packets[1].shared->head_len, 20);
    CHECK_EQ(out.packets[1].shared->head[0], 0x90);
    CHECK_EQ(memcmp(out.packets[1].shared->head + 12, block, sizeof block), 0);

    batch_reset(&out);
    repair_packet(more[0], 7001, &tick); // so has a retransmission, with the OSN behind it
    CHECK_EQ(only()->ssrc, 200);
    CHECK_EQ(only()->shared->number_at, 17);
    CHECK_EQ(only()->shared->clear_len, 20);
    CHECK_EQ(read_u16(head_of(only()).at + 20), 7001);
    CHECK_EQ(only()->shared->payload.len, 20);
    path.estimate = NULL;
    close_more(more, 2);
}

static const struct negotiated_codec seated_codec = {
    .codec = CODEC_VP8, .payload_type = 45, .rtx_payload_type = 46};

TEST(viewers_who_chose_alike_share_a_head_and_others_have_their_own)
{
    struct feed *more[4];
    struct seat seats[4];
    open_more(more, 4);
    for (size_t i = 0; i < 4; i++) {
        seats[i] = (struct seat){.mid = "0", .extensions = {.mid = 5}};
        more[i]->seat = &seats[i];
        more[i]->seated_codec = &seated_codec;
    }
    memcpy(seats[2].mid, "x", 2);
    seats[3].extensions.mid = 9;
    for (size_t i = 0; i < 4; i++)
        join(more[i]);
    pass(FIRST + 1, 0);
    CHECK_EQ(out.packet_count, 5);
    const struct batch_packet *p = out.packets;
    static const uint8_t blocks[4][8] = {
        {0xbe, 0xde, 0, 1, 0x50, '0'},
        {0xbe, 0xde, 0, 1, 0x50, '0'},
        {0xbe, 0xde, 0, 1, 0x50, 'x'},
        {0xbe, 0xde, 0, 1, 0x90, '0'},
    };
    CHECK_EQ(p[0].shared->head_len, 12);
    CHECK(p[1].shared == p[2].shared);
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(p[1 + i].shared->head[1], 45);
        CHECK_EQ(p[1 + i].shared->head_len, 20);
        CHECK_EQ(memcmp(p[1 + i].shared->head + 12, blocks[i], 8), 0);
        CHECK_EQ(p[1 + i].ssrc, 100 + i);
    }
    close_more(more, 4);
}

// It may get the very packet again, which must then be the same to the last octet.
TEST(what_a_viewer_without_retransmissions_gets_is_exact_and_has_no_number)
{
    struct feed *more[2];
    struct seat seat = {.mid = "0", .extensions = {.mid = 5, .twcc = 3}};
    open_more(more, 2);
    path.estimate = (struct bwe *)&shared;
    for (size_t i = 0; i < 2; i++) {
        more[i]->seat = &seat;
        more[i]->seated_codec = &seated_codec;
        more[i]->numbered = true;
    }
    more[1]->rtx_ssrc = 0;
    join(more[0]);
    join(more[1]);
    pass(FIRST + 1, 0);
    CHECK_EQ(out.packets[1].shared->number_at, 17);
    CHECK(!out.packets[1].shared->exact);
    CHECK_EQ(out.packets[2].shared->number_at, 0);
    CHECK(out.packets[2].shared->exact);

    uint8_t first[32];
    size_t len = head_of(&out.packets[2]).len;
    memcpy(first, head_of(&out.packets[2]).at, len);
    uint64_t index = out.packets[2].index;
    batch_reset(&out);
    repair_packet(more[1], (uint16_t)index, &tick);
    CHECK_EQ(only()->index, index);
    CHECK(only()->shared->exact);
    CHECK_BYTES(head_of(only()), first, len);
    path.estimate = NULL;
    close_more(more, 2);
}

// --- Sound that repeats what was before ---

static void open_sound(void)
{
    open_stream();
    stream.kind = MEDIA_AUDIO;
    stream.codec = (struct negotiated_codec){.codec = CODEC_OPUS, .clock_rate = 48000};
    feed->repeatable = true;
}

// Frame `seq` of the microphone: three octets, 20 ms.
static const struct history_slot *hear(uint64_t seq)
{
    uint8_t octets[] = {0x78, (uint8_t)seq, 0x55};
    struct rtp_packet packet = {.timestamp = (uint32_t)seq * 960,
                                .payload = {octets, sizeof octets}};
    batch_reset(&out);
    return stream_add(&stream, 0, seq, &packet, &(struct extension_values){0},
                      &(struct codec_packet){0}, (struct stream_parts){1, 0}, tick.now);
}

static void say(uint64_t seq)
{
    forward_packet(&stream, 0, hear(seq), false, &tick);
}

#define CHECK_SOUND(type, hex)                                                                 \
    do {                                                                                       \
        struct bytes expected = test_hex(hex);                                                 \
        CHECK_EQ(only()->shared->head[1], type);                                               \
        CHECK_EQ(only()->shared->payload.len, expected.len);                                   \
        CHECK_BYTES(only()->shared->payload, expected.at, expected.len);                       \
    } while (0)

TEST(sound_repeats_as_many_packets_as_its_line_says)
{
    open_sound();
    hear(FIRST - 1); // from before the segment: of another time, or not meant for this feed
    begin_with(feed, 0, hear(FIRST));
    feed_repeat(feed, 2);
    say(FIRST + 1);
    // 1 PT 111, offset 960, length 3; 0 PT 111.
    CHECK_SOUND(63, "ef 0f0003 6f 78f455 78f555");
    CHECK_EQ(only()->index, SEQ + 1);
    say(FIRST + 2);
    // 1 PT 111, offset 1920, length 3; 1 PT 111, offset 960, length 3; 0 PT 111.
    CHECK_SOUND(63, "ef 1e0003 ef 0f0003 6f 78f455 78f555 78f655");
    feed_repeat(feed, 1);
    say(FIRST + 3);
    CHECK_SOUND(63, "ef 0f0003 6f 78f655 78f755");
    feed_repeat(feed, 0);
    say(FIRST + 4);
    CHECK_SOUND(111, "78f855");
    CHECK_EQ(only()->index, SEQ + 4);
    CHECK_EQ(only()->timestamp, (FIRST + 4) * 960);
    close_stream();
}

TEST(sound_whose_first_packet_it_is_repeats_nothing)
{
    open_sound();
    hear(FIRST - 1);
    begin_with(feed, 0, hear(FIRST));
    feed_repeat(feed, 2);
    forward_packet(&stream, 0, history_get(&stream.layers[0].history, FIRST), false, &tick);
    CHECK_SOUND(111, "78f455");
    close_stream();
}

TEST(a_packet_that_never_came_is_left_out_of_what_is_repeated)
{
    open_sound();
    begin_with(feed, 0, hear(FIRST));
    feed_repeat(feed, 2);
    say(FIRST + 2);
    CHECK_SOUND(63, "ef 1e0003 6f 78f455 78f655");
    CHECK_EQ(only()->index, SEQ + 2);
    close_stream();
}

TEST(who_agreed_to_no_repeated_sound_gets_none)
{
    open_sound();
    feed->repeatable = false;
    begin_with(feed, 0, hear(FIRST));
    feed_repeat(feed, 2);
    say(FIRST + 1);
    CHECK_SOUND(111, "78f555");
    close_stream();
}

TEST(lines_that_repeat_alike_share_a_packet)
{
    open_sound();
    struct batch_path others[3];
    struct feed *more[3];
    begin_with(feed, 0, hear(FIRST));
    for (int i = 0; i < 3; i++) {
        batch_path_init(&others[i]);
        more[i] = feed_new(&stream, NULL, true, VIDEO_HIGH, &tick);
        more[i]->repeatable = true;
        more[i]->ssrc = 10 + (uint32_t)i;
        feed_repeat(more[i], i == 2 ? 0 : 1); // before it flows, too
        feed_join(more[i], &others[i]);
        begin_with(more[i], 0, history_get(&stream.layers[0].history, FIRST));
    }
    say(FIRST + 1);
    CHECK_EQ(out.packet_count, 4);
    CHECK(out.packets[1].shared == out.packets[2].shared);
    CHECK(out.packets[0].shared == out.packets[3].shared);
    CHECK(out.packets[0].shared != out.packets[1].shared);
    for (int i = 0; i < 3; i++)
        feed_free(more[i], &shared);
    close_stream();
}
