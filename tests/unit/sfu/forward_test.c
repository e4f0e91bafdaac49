// A part of a layer on its way to a subscriber: without a hole, and repaired by arithmetic.
#include "sfu/forward.h"

#include "sfu/repair.h"
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
    feed = feed_new(&stream, NULL, VIDEO_HIGH, &tick);
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
    CHECK_EQ(stream_add_substream(&stream, 0), 1);
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
    struct feed *all = feed_new(&stream, NULL, VIDEO_HIGH, &tick);
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
