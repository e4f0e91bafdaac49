#include "tests/sim/shape.h"

// Three temporal layers as libvpx makes them: the layer of each picture of a cycle, and how far
// back is what it needs.
static const struct {
    uint8_t temporal;
    uint8_t back;
} cycles[4] = {{0, 4}, {2, 1}, {1, 2}, {2, 1}};

unsigned shape_spatial(const struct shape *s)
{
    return s->spatial ? s->spatial : 1;
}

enum codec shape_codec(const struct shape *s)
{
    return s->codec == CODEC_NONE ? CODEC_VP8 : s->codec;
}

void shape_place(const struct shape *s, unsigned cycle, struct mark *mark)
{
    mark->temporal = s->flat ? 0 : cycles[cycle].temporal;
    unsigned pictures = s->flat ? 1 : cycles[cycle].back;
    mark->back = (uint8_t)(mark->key ? 0 : pictures * shape_spatial(s));
    mark->below = mark->spatial > 0 && (mark->key || s->full);
}

// --- Descriptors ---

// A picture of the last temporal layer at the end of the cycle needs one of the middle layer:
// one that may not have it can not begin there.
static bool is_sync(unsigned cycle)
{
    return cycle != 3;
}

// RFC 7741 section 4.2.
static void put_vp8(const struct mark *m, unsigned cycle, uint16_t picture_id, uint8_t tl0,
                    struct writer *w)
{
    // X, N, S
    put_u8(w, 0x80 | (m->temporal == 2 ? 0x20 : 0) | (m->index == 0 ? 0x10 : 0));
    put_u8(w, 0xe0); // I, L, T
    put_u16(w, 0x8000 | picture_id);
    put_u8(w, tl0);
    put_u8(w, (uint8_t)(m->temporal << 6 | (is_sync(cycle) ? 0x20 : 0))); // TID, Y
    put_u8(w, !m->key);
}

// RFC 9628 section 4.2.1: sizes of the spatial layers, and what pictures of the cycle need.
static void put_structure(const struct shape *s, struct writer *w)
{
    unsigned spatial = shape_spatial(s);
    put_u8(w, (uint8_t)((spatial - 1) << 5 | 0x10 | (s->flexible ? 0 : 0x08))); // N_S, Y, G
    for (unsigned i = 0; i < spatial; i++) {
        put_u16(w, (uint16_t)(1280 >> (spatial - 1 - i)));
        put_u16(w, (uint16_t)(720 >> (spatial - 1 - i)));
    }
    if (s->flexible)
        return;
    unsigned pictures = s->flat ? 1 : 4;
    put_u8(w, (uint8_t)pictures);
    for (unsigned i = 0; i < pictures; i++) {
        // T, U, and one reference
        put_u8(w, (uint8_t)(cycles[i].temporal << 5 | (is_sync(i) ? 0x10 : 0) | 1 << 2));
        put_u8(w, s->flat ? 1 : cycles[i].back);
    }
}

// RFC 9628 section 4.2.
static void put_vp9(const struct shape *s, const struct mark *m, unsigned cycle,
                    uint16_t picture_id, uint8_t tl0, struct writer *w)
{
    bool first = m->index == 0;
    bool structure = first && m->key && m->spatial == 0;
    bool apart = !m->key && !s->full; // nothing above needs it
    put_u8(w, 0x80 | (m->key ? 0 : 0x40) | 0x20 | (s->flexible ? 0x10 : 0) |   // I, P, L, F
                  (first ? 0x08 : 0) | (m->index + 1 == m->count ? 0x04 : 0) | // B, E
                  (structure ? 0x02 : 0) | (apart ? 0x01 : 0));                // V, Z
    put_u16(w, 0x8000 | picture_id);
    bool sync = s->flat || is_sync(cycle);
    put_u8(w, (uint8_t)(m->temporal << 5 | (sync ? 0x10 : 0) | m->spatial << 1 |
                        m->below)); // T, U, S, D
    if (!s->flexible)
        put_u8(w, tl0);
    else if (!m->key)
        put_u8(w, (uint8_t)((s->flat ? 1 : cycles[cycle].back) << 1)); // P_DIFF, and no other
    if (structure)
        put_structure(s, w);
}

// "RTP Payload Format For AV1" section 4.4: one OBU in each packet, or a part of it. The frame
// of a key picture begins with its sequence header.
static void put_av1(const struct mark *m, struct writer *w)
{
    bool first = m->index == 0, last = m->index + 1 == m->count;
    bool sequence = m->key && first && m->spatial == 0;
    put_u8(w, (first ? 0 : 0x80) | (last ? 0 : 0x40) | 0x10 | (sequence ? 0x08 : 0)); // Z Y W N
    if (!first)
        return;
    put_u8(w, (uint8_t)((m->key ? 1 : 6) << 3 | 0x04)); // a sequence header, or a frame
    put_u8(w, (uint8_t)(m->temporal << 5 | m->spatial << 3));
}

// --- Dependency descriptors ---

// Templates of a spatial layer: those of key pictures, and of pictures 0, 2, 1 and 3 of the
// cycle, as their order goes by temporal layers.
enum { TEMPLATES = 5, TEMPORAL_MAX = 3, IDS = 64 };
static const uint8_t template_cycles[TEMPLATES] = {0, 0, 2, 1, 3};

struct bits {
    uint8_t *at;
    size_t count;
};

static void put_bits(struct bits *b, uint32_t value, unsigned count)
{
    for (; count-- > 0; b->count++) {
        if (b->count % 8 == 0)
            b->at[b->count / 8] = 0;
        b->at[b->count / 8] |= (uint8_t)((value >> count & 1) << (7 - b->count % 8));
    }
}

static unsigned template_of(const struct mark *m, unsigned cycle)
{
    for (unsigned i = 1; i < TEMPLATES && !m->key; i++)
        if (template_cycles[i] == cycle)
            return m->spatial * TEMPLATES + i;
    return m->spatial * TEMPLATES;
}

// What the frames of a template are to a target: table A.1.
static uint32_t indication(const struct shape *s, unsigned template, unsigned target)
{
    enum { ABSENT, DISCARDABLE, SWITCH, REQUIRED };
    bool key = template % TEMPLATES == 0;
    unsigned spatial = template / TEMPLATES,
             temporal = cycles[template_cycles[template % TEMPLATES]].temporal;
    unsigned to_spatial = target / TEMPORAL_MAX, to_temporal = target % TEMPORAL_MAX;
    if (to_spatial < spatial || to_temporal < temporal)
        return ABSENT;
    if (to_spatial == spatial)
        return temporal > 0 && temporal == to_temporal ? DISCARDABLE : SWITCH;
    return key ? SWITCH : s->full ? REQUIRED : ABSENT;
}

static void put_needs(const struct shape *s, unsigned template, struct bits *b)
{
    struct mark m = {.key = template % TEMPLATES == 0,
                     .spatial = (uint8_t)(template / TEMPLATES)};
    shape_place(s, template_cycles[template % TEMPLATES], &m);
    if (m.below)
        put_bits(b, 1 << 4 | 0, 5);
    if (m.back)
        put_bits(b, 1u << 4 | (m.back - 1u), 5);
    put_bits(b, 0, 1);
}

// Section A.8: no chains, and no resolutions.
static void put_templates(const struct shape *s, unsigned offset, struct bits *b)
{
    enum { SAME_LAYER, NEXT_TEMPORAL, NEXT_SPATIAL, NO_MORE };
    static const uint8_t next[TEMPLATES] = {SAME_LAYER, NEXT_TEMPORAL, NEXT_TEMPORAL,
                                            SAME_LAYER, NEXT_SPATIAL};
    unsigned count = TEMPLATES * shape_spatial(s), targets = TEMPORAL_MAX * shape_spatial(s);
    put_bits(b, offset, 6);
    put_bits(b, targets - 1, 5);
    for (unsigned i = 0; i < count; i++)
        put_bits(b, i + 1 == count ? NO_MORE : next[i % TEMPLATES], 2);
    for (unsigned i = 0; i < count; i++)
        for (unsigned target = 0; target < targets; target++)
            put_bits(b, indication(s, i, target), 2);
    for (unsigned i = 0; i < count; i++)
        put_needs(s, i, b);
    // 0 of those below `targets` + 1, which is 4, 7 or 10: ns(n) of section A.8.2.
    put_bits(b, 0, targets == 3 || targets == 6 ? 2 : 3);
    put_bits(b, 0, 1);
}

size_t shape_describe(const struct shape *s, const struct mark *mark, unsigned cycle,
                      uint16_t number, uint32_t keys, uint8_t *out)
{
    struct bits b = {.at = out};
    unsigned offset = keys * TEMPLATES * shape_spatial(s) % IDS;
    bool first = mark->index == 0;
    put_bits(&b, first, 1);
    put_bits(&b, mark->index + 1 == mark->count, 1);
    put_bits(&b, (offset + template_of(mark, cycle)) % IDS, 6);
    put_bits(&b, number, 16);
    if (mark->key && first && mark->spatial == 0) {
        put_bits(&b, 0x10, 5);
        put_templates(s, offset, &b);
    }
    return (b.count + 7) / 8;
}

void shape_put_descriptor(const struct shape *s, const struct mark *mark, unsigned cycle,
                          uint16_t picture_id, uint8_t tl0, struct writer *w)
{
    switch (shape_codec(s)) {
    case CODEC_VP9:
        put_vp9(s, mark, cycle, picture_id, tl0, w);
        break;
    case CODEC_AV1:
        put_av1(mark, w);
        break;
    default:
        put_vp8(mark, cycle, picture_id, tl0, w);
        break;
    }
}
