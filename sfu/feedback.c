#include "sfu/feedback.h"

#include "base/limits.h"
#include "rtc/report.h"
#include "rtc/rtcp.h"
#include "rtc/twcc.h"
#include "sfu/repair.h"
#include "sfu/select.h"

enum {
    SECOND_US = 1000 * 1000,
    UNTOLD_MAX_US = SECOND_US, // what is older the history has no more
};

static struct feed *feed_of_ssrc(const struct subscriber *s, uint32_t ssrc)
{
    for (uint32_t i = 0; i < s->feeds.count; i++)
        if (s->feeds.at[i]->ssrc == ssrc)
            return s->feeds.at[i];
    return NULL;
}

static void note_quality(struct subscriber *s, const struct feed *f, bool has_rtt)
{
    const struct report_sender *r = &f->report;
    bool is_sound = f->stream->kind == MEDIA_AUDIO;
    struct quality_report report = {
        .lost = r->fraction_lost / 256.0,
        .copies = is_sound ? f->redundancy : f->rtx_ssrc != 0,
        .rtt_us = has_rtt ? r->rtt_us : 0,
        .jitter_us =
            is_sound ? (int64_t)r->jitter * SECOND_US / f->stream->codec.clock_rate : -1,
    };
    quality_take(&s->quality, &report);
    s->capacity.loss = s->quality.lost;
}

static void repeat_sound(struct subscriber *s, const struct tick *tick)
{
    uint8_t depth = capacity_redundancy(&s->capacity, s->redundancy.depth, tick);
    if (depth == s->repeated)
        return;
    s->repeated = depth;
    for (uint32_t i = 0; i < s->feeds.count; i++)
        feed_repeat(s->feeds.at[i], depth);
}

static void tell_quality(struct subscriber *s, const struct tick *tick)
{
    unsigned held = 0, wanted = 0;
    for (uint32_t i = 0; i < s->feeds.count; i++) {
        const struct feed *f = s->feeds.at[i];
        if (!f->allotted || f->stream->muted)
            continue;
        held += allocate_quality(&f->allot);
        wanted += allocate_expected(&f->allot);
    }
    uint8_t score = quality_score(&s->quality, held, wanted);
    if (score == s->score || tick->now - s->scored_at < QUALITY_INTERVAL_US)
        return;
    s->score = score;
    s->scored_at = tick->now;
    struct notice *n = notice_add(tick->notices, NOTICE_QUALITY);
    n->room = s->leg->meeting->id;
    n->endpoint = s->leg->endpoint;
    n->quality.downlink_score = score;
}

static void take_report(struct subscriber *s, const struct rtcp_packet *packet,
                        const struct tick *tick)
{
    bool any = false;
    for (size_t i = 0; i < packet->count; i++) {
        struct rtcp_report_block block = rtcp_report_block(packet, i);
        struct feed *f = feed_of_ssrc(s, block.ssrc);
        if (!f)
            continue;
        uint32_t lost = f->report.lost;
        bool has_rtt = report_feedback(&f->report, &block, tick->now);
        tick->shared->stats.lost_out += f->report.lost - lost;
        select_owed_key_frame(f, tick);
        note_quality(s, f, has_rtt);
        if (!s->capacity.estimate && f->stream->kind == MEDIA_AUDIO)
            redundancy_report(&s->redundancy, f->report.fraction_lost / 256.0, tick->now);
        any = true;
    }
    if (!any)
        return;
    tell_quality(s, tick);
    if (!s->capacity.estimate)
        repeat_sound(s, tick);
}

// A packet under this transport-wide number did not arrive, or nobody knows.
static void repair_number(struct subscriber *s, uint16_t number, bool known,
                          const struct tick *tick)
{
    const struct sent_packet *packet = sent_find(&s->capacity.estimate->sent, number);
    if (!packet || packet->told || (!known && tick->now - packet->at > UNTOLD_MAX_US))
        return;
    for (uint32_t i = 0; i < s->feeds.count; i++) {
        struct feed *f = s->feeds.at[i];
        uint32_t ssrc = !packet->repeats ? f->ssrc : f->repaired ? f->rtx_ssrc : 0;
        if (!ssrc || packet->ssrc != (uint16_t)ssrc)
            continue;
        if (known)
            repair_lost(f, packet->seq, packet->repeats, tick);
        else
            repair_untold(f, packet->seq, packet->repeats, tick);
        return;
    }
}

static bool has_spatial_layers(const struct subscriber *s)
{
    for (uint32_t i = 0; i < s->feeds.count; i++)
        if (repair_is_unasked(s->feeds.at[i]))
            return true;
    return false;
}

// One feedback between the last and this was lost itself, where it does not go on from there.
static void repair_untold_before(struct subscriber *s, uint16_t base, const struct tick *tick)
{
    const struct bwe *estimate = s->capacity.estimate;
    int16_t count = (int16_t)(base - estimate->untold);
    if (!estimate->is_told || count <= 0 ||
        !police_pass(&s->feedback, (size_t)count / FEEDBACK_NUMBERS_PER_OCTET, false, false,
                     tick->now))
        return;
    for (uint16_t number = estimate->untold; number != base; number++)
        repair_number(s, number, false, tick);
}

static void repair_unasked(struct subscriber *s, struct bytes packet, const struct tick *tick)
{
    struct twcc_feedback feedback;
    if (!has_spatial_layers(s) || twcc_parse(&feedback, packet) < 0)
        return;
    struct twcc_cursor cursor = twcc_begin(&feedback);
    uint16_t next = feedback.base_seq;
    repair_untold_before(s, next, tick);
    for (struct twcc_arrival arrival; twcc_next(&cursor, &arrival);) {
        for (; next != arrival.seq; next++)
            repair_number(s, next, true, tick);
        next++;
    }
}

// What was lost shows sooner than in reports, and of all packets.
static void take_arrivals(struct subscriber *s, struct bytes packet, const struct tick *tick)
{
    const struct bwe *estimate = s->capacity.estimate;
    if (!estimate)
        return;
    repair_unasked(s, packet, tick);
    uint32_t told = estimate->told, lost = estimate->lost;
    capacity_feedback(&s->capacity, packet, tick);
    redundancy_count(&s->redundancy, estimate->told - told, estimate->lost - lost, tick->now);
    repeat_sound(s, tick);
}

static void take_nack(struct subscriber *s, const struct rtcp_packet *packet,
                      const struct tick *tick)
{
    struct feed *f = feed_of_ssrc(s, packet->media_ssrc);
    if (!f)
        return;
    for (size_t i = 0; i < packet->count; i++) {
        uint16_t seqs[17];
        size_t count = rtcp_nack(packet, i, seqs);
        tick->shared->stats.asked_out += count;
        if (f->repaired)
            f->packets_asked += (uint32_t)count;
        for (size_t j = 0; j < count; j++)
            repair_packet(f, seqs[j], tick);
    }
}

// It is of the streams that it names: libwebrtc's of pictures, as it estimates by those alone.
static void take_rate(struct subscriber *s, const struct rtcp_packet *packet,
                      const struct tick *tick)
{
    bool has_sound = packet->count == 0;
    for (size_t i = 0; i < packet->count && !has_sound; i++) {
        const struct feed *f = feed_of_ssrc(s, rtcp_ssrc(packet, i));
        has_sound = f && f->stream->kind == MEDIA_AUDIO;
    }
    capacity_remb(&s->capacity, (double)packet->rate_bps, has_sound, tick);
}

static void take_key_frame_request(struct subscriber *s, uint32_t ssrc, const struct tick *tick)
{
    struct feed *f = feed_of_ssrc(s, ssrc);
    if (!f)
        return;
    tick->shared->stats.keys_out++;
    if (f->repaired)
        f->keys_asked++;
    select_key_frame(f, tick);
}

// Whether there is time for it: a few octets can name many packets.
static bool may_read(struct subscriber *s, const struct rtcp_packet *packet,
                     const struct tick *tick)
{
    size_t cost = packet->whole.len;
    if (packet->kind == RTCP_TWCC)
        cost += twcc_status_count(packet->whole) / FEEDBACK_NUMBERS_PER_OCTET;
    if (police_pass(&s->feedback, cost, false, false, tick->now))
        return true;
    tick->shared->stats.drop_feedback++;
    return false;
}

void feedback_receive(struct subscriber *s, struct bytes compound, const struct tick *tick)
{
    struct rtcp_cursor cursor;
    if (rtcp_begin(&cursor, compound) < 0) {
        tick->shared->stats.drop_malformed++;
        return;
    }
    // Firefox reports on each stream under an SSRC of its own.
    uint32_t forgotten = leg_note_stray(s->leg, read_u32(compound.at + 4));
    if (forgotten)
        transport_forget_ssrc(s->leg->transport, forgotten);
    for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);) {
        uint8_t nr;
        if (!may_read(s, &packet, tick))
            continue;
        switch (packet.kind) {
        case RTCP_SENDER_REPORT:
        case RTCP_RECEIVER_REPORT:
            take_report(s, &packet, tick);
            break;
        case RTCP_TWCC:
            take_arrivals(s, packet.whole, tick);
            break;
        case RTCP_REMB:
            take_rate(s, &packet, tick);
            break;
        case RTCP_NACK:
            take_nack(s, &packet, tick);
            break;
        case RTCP_PLI:
            take_key_frame_request(s, packet.media_ssrc, tick);
            break;
        case RTCP_FIR:
            for (size_t i = 0; i < packet.count; i++)
                take_key_frame_request(s, rtcp_fir(&packet, i, &nr), tick);
            break;
        default: // nothing that concerns a feed
            break;
        }
    }
}
