#include "sfu/track.h"
#include "test.h"

#include "base/limits.h"
#include "base/moment.h"
#include "base/rng.h"
#include "rtc/rtcp.h"
#include "sfu/shared.h"

#include <string.h>

enum { TRACK = 5, CLOCK_RATE = 90000, KEY_PACKET_LEN = 900 };

static struct shared shared;
static struct notice_list notices;
static struct tick tick;
static struct track *track;

// The first packet of a key frame of VP8, and one of what follows.
static const uint8_t key_frame[KEY_PACKET_LEN] = {0x10, 0x00, 0x9d, 0x01, 0x2a};
static const uint8_t inter_frame[KEY_PACKET_LEN] = {0x10, 0x01};
static const uint8_t malformed[] = {0x90}; // says that more of the descriptor follows

static void open_track(const struct track_cap *cap)
{
    shared = (struct shared){0};
    list_init(&shared.wishes);
    list_init(&shared.begun);
    list_init(&shared.closed_tracks);
    tick = (struct tick){.shared = &shared, .now = 1000000, .notices = &notices};
    struct publish_section section = {
        .kind = MEDIA_VIDEO,
        .codec = {.codec = CODEC_VP8,
                  .payload_type = 96,
                  .rtx_payload_type = 97,
                  .clock_rate = CLOCK_RATE,
                  .nack = true},
        .layer_count = 1,
        .layers = {{.ssrc = 2001, .rtx_ssrc = 2002}},
    };
    track = track_new(&shared, 1, TRACK, &section);
    if (cap)
        track_bound(track, cap, tick.now);
}

static void close_track(void)
{
    track_close(track, &shared);
    track_free(track);
    map_dispose(&shared.tracks);
}

static const struct history_slot *receive(uint64_t number, struct bytes payload, bool repair)
{
    static const struct extension_values no_extensions;
    struct rtp_packet packet = {
        .payload_type = 96,
        .seq = (uint16_t)number,
        .timestamp = (uint32_t)number * 3000,
        .ssrc = 2001,
        .payload = payload,
    };
    bool start;
    return track_receive(track, 0, &packet, &no_extensions, repair ? LAYER_AGAIN : LAYER_SENT,
                         tick.now, &start, &tick);
}

static const struct history_slot *receive_key(uint64_t number, bool repair)
{
    return receive(number, (struct bytes){key_frame, sizeof key_frame}, repair);
}

static const struct history_slot *receive_inter(uint64_t number, bool repair)
{
    return receive(number, (struct bytes){inter_frame, sizeof inter_frame}, repair);
}

TEST(a_packet_without_content_is_not_seen_in_the_numbers)
{
    open_track(NULL);
    uint64_t first = receive_key(500, false)->seq;
    CHECK(!receive(501, (struct bytes){0}, false));
    CHECK_EQ(receive_inter(502, false)->seq, first + 1);
    close_track();
}

// A probe of thousands, of which a part is lost too, stands between a packet and its coming.
TEST(a_packet_that_comes_behind_a_long_probe_has_its_number)
{
    open_track(NULL);
    uint64_t first = receive_key(500, false)->seq;
    for (uint64_t number = 502; number < 3000; number++)
        if (number % 100)
            CHECK(!receive(number, (struct bytes){0}, false));
    const struct history_slot *late = receive_inter(501, true);
    CHECK(late);
    CHECK_EQ(late->seq, first + 1);
    CHECK_EQ(receive(600, (struct bytes){0}, true)->seq, first + 2);
    CHECK_EQ(receive_inter(3000, false)->seq, first + 26); // behind 24 that may come yet
    close_track();
}

// More runs of a probe than are remembered: nobody knows where it belongs.
TEST(for_a_packet_whose_place_is_forgotten_a_key_frame_is_asked_for)
{
    open_track(NULL);
    receive_key(500, false);
    uint64_t number = 502;
    for (unsigned run = 0; run <= SKIPPED_MAX; run++, number += 2)
        receive(number, (struct bytes){0}, false);
    CHECK(!track->stream.layers[0].wanted);
    CHECK(!receive_inter(501, true));
    CHECK(track->stream.layers[0].wanted);
    close_track();
}

// Nor is one that the history would not take: it would be asked for in vain.
TEST(a_packet_that_is_too_long_to_be_kept_is_not_seen_in_the_numbers)
{
    static const uint8_t too_long[DATAGRAM_MAX + 1] = {0x10, 0x01};
    open_track(NULL);
    uint64_t first = receive_key(500, false)->seq;
    CHECK(!receive(501, (struct bytes){too_long, sizeof too_long}, false));
    CHECK_EQ(receive_inter(502, false)->seq, first + 1);
    // Late, in a place that others overtook, it is nothing as well: what is sent there is
    // empty.
    const struct history_slot *late;
    CHECK(receive_inter(504, false));
    CHECK((late = receive(503, (struct bytes){too_long, sizeof too_long}, false)));
    CHECK_EQ(late->payload.len, 0);
    close_track();
}

// Chromium probes with packets that it sent before, as retransmissions that nobody asked for.
TEST(what_was_dropped_takes_no_number_when_it_is_sent_again)
{
    open_track(&(struct track_cap){.kbps = 100});
    uint64_t number = 500;
    const struct history_slot *slot = receive_key(number, false);
    uint64_t newest = 0;
    while (slot) { // until the bound is reached
        newest = slot->seq;
        slot = receive_key(++number, false);
    }
    tick.now += 10 * 1000 * 1000;
    CHECK(!receive_key(number, true)); // was dropped; now there would be room
    slot = receive_key(number + 1, false);
    CHECK(slot);
    CHECK_EQ(slot->seq, newest + 1);
    close_track();
}

TEST(what_was_without_content_takes_no_number_when_it_is_sent_again)
{
    open_track(NULL);
    uint64_t first = receive_key(500, false)->seq;
    CHECK(!receive(501, (struct bytes){malformed, sizeof malformed}, false));
    CHECK(!receive_inter(501, true));
    CHECK_EQ(receive_inter(502, false)->seq, first + 1);
    CHECK(!receive_inter(501, true));
    CHECK_EQ(receive_inter(503, false)->seq, first + 2);
    close_track();
}

TEST(what_came_already_takes_nothing_of_the_bit_rate)
{
    open_track(&(struct track_cap){.kbps = 100});
    CHECK(receive_key(500, false));
    for (int i = 0; i < 1000; i++) // ten times what the bucket holds
        CHECK(!receive_key(500, true));
    CHECK(receive_inter(501, false));
    close_track();
}

// Hours of numbers; and the other SSRC's are low.
TEST(a_layer_goes_on_under_another_ssrc_after_many_numbers)
{
    open_track(NULL);
    uint64_t newest = 0;
    for (uint64_t i = 0; i < 200000; i++)
        newest = receive_inter(i, false)->seq;
    track_layer_replace(track, 0, 3001);
    const struct history_slot *slot = receive_key(7, false);
    CHECK(slot);
    CHECK(slot->seq > newest);
    CHECK_EQ(receive_inter(8, false)->seq, slot->seq + 1);
    close_track();
}

TEST(a_layer_goes_on_after_a_silence_after_many_numbers)
{
    open_track(NULL);
    uint64_t newest = 0;
    for (uint64_t i = 0; i < 200000; i++)
        newest = receive_inter(i, false)->seq;
    track_resume(track);
    const struct history_slot *slot = receive_key(200100, false);
    CHECK(slot);
    CHECK(slot->seq > newest);
    close_track();
}

// --- Any order ---

enum {
    STEPS = 4000,
    SEEDS = 1000,
    REMEMBERED = 4096, // numbers of the publisher
    LATE_MAX = 700,    // more than the history holds
};

// What a publisher sends, and which number each packet got.
struct sending {
    struct rng rng;
    uint64_t next;              // the publisher's number of the next new packet
    uint64_t first;             // of those that it sent since the layer began
    uint64_t highest;           // that arrived since then; 0: none
    uint64_t floor;             // no number up to it is given any more
    uint64_t newest;            // given
    uint64_t dense[REMEMBERED]; // by number; 0: it has none
};

static uint64_t *dense_of(struct sending *s, uint64_t number)
{
    return &s->dense[number % REMEMBERED];
}

static void begin_again(struct sending *s, uint64_t next)
{
    s->first = s->next = next;
    s->highest = 0;
    s->floor = s->newest;
    memset(s->dense, 0, sizeof s->dense);
}

static uint64_t oldest(const struct sending *s)
{
    return s->next - s->first > REMEMBERED - 1 ? s->next - (REMEMBERED - 1) : s->first;
}

// The numbers are in the order of the publisher's.
static void check_order(struct sending *s, uint64_t number, uint64_t given)
{
    for (uint64_t i = number; i-- > oldest(s);)
        if (*dense_of(s, i)) {
            CHECK(*dense_of(s, i) < given);
            break;
        }
    for (uint64_t i = number + 1; i < s->next; i++)
        if (*dense_of(s, i)) {
            CHECK(*dense_of(s, i) > given);
            break;
        }
}

static void arrive(struct sending *s, uint64_t number)
{
    static const struct bytes payloads[] = {{key_frame, sizeof key_frame},
                                            {inter_frame, sizeof inter_frame},
                                            {malformed, sizeof malformed},
                                            {0}};
    bool repair = rng_below(&s->rng, 4) == 0;
    uint32_t kind = rng_below(&s->rng, 8);
    kind = kind < 4 ? kind : 1;
    uint64_t dropped = shared.stats.drop_over_cap;
    const struct history_slot *slot = receive(number, payloads[kind], repair);
    bool ahead = number > s->highest && (s->highest || !repair);
    // What is new and means something is for everybody, whatever happened before.
    if (ahead && kind < 2 && dropped == shared.stats.drop_over_cap)
        CHECK(slot);
    if (s->highest == 0 && repair)
        CHECK(!slot);
    if (ahead)
        s->highest = number;
    if (!slot)
        return;
    CHECK(slot->seq > s->floor);
    if (ahead)
        CHECK(slot->seq > s->newest);
    CHECK_EQ(*dense_of(s, number), 0); // none is given twice
    check_order(s, number, slot->seq);
    *dense_of(s, number) = slot->seq;
    if (slot->seq > s->newest)
        s->newest = slot->seq;
}

// One that was sent some time ago, most of them lately.
static uint64_t some_old(struct sending *s)
{
    uint32_t bound = rng_below(&s->rng, 8) ? 20 : LATE_MAX;
    uint64_t back = 1 + rng_below(&s->rng, bound);
    return s->next - s->first > back ? s->next - back : s->first;
}

static void step(struct sending *s)
{
    uint32_t what = rng_below(&s->rng, 1000);
    tick.now += rng_below(&s->rng, 20000);
    if (what < 3) {
        track_layer_replace(track, 0, 3001 + rng_u32(&s->rng) % 1000000);
        begin_again(s, (rng_u64(&s->rng) >> 20) + REMEMBERED);
    } else if (what < 6 && s->highest) {
        track_resume(track);
        begin_again(s, s->next);
    } else if (what < 12) {
        // Over numbers that never come; by half of all there are it would be a step back.
        uint64_t ahead = s->highest ? s->next - s->highest : 0;
        uint64_t leap = ahead < 1000 ? rng_below(&s->rng, 30000) : 0;
        for (uint64_t i = 0; i < leap && i < REMEMBERED; i++)
            *dense_of(s, s->next + i) = 0;
        s->next += leap;
    } else if (what < 300 && s->next > s->first) {
        arrive(s, some_old(s));
    } else {
        uint64_t number = s->next++;
        *dense_of(s, number) = 0;
        if (rng_below(&s->rng, 10)) // or it comes later, or never
            arrive(s, number);
    }
}

TEST(numbers_are_unique_and_in_order_whatever_comes)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct track_cap cap = {.kbps = 300};
        open_track(seed % 2 ? &cap : NULL);
        struct sending s = {.rng = rng_seeded(seed)};
        begin_again(&s, rng_u32(&s.rng) % 70000 + REMEMBERED);
        for (int i = 0; i < STEPS; i++)
            step(&s);
        close_track();
    }
}

// --- What is missing is asked for by the round trip ---

enum { MS = 1000, REPAIRED = 4000 };

static int64_t first_asked_at[REPAIRED], came_at[REPAIRED], answered_at[REPAIRED];
static unsigned asked_before_answer[REPAIRED];

// Reads the track's next request; what it asks for comes on the other stream, a round trip
// later. False: there is none.
static bool answer_request(int64_t rtt_us)
{
    uint8_t buffer[1024];
    struct writer w = writer_on(buffer, sizeof buffer);
    if (!track_put_request(track, 1, tick.now, &w))
        return false;
    struct rtcp_cursor cursor;
    CHECK_EQ(rtcp_begin(&cursor, (struct bytes){buffer, w.len}), 0);
    for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);)
        for (size_t i = 0; packet.kind == RTCP_NACK && i < packet.count; i++) {
            uint16_t seqs[17];
            for (size_t k = 0, count = rtcp_nack(&packet, i, seqs); k < count; k++) {
                size_t at = seqs[k] - 500u;
                CHECK(at < REPAIRED);
                if (!first_asked_at[at])
                    first_asked_at[at] = tick.now;
                if (!answered_at[at])
                    answered_at[at] = tick.now + rtt_us;
                asked_before_answer[at] += tick.now < first_asked_at[at] + rtt_us;
            }
        }
    return true;
}

// Twenty seconds of a camera: of a hundred packets one is lost, and three are overtaken on a
// Wi-Fi by those of 12 to 27 ms. Returns how often a packet was asked for at the most before
// the answer to the first request could be there, from the second second on.
static unsigned most_requests(int64_t rtt_us)
{
    struct rng rng = rng_seeded(8);
    memset(first_asked_at, 0, sizeof first_asked_at);
    memset(answered_at, 0, sizeof answered_at);
    memset(asked_before_answer, 0, sizeof asked_before_answer);
    open_track(NULL);
    int64_t start_at = tick.now;
    for (size_t i = 0; i < REPAIRED; i++) {
        uint32_t fate = i ? rng_below(&rng, 100) : 99;
        came_at[i] = start_at + (int64_t)i * 5 * MS;
        if (fate == 0)
            came_at[i] = NEVER;
        else if (fate < 4)
            came_at[i] += (12 + rng_below(&rng, 15)) * MS;
    }
    unsigned most = 0;
    for (; tick.now < start_at + 20000 * MS; tick.now += MS) {
        size_t newest = (size_t)(tick.now - start_at) / (5 * MS);
        for (size_t i = newest > 200 ? newest - 200 : 0; i <= newest; i++) {
            if (came_at[i] == tick.now)
                receive_inter(500 + i, false);
            if (answered_at[i] == tick.now)
                receive_inter(500 + i, true);
        }
        while (answer_request(rtt_us)) {
        }
    }
    for (size_t i = 200; i < REPAIRED; i++)
        if (asked_before_answer[i] > most)
            most = asked_before_answer[i];
    close_track();
    return most;
}

TEST(a_publisher_far_away_is_not_asked_again_before_it_can_have_answered)
{
    CHECK_EQ(most_requests(20 * MS), 1);
    CHECK_EQ(most_requests(80 * MS), 1);
    CHECK_EQ(most_requests(300 * MS), 1);
}

// The way is the same, whatever SSRC sends on it.
TEST(another_ssrc_is_asked_by_the_round_trip_that_was_known)
{
    open_track(NULL);
    receive_key(500, false);
    receive_inter(502, false);
    tick.now += 10 * MS;
    CHECK(answer_request(0));
    tick.now += 300 * MS;
    receive_inter(501, true);
    track_layer_replace(track, 0, 3001);
    receive_key(700, false);
    receive_inter(702, false);
    tick.now += 10 * MS;
    CHECK(answer_request(0));
    CHECK_EQ(track_deadline(track), tick.now + 375 * MS);
    close_track();
}
