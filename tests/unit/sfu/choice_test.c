// What of a stream there is to choose from, and what of it a feed is then sent.
#include "sfu/choice.h"

#include "sfu/shared.h"
#include "test.h"

static struct shared shared;
static struct stream stream;
static struct batch out;
static struct batch_path path;
static struct tick tick;
static struct feed *feed;
static uint64_t seqs[LAYERS_MAX];
static uint32_t picture;

static void open_stream(uint8_t layers, enum codec codec)
{
    shared = (struct shared){0};
    memset(seqs, 0, sizeof seqs);
    list_init(&shared.begun);
    list_init(&shared.wishes);
    tick = (struct tick){.shared = &shared, .out = &out, .now = 1000 * 1000};
    batch_path_init(&path);
    stream_init(&stream, 1, MEDIA_VIDEO);
    stream.codec = (struct negotiated_codec){.codec = codec, .clock_rate = 90000};
    stream.layer_count = layers;
    feed = feed_new(&stream, NULL, true, VIDEO_HIGH, &tick);
    feed_join(feed, &path);
}

static void close_stream(void)
{
    feed_free(feed, &shared);
    stream_dispose(&stream);
    batch_dispose(&out);
}

static void come(unsigned layer, uint8_t spatial, uint8_t temporal, size_t octets)
{
    static const uint8_t zeros[1200];
    struct rtp_packet packet = {.timestamp = picture * 3000, .payload = {zeros, octets}};
    struct codec_packet info = {.spatial = spatial, .temporal = temporal};
    const struct history_slot *slot =
        stream_add(&stream, layer, 100 + ++seqs[layer], &packet, &(struct extension_values){0},
                   &info, stream_parts(&stream, layer, &info), tick.now);
    CHECK(slot);
}

// Four pictures of a second in three temporal layers: 0 2 1 2.
static void second(unsigned layer, unsigned spatial_count)
{
    static const uint8_t temporal[4] = {0, 2, 1, 2};
    for (unsigned i = 0; i < 4; i++, picture++)
        for (unsigned k = 0; k < spatial_count; k++)
            come(layer, (uint8_t)k, temporal[i], 1000);
    tick.now += 1000 * 1000;
}

// The steps that may be taken, a bit each.
static unsigned alive(void)
{
    unsigned mask = 0;
    const struct allocate_step *steps = choice_steps(&stream, tick.now);
    for (unsigned i = 0; i < choice_step_count(&stream); i++)
        mask |= (unsigned)steps[i].alive << i;
    return mask;
}

static struct cap cap_at(int step)
{
    feed->allotted = true;
    feed->allot.chosen = (int8_t)step;
    return stream.layers[0].caps[choice_substream(feed, 0)];
}

TEST(one_encoding_without_layers_is_one_step)
{
    open_stream(1, CODEC_H264);
    CHECK_EQ(alive(), 1 << 8); // before it begins, too
    tick.now++;
    come(0, 0, 0, 100);
    CHECK_EQ(alive(), 1 << 8);
    CHECK_EQ(stream.steps[8].quality, VIDEO_LOW);
    CHECK(choice_is_single(&stream));
    CHECK_EQ(choice_best(&stream, VIDEO_MEDIUM), VIDEO_MEDIUM);
    CHECK_EQ(stream.layers[0].substream_count, 0);
    close_stream();
}

TEST(temporal_layers_of_one_encoding_are_steps_that_are_measured)
{
    open_stream(1, CODEC_VP8);
    second(0, 1);
    CHECK_EQ(alive(), 7 << 6);
    for (int i = 0; i < 12; i++) {
        second(0, 1);
        alive();
    }
    // Each packet has 72 octets of headers: 1072 x 8 bit/s a picture.
    CHECK(stream.steps[6].bps > 8500 && stream.steps[6].bps < 8700);
    CHECK(stream.steps[7].bps > 17000 && stream.steps[7].bps < 17300);
    CHECK(stream.steps[8].bps > 34200 && stream.steps[8].bps < 34500);
    CHECK(cap_is(cap_at(6), (struct cap){CAP_ALL, 0, false}));
    CHECK(cap_is(cap_at(7), (struct cap){CAP_ALL, 1, false}));
    CHECK(cap_is(cap_at(8), (struct cap){CAP_ALL, CAP_ALL, false}));
    close_stream();
}

TEST(what_was_chosen_stays_what_it_is_when_layers_show)
{
    open_stream(1, CODEC_VP9);
    come(0, 0, 0, 100);
    alive();
    CHECK(cap_is(cap_at(8), (struct cap){CAP_ALL, CAP_ALL, false}));
    tick.now++;
    second(0, 3);
    alive();
    CHECK(cap_is(cap_at(8), (struct cap){CAP_ALL, CAP_ALL, false}));
    close_stream();
}

// Who has little room would get all layers of the first pictures otherwise.
TEST(what_has_shown_no_picture_yet_may_have_layers)
{
    open_stream(1, CODEC_VP9);
    CHECK_EQ(alive(), 0x124);
    CHECK(cap_is(cap_at(2), (struct cap){0, CAP_ALL, false}));
    come(0, 0, 0, 100);
    CHECK(cap_is(cap_at(2), (struct cap){0, CAP_ALL, false}));
    come(0, 1, 0, 100);
    picture++;
    come(0, 0, 0, 100);
    tick.now++;
    CHECK_EQ(alive(), 0x104); // two
    CHECK_EQ(choice_step_now(&stream, 2), 2);
    CHECK(cap_is(cap_at(2), (struct cap){0, CAP_ALL, false}));
    close_stream();
}

TEST(the_least_of_what_turns_out_to_have_no_layers_is_all_of_it)
{
    open_stream(1, CODEC_VP9);
    alive();
    CHECK(cap_is(cap_at(2), (struct cap){0, CAP_ALL, false}));
    unsigned least = choice_substream(feed, 0);
    come(0, 0, 0, 100);
    picture++;
    come(0, 0, 0, 100);
    tick.now++;
    alive();
    CHECK(stream.steps[8].bps == 300e3); // what is thought of a stream without layers
    CHECK_EQ(choice_step_now(&stream, 2), 8);
    CHECK_EQ(choice_step_now(&stream, 8), 8);
    CHECK_EQ(choice_step_now(&stream, ALLOCATE_PAUSED), ALLOCATE_PAUSED);
    // Nobody asks for a key frame to get the same.
    CHECK(cap_is(stream_cap(&stream, 0, least), stream_cap(&stream, 0, 0)));
    close_stream();
}

TEST(how_much_layers_take_shows_before_they_are_measured)
{
    open_stream(1, CODEC_VP9);
    for (int i = 0; i < 10; i++, picture++)
        for (uint8_t k = 0; k < 3; k++)
            come(0, k, 0, 1100);
    tick.now += 100 * 1000;
    alive();
    // 30 packets of 1172 octets in a quarter of a second at most
    CHECK(stream.steps[8].bps > 1125000 && stream.steps[8].bps < 1126000);
    close_stream();
}

// Nothing less could be sent instead: a picture would be given up for seconds, as if it took so
// much all the time.
TEST(a_key_frame_that_it_begins_with_is_no_rate_of_the_least_layer)
{
    for (unsigned spatial_count = 1; spatial_count <= 2; spatial_count++) {
        open_stream(1, CODEC_VP9);
        alive();
        tick.now++;
        for (int i = 0; i < 24; i++)
            come(0, 0, 0, 1100);
        for (int i = 0; i < 50; i++, picture++) {
            come(0, 0, 0, 300);
            if (spatial_count > 1)
                come(0, 1, 0, 300);
            tick.now += 40 * 1000;
            alive();
            // To 420 kbit/s it is kept where 300 kbit/s are known of.
            CHECK(stream.steps[spatial_count > 1 ? 2 : 8].bps <= 420e3 ||
                  !stream.layers[0].shaped);
        }
        close_stream();
    }
}

TEST(spatial_layers_of_one_encoding_are_levels)
{
    open_stream(1, CODEC_VP9);
    second(0, 3);
    CHECK_EQ(alive(), 0x1b7); // 1 1011 0111: T0 alone of the least only
    CHECK_EQ(stream.steps[2].quality, VIDEO_LOW);
    CHECK_EQ(stream.steps[5].quality, VIDEO_MEDIUM);
    CHECK_EQ(stream.steps[8].quality, VIDEO_HIGH);
    CHECK_EQ(choice_best(&stream, VIDEO_MEDIUM), VIDEO_MEDIUM);
    CHECK(cap_is(cap_at(0), (struct cap){0, 0, false}));
    CHECK(cap_is(cap_at(4), (struct cap){1, 1, false}));
    for (int i = 0; i < 8; i++)
        come(0, 0, 0, 100);
    tick.now += LAYER_SILENCE_US;
    come(0, 0, 0, 100);
    CHECK_EQ(alive(), 7); // the publisher sends the upper ones no more
    close_stream();
}

TEST(two_spatial_layers_are_low_and_high)
{
    open_stream(1, CODEC_VP9);
    second(0, 2);
    CHECK_EQ(alive(), 7 | 6 << 6);
    CHECK_EQ(stream.steps[2].quality, VIDEO_LOW);
    CHECK_EQ(stream.steps[8].quality, VIDEO_HIGH);
    CHECK_EQ(choice_best(&stream, VIDEO_MEDIUM), VIDEO_LOW);
    close_stream();
}

TEST(of_a_simulcast_the_best_ones_are_not_sent_at_a_quarter_of_their_pictures)
{
    open_stream(3, CODEC_VP8);
    for (unsigned i = 0; i < 3; i++) {
        tick.now = 1000 * 1000;
        second(i, 1);
    }
    tick.now = 1500 * 1000;
    CHECK_EQ(alive(), 0x1b7);
    // The best layer, while a key frame of a lesser one is waited for.
    CHECK(cap_is(cap_at(5), (struct cap){CAP_ALL, 1, false}));
    CHECK(cap_is(cap_at(8), (struct cap){CAP_ALL, CAP_ALL, false}));
    close_stream();
}

TEST(of_a_screen_each_level_may_be_sent_at_a_quarter_of_its_pictures)
{
    open_stream(3, CODEC_VP8);
    stream.screen = true;
    for (unsigned i = 0; i < 3; i++) {
        tick.now = 1000 * 1000;
        second(i, 1);
    }
    tick.now = 1500 * 1000;
    CHECK_EQ(alive(), 0x1ff);
    CHECK(stream.steps[6].bps > 0 && stream.steps[6].bps < stream.steps[7].bps);
    CHECK(cap_is(cap_at(6), (struct cap){CAP_ALL, 0, false})); // all of its resolution
    close_stream();
    open_stream(1, CODEC_VP9);
    stream.screen = true;
    second(0, 3);
    CHECK_EQ(alive(), 0x1ff);
    CHECK(cap_is(cap_at(6), (struct cap){CAP_ALL, 0, false}));
    close_stream();
}

TEST(a_feed_that_nobody_bounds_is_sent_what_its_client_asks_for)
{
    open_stream(1, CODEC_VP9);
    second(0, 3);
    feed->max_quality = VIDEO_MEDIUM;
    CHECK(cap_is(stream.layers[0].caps[choice_substream(feed, 0)],
                 (struct cap){1, CAP_ALL, false}));
    feed->max_quality = VIDEO_LOW;
    CHECK(cap_is(stream.layers[0].caps[choice_substream(feed, 0)],
                 (struct cap){0, CAP_ALL, false}));
    feed->max_quality = VIDEO_HIGH;
    CHECK_EQ(choice_substream(feed, 0), 0);
    close_stream();
}

// A picture of spatial layers that need each other in key pictures alone.
static void come_apart(unsigned spatial_count)
{
    for (unsigned k = 0; k < spatial_count; k++) {
        static const uint8_t zeros[1000];
        struct rtp_packet packet = {.marker = k + 1 == spatial_count,
                                    .timestamp = picture * 3000,
                                    .payload = {zeros, sizeof zeros}};
        struct codec_packet info = {
            .spatial = (uint8_t)k, .inter_picture = true, .upper_apart = true};
        CHECK(stream_add(&stream, 0, 100 + ++seqs[0], &packet, &(struct extension_values){0},
                         &info, stream_parts(&stream, 0, &info), tick.now));
    }
    picture++;
}

TEST(layers_that_are_apart_are_sent_alone_where_the_choice_follows_them)
{
    open_stream(1, CODEC_VP9);
    second(0, 3);
    CHECK(cap_is(cap_at(8), (struct cap){CAP_ALL, CAP_ALL, false}));
    come_apart(3);
    CHECK(cap_is(cap_at(2), (struct cap){0, CAP_ALL, false})); // nothing is below it
    CHECK(cap_is(cap_at(4), (struct cap){1, 1, true}));
    CHECK(cap_is(cap_at(8), (struct cap){2, CAP_ALL, true}));
    feed->allotted = false; // nobody would notice when the best layer ends
    CHECK_EQ(choice_substream(feed, 0), 0);
    for (int i = 0; i < 12; i++) {
        alive();
        for (int k = 0; k < 10; k++)
            come_apart(3);
        tick.now += 1000 * 1000;
    }
    alive();
    // A third each: 1072 x 8 bit/s in ten pictures.
    CHECK(stream.steps[8].bps > 85000 && stream.steps[8].bps < 87000);
    close_stream();
}

// A subscriber would be shown nothing for as long.
TEST(a_layer_that_is_sent_alone_is_not_waited_for)
{
    open_stream(1, CODEC_VP9);
    for (int i = 0; i < 3; i++)
        come_apart(3);
    CHECK_EQ(alive(), 0x124); // without temporal layers
    for (int i = 0; i < SPATIAL_MISSED_MAX; i++)
        come_apart(2);
    tick.now++;
    CHECK_EQ(alive(), 0x24);
    come_apart(3);
    tick.now++;
    CHECK_EQ(alive(), 0x124);
    close_stream();
}

TEST(the_best_of_two_layers_that_are_apart_is_the_second)
{
    open_stream(1, CODEC_VP9);
    come_apart(2);
    CHECK(cap_is(cap_at(8), (struct cap){1, CAP_ALL, true}));
    close_stream();
}

TEST(more_spatial_layers_wait_for_a_key_frame_and_fewer_do_not)
{
    open_stream(1, CODEC_VP9);
    second(0, 3);
    alive();
    feed->allotted = true;
    feed->allot.chosen = 2;
    feed_begin_segment(feed, 0, 0,
                       history_get(&stream.layers[0].history, stream.layers[0].progress.newest),
                       stream_progress(&stream, 0, 0));
    choice_direct(feed_line(feed), tick.now);
    CHECK_EQ(feed_line(feed)->start_mask, 0);
    CHECK_EQ(feed_line(feed)->wanted, choice_substream(feed, 0));
    feed_line(feed)->substream = feed_line(feed)->wanted;
    feed->allot.chosen = 5;
    choice_direct(feed_line(feed), tick.now);
    CHECK_EQ(feed_line(feed)->start_mask, 1);
    feed->allot.chosen = 1;
    choice_direct(feed_line(feed), tick.now);
    CHECK_EQ(feed_line(feed)->start_mask, 0);
    close_stream();
}
