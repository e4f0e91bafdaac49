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
    return s->vp9 ? CODEC_VP9 : CODEC_VP8;
}

void shape_place(const struct shape *s, unsigned cycle, struct mark *mark)
{
    mark->temporal = cycles[cycle].temporal;
    mark->back = (uint8_t)(mark->key ? 0 : cycles[cycle].back * shape_spatial(s));
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
    put_u8(w, 4);
    for (unsigned i = 0; i < 4; i++) {
        // T, U, and one reference
        put_u8(w, (uint8_t)(cycles[i].temporal << 5 | (is_sync(i) ? 0x10 : 0) | 1 << 2));
        put_u8(w, cycles[i].back);
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
    put_u8(w, (uint8_t)(m->temporal << 5 | (is_sync(cycle) ? 0x10 : 0) | m->spatial << 1 |
                        m->below)); // T, U, S, D
    if (!s->flexible)
        put_u8(w, tl0);
    else if (!m->key)
        put_u8(w, (uint8_t)(cycles[cycle].back << 1)); // P_DIFF, and no other
    if (structure)
        put_structure(s, w);
}

void shape_put_descriptor(const struct shape *s, const struct mark *mark, unsigned cycle,
                          uint16_t picture_id, uint8_t tl0, struct writer *w)
{
    if (s->vp9)
        put_vp9(s, mark, cycle, picture_id, tl0, w);
    else
        put_vp8(mark, cycle, picture_id, tl0, w);
}
