#include "rtc/history.h"

#include "base/mem.h"

#include <assert.h>

void history_init(struct history *h, uint32_t packets, uint32_t bytes)
{
    assert(packets > HISTORY_MARGIN && (packets & (packets - 1)) == 0);
    assert(bytes >= HISTORY_MARGIN_BYTES + DATAGRAM_MAX);
    *h = (struct history){.size = packets, .data_size = bytes};
    h->slots = mem_alloc_array(packets, sizeof *h->slots);
    h->by_seq = mem_alloc_array(packets, sizeof *h->by_seq);
    h->data = mem_alloc(bytes);
}

void history_dispose(struct history *h)
{
    mem_free(h->slots);
    mem_free(h->by_seq);
    mem_free(h->data);
    *h = (struct history){0};
}

// The slot of that number if it was not overwritten, even if it could be within this tick.
static struct history_slot *find(const struct history *h, uint64_t seq)
{
    if (seq == 0)
        return NULL;
    uint64_t number = h->by_seq[seq & (h->size - 1)];
    struct history_slot *slot = &h->slots[number & (h->size - 1)];
    return number != 0 && slot->number == number && slot->seq == seq ? slot : NULL;
}

// Whether the arrivals of one tick cannot reach the slot or its octets. `slot->begin` is in the
// past of h->written, so the octets between the slot's first and now are what is newer.
static bool is_safe(const struct history *h, const struct history_slot *slot)
{
    return h->arrivals - slot->number + HISTORY_MARGIN < h->size &&
           h->written - slot->begin + HISTORY_MARGIN_BYTES <= h->data_size;
}

// `len` octets that do not wrap. What is left at the end of `data` is skipped, and counts as
// written.
static uint8_t *reserve(struct history *h, size_t len, uint64_t *begin)
{
    size_t at = h->written % h->data_size;
    if (h->data_size - at < len) {
        h->written += h->data_size - at;
        at = 0;
    }
    *begin = h->written;
    h->written += len;
    return h->data + at;
}

static struct bytes keep(uint8_t **to, struct bytes from)
{
    struct bytes kept = {*to, from.len};
    if (from.len)
        memcpy(*to, from.at, from.len);
    *to += from.len;
    return kept;
}

const struct history_slot *history_add(struct history *h, uint64_t seq,
                                       const struct rtp_packet *packet,
                                       const struct extension_values *extensions,
                                       const struct codec_packet *info, int64_t now)
{
    size_t len = packet->payload.len + extensions->dependency.len;
    bool is_late = seq + h->size <= h->newest;
    if (len > DATAGRAM_MAX || seq == 0 || is_late || find(h, seq))
        return NULL;

    uint64_t begin;
    uint8_t *at = reserve(h, len, &begin);
    uint64_t number = ++h->arrivals;
    struct history_slot *slot = &h->slots[number & (h->size - 1)];
    *slot = (struct history_slot){
        .seq = seq,
        .arrived_at = now,
        .timestamp = packet->timestamp,
        .marker = packet->marker,
        .payload_type = packet->payload_type,
        .info = *info,
        .extensions = *extensions,
        .number = number,
        .begin = begin,
    };
    slot->extensions.mid = slot->extensions.rid = slot->extensions.repaired_rid =
        (struct bytes){0};
    slot->payload = keep(&at, packet->payload);
    slot->extensions.dependency = keep(&at, extensions->dependency);
    h->by_seq[seq & (h->size - 1)] = number;
    if (seq > h->newest)
        h->newest = seq;
    return slot;
}

const struct history_slot *history_get(const struct history *h, uint64_t seq)
{
    const struct history_slot *slot = find(h, seq);
    return slot && is_safe(h, slot) ? slot : NULL;
}
