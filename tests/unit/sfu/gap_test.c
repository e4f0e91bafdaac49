#include "base/moment.h"
#include "rtc/rtcp.h"
#include "sfu/gap.h"
#include "sfu/layer.h"
#include "test.h"

enum { FIRST = 1000, SECOND_US = 1000 * 1000 };

static struct history history;

// A packet of the picture that has this number and this place in the cycle 0 2 1 2.
struct piece {
    uint64_t seq;
    unsigned picture;
    bool first;
    bool last;
};

static struct codec_packet info_of(const struct piece *p)
{
    static const uint8_t temporal[] = {0, 2, 1, 2};
    return (struct codec_packet){
        .frame_start = p->first,
        .temporal = temporal[p->picture % 4],
        .has_picture_id = true,
        .picture_id_long = true,
        .picture_id = (uint16_t)p->picture,
    };
}

static void come(const struct piece *p, const struct codec_packet *info)
{
    static const uint8_t payload[20] = {1};
    static const struct extension_values none;
    struct rtp_packet packet = {
        .marker = p->last,
        .seq = (uint16_t)p->seq,
        .timestamp = p->picture * 3000,
        .payload = {payload, sizeof payload},
    };
    CHECK(history_add(&history, p->seq, &packet, &none, info, 1));
}

// As VP8 has it, which counts the pictures of T0.
static void come_counted(const struct piece *p)
{
    struct codec_packet info = info_of(p);
    info.has_tl0 = true;
    info.tl0 = (uint8_t)(p->picture / 4);
    come(p, &info);
}

static void open_history(void)
{
    history_init(&history, HISTORY_VIDEO_PACKETS, HISTORY_VIDEO_BYTES);
}

// Three packets in each of 12 pictures, `missing` left out.
static void pictures(const bool missing[36])
{
    open_history();
    for (unsigned i = 0; i < 36; i++) {
        struct piece p = {FIRST + i, i / 3, i % 3 == 0, i % 3 == 2};
        if (!missing[i])
            come_counted(&p);
    }
}

// Whether pictures go on when these packets never come, of which one is asked for.
static bool heals_without(unsigned from, unsigned count, unsigned asked)
{
    bool missing[36] = {0};
    for (unsigned i = 0; i < count; i++)
        missing[from + i] = true;
    pictures(missing);
    bool heals = gap_heals(&history, FIRST + asked);
    history_dispose(&history);
    return heals;
}

TEST(what_is_missing_within_a_picture_is_of_its_temporal_layer)
{
    CHECK(!heals_without(13, 1, 13)); // of picture 4, T0
    CHECK(heals_without(16, 1, 16));  // of picture 5, T2
    CHECK(heals_without(19, 1, 19));  // of picture 6, T1
}

TEST(the_end_of_a_picture_is_of_its_temporal_layer)
{
    CHECK(!heals_without(14, 1, 14));
    CHECK(heals_without(17, 1, 17));
    CHECK(heals_without(23, 1, 23)); // T0 follows
}

TEST(the_begin_of_a_picture_is_of_its_temporal_layer)
{
    CHECK(!heals_without(12, 1, 12));
    CHECK(heals_without(15, 1, 15));
    CHECK(heals_without(18, 1, 18));
}

TEST(pictures_of_upper_temporal_layers_are_not_missed)
{
    CHECK(heals_without(15, 3, 16));
    CHECK(heals_without(15, 9, 20)); // 5, 6 and 7: all between two of T0
    CHECK(heals_without(16, 8, 20));
    CHECK(heals_without(20, 3, 21)); // the end of one and the begin of the next
}

TEST(a_picture_of_the_base_layer_is_missed_wherever_it_is_in_a_gap)
{
    CHECK(!heals_without(12, 3, 13));
    CHECK(!heals_without(9, 9, 10)); // 3, 4 and 5
    CHECK(!heals_without(11, 2, 11));
    CHECK(!heals_without(14, 5, 18));
}

TEST(what_nothing_came_before_or_behind_is_missed)
{
    pictures((const bool[36]){[15] = true});
    CHECK(!gap_heals(&history, FIRST - 1));
    CHECK(!gap_heals(&history, FIRST + 36));
    CHECK(gap_heals(&history, FIRST + 15));
    history_dispose(&history);
}

// Without a count of T0, a picture may be missing only where nobody can be sure of its layer.
TEST(without_a_count_of_the_base_layer_whole_pictures_are_missed)
{
    for (unsigned whole = 0; whole < 2; whole++) {
        open_history();
        for (unsigned i = 0; i < 4; i++) {
            struct piece p = {FIRST + 3 * i, i, true, true};
            struct codec_packet info = info_of(&p);
            if (i != 1 || !whole)
                come(&p, &info);
        }
        // The numbers behind each picture are missing, and are of it or of the next.
        CHECK_EQ(gap_heals(&history, FIRST + 4), !whole);
        history_dispose(&history);
    }
}

// What frames need is described: the next one of T0 has seen all that it needs, or not.
TEST(where_needs_are_described_the_next_picture_of_the_base_layer_tells)
{
    for (unsigned unseen = 0; unseen < 2; unseen++) {
        open_history();
        for (unsigned i = 0; i < 6; i++) {
            struct piece p = {FIRST + i, i, true, true};
            struct codec_packet info = info_of(&p);
            info.describes_needs = true;
            info.needs_unseen = unseen && i == 4;
            if (i != 1)
                come(&p, &info);
        }
        CHECK_EQ(gap_heals(&history, FIRST + 1), !unseen);
        history_dispose(&history);
    }
}

// --- Requests ---

static struct layer layer;
static int64_t now;

static void arrive(uint64_t number)
{
    struct rtp_packet packet = {.seq = (uint16_t)number, .ssrc = 7};
    uint64_t arrived = layer_arrive(&layer, &packet, LAYER_SENT, 90000, 0, now);
    nack_received(&layer.nack, arrived, now);
}

// Whether a key frame is asked for when a packet of the picture is given up.
static bool asks_without(unsigned number)
{
    layer = (struct layer){.ssrc = 7};
    layer_reset(&layer);
    layer.ssrc = 7;
    open_history();
    now = SECOND_US;
    for (unsigned i = 0; i < 36; i++) {
        if (i == number)
            continue;
        arrive(FIRST + i);
        struct piece p = {layer_dense(&layer, layer.seq.highest), i / 3, i % 3 == 0,
                          i % 3 == 2};
        come_counted(&p);
    }
    bool asks = false;
    for (int64_t end = now + 3 * SECOND_US; now < end; now += 10 * 1000) {
        uint8_t buffer[200];
        struct writer w = writer_on(buffer, sizeof buffer);
        layer_put_request(&layer, &history, false, false, 1, now, &w);
        struct rtcp_cursor cursor;
        if (w.len == 0 || rtcp_begin(&cursor, (struct bytes){buffer, w.len}) < 0)
            continue;
        for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);)
            asks |= packet.kind == RTCP_PLI;
    }
    CHECK_EQ(layer.nack.given_up, 1);
    layer_dispose(&layer);
    history_dispose(&history);
    return asks;
}

TEST(a_key_frame_is_asked_for_when_the_base_layer_is_missed_alone)
{
    CHECK(asks_without(13));
    CHECK(!asks_without(16));
    CHECK(!asks_without(19));
}
