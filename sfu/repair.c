#include "sfu/repair.h"

#include "base/limits.h"
#include "rtc/rtp.h"
#include "sfu/forward.h"
#include "sfu/shared.h"

// The budget grows by a share of what is sent, up to a burst.
static bool may_repair(struct feed *f, uint16_t seq, size_t len)
{
    uint32_t octets = segment_octets(&f->segments, feed_progress(f));
    uint64_t earned =
        (uint64_t)(octets - f->repair_counted) * RETRANSMISSION_BUDGET_PERCENT / 100;
    f->repair_counted = octets;
    int64_t budget = f->repair_budget + (int64_t)earned;
    f->repair_budget = (int32_t)(budget < FEED_REPAIR_BURST ? budget : FEED_REPAIR_BURST);

    uint16_t place = seq % FEED_REPAIRS_MAX;
    uint16_t *repair = &f->repairs[place];
    if (*repair / FEED_REPAIRS_MAX != seq / FEED_REPAIRS_MAX)
        *repair = (uint16_t)(seq - place);
    if (*repair % FEED_REPAIRS_MAX >= RETRANSMISSIONS_PER_PACKET_MAX ||
        f->repair_budget < (int32_t)len)
        return false;
    ++*repair;
    f->repair_budget -= (int32_t)len;
    return true;
}

void repair_packet(struct feed *f, uint16_t seq16, const struct tick *tick)
{
    const struct feed_line *line = feed_line(f);
    if (!line || !f->repaired || !f->segments.tail.begun ||
        (f->rtx_ssrc == 0 && !feed_is_sent_again(f)))
        return;
    const struct progress *at = feed_progress(f);
    uint64_t next = at ? segment_next(&f->segments, at) : f->segments.tail.next_seq;
    uint16_t back = (uint16_t)((uint16_t)next - seq16);
    if (back == 0 || back > next)
        return;
    uint64_t seq = next - back;
    if (seq < f->repair_from)
        return;
    const struct segment *segment = segment_of(&f->segments, seq);
    if (!segment)
        return;
    struct substream_packet packet;
    const struct history_slot *slot = stream_find(f->stream, segment->layer, segment->substream,
                                                  seq - segment->shift.seq, &packet);
    if (!slot || !may_repair(f, seq16, slot->payload.len + RTP_HEADER_LEN))
        return;

    tick->shared->stats.retransmissions++;
    f->packets_again++;
    // A viewer without a retransmission stream gets the very packet again: RFC 4585 section
    // 6.2.1 leaves that open. The same octets under the same number are encrypted to the same;
    // others would give away the key of GCM's authentication (RFC 5116 section 5.1.1), so that
    // such a feed's packets are exact.
    if (f->rtx_ssrc == 0) {
        forward_again(f, segment, slot, tick);
        return;
    }
    forward_repair(f, segment, slot, f->rtx_seq++, seq16, tick);
}

static bool was_repaired(const struct feed *f, uint16_t seq)
{
    uint16_t repair = f->repairs[seq % FEED_REPAIRS_MAX];
    return repair / FEED_REPAIRS_MAX == seq / FEED_REPAIRS_MAX && repair % FEED_REPAIRS_MAX > 0;
}

bool repair_is_unasked(const struct feed *f)
{
    const struct feed_line *line = feed_line(f);
    return line && f->repaired && f->rtx_ssrc != 0 && line->current != NO_LAYER &&
           f->stream->layers[line->current].spatial_most > 0;
}

void repair_lost(struct feed *f, uint16_t seq, bool again, const struct tick *tick)
{
    if (repair_is_unasked(f) && (again || !was_repaired(f, seq)))
        repair_packet(f, seq, tick);
}
