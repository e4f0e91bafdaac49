#include "sfu/redundancy.h"

#include "rtc/red.h"

static const double smoothing = 0.25;
static const double from[REDUNDANCY_MAX + 1] = {0, 0.02, 0.10};
static const double until[REDUNDANCY_MAX + 1] = {0, 0.01, 0.07};

// --- How many ---

void redundancy_report(struct redundancy *r, double lost, int64_t now)
{
    r->loss += (lost - r->loss) * smoothing;
    while (r->depth < REDUNDANCY_MAX && r->loss >= from[r->depth + 1]) {
        r->depth++;
        r->busy_at = now;
    }
    if (r->loss >= until[r->depth])
        r->busy_at = now;
    if (r->depth > 0 && now - r->busy_at >= REDUNDANCY_CALM_US) {
        r->depth--;
        r->busy_at = now;
    }
}

void redundancy_count(struct redundancy *r, uint32_t expected, uint32_t lost, int64_t now)
{
    if (r->expected == 0)
        r->began_at = now;
    r->expected += expected;
    r->lost += lost;
    if (r->expected == 0 || now - r->began_at < REDUNDANCY_OBSERVED_US)
        return;
    redundancy_report(r, (double)r->lost / r->expected, now);
    r->expected = r->lost = 0;
}

// --- What is sent ---

// Whether a frame can be told of in a packet `slot`. Behind a silence it is too far away.
static bool may_repeat(const struct history_slot *slot, const struct history_slot *before)
{
    uint32_t offset = slot->timestamp - before->timestamp;
    return offset > 0 && offset < RED_OFFSET_MAX && before->payload.len > 0 &&
           before->payload.len < RED_DATA_MAX;
}

struct bytes redundancy_payload(struct batch *out, const struct history *history,
                                const struct history_slot *slot, unsigned depth,
                                uint8_t payload_type)
{
    struct red_block newest_first[REDUNDANCY_MAX];
    size_t count = 0;
    size_t len = 1 + slot->payload.len;
    for (unsigned back = 1; back <= depth && back <= REDUNDANCY_MAX; back++) {
        const struct history_slot *before = history_get(history, slot->seq - back);
        if (!before || !may_repeat(slot, before))
            continue;
        if (len + RED_HEADER_LEN + before->payload.len > REDUNDANCY_OCTETS_MAX)
            break;
        newest_first[count++] = (struct red_block){
            .payload_type = payload_type,
            .timestamp_offset = (uint16_t)(slot->timestamp - before->timestamp),
            .data = before->payload,
        };
        len += RED_HEADER_LEN + before->payload.len;
    }
    if (count == 0)
        return (struct bytes){0};
    struct red red = {.count = count + 1};
    for (size_t i = 0; i < count; i++)
        red.blocks[i] = newest_first[count - 1 - i];
    red.blocks[count] = (struct red_block){.payload_type = payload_type, .data = slot->payload};
    struct writer w = writer_on(batch_space(out, len), len);
    red_put(&w, &red);
    return (struct bytes){w.at, w.len};
}
