// Numbers of a part of a layer: no hole where it was left out, and every number leads back.
#include "sfu/substream.h"

#include "base/rng.h"
#include "test.h"

#include <string.h>

enum { SIZE = 64, FIRST = 1000, MANY = 20000 };

static struct substream s;

static void begin(void)
{
    substream_init(&s, SIZE, &(struct progress){.newest = FIRST - 1});
}

static struct substream_packet note(uint64_t seq, bool within)
{
    uint8_t octets[100] = {0};
    struct history_slot slot = {.seq = seq, .payload = {octets, sizeof octets}};
    substream_note(&s, &slot, within, false);
    return substream_packet(&s, seq);
}

TEST(what_is_left_out_leaves_no_hole)
{
    begin();
    CHECK_EQ(note(1000, true).number, 1000);
    CHECK_EQ(note(1001, false).part, SUBSTREAM_WITHOUT);
    CHECK_EQ(note(1002, false).number, 0);
    CHECK_EQ(note(1003, true).number, 1001);
    CHECK_EQ(note(1004, true).number, 1002);
    CHECK_EQ(s.progress.newest, 1002);
    CHECK_EQ(s.progress.packets, 3);
    CHECK_EQ(s.progress.octets, 300);
    substream_dispose(&s);
}

TEST(a_late_packet_of_it_has_its_place)
{
    begin();
    note(1000, true);
    note(1001, false);
    CHECK_EQ(note(1003, true).number, 1002); // 1001 is kept for what is missing
    CHECK_EQ(note(1004, false).part, SUBSTREAM_WITHOUT);
    CHECK_EQ(note(1002, true).number, 1001);
    CHECK_EQ(s.progress.newest, 1002);
    substream_dispose(&s);
}

TEST(a_late_packet_that_is_no_part_is_sent_empty_under_the_number_that_was_kept)
{
    begin();
    note(1000, true);
    CHECK_EQ(note(1002, false).part, SUBSTREAM_WITHOUT);
    CHECK_EQ(s.progress.newest, 1001);
    CHECK_EQ(note(1003, true).number, 1002);
    struct substream_packet late = note(1001, false);
    CHECK_EQ(late.part, SUBSTREAM_EMPTY);
    CHECK_EQ(late.number, 1001);
    CHECK_EQ(s.progress.octets, 200);
    substream_dispose(&s);
}

TEST(a_number_leads_back_to_its_packet)
{
    begin();
    note(1000, true);
    note(1001, false);
    note(1003, true);
    CHECK_EQ(substream_seq(&s, 1000), 1000);
    CHECK_EQ(substream_seq(&s, 1001), 0); // did not come yet
    CHECK_EQ(substream_seq(&s, 1002), 1003);
    CHECK_EQ(substream_seq(&s, 1003), 0); // was not given yet
    note(1002, true);
    CHECK_EQ(substream_seq(&s, 1001), 1002);
    for (uint64_t seq = 1004; seq < 1003 + SIZE; seq++)
        note(seq, false);
    CHECK_EQ(substream_seq(&s, 1002), 1003);
    note(1003 + SIZE, false);
    CHECK_EQ(substream_seq(&s, 1002), 0); // forgotten
    substream_dispose(&s);
}

TEST(it_begins_where_its_layer_is_and_knows_nothing_of_before)
{
    begin();
    CHECK_EQ(substream_packet(&s, FIRST - 1).part, SUBSTREAM_UNKNOWN);
    CHECK_EQ(substream_seq(&s, FIRST - 1), 0);
    CHECK_EQ(note(FIRST + 2, true).number, FIRST + 2);
    substream_dispose(&s);
}

TEST(a_layer_that_begins_anew_goes_on_behind_the_gap)
{
    begin();
    note(1000, false);
    note(1001, true);
    substream_restart(&s, 1024);
    CHECK_EQ(s.progress.newest, 1000 + 1024);
    CHECK_EQ(note(1002 + 1024, true).number, 1001 + 1024);
    substream_dispose(&s);
}

TEST(pictures_that_are_left_out_are_counted_once)
{
    begin();
    struct history_slot slot = {.seq = FIRST, .info = {.picture_id = 7}};
    substream_note(&s, &slot, true, false);
    for (int i = 0; i < 3; i++) { // three packets of one picture
        slot.seq++;
        slot.info.picture_id = 8;
        substream_note(&s, &slot, false, true);
    }
    slot.seq++;
    slot.info.picture_id = 9;
    substream_note(&s, &slot, true, false);
    CHECK_EQ(substream_packet(&s, slot.seq).pictures, 1);
    CHECK_EQ(s.progress.picture_id, 8);
    substream_dispose(&s);
}

// --- Any order, any loss ---

// What was sent under each number, by a model that knows all packets.
struct sent {
    uint8_t count;
    bool empty;
    uint64_t seq;
};

static struct sent sent[MANY + 1];
static bool within[MANY + 1];
static bool came[MANY + 1];

static void arrive(uint64_t index)
{
    if (came[index])
        return; // the history takes no duplicate
    came[index] = true;
    struct substream_packet packet = note(FIRST + index, within[index]);
    if (packet.part == SUBSTREAM_WITHOUT)
        return;
    uint64_t number = packet.number - FIRST;
    CHECK(number <= MANY);
    CHECK_EQ(sent[number].count, 0); // no number twice
    sent[number] = (struct sent){1, packet.part == SUBSTREAM_EMPTY, FIRST + index};
    CHECK_EQ(packet.part == SUBSTREAM_WITH, within[index]);
    CHECK_EQ(substream_seq(&s, packet.number), FIRST + index);
}

// Packets come as up to eight others overtook them; `lost_percent` of them never.
static void play(uint64_t seed, uint32_t within_percent, uint32_t lost_percent)
{
    struct rng rng = rng_seeded(seed);
    uint64_t held[8] = {0};
    bool holds[8] = {0};
    memset(sent, 0, sizeof sent);
    memset(came, 0, sizeof came);
    begin();
    for (uint64_t i = 0; i < MANY; i++)
        within[i] = rng_below(&rng, 100) < within_percent;
    for (uint64_t i = 0; i < MANY; i++) {
        bool lost = rng_below(&rng, 100) < lost_percent;
        uint32_t slot = rng_below(&rng, 16);
        uint64_t newest = s.progress.newest;
        if (!lost && slot < 8 && !holds[slot]) {
            holds[slot] = true;
            held[slot] = i;
        } else if (!lost) {
            arrive(i);
        }
        for (int j = 0; j < 8; j++)
            if (holds[j] && i - held[j] > rng_below(&rng, 30)) {
                arrive(held[j]);
                holds[j] = false;
            }
        CHECK(s.progress.newest >= newest); // numbers never fall
    }
    for (int j = 0; j < 8; j++)
        if (holds[j])
            arrive(held[j]);
}

TEST(numbers_have_no_hole_and_keep_the_order_whatever_overtakes_whom)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        play(seed, (uint32_t)(seed * 12), 0);
        uint64_t last = 0;
        for (uint64_t number = 0; number <= s.progress.newest - FIRST; number++) {
            CHECK_EQ(sent[number].count, 1);
            CHECK(sent[number].seq > last);
            last = sent[number].seq;
        }
        substream_dispose(&s);
    }
}

TEST(what_never_came_is_the_only_hole)
{
    for (uint64_t seed = 11; seed <= 18; seed++) {
        play(seed, 40, 5);
        uint64_t lost = 0, holes = 0, last = 0;
        for (uint64_t i = 0; i < MANY; i++)
            lost += !came[i] && FIRST + i <= s.seq;
        for (uint64_t number = 0; number <= s.progress.newest - FIRST; number++) {
            holes += !sent[number].count;
            if (!sent[number].count)
                continue;
            CHECK(sent[number].seq > last);
            last = sent[number].seq;
        }
        CHECK_EQ(holes, lost);
        substream_dispose(&s);
    }
}
