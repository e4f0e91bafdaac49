#include "rtc/extension.h"

#include "rtc/negotiate.h"

enum {
    BLOCK_HEADER_LEN = 4,
    PROFILE_ONE_OCTET = 0xbede,
    PROFILE_TWO_OCTETS = 0x1000, // the low four bits are "appbits", to be ignored
    ONE_OCTET_ID_MAX = 14,
    ONE_OCTET_DATA_MAX = 16,
    TWO_OCTETS_DATA_MAX = 255,
};

bool extension_next(struct bytes block, size_t *at, struct extension_element *element)
{
    if (block.len < BLOCK_HEADER_LEN)
        return false;
    uint16_t profile = read_u16(block.at);
    bool two_octets = (profile & 0xfff0) == PROFILE_TWO_OCTETS;
    if (!two_octets && profile != PROFILE_ONE_OCTET)
        return false;

    size_t header_len = two_octets ? 2 : 1;
    size_t i = *at < BLOCK_HEADER_LEN ? BLOCK_HEADER_LEN : *at;
    for (;;) {
        while (i < block.len && block.at[i] == 0)
            i++; // padding, which may also be between elements
        if (i + header_len > block.len)
            return false;

        uint8_t id = two_octets ? block.at[i] : block.at[i] >> 4;
        size_t len = two_octets ? block.at[i + 1] : (block.at[i] & 0x0f) + 1u;
        // RFC 8285 section 4.2: "If the ID value 15 is used, its length field should be
        // ignored, processing of the entire extension should terminate at that point".
        if (!two_octets && id == 15)
            return false;
        i += header_len;
        if (len > block.len - i)
            return false;
        *element = (struct extension_element){id, {block.at + i, len}};
        i += len;
        *at = i;
        if (id != 0)
            return true;
        // The same section: an id of 0 with a length is to be skipped.
    }
}

size_t extension_find(struct bytes block, uint8_t id)
{
    struct extension_element element;
    for (size_t at = 0; extension_next(block, &at, &element);)
        if (element.id == id)
            return (size_t)(element.data.at - block.at);
    return 0;
}

static void read_element(struct extension_values *v, const struct extension_element *e,
                         const struct extension_ids *ids)
{
    // Never 0, which is the id of what was not negotiated.
    uint8_t id = e->id;
    const uint8_t *p = e->data.at;
    size_t len = e->data.len;
    if (id == ids->twcc && len >= 2) {
        v->has_twcc = true;
        v->twcc = read_u16(p);
    } else if (id == ids->audio_level && len >= 1) {
        v->has_audio_level = true;
        v->voice = p[0] & 0x80;
        v->audio_level = p[0] & 0x7f;
    } else if (id == ids->abs_send_time && len == 3) {
        v->has_abs_send_time = true;
        v->abs_send_time = read_u24(p);
    } else if (id == ids->mid) {
        v->mid = e->data;
    } else if (id == ids->rid) {
        v->rid = e->data;
    } else if (id == ids->repaired_rid) {
        v->repaired_rid = e->data;
    } else if (id == ids->orientation && len == 1) {
        v->has_orientation = true;
        v->orientation = p[0];
    } else if (id == ids->playout_delay && len == 3) {
        v->has_playout_delay = true;
        v->playout_delay = read_u24(p);
    } else if (id == ids->dependency) {
        v->dependency = e->data;
    }
}

void extension_read(struct extension_values *values, struct bytes block,
                    const struct extension_ids *ids)
{
    *values = (struct extension_values){0};
    struct extension_element element;
    for (size_t at = 0; extension_next(block, &at, &element);)
        read_element(values, &element, ids);
}

enum { ELEMENTS_MAX = 9 };

// The elements of a block to be written. Numbers lie in `scratch`.
struct plan {
    struct extension_element elements[ELEMENTS_MAX];
    size_t count;
    size_t data_len;
    bool two_octets;
    uint8_t scratch[10];
};

// Adds an element if it is negotiated and the block stays within its bound.
static void add(struct plan *plan, uint8_t id, struct bytes data)
{
    if (id == 0 || data.len > TWO_OCTETS_DATA_MAX)
        return;
    bool two_octets = plan->two_octets || id > ONE_OCTET_ID_MAX || data.len == 0 ||
                      data.len > ONE_OCTET_DATA_MAX;
    size_t headers_len = (plan->count + 1) * (two_octets ? 2 : 1);
    // The bound is a multiple of 4, so the padding of what fits does too.
    if (BLOCK_HEADER_LEN + headers_len + plan->data_len + data.len > EXTENSION_BLOCK_MAX)
        return;
    plan->elements[plan->count++] = (struct extension_element){id, data};
    plan->data_len += data.len;
    plan->two_octets = two_octets;
}

// Fixed sizes first: they always fit, so only what follows them can be left out.
static void make_plan(struct plan *plan, const struct extension_ids *ids,
                      const struct extension_values *v)
{
    uint8_t *p = plan->scratch;
    if (v->has_twcc) {
        write_u16(p, v->twcc);
        add(plan, ids->twcc, (struct bytes){p, 2});
    }
    if (v->has_audio_level) {
        p[2] = (uint8_t)((v->voice ? 0x80 : 0) | (v->audio_level & 0x7f));
        add(plan, ids->audio_level, (struct bytes){p + 2, 1});
    }
    if (v->has_abs_send_time) {
        write_u24(p + 3, v->abs_send_time);
        add(plan, ids->abs_send_time, (struct bytes){p + 3, 3});
    }
    if (v->has_orientation) {
        p[6] = v->orientation;
        add(plan, ids->orientation, (struct bytes){p + 6, 1});
    }
    if (v->has_playout_delay) {
        write_u24(p + 7, v->playout_delay);
        add(plan, ids->playout_delay, (struct bytes){p + 7, 3});
    }
    if (v->mid.len)
        add(plan, ids->mid, v->mid);
    if (v->rid.len)
        add(plan, ids->rid, v->rid);
    if (v->repaired_rid.len)
        add(plan, ids->repaired_rid, v->repaired_rid);
    if (v->dependency.len)
        add(plan, ids->dependency, v->dependency);
}

bool extension_put(struct writer *w, const struct extension_ids *ids,
                   const struct extension_values *values)
{
    struct plan plan;
    plan.count = 0;
    plan.data_len = 0;
    plan.two_octets = false;
    make_plan(&plan, ids, values);
    if (plan.count == 0)
        return false;

    size_t len = plan.count * (plan.two_octets ? 2 : 1) + plan.data_len;
    size_t words = (len + 3) / 4;
    uint8_t *p = put_space(w, BLOCK_HEADER_LEN + 4 * words);
    if (!p)
        return false;
    write_u16(p, plan.two_octets ? PROFILE_TWO_OCTETS : PROFILE_ONE_OCTET);
    write_u16(p + 2, (uint16_t)words);
    p += BLOCK_HEADER_LEN;
    for (size_t i = 0; i < plan.count; i++) {
        const struct extension_element *e = &plan.elements[i];
        if (plan.two_octets) {
            *p++ = e->id;
            *p++ = (uint8_t)e->data.len;
        } else {
            *p++ = (uint8_t)(e->id << 4 | (e->data.len - 1));
        }
        memcpy(p, e->data.at, e->data.len);
        p += e->data.len;
    }
    memset(p, 0, 4 * words - len);
    return true;
}
