// The numbers of one segment after another, as their receiver counts them.
#include "sfu/segment.h"

#include "test.h"

enum { MS = 1000, RATE = 90000 };

static struct segments segments;
static struct segment older[SEGMENTS_OLDER];
static struct progress at[2];
static struct report_origin none;

// The layer has come to a packet of picture `picture`; another `ms` is a frame later.
static struct history_slot come(unsigned layer, uint64_t seq, uint32_t ms, uint16_t picture)
{
    static uint8_t octets[10];
    struct history_slot slot = {
        .seq = seq,
        .arrived_at = (int64_t)ms * MS,
        .timestamp = 1000 * layer + ms * (RATE / 1000),
        .info = {.picture_id = picture, .tl0 = (uint8_t)picture},
        .payload = {octets, sizeof octets},
    };
    at[layer].newest = seq;
    at[layer].timestamp = slot.timestamp;
    at[layer].arrived_at = slot.arrived_at;
    at[layer].picture_id = picture;
    at[layer].tl0 = (uint8_t)picture;
    at[layer].packets++;
    at[layer].octets += sizeof octets;
    return slot;
}

static const struct segment *start(unsigned layer, const struct history_slot *slot)
{
    return segment_begin(&segments, &(struct segment_start){
                                        .layer = (uint8_t)layer,
                                        .slot = slot,
                                        .number = slot->seq,
                                        .at = &at[layer],
                                        .clock_rate = RATE,
                                        .clock = &none,
                                    });
}

static void open_segments(uint64_t next_seq)
{
    segments =
        (struct segments){.tail.next_seq = next_seq, .last_layer = NO_LAYER, .older = older};
    at[0] = at[1] = (struct progress){0};
}

TEST(the_first_segment_begins_at_the_number_that_was_chosen_and_changes_nothing_else)
{
    open_segments(40);
    struct history_slot slot = come(0, 100, 0, 9);
    const struct segment *s = start(0, &slot);
    CHECK_EQ(slot.seq + s->shift.seq, 40);
    CHECK_EQ(s->shift.timestamp, 0);
    CHECK_EQ(s->shift.picture_id, 0);
    CHECK_EQ(segment_packets(&segments, &at[0]), 1);
    CHECK_EQ(segment_octets(&segments, &at[0]), 10);
}

// Receivers count frames in 16 bits: one that is far ahead looks like one of before.
TEST(behind_a_long_pause_a_key_picture_is_the_next)
{
    open_segments(40);
    struct history_slot slot = come(0, 100, 0, 9);
    start(0, &slot);
    segment_end(&segments, &at[0]);
    slot = come(0, 50000, 400 * 1000, 40000);
    slot.info.key_frame = true;
    const struct segment *s = start(0, &slot);
    CHECK_EQ((uint16_t)(40000 + s->shift.picture_id), 10);
    CHECK_EQ(s->shift.timestamp, 0);
    segment_end(&segments, &at[0]);
    slot = come(0, 50100, 401 * 1000, 40100); // and behind a short one what it was
    slot.info.key_frame = true;
    CHECK_EQ((uint16_t)(40100 + start(0, &slot)->shift.picture_id), 110);
}

TEST(another_layer_goes_on_behind_the_last_packet)
{
    open_segments(40);
    struct history_slot slot = come(0, 100, 0, 9);
    start(0, &slot);
    come(0, 103, 66, 11);
    segment_end(&segments, &at[0]);
    slot = come(1, 7, 100, 70);
    const struct segment *s = start(1, &slot);
    CHECK_EQ(slot.seq + s->shift.seq, 44);
    CHECK_EQ(slot.timestamp + s->shift.timestamp, 100 * (RATE / 1000)); // as time passed
    CHECK_EQ((uint16_t)(70 + s->shift.picture_id), 12);
    CHECK_EQ((uint8_t)(70 + s->shift.tl0), 12);
    CHECK_EQ(segment_packets(&segments, &at[1]), 3);
}

TEST(after_a_pause_a_layer_goes_on_by_its_own_clock_and_pictures)
{
    open_segments(40);
    struct history_slot slot = come(0, 100, 0, 9);
    start(0, &slot);
    segment_end(&segments, &at[0]);
    slot = come(0, 150, 5000, 90);
    const struct segment *s = start(0, &slot);
    CHECK_EQ(slot.seq + s->shift.seq, 41);
    CHECK_EQ(s->shift.timestamp, 0);
    CHECK_EQ(s->shift.picture_id, 0);
}

TEST(another_ssrc_of_the_same_layer_has_another_clock)
{
    open_segments(40);
    struct history_slot slot = come(0, 100, 0, 9);
    start(0, &slot);
    segment_end(&segments, &at[0]);
    at[0].stream++;
    slot = come(0, 1200, 1000, 0);
    slot.timestamp = 0x80000000;
    const struct segment *s = start(0, &slot);
    CHECK_EQ((uint32_t)(slot.timestamp + s->shift.timestamp), RATE);
    CHECK_EQ((uint16_t)(0 + s->shift.picture_id), 10);
}

TEST(time_never_stands_still_or_runs_back_at_a_switch)
{
    open_segments(0);
    struct history_slot slot = come(0, 100, 500, 9);
    start(0, &slot);
    segment_end(&segments, &at[0]);
    slot = come(1, 7, 400, 1); // of before
    CHECK_EQ(slot.timestamp + start(1, &slot)->shift.timestamp, 500 * (RATE / 1000) + 1);
}

TEST(a_number_is_found_in_its_segment_and_nowhere_before_the_first_that_is_kept)
{
    open_segments(10);
    for (uint64_t i = 0; i < SEGMENTS_MAX + 2; i++) { // of three packets each
        struct history_slot slot = come(0, 100 + 5 * i, (uint32_t)(100 * i), (uint16_t)i);
        start(0, &slot);
        come(0, 102 + 5 * i, (uint32_t)(100 * i), (uint16_t)i);
        segment_end(&segments, &at[0]);
    }
    CHECK(segment_of(&segments, 15) == NULL);
    for (uint64_t i = 2; i < SEGMENTS_MAX + 2; i++)
        for (uint64_t j = 0; j < 3; j++) {
            const struct segment *s = segment_of(&segments, 10 + 3 * i + j);
            CHECK(s != NULL);
            CHECK_EQ(10 + 3 * i + j - s->shift.seq, 100 + 5 * i + j);
        }
}

TEST(what_never_left_gives_its_numbers_to_the_next_segment)
{
    open_segments(40);
    struct history_slot slot = come(0, 100, 0, 0);
    start(0, &slot);
    come(0, 103, 0, 0);
    segment_end(&segments, &at[0]);
    slot = come(1, 7, 100, 1);
    start(1, &slot);
    segment_end(&segments, &at[1]);
    CHECK_EQ(segments.tail.next_seq, 45);
    segment_withdraw(&segments, 42); // 40 and 41 left, of the first
    slot = come(1, 8, 200, 2);
    const struct segment *s = start(1, &slot);
    CHECK_EQ(s->first, 42);
    CHECK_EQ(slot.seq + s->shift.seq, 42);
    CHECK_EQ(segment_of(&segments, 41)->layer, 0);
    CHECK_EQ(segment_of(&segments, 42)->layer, 1);
}

// A part of the layer that left out two pictures so far is sent instead of all of it.
TEST(with_less_of_a_layer_pictures_go_on_where_they_were)
{
    open_segments(40);
    struct history_slot slot = come(0, 100, 0, 9);
    start(0, &slot);
    come(0, 103, 66, 11);
    segment_end(&segments, &at[0]);
    slot = come(0, 104, 100, 12);
    const struct segment *s = segment_begin(&segments, &(struct segment_start){
                                                           .layer = 0,
                                                           .substream = 1,
                                                           .slot = &slot,
                                                           .number = 60,
                                                           .pictures = 2,
                                                           .at = &at[0],
                                                           .clock_rate = RATE,
                                                           .clock = &none,
                                                       });
    CHECK_EQ(60 + s->shift.seq, 44);
    CHECK_EQ(s->shift.timestamp, 0);
    CHECK_EQ((uint16_t)(12 - 2 + s->shift.picture_id), 12);
}
