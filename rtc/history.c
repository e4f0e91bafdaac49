#include "rtc/history.h"

#include "base/mem.h"

#include <assert.h>

// In the index, of a packet that came and is not kept.
static const uint64_t came = UINT64_MAX;

// Arrays that are not in use any more, though some of their packets are until the next tick.
struct history_room {
    struct history_room *next;
    struct history_slot *slots;
    uint8_t *data;
};

static void open_room(struct history *h, uint32_t packets, uint32_t bytes)
{
    assert(packets > h->margin && (packets & (packets - 1)) == 0);
    h->size = packets;
    h->data_size = bytes;
    h->slots = mem_alloc_array(packets, sizeof *h->slots);
    h->by_seq = mem_alloc_array(packets, sizeof *h->by_seq);
    h->data = mem_alloc(bytes);
}

void history_init(struct history *h, uint32_t packets, uint32_t bytes)
{
    assert(bytes >= HISTORY_MARGIN_BYTES + DATAGRAM_MAX);
    *h = (struct history){.margin = HISTORY_MARGIN, .margin_bytes = HISTORY_MARGIN_BYTES};
    open_room(h, packets, bytes);
}

void history_init_audio(struct history *h)
{
    *h = (struct history){.margin = HISTORY_AUDIO_MARGIN,
                          .margin_bytes = HISTORY_AUDIO_MARGIN_BYTES};
    open_room(h, HISTORY_AUDIO_PACKETS, HISTORY_AUDIO_BYTES);
}

static void free_outgrown(struct history *h)
{
    for (struct history_room *room; (room = h->outgrown);) {
        h->outgrown = room->next;
        mem_free(room->slots);
        mem_free(room->data);
        mem_free(room);
    }
}

void history_dispose(struct history *h)
{
    free_outgrown(h);
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
    return h->arrivals - slot->number + h->margin < h->size &&
           h->written - slot->begin + h->margin_bytes <= h->data_size;
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

// Gives a packet its place, and a copy of its octets.
static struct history_slot *put(struct history *h, const struct history_slot *packet)
{
    size_t len = packet->payload.len + packet->extensions.dependency.len;
    uint64_t begin;
    uint8_t *at = reserve(h, len, &begin);
    uint64_t number = ++h->arrivals;
    struct history_slot *slot = &h->slots[number & (h->size - 1)];
    *slot = *packet;
    slot->number = number;
    slot->begin = begin;
    slot->payload = keep(&at, packet->payload);
    slot->extensions.dependency = keep(&at, packet->extensions.dependency);
    h->by_seq[slot->seq & (h->size - 1)] = number;
    return slot;
}

// What came before stays known in a larger index, and so does that all else is too late.
static void copy_numbers(struct history *h, const struct history *before)
{
    for (uint32_t i = 0; i < h->size; i++)
        h->by_seq[i] = came;
    for (uint64_t back = 0; back < before->size && back < h->newest; back++) {
        uint64_t seq = h->newest - back;
        if (before->by_seq[seq & (before->size - 1)] == 0)
            h->by_seq[seq & (h->size - 1)] = 0;
    }
}

// More room, with all that is found in it.
static void grow(struct history *h, uint32_t margin, uint32_t margin_bytes)
{
    struct history before = *h;
    struct history_room *room = mem_alloc(sizeof *room);
    *room = (struct history_room){h->outgrown, before.slots, before.data};
    h->outgrown = room;
    h->margin = margin;
    h->margin_bytes = margin_bytes;
    open_room(h, 2 * margin > before.size ? 2 * margin : before.size,
              before.data_size + margin_bytes - before.margin_bytes);
    h->arrivals = h->written = 0;
    copy_numbers(h, &before);
    for (uint64_t back = before.size; back-- > 0;) {
        const struct history_slot *slot =
            before.arrivals > back ? &before.slots[(before.arrivals - back) & (before.size - 1)]
                                   : NULL;
        if (slot && history_get(&before, slot->seq) == slot)
            put(h, slot);
    }
    mem_free(before.by_seq);
}

// A tick may bring no more than the margin: what was found in it would be overwritten.
static void make_room(struct history *h, size_t len, int64_t now)
{
    size_t left = h->data_size - h->written % h->data_size;
    size_t skip = left < len ? left : 0;
    if (h->tick_at != now) {
        free_outgrown(h);
        h->tick_at = now;
        h->tick_arrivals = h->tick_written = 0;
    }
    h->tick_arrivals++;
    h->tick_written += skip + len;
    uint32_t margin = h->margin, margin_bytes = h->margin_bytes;
    while (h->tick_arrivals > margin && margin < HISTORY_MARGIN)
        margin *= 2;
    while (h->tick_written > margin_bytes && margin_bytes < HISTORY_MARGIN_BYTES)
        margin_bytes *= 2;
    if (margin != h->margin || margin_bytes != h->margin_bytes)
        grow(h, margin, margin_bytes);
}

// Whether it did not come before, as far as that is known. The index has all that came of the
// last `size` numbers, also those whose slots were taken by others since.
static bool is_new(const struct history *h, uint64_t seq)
{
    return seq > h->newest ||
           (h->newest - seq < h->size && h->by_seq[seq & (h->size - 1)] == 0);
}

// What has the places in the index of those up to `seq` came too long ago.
static void forget_numbers(struct history *h, uint64_t seq)
{
    uint64_t next = h->newest + 1;
    if (seq >= h->size && next <= seq - h->size)
        next = seq - h->size + 1;
    for (; next <= seq; next++)
        h->by_seq[next & (h->size - 1)] = 0;
}

bool history_fits(const struct rtp_packet *packet, const struct extension_values *extensions)
{
    return packet->payload.len + extensions->dependency.len <= DATAGRAM_MAX;
}

const struct history_slot *history_add(struct history *h, uint64_t seq,
                                       const struct rtp_packet *packet,
                                       const struct extension_values *extensions,
                                       const struct codec_packet *info, int64_t now)
{
    size_t len = packet->payload.len + extensions->dependency.len;
    if (!history_fits(packet, extensions) || seq == 0 || !is_new(h, seq))
        return NULL;
    make_room(h, len, now);
    forget_numbers(h, seq);
    struct history_slot packet_kept = {
        .seq = seq,
        .arrived_at = now,
        .timestamp = packet->timestamp,
        .marker = packet->marker,
        .payload_type = packet->payload_type,
        .info = *info,
        .extensions = *extensions,
        .payload = packet->payload,
    };
    packet_kept.extensions.mid = packet_kept.extensions.rid =
        packet_kept.extensions.repaired_rid = (struct bytes){0};
    const struct history_slot *slot = put(h, &packet_kept);
    if (seq > h->newest)
        h->newest = seq;
    return slot;
}

const struct history_slot *history_get(const struct history *h, uint64_t seq)
{
    const struct history_slot *slot = find(h, seq);
    return slot && is_safe(h, slot) ? slot : NULL;
}
