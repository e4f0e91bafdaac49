#include "rtc/twcc.h"

#include "base/err.h"
#include "base/moment.h"

#include <assert.h>

enum {
    HEADER_LEN = 4 + 8 + 8, // RTCP, SSRCs, and up to the feedback count
    TYPE_RTPFB = 205,
    FORMAT_TWCC = 15,
    TICK_US = 250,            // of a delta
    REFERENCE_US = 64 * 1000, // of the reference time: 256 ticks
    TICKS_PER_REFERENCE = REFERENCE_US / TICK_US,
    RUN_MAX = 8191,
    BITS_COUNT = 14, // statuses of a chunk with one bit for each
    PAIRS_COUNT = 7, // with two bits for each
    // Numbers in one feedback: each takes at most 2 octets of delta and a seventh of a chunk.
    STATUSES_MAX = 400,
};

static_assert(HEADER_LEN + 2 * STATUSES_MAX + 2 * (STATUSES_MAX / PAIRS_COUNT + 1) + 3 <=
                  TWCC_FEEDBACK_MAX,
              "a full feedback fits");

enum status { NOT_RECEIVED = 0, SMALL_DELTA = 1, LARGE_DELTA = 2, RESERVED = 3 };

// --- Recording ---

static int64_t *slot(struct twcc_recorder *t, uint64_t number)
{
    return &t->arrived[number % TWCC_WINDOW];
}

// Makes room in the ring for the numbers after `highest` up to `number`.
static void advance(struct twcc_recorder *t, uint64_t highest, uint64_t number)
{
    uint64_t first = highest + 1;
    if (number - highest > TWCC_WINDOW)
        first = number - TWCC_WINDOW + 1;
    for (uint64_t n = first; n <= number; n++)
        *slot(t, n) = 0;
    // What nobody fetched in time is never told; the sender counts it as lost.
    if (t->next + TWCC_WINDOW <= number)
        t->next = number - TWCC_WINDOW + 1;
}

void twcc_arrived(struct twcc_recorder *t, uint16_t number, int64_t arrived_at)
{
    uint64_t highest = t->seq.highest;
    uint64_t extended = seq_extend(&t->seq, number);
    if (highest == 0)
        t->next = extended;
    else if (extended > highest)
        advance(t, highest, extended);
    else if (extended + TWCC_WINDOW <= highest || *slot(t, extended) != 0)
        return;

    *slot(t, extended) = arrived_at;
    if (extended < t->next)
        t->next = extended;
    if (t->due_at == 0)
        t->due_at = arrived_at + TWCC_INTERVAL_US;
}

int64_t twcc_deadline(const struct twcc_recorder *t)
{
    return t->due_at == 0 ? NEVER : t->due_at;
}

// What one feedback says.
struct plan {
    size_t count;
    size_t received;
    int64_t reference; // in units of REFERENCE_US
    uint8_t statuses[STATUSES_MAX];
    int16_t deltas[STATUSES_MAX]; // of those received, in ticks
};

// As many numbers from t->next on as fit; an arrival too far from the one before needs a
// feedback with a reference time of its own.
static void make_plan(struct plan *plan, struct twcc_recorder *t)
{
    plan->count = 0;
    plan->received = 0;
    plan->reference = 0;
    int64_t tick = 0;
    for (uint64_t n = t->next; n <= t->seq.highest && plan->count < STATUSES_MAX; n++) {
        int64_t arrived = *slot(t, n);
        if (arrived == 0) {
            plan->statuses[plan->count++] = NOT_RECEIVED;
            continue;
        }
        if (plan->received == 0) {
            plan->reference = arrived / REFERENCE_US;
            tick = plan->reference * TICKS_PER_REFERENCE;
        }
        int64_t delta = arrived / TICK_US - tick;
        if (delta < INT16_MIN || delta > INT16_MAX)
            break;
        tick += delta;
        plan->statuses[plan->count++] = delta >= 0 && delta <= 255 ? SMALL_DELTA : LARGE_DELTA;
        plan->deltas[plan->received++] = (int16_t)delta;
    }
}

// Appends one chunk and returns how many statuses it tells.
static size_t put_chunk(struct writer *w, const uint8_t *statuses, size_t count)
{
    size_t run = 1;
    while (run < count && statuses[run] == statuses[0])
        run++;
    if (run >= BITS_COUNT || run == count) {
        put_u16(w, (uint16_t)(statuses[0] << 13 | run));
        return run;
    }

    size_t bits = 0;
    while (bits < count && bits < BITS_COUNT && statuses[bits] != LARGE_DELTA)
        bits++;
    if (bits == count || bits == BITS_COUNT) {
        uint16_t chunk = 0x8000;
        for (size_t i = 0; i < bits; i++)
            chunk |= (uint16_t)(statuses[i] << (13 - i));
        put_u16(w, chunk);
        return bits;
    }
    if (run >= PAIRS_COUNT) {
        put_u16(w, (uint16_t)(statuses[0] << 13 | run));
        return run;
    }

    size_t pairs = count < PAIRS_COUNT ? count : PAIRS_COUNT;
    uint16_t chunk = 0xc000;
    for (size_t i = 0; i < pairs; i++)
        chunk |= (uint16_t)(statuses[i] << (12 - 2 * i));
    put_u16(w, chunk);
    return pairs;
}

static_assert(STATUSES_MAX <= RUN_MAX, "a run holds all statuses of a feedback");

static void put_deltas(struct writer *w, const struct plan *plan)
{
    size_t received = 0;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->statuses[i] == NOT_RECEIVED)
            continue;
        int16_t delta = plan->deltas[received++];
        if (plan->statuses[i] == SMALL_DELTA)
            put_u8(w, (uint8_t)delta);
        else
            put_u16(w, (uint16_t)delta);
    }
}

// Fills the packet that starts at `start` up to a multiple of 4 and writes its length.
static void finish(struct writer *w, size_t start)
{
    size_t padding_len = (4 - (w->len - start) % 4) % 4;
    for (size_t i = 0; i < padding_len; i++)
        put_u8(w, i + 1 == padding_len ? (uint8_t)padding_len : 0);
    if (w->overflow)
        return;
    uint8_t *p = w->at + start;
    p[0] |= padding_len ? 0x20 : 0;
    write_u16(p + 2, (uint16_t)((w->len - start) / 4 - 1));
}

bool twcc_put_feedback(struct twcc_recorder *t, uint32_t sender_ssrc, uint32_t media_ssrc,
                       int64_t now, struct writer *w)
{
    if (t->due_at == 0 || now < t->due_at)
        return false;
    struct plan plan;
    make_plan(&plan, t);
    if (plan.count == 0) {
        t->due_at = 0;
        return false;
    }

    size_t start = w->len;
    put_u8(w, 0x80 | FORMAT_TWCC);
    put_u8(w, TYPE_RTPFB);
    put_u16(w, 0); // length
    put_u32(w, sender_ssrc);
    put_u32(w, media_ssrc);
    put_u16(w, (uint16_t)t->next);
    put_u16(w, (uint16_t)plan.count);
    put_u24(w, (uint32_t)plan.reference & 0xffffff);
    put_u8(w, t->feedback_count);
    for (size_t i = 0; i < plan.count;)
        i += put_chunk(w, plan.statuses + i, plan.count - i);
    put_deltas(w, &plan);
    finish(w, start);

    t->feedback_count++;
    t->next += plan.count;
    if (t->next > t->seq.highest)
        t->due_at = 0;
    return true;
}

// --- Reading ---

static uint32_t chunk_capacity(uint16_t chunk)
{
    if (chunk & 0x8000)
        return chunk & 0x4000 ? PAIRS_COUNT : BITS_COUNT;
    return chunk & 0x1fff;
}

static bool is_run(uint16_t chunk)
{
    return !(chunk & 0x8000);
}

static enum status chunk_status(uint16_t chunk, uint32_t i)
{
    if (is_run(chunk))
        return chunk >> 13 & 3;
    return chunk & 0x4000 ? chunk >> (12 - 2 * i) & 3 : chunk >> (13 - i) & 1;
}

// How many octets of deltas the first `count` statuses of a chunk need; ERR_MALFORMED for a
// reserved status.
static int deltas_len(uint16_t chunk, uint32_t count)
{
    static const int len_of[] = {[NOT_RECEIVED] = 0, [SMALL_DELTA] = 1, [LARGE_DELTA] = 2};
    if (is_run(chunk)) {
        enum status status = chunk_status(chunk, 0);
        return status == RESERVED ? ERR_MALFORMED : len_of[status] * (int)count;
    }
    int len = 0;
    for (uint32_t i = 0; i < count; i++) {
        enum status status = chunk_status(chunk, i);
        if (status == RESERVED)
            return ERR_MALFORMED;
        len += len_of[status];
    }
    return len;
}

// Splits what follows the header into chunks and deltas.
static int split(struct twcc_feedback *feedback, struct bytes rest)
{
    size_t chunks_len = 0;
    size_t needed = 0;
    for (uint32_t told = 0; told < feedback->status_count; chunks_len += 2) {
        if (rest.len - chunks_len < 2)
            return ERR_MALFORMED;
        uint16_t chunk = read_u16(rest.at + chunks_len);
        uint32_t count = chunk_capacity(chunk);
        if (count > feedback->status_count - told)
            count = feedback->status_count - told;
        int len = deltas_len(chunk, count);
        if (len < 0)
            return len;
        needed += (size_t)len;
        told += count;
    }
    if (rest.len - chunks_len < needed)
        return ERR_MALFORMED;
    feedback->chunks = (struct bytes){rest.at, chunks_len};
    feedback->deltas = (struct bytes){rest.at + chunks_len, needed};
    return 0;
}

uint16_t twcc_status_count(struct bytes packet)
{
    assert(packet.len >= HEADER_LEN);
    return read_u16(packet.at + 14);
}

int twcc_parse(struct twcc_feedback *feedback, struct bytes packet)
{
    const uint8_t *p = packet.at;
    if (packet.len < HEADER_LEN || p[0] >> 6 != 2 || (p[0] & 0x1f) != FORMAT_TWCC ||
        p[1] != TYPE_RTPFB || packet.len != 4 * (size_t)read_u16(p + 2) + 4)
        return ERR_MALFORMED;
    bool has_padding = p[0] & 0x20;
    size_t padding_len = has_padding ? p[packet.len - 1] : 0;
    if ((has_padding && padding_len == 0) || packet.len - HEADER_LEN < padding_len)
        return ERR_MALFORMED;

    uint32_t reference = read_u24(p + 16);
    struct twcc_feedback parsed = {
        .base_seq = read_u16(p + 12),
        .status_count = read_u16(p + 14),
        .feedback_count = p[19],
        .reference_us = ((int64_t)(reference ^ 0x800000) - 0x800000) * REFERENCE_US,
    };
    if (parsed.status_count == 0)
        return ERR_MALFORMED;
    int err =
        split(&parsed, (struct bytes){p + HEADER_LEN, packet.len - HEADER_LEN - padding_len});
    if (err < 0)
        return err;
    *feedback = parsed;
    return 0;
}

struct twcc_cursor twcc_begin(const struct twcc_feedback *feedback)
{
    return (struct twcc_cursor){.feedback = feedback, .at_us = feedback->reference_us};
}

static int64_t next_delta_us(struct twcc_cursor *c, enum status status)
{
    const uint8_t *p = c->feedback->deltas.at + c->delta;
    c->delta += status == SMALL_DELTA ? 1 : 2;
    return (status == SMALL_DELTA ? p[0] : (int16_t)read_u16(p)) * (int64_t)TICK_US;
}

bool twcc_next(struct twcc_cursor *c, struct twcc_arrival *arrival)
{
    const struct twcc_feedback *f = c->feedback;
    while (c->index < f->status_count) {
        uint16_t chunk = read_u16(f->chunks.at + c->chunk);
        uint32_t left = chunk_capacity(chunk) - c->chunk_index;
        if (left == 0) {
            c->chunk += 2;
            c->chunk_index = 0;
            continue;
        }
        enum status status = chunk_status(chunk, c->chunk_index);
        uint32_t step = status == NOT_RECEIVED && is_run(chunk) ? left : 1;
        uint16_t seq = (uint16_t)(f->base_seq + c->index);
        c->index += step;
        c->chunk_index += step;
        if (status == NOT_RECEIVED)
            continue;
        c->at_us += next_delta_us(c, status);
        *arrival = (struct twcc_arrival){.seq = seq, .arrived_us = c->at_us};
        return true;
    }
    return false;
}
