#include "rtc/rebuild.h"

#include "base/limits.h"
#include "rtc/extension.h"
#include "rtc/negotiate.h"
#include "rtc/rtp.h"

#include <assert.h>

enum { SECOND_US = 1000 * 1000, TWCC_LEN = 2, ABS_SEND_TIME_LEN = 3 };

static_assert((int)REBUILD_KEPT > (int)FEC_SPAN_MAX, "a sum finds all that it is of");
static_assert((int)REBUILD_LEN_MAX <= (int)DATAGRAM_MAX, "nothing longer comes");

static struct rebuild_packet *place_of(struct rebuild *r, uint64_t seq)
{
    return &r->kept[seq % REBUILD_KEPT];
}

// --- What came ---

static void clear(uint8_t *octets, struct bytes extension, uint8_t id, size_t len)
{
    struct extension_element element;
    for (size_t at = 0; id && extension_next(extension, &at, &element);)
        if (element.id == id && element.data.len == len)
            memset(octets + (element.data.at - extension.at), 0, len);
}

// What is written after a packet was summed up.
static void clear_late(struct rebuild_packet *p, const struct extension_ids *ids)
{
    struct rtp_packet packet;
    if (rtp_parse(&packet, (struct bytes){p->octets, p->len}) < 0 || !packet.extension.len)
        return;
    uint8_t *octets = p->octets + (packet.extension.at - p->octets);
    clear(octets, packet.extension, ids->twcc, TWCC_LEN);
    clear(octets, packet.extension, ids->abs_send_time, ABS_SEND_TIME_LEN);
}

// The sums that it is part of lack one less.
static void tell_sums(struct rebuild *r, uint64_t seq)
{
    for (size_t i = 0; i < REBUILD_WAITING; i++) {
        struct rebuild_sum *sum = &r->waiting[i];
        if (sum->base == 0 || seq < sum->base || seq - sum->base >= FEC_SPAN_MAX ||
            !fec_has_bit(&sum->fec, (unsigned)(seq - sum->base)))
            continue;
        if (sum->missing == 1)
            r->ready--;
        if (--sum->missing == 1)
            r->ready++;
        if (sum->missing == 0)
            sum->base = 0;
    }
}

void rebuild_note(struct rebuild *r, struct bytes datagram, const struct extension_ids *ids)
{
    if (datagram.len < RTP_HEADER_LEN || datagram.len > REBUILD_LEN_MAX)
        return;
    uint64_t seq = seq_extend(&r->seq, read_u16(datagram.at + 2));
    struct rebuild_packet *p = place_of(r, seq);
    if (seq + REBUILD_KEPT <= r->seq.highest || p->seq == seq)
        return;
    p->seq = seq;
    p->len = (uint16_t)datagram.len;
    memcpy(p->octets, datagram.at, datagram.len);
    clear_late(p, ids);
    tell_sums(r, seq);
}

// --- Sums ---

static void forget_sum(struct rebuild *r, struct rebuild_sum *sum)
{
    if (sum->base && sum->missing == 1)
        r->ready--;
    sum->base = 0;
}

// How many of the packets that a sum is of are not there.
static unsigned count_missing(struct rebuild *r, const struct fec_packet *fec, uint64_t base)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < FEC_SPAN_MAX; i++)
        missing += fec_has_bit(fec, i) && place_of(r, base + i)->seq != base + i;
    return missing;
}

bool rebuild_add(struct rebuild *r, const struct fec_packet *fec)
{
    uint64_t base = seq_peek(&r->seq, fec->base);
    // One of packets that are forgotten, or that are far from what comes.
    if (base + REBUILD_KEPT <= r->seq.highest || base > r->seq.highest + FEC_SPAN_MAX ||
        r->seq.highest == 0 || fec->sum.len > REBUILD_LEN_MAX - RTP_HEADER_LEN)
        return false;
    unsigned missing = count_missing(r, fec, base);
    if (missing == 0)
        return true;
    struct rebuild_sum *sum = &r->waiting[r->added++ % REBUILD_WAITING];
    forget_sum(r, sum);
    sum->base = base;
    sum->missing = missing;
    sum->fec = *fec;
    sum->fec.sum.at = sum->octets;
    if (fec->sum.len)
        memcpy(sum->octets, fec->sum.at, fec->sum.len);
    r->ready += missing == 1;
    return true;
}

// --- What is rebuilt ---

// The packets of a sum but for the one that is missing, whose number it returns; 0: more than
// one is, as newer ones have their places.
static uint64_t gather(struct rebuild *r, const struct rebuild_sum *sum, struct bytes *others,
                       size_t *count)
{
    uint64_t missing = 0;
    for (unsigned i = 0; i < FEC_SPAN_MAX; i++) {
        const struct rebuild_packet *p = place_of(r, sum->base + i);
        if (!fec_has_bit(&sum->fec, i))
            continue;
        if (p->seq == sum->base + i)
            others[(*count)++] = (struct bytes){p->octets, p->len};
        else if (missing)
            return 0;
        else
            missing = sum->base + i;
    }
    return missing;
}

static bool may_sum(struct rebuild *r, size_t octets, int64_t now)
{
    if (now - r->window_at >= SECOND_US) {
        r->window_at = now;
        r->summed = 0;
    }
    r->summed += octets;
    return r->summed <= FEC_OCTETS_PER_SECOND;
}

// Puts what a sum lacks into its place.
static const struct rebuild_packet *put(struct rebuild *r, const struct rebuild_sum *sum,
                                        int64_t now)
{
    struct bytes others[FEC_SPAN_MAX];
    size_t count = 0;
    uint64_t seq = gather(r, sum, others, &count);
    // What is older than all that is kept would take the place of something newer.
    if (seq == 0 || seq + REBUILD_KEPT <= r->seq.highest ||
        !may_sum(r, (count + 1) * sum->fec.sum.len, now))
        return NULL;
    struct rebuild_packet *p = place_of(r, seq);
    int len = fec_rebuild(&sum->fec, (uint16_t)seq, others, count, p->octets);
    p->seq = len < 0 ? 0 : seq;
    p->len = len < 0 ? 0 : (uint16_t)len;
    return len < 0 ? NULL : p;
}

bool rebuild_next(struct rebuild *r, int64_t now, struct bytes *datagram)
{
    for (size_t i = 0; r->ready > 0 && i < REBUILD_WAITING; i++) {
        struct rebuild_sum *sum = &r->waiting[i];
        if (sum->base == 0 || sum->missing != 1)
            continue;
        const struct rebuild_packet *p = put(r, sum, now);
        forget_sum(r, sum);
        if (!p)
            continue;
        seq_extend(&r->seq, (uint16_t)p->seq);
        tell_sums(r, p->seq);
        *datagram = (struct bytes){p->octets, p->len};
        return true;
    }
    return false;
}
