// A camera of AV1 whose packets come in any order: nothing is taken before what describes it.
#include "sfu/early.h"

#include "base/limits.h"
#include "base/mem.h"
#include "sfu/shared.h"
#include "sfu/track.h"
#include "test.h"
#include "tests/sim/shape.h"

enum { TRACK = 5, PER_FRAME = 2, SPATIAL = 3, PER_PICTURE = PER_FRAME * SPATIAL };

static const struct shape shape = {.codec = CODEC_AV1, .spatial = SPATIAL, .full = true};
static struct shared shared;
static struct tick tick;
static struct track *track;
static uint64_t taken[256]; // dense numbers, in the order in which they were
static size_t taken_count;
static bool begun; // with a packet that a feed may begin with

static void open_track(void)
{
    shared = (struct shared){0};
    list_init(&shared.wishes);
    list_init(&shared.begun);
    list_init(&shared.closed_tracks);
    tick = (struct tick){.shared = &shared, .now = 1000000};
    struct publish_section section = {
        .kind = MEDIA_VIDEO,
        .codec = {.codec = CODEC_AV1, .payload_type = 45, .clock_rate = 90000, .nack = true},
        .layer_count = 1,
        .layers = {{.ssrc = 2001, .rtx_ssrc = 2002}},
    };
    track = track_new(&shared, 1, TRACK, &section);
    taken_count = 0;
    begun = false;
}

static void close_track(void)
{
    track_close(track, &shared);
    track_free(track);
    map_dispose(&shared.tracks);
}

static void note(const struct history_slot *slot, bool start)
{
    begun |= start;
    if (slot)
        taken[taken_count++] = slot->seq;
}

// Packet `number`, from 0, of a stream whose first picture is a key picture, and each `keys`th.
static void receive(unsigned number, unsigned keys)
{
    unsigned picture = number / PER_PICTURE, cycle = picture % keys % 4;
    struct mark m = {.key = picture % keys == 0,
                     .spatial = (uint8_t)(number % PER_PICTURE / PER_FRAME),
                     .index = (uint8_t)(number % PER_FRAME),
                     .count = PER_FRAME};
    shape_place(&shape, cycle, &m);
    uint8_t octets[100] = {0}, descriptor[255];
    struct writer w = writer_on(octets, sizeof octets);
    shape_put_descriptor(&shape, &m, cycle, 0, 0, &w);
    struct extension_values values = {.dependency = {descriptor, 0}};
    values.dependency.len = shape_describe(&shape, &m, cycle, (uint16_t)(number / PER_FRAME),
                                           picture / keys, descriptor);
    struct rtp_packet packet = {.payload_type = 45,
                                .seq = (uint16_t)(1000 + number),
                                .timestamp = picture * 3000,
                                .ssrc = 2001,
                                .payload = {octets, sizeof octets}};
    bool start = false;
    const struct history_slot *slot =
        track_receive(track, 0, &packet, &values, LAYER_SENT, tick.now, &start, &tick);
    note(slot, start);
    bool is_key = slot && slot->info.key_frame && slot->info.frame_start;
    while (is_key && track_receive_early(track, 0, &slot, &start, &tick))
        note(slot, start);
}

static void check_taken(unsigned first, unsigned count)
{
    CHECK_EQ(taken_count, count);
    for (unsigned i = 1; i < count; i++)
        CHECK_EQ(taken[i], taken[0] + i);
    const struct history_slot *slot =
        history_get(&track->stream.layers[0].history, taken[0] + count - 1);
    CHECK(slot);
    CHECK_EQ(slot->info.spatial, (first + count - 1) % PER_PICTURE / PER_FRAME);
}

TEST(what_comes_before_its_key_frame_begins_is_taken_behind_that)
{
    open_track();
    for (unsigned i = 0; i < 2 * PER_PICTURE; i++)
        receive(i, 3); // a key picture, and one more
    receive(2 * PER_PICTURE, 3);
    taken_count = 0;
    begun = false;
    unsigned key = 3 * PER_PICTURE;
    for (unsigned i = 2 * PER_PICTURE + 1; i < key; i++)
        receive(i, 3);
    taken_count = 0;
    for (unsigned i = key + 1; i < key + 8; i++)
        receive(i, 3);
    CHECK_EQ(taken_count, 0);
    CHECK(!track->stream.layers[0].wanted); // it may come again
    receive(key, 3);
    check_taken(key, 8);
    CHECK(begun);
    receive(key + 8, 3);
    CHECK_EQ(taken_count, 9);
    close_track();
}

TEST(of_those_that_wait_the_order_does_not_matter)
{
    open_track();
    receive(0, 100);
    taken_count = 0;
    static const unsigned order[] = {604, 602, 603, 602, 601, 605};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        receive(order[i], 100);
    CHECK_EQ(taken_count, 0);
    receive(600, 100);
    CHECK_EQ(taken_count, 6);
    CHECK_EQ(track->stream.layers[0].progress.newest, taken[0] + 5);
    close_track();
}

TEST(a_key_frame_is_asked_for_where_nothing_was_described_or_not_for_long)
{
    open_track();
    receive(1, 100); // the beginning of all was missed
    CHECK(track->stream.layers[0].wanted);
    close_track();

    open_track();
    receive(0, 4);
    receive(4 * PER_PICTURE + 1, 4);
    CHECK(!track->stream.layers[0].wanted);
    tick.now += EARLY_PATIENCE_MS * 1000;
    receive(4 * PER_PICTURE + 2, 4);
    CHECK(track->stream.layers[0].wanted);
    close_track();
}

TEST(so_many_wait_and_no_more)
{
    open_track();
    receive(0, 1000);
    taken_count = 0;
    for (unsigned i = 1; i <= EARLY_PACKETS_MAX + 10; i++)
        receive(6000 + i, 1000);
    CHECK_EQ(taken_count, 0);
    CHECK(track->stream.layers[0].wanted);
    receive(6000, 1000);
    CHECK_EQ(taken_count, 1 + EARLY_PACKETS_MAX);
    close_track(); // and what waits is given back
    open_track();
    receive(1, 100);
    close_track();
}
