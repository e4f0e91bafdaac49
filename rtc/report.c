#include "rtc/report.h"

enum {
    SECOND_US = 1000 * 1000,
    CLOCK_DRIFT_PPM = 500, // more than crystals have: computers stay below 100
};

// How many ticks of a clock pass in `span_us`, and back. Spans are minutes at most, so nothing
// overflows.
static int64_t ticks_of(int64_t span_us, uint32_t clock_rate)
{
    return span_us * (int64_t)clock_rate / SECOND_US;
}

// A span in 32.32 fixed point of seconds, as NTP counts.
static uint64_t ntp_of(int64_t span_us)
{
    uint64_t seconds = (uint64_t)(span_us / SECOND_US);
    uint64_t rest_us = (uint64_t)(span_us % SECOND_US);
    return (seconds << 32) + (rest_us << 32) / SECOND_US;
}

static int64_t us_of_ntp(int64_t ntp_span)
{
    int64_t seconds = ntp_span >> 32;
    int64_t fraction = ntp_span & 0xffffffff;
    return seconds * SECOND_US + ((fraction * SECOND_US) >> 32);
}

static uint32_t middle(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}

// RFC 3550 appendix A.8: J += (|D| - J) / 16, in integers with a rounding half.
static void update_jitter(struct report_receiver *r, uint32_t timestamp, uint32_t clock_rate,
                          int64_t now)
{
    int64_t arrival = ticks_of(now - r->arrived_at, clock_rate);
    int64_t sent = (int32_t)(timestamp - r->timestamp);
    int64_t d = arrival > sent ? arrival - sent : sent - arrival;
    // A clock that jumps (a muted track goes on, a source is replaced) is not jitter.
    if (d > 10 * (int64_t)clock_rate)
        return;
    r->jitter_q4 = (uint32_t)(r->jitter_q4 + d - ((r->jitter_q4 + 8) >> 4));
}

void report_received(struct report_receiver *r, uint64_t seq, uint32_t timestamp,
                     uint32_t clock_rate, size_t payload_len, int64_t now)
{
    r->received++;
    r->octets += payload_len;
    bool is_first = r->base_seq == 0;
    if (is_first)
        r->base_seq = seq;
    else if (seq > r->highest_seq && timestamp != r->timestamp)
        // The packets of a frame share a timestamp and are sent one after the other: their
        // spacing is not jitter either, so only the first of a frame counts, as in libwebrtc.
        update_jitter(r, timestamp, clock_rate, now);
    else if (seq <= r->highest_seq)
        return;

    if (is_first || timestamp != r->timestamp) {
        r->timestamp = timestamp;
        r->arrived_at = now;
    }
    r->highest_seq = seq;
}

void report_sender_report(struct report_origin *origin, const struct rtcp_sender_info *sender,
                          int64_t now)
{
    *origin = (struct report_origin){sender->ntp, sender->rtp, now};
}

// The report with the shortest delay tells the clocks' difference best. Clocks drift apart, so
// what the shortest delay was may grow slowly; a difference of more than a second is a clock
// that was set.
void report_clock_note(struct report_clock *c, uint64_t ntp, int64_t now)
{
    uint64_t ahead = ntp_of(now) - ntp;
    uint64_t drift = c->known ? ntp_of((now - c->noted_at) / (SECOND_US / CLOCK_DRIFT_PPM)) : 0;
    int64_t later_us = us_of_ntp((int64_t)(ahead - c->ahead_ntp - drift));
    bool is_set = later_us > SECOND_US || later_us < -SECOND_US;
    if (!c->known || is_set || later_us < 0)
        c->ahead_ntp = ahead;
    else
        c->ahead_ntp += drift;
    c->known = true;
    c->noted_at = now;
}

// RFC 3550 section 6.4.1: 24 bits, two's complement; appendix A.3 clamps.
static int32_t clamp_lost(int64_t lost)
{
    if (lost > 0x7fffff)
        return 0x7fffff;
    return lost < -0x800000 ? -0x800000 : (int32_t)lost;
}

bool report_block(struct report_receiver *r, uint32_t ssrc, int64_t now,
                  struct rtcp_report_block *block)
{
    if (r->base_seq == 0)
        return false;
    uint64_t expected = r->highest_seq - r->base_seq + 1;
    uint64_t expected_interval = expected - r->expected_prior;
    uint64_t received_interval = r->received - r->received_prior;
    r->expected_prior = expected;
    r->received_prior = r->received;
    uint64_t lost_interval =
        expected_interval > received_interval ? expected_interval - received_interval : 0;
    r->lost += lost_interval;
    uint64_t fraction = expected_interval ? (lost_interval << 8) / expected_interval : 0;

    *block = (struct rtcp_report_block){
        .ssrc = ssrc,
        .fraction_lost = fraction > 255 ? 255 : (uint8_t)fraction,
        .cumulative_lost = clamp_lost((int64_t)(expected - r->received)),
        // rtc/seq.h starts a cycle ahead.
        .highest_seq = (uint32_t)(r->highest_seq - 65536),
        .jitter = r->jitter_q4 >> 4,
    };
    if (r->origin.ntp != 0) {
        block->last_sr = middle(r->origin.ntp);
        block->delay_since_sr = (uint32_t)ticks_of(now - r->origin.arrived_at, 65536);
    }
    return true;
}

bool report_make(struct report_sender *s, const struct report_origin *source,
                 const struct report_clock *clock, uint32_t timestamp_offset,
                 uint32_t clock_rate, int64_t now, struct rtcp_sender_info *sender)
{
    if (source->ntp == 0)
        return false;
    // Both are moved on by the same time, so the pair stays on the publisher's line even if
    // its SR was under way for long.
    int64_t age_us = now - source->arrived_at;
    *sender = (struct rtcp_sender_info){
        .ntp = source->ntp + (clock ? clock->ahead_ntp : 0) + ntp_of(age_us),
        .rtp = source->rtp + (uint32_t)ticks_of(age_us, clock_rate) + timestamp_offset,
        .packets = s->packets,
        .octets = s->octets,
    };
    s->sent[s->next] = (struct report_sent){middle(sender->ntp), (uint32_t)now};
    s->next = (uint8_t)((s->next + 1) % REPORT_SENT_MAX);
    return true;
}

// RFC 3550 section 6.4.1 subtracts NTP times; ours are the publisher's, so we remember when
// which was sent.
static const struct report_sent *find_sent(const struct report_sender *s, uint32_t middle_ntp)
{
    for (size_t i = 0; i < REPORT_SENT_MAX; i++)
        if (middle_ntp != 0 && s->sent[i].middle_ntp == middle_ntp)
            return &s->sent[i];
    return NULL;
}

bool report_feedback(struct report_sender *s, const struct rtcp_report_block *block,
                     int64_t now)
{
    s->fraction_lost = block->fraction_lost;
    s->jitter = block->jitter;
    uint32_t lost = block->cumulative_lost > 0 ? (uint32_t)block->cumulative_lost : 0;
    lost = lost < s->packets ? lost : s->packets;
    s->lost = lost > s->lost ? lost : s->lost;

    const struct report_sent *sent = find_sent(s, block->last_sr);
    if (!sent)
        return false;
    int64_t delay_us = (int64_t)block->delay_since_sr * SECOND_US / 65536;
    int64_t rtt_us = (int64_t)(uint32_t)((uint32_t)now - sent->sent_us) - delay_us;
    // The peer's rounding can make it negative on a LAN; a peer can also claim nonsense.
    if (rtt_us < 1)
        rtt_us = 1;
    s->rtt_us = (uint32_t)(s->rtt_us == 0 ? rtt_us : (7 * (int64_t)s->rtt_us + rtt_us) / 8);
    return true;
}

bool report_same_moment(const struct report_origin *layer, const struct report_origin *other,
                        uint32_t timestamp, uint32_t clock_rate, uint32_t *layer_timestamp)
{
    if (layer->ntp == 0 || other->ntp == 0)
        return false;
    // Both SRs are of one NTP clock: how far apart they are says what to add.
    int64_t apart_us = us_of_ntp((int64_t)(other->ntp - layer->ntp));
    // More than a minute means that they are not of one clock after all.
    if (apart_us > 60 * (int64_t)SECOND_US || apart_us < -60 * (int64_t)SECOND_US)
        return false;
    uint32_t since_sr = timestamp - other->rtp;
    *layer_timestamp = layer->rtp + (uint32_t)ticks_of(apart_us, clock_rate) + since_sr;
    return true;
}
