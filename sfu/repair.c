#include "sfu/repair.h"

#include "base/limits.h"
#include "rtc/codec.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"
#include "sfu/forward.h"
#include "sfu/seats.h"
#include "sfu/shared.h"
#include "sfu/track.h"

#include <assert.h>

// The budget grows by a share of what is sent, up to a burst.
static bool may_repair(struct feed *f, uint16_t seq, size_t len)
{
    uint32_t octets = segment_octets(&f->segments, feed_progress(f));
    uint64_t earned =
        (uint64_t)(octets - f->repair_counted) * RETRANSMISSION_BUDGET_PERCENT / 100;
    f->repair_counted = octets;
    int64_t budget = f->repair_budget + (int64_t)earned;
    f->repair_budget = (int32_t)(budget < FEED_REPAIR_BURST ? budget : FEED_REPAIR_BURST);

    struct feed_repair *repair = &f->repairs[seq % FEED_REPAIRS_MAX];
    if (repair->seq != seq)
        *repair = (struct feed_repair){.seq = seq};
    if (repair->count >= RETRANSMISSIONS_PER_PACKET_MAX || f->repair_budget < (int32_t)len)
        return false;
    repair->count++;
    f->repair_budget -= (int32_t)len;
    return true;
}

void repair_packet(struct feed *f, uint16_t seq16, const struct tick *tick)
{
    const struct feed_line *line = feed_line(f);
    if (!line || !f->segments.tail.begun || (f->rtx_ssrc == 0 && !f->seat))
        return;
    const struct progress *at = feed_progress(f);
    uint64_t next = at ? segment_next(&f->segments, at) : f->segments.tail.next_seq;
    uint16_t back = (uint16_t)((uint16_t)next - seq16);
    if (back == 0 || back > next)
        return;
    uint64_t seq = next - back;
    const struct segment *segment = segment_of(&f->segments, seq);
    if (!segment)
        return;
    const struct history_slot *slot =
        history_get(&f->track->layers[segment->layer].history, seq - segment->shift.seq);
    if (!slot || !may_repair(f, seq16, slot->payload.len + RTP_HEADER_LEN))
        return;

    f->track->shared->stats.retransmissions++;
    // A viewer without a retransmission stream gets the very packet again: RFC 4585 section
    // 6.2.1 leaves that open, and the same octets under the same number are encrypted to the
    // same.
    if (f->rtx_ssrc == 0) {
        forward_again(f->track, line, &segment->shift, slot, tick);
        return;
    }

    const struct seat *seat = f->seat;
    enum codec codec = f->track->codec.codec;
    struct extension_values values = slot->extensions;
    if (seat)
        values.mid = bytes_of(seat->mid);
    struct rtp_header header = {
        .payload_type = seat ? f->seated_codec->rtx_payload_type
                             : negotiate_rtx_payload_type(codec, f->track->codec.profile),
        .marker = slot->marker,
        .seq = (uint16_t)f->rtx_seq,
        .timestamp = slot->timestamp + segment->shift.timestamp,
        .ssrc = f->rtx_ssrc,
    };
    struct batch_packet *p = batch_media(tick->out, line->path);
    struct writer w = writer_on(p->head, sizeof p->head);
    rtp_put_header(&w, &header, seat ? &seat->extensions : &negotiate_extensions, &values);
    p->kind = BATCH_RTP;
    p->clear_len = (uint8_t)w.len;
    p->index = f->rtx_seq++;
    rtp_put_osn(&w, seq16);
    assert(!w.overflow);
    p->head_len = (uint8_t)w.len;
    forward_put_payload(p, codec, slot, &segment->shift);
}
