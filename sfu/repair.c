#include "sfu/repair.h"

#include "base/limits.h"
#include "rtc/rtp.h"
#include "sfu/forward.h"
#include "sfu/shared.h"

#include <assert.h>

enum {
    REPAIR_KEPT = FEED_REPAIR_BURST / 4, // of the budget, for what is known to be missing
    // Of what is kept of a number in feed.repairs:
    COUNT = 0x07,
    GUESSED = 0x08, // it may have arrived: nothing says that it is missing
    BITS = 4,
};
static_assert((int)RETRANSMISSIONS_PER_PACKET_MAX <= COUNT, "they fit in its place");

static unsigned repairs_of(const struct feed *f, uint64_t seq)
{
    unsigned shift = seq % 2 * BITS;
    return f->repairs[seq % FEED_REPAIRS_MAX / 2] >> shift & (COUNT | GUESSED);
}

static void set_repairs(struct feed *f, uint64_t seq, unsigned repairs)
{
    unsigned shift = seq % 2 * BITS;
    uint8_t *at = &f->repairs[seq % FEED_REPAIRS_MAX / 2];
    *at = (uint8_t)((*at & ~((COUNT | GUESSED) << shift)) | repairs << shift);
}

// Numbers up to `next` have a place, which those that are too old now had.
static void count_until(struct feed *f, uint64_t next)
{
    if (next > f->repairs_until + FEED_REPAIRS_MAX)
        f->repairs_until = next - FEED_REPAIRS_MAX;
    while (f->repairs_until < next)
        set_repairs(f, f->repairs_until++, 0);
}

// The budget grows by a share of what is sent, up to a burst.
static void fill_budget(struct feed *f)
{
    uint32_t octets = segment_octets(&f->segments, feed_progress(f));
    uint64_t earned =
        (uint64_t)(octets - f->repair_counted) * RETRANSMISSION_BUDGET_PERCENT / 100;
    f->repair_counted = octets;
    int64_t budget = f->repair_budget + (int64_t)earned;
    f->repair_budget = (int32_t)(budget < FEED_REPAIR_BURST ? budget : FEED_REPAIR_BURST);
}

// `kept`: octets of the budget that are not for it.
static bool may_repair(struct feed *f, uint64_t seq, size_t len, int32_t kept)
{
    fill_budget(f);
    unsigned repairs = repairs_of(f, seq);
    if ((repairs & COUNT) >= RETRANSMISSIONS_PER_PACKET_MAX ||
        f->repair_budget < (int32_t)len + kept)
        return false;
    set_repairs(f, seq, repairs + 1);
    f->repair_budget -= (int32_t)len;
    return true;
}

// A packet that was sent, and may be sent again.
struct repair {
    uint64_t seq;
    const struct segment *segment;
    const struct history_slot *slot;
};

static bool find(struct repair *r, struct feed *f, uint16_t seq16)
{
    const struct feed_line *line = feed_line(f);
    if (!line || !f->repaired || !f->segments.tail.begun ||
        (f->rtx_ssrc == 0 && !feed_is_sent_again(f)))
        return false;
    const struct progress *at = feed_progress(f);
    uint64_t next = at ? segment_next(&f->segments, at) : f->segments.tail.next_seq;
    uint16_t back = (uint16_t)((uint16_t)next - seq16);
    if (back == 0 || back > next)
        return false;
    uint64_t seq = next - back;
    count_until(f, next);
    if (seq < f->repair_from || seq + FEED_REPAIRS_MAX < f->repairs_until)
        return false;
    r->seq = seq;
    r->segment = segment_of(&f->segments, seq);
    if (!r->segment)
        return false;
    struct substream_packet packet;
    r->slot = stream_find(f->stream, r->segment->layer, r->segment->substream,
                          seq - r->segment->shift.seq, &packet);
    return r->slot;
}

static void send_again(struct feed *f, const struct repair *r, int32_t kept,
                       const struct tick *tick)
{
    if (!may_repair(f, r->seq, r->slot->payload.len + RTP_HEADER_LEN, kept))
        return;
    tick->shared->stats.retransmissions++;
    f->packets_again++;
    // A viewer without a retransmission stream gets the very packet again: RFC 4585 section
    // 6.2.1 leaves that open. The same octets under the same number are encrypted to the same;
    // others would give away the key of GCM's authentication (RFC 5116 section 5.1.1), so that
    // such a feed's packets are exact.
    if (f->rtx_ssrc == 0)
        forward_again(f, r->segment, r->slot, tick);
    else
        forward_repair(f, r->segment, r->slot, f->rtx_seq++, (uint16_t)r->seq, tick);
}

static void repair_missing(struct feed *f, const struct repair *r, const struct tick *tick)
{
    set_repairs(f, r->seq, repairs_of(f, r->seq) & COUNT);
    send_again(f, r, 0, tick);
}

void repair_packet(struct feed *f, uint16_t seq, const struct tick *tick)
{
    struct repair r;
    if (find(&r, f, seq))
        repair_missing(f, &r, tick);
}

bool repair_is_unasked(const struct feed *f)
{
    const struct feed_line *line = feed_line(f);
    return line && f->repaired && f->rtx_ssrc != 0 && line->current != NO_LAYER &&
           f->stream->layers[line->current].spatial_most > 0;
}

void repair_lost(struct feed *f, uint16_t seq, bool again, const struct tick *tick)
{
    struct repair r;
    if (repair_is_unasked(f) && find(&r, f, seq) &&
        (again || (repairs_of(f, r.seq) & COUNT) == 0))
        repair_missing(f, &r, tick);
}

void repair_untold(struct feed *f, uint16_t seq, bool again, const struct tick *tick)
{
    struct repair r;
    if (!repair_is_unasked(f) || !find(&r, f, seq) || r.slot->info.spatial == 0 ||
        f->stream->layers[r.segment->layer].apart)
        return;
    unsigned repairs = repairs_of(f, r.seq);
    if (again ? repairs & GUESSED : repairs & COUNT)
        return;
    if (!again)
        set_repairs(f, r.seq, repairs | GUESSED);
    send_again(f, &r, REPAIR_KEPT, tick);
}
