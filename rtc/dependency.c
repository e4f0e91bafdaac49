#include "rtc/dependency.h"

#include "base/err.h"

enum {
    MANDATORY_BITS = 24,
    FLAGS_BITS = 5,
    FLAG_STRUCTURE = 0x10, // of the five
    FLAG_ACTIVE = 0x08,
    FLAG_INDICATIONS = 0x04,
    FLAG_FDIFFS = 0x02,
    FLAG_CHAINS = 0x01,
    IDS = 64, // of templates
};

enum { SAME_LAYER, NEXT_TEMPORAL, NEXT_SPATIAL, NO_MORE }; // next_layer_idc, table A.2

// --- Bits ---

// What is not there reads as 0 and sets `overrun`.
struct reader {
    struct bytes data;
    size_t at;
    bool overrun;
};

static uint32_t take(struct reader *r, unsigned count)
{
    uint32_t value = 0;
    if (count > 8 * r->data.len - r->at) {
        r->overrun = true;
        r->at = 8 * r->data.len;
        return 0;
    }
    for (; count > 0; count--, r->at++)
        value = value << 1 | (r->data.at[r->at / 8] >> (7 - r->at % 8) & 1u);
    return value;
}

// ns(n) of section A.8.2: a number below `n`.
static uint32_t take_below(struct reader *r, uint32_t n)
{
    unsigned width = 0;
    for (uint32_t x = n; x != 0; x >>= 1)
        width++;
    uint32_t short_ones = (1u << width) - n;
    uint32_t value = take(r, width - 1);
    if (value < short_ones)
        return value;
    return (value << 1) - short_ones + take(r, 1);
}

static void put(uint8_t *out, size_t *at, uint32_t value, unsigned count)
{
    for (; count > 0; count--, ++*at) {
        uint8_t bit = (uint8_t)(0x80 >> *at % 8);
        if (*at % 8 == 0)
            out[*at / 8] = 0;
        if (value >> (count - 1) & 1)
            out[*at / 8] |= bit;
    }
}

// --- Structures ---

static int take_layers(struct reader *r, struct dependency_structure *s)
{
    uint8_t spatial = 0, temporal = 0;
    for (;;) {
        if (s->template_count == DEPENDENCY_TEMPLATES_MAX)
            return ERR_MALFORMED;
        s->templates[s->template_count].spatial = spatial;
        s->templates[s->template_count++].temporal = temporal;
        switch (take(r, 2)) {
        case SAME_LAYER:
            break;
        case NEXT_TEMPORAL:
            temporal++;
            break;
        case NEXT_SPATIAL:
            temporal = 0;
            spatial++;
            break;
        case NO_MORE:
            return 0;
        }
        if (r->overrun || spatial == DEPENDENCY_SPATIAL_MAX ||
            temporal == DEPENDENCY_TEMPORAL_MAX)
            return ERR_MALFORMED;
    }
}

static uint64_t take_indications(struct reader *r, unsigned target_count)
{
    uint64_t indications = 0;
    for (unsigned i = 0; i < target_count; i++)
        indications |= (uint64_t)take(r, 2) << 2 * i;
    return indications;
}

static int take_template_fdiffs(struct reader *r, struct dependency_needs *needs)
{
    while (take(r, 1)) {
        if (needs->fdiff_count == DEPENDENCY_FDIFFS_MAX)
            return ERR_MALFORMED;
        needs->fdiffs[needs->fdiff_count++] = (uint16_t)(take(r, 4) + 1);
    }
    return 0;
}

static void take_chains(struct reader *r, struct dependency_structure *s)
{
    s->chain_count = (uint8_t)take_below(r, s->target_count + 1u);
    if (s->chain_count == 0)
        return;
    for (unsigned i = 0; i < s->target_count; i++)
        s->protected_by[i] = (uint8_t)take_below(r, s->chain_count);
    for (unsigned i = 0; i < s->template_count; i++)
        for (unsigned k = 0; k < s->chain_count; k++)
            s->templates[i].needs.chains[k] = (uint8_t)take(r, 4);
}

static void find_target_layers(struct dependency_structure *s)
{
    for (unsigned target = 0; target < s->target_count; target++)
        for (unsigned i = 0; i < s->template_count; i++) {
            const struct dependency_template *t = &s->templates[i];
            if (dependency_of(&t->needs, target) == DEPENDENCY_ABSENT)
                continue;
            if (t->spatial > s->target_spatial[target])
                s->target_spatial[target] = t->spatial;
            if (t->temporal > s->target_temporal[target])
                s->target_temporal[target] = t->temporal;
        }
}

static bool is_within(const struct dependency_structure *s, unsigned inner, unsigned outer)
{
    for (unsigned i = 0; i < s->template_count; i++) {
        const struct dependency_needs *needs = &s->templates[i].needs;
        if (dependency_of(needs, inner) != DEPENDENCY_ABSENT &&
            dependency_of(needs, outer) == DEPENDENCY_ABSENT)
            return false;
    }
    return true;
}

static void find_within(struct dependency_structure *s)
{
    for (unsigned outer = 0; outer < s->target_count; outer++)
        for (unsigned inner = 0; inner < s->target_count; inner++)
            if (is_within(s, inner, outer))
                s->within[outer] |= 1u << inner;
}

static void take_resolutions(struct reader *r, struct dependency_structure *s)
{
    s->has_resolutions = take(r, 1);
    uint8_t highest = s->templates[s->template_count - 1].spatial;
    for (unsigned i = 0; s->has_resolutions && i <= highest; i++) {
        s->width[i] = (uint16_t)take(r, 16);
        s->height[i] = (uint16_t)take(r, 16);
    }
}

static int take_structure(struct reader *r, struct dependency_structure *s)
{
    *s = (struct dependency_structure){.id_offset = (uint8_t)take(r, 6)};
    s->target_count = (uint8_t)(take(r, 5) + 1);
    int err = take_layers(r, s);
    if (err < 0)
        return err;
    for (unsigned i = 0; i < s->template_count; i++)
        s->templates[i].needs.indications = take_indications(r, s->target_count);
    for (unsigned i = 0; i < s->template_count; i++)
        if ((err = take_template_fdiffs(r, &s->templates[i].needs)) < 0)
            return err;
    take_chains(r, s);
    take_resolutions(r, s);
    if (r->overrun)
        return ERR_MALFORMED;
    find_target_layers(s);
    find_within(s);
    return 0;
}

// --- Frames ---

static int take_frame_fdiffs(struct reader *r, struct dependency_needs *needs)
{
    needs->fdiff_count = 0;
    for (unsigned size; (size = take(r, 2)) != 0;) {
        if (needs->fdiff_count == DEPENDENCY_FDIFFS_MAX)
            return ERR_MALFORMED;
        needs->fdiffs[needs->fdiff_count++] = (uint16_t)(take(r, 4 * size) + 1);
    }
    return 0;
}

// What differs from the template, in the order in which it is written.
static int take_needs(struct reader *r, uint32_t flags, const struct dependency_structure *s,
                      struct dependency_needs *needs)
{
    if (flags & FLAG_INDICATIONS)
        needs->indications = take_indications(r, s->target_count);
    if (flags & FLAG_FDIFFS) {
        int err = take_frame_fdiffs(r, needs);
        if (err < 0)
            return err;
    }
    for (unsigned i = 0; (flags & FLAG_CHAINS) && i < s->chain_count; i++)
        needs->chains[i] = (uint8_t)take(r, 8);
    return r->overrun ? ERR_MALFORMED : 0;
}

static const struct dependency_template *template_of(const struct dependency_structure *s,
                                                     uint8_t id)
{
    unsigned i = (id + IDS - s->id_offset) % IDS;
    return i < s->template_count ? &s->templates[i] : NULL;
}

// What follows the mandatory fields, and the structure if there is one.
static int take_described(struct reader *r, uint32_t flags,
                          const struct dependency_structure *s, struct dependency_frame *f)
{
    const struct dependency_template *t = template_of(s, f->template_id);
    f->mask_at = (uint16_t)r->at;
    if (!t)
        return 0;
    f->described = true;
    f->target_count = s->target_count;
    f->has_structure = flags & FLAG_STRUCTURE;
    f->has_active = flags & (FLAG_ACTIVE | FLAG_STRUCTURE);
    f->active = (uint32_t)((1ULL << s->target_count) - 1);
    if (flags & FLAG_ACTIVE)
        f->active = take(r, s->target_count);
    f->spatial = t->spatial;
    f->temporal = t->temporal;
    f->needs = t->needs;
    return take_needs(r, flags, s, &f->needs);
}

int dependency_parse(struct bytes descriptor, struct dependency_structure *structure,
                     struct dependency_frame *frame)
{
    struct reader r = {.data = descriptor};
    if (descriptor.len < MANDATORY_BITS / 8 || descriptor.len > DEPENDENCY_LEN_MAX)
        return ERR_MALFORMED;
    struct dependency_frame f = {.starts = take(&r, 1), .ends = take(&r, 1)};
    f.template_id = (uint8_t)take(&r, 6);
    f.number = (uint16_t)take(&r, 16);
    bool extended = descriptor.len > MANDATORY_BITS / 8;
    uint32_t flags = extended ? take(&r, FLAGS_BITS) : 0;

    struct dependency_structure brought;
    const struct dependency_structure *s = structure;
    if (flags & FLAG_STRUCTURE) {
        int err = take_structure(&r, &brought);
        if (err < 0)
            return err;
        s = &brought;
    }
    int err = take_described(&r, flags, s, &f);
    // A template that it brings itself must have it.
    if (err < 0 || ((flags & FLAG_STRUCTURE) && !f.described))
        return ERR_MALFORMED;
    f.end_at = (uint16_t)r.at;
    if (flags & FLAG_STRUCTURE)
        *structure = brought;
    *frame = f;
    return 0;
}

// --- What it means ---

bool dependency_is_in_chain(const struct dependency_structure *s,
                            const struct dependency_needs *needs, unsigned chain)
{
    bool any = false;
    for (unsigned i = 0; i < s->target_count; i++) {
        if (s->chain_count == 0 || s->protected_by[i] != chain)
            continue;
        if (dependency_of(needs, i) < DEPENDENCY_SWITCH)
            return false;
        any = true;
    }
    return any;
}

int dependency_target(const struct dependency_structure *s, uint32_t active, unsigned spatial,
                      unsigned temporal)
{
    int best = -1;
    for (int i = 0; i < s->target_count; i++) {
        if (!(active >> i & 1) || s->target_spatial[i] > spatial ||
            s->target_temporal[i] > temporal)
            continue;
        if (best < 0 || s->target_spatial[i] > s->target_spatial[best] ||
            (s->target_spatial[i] == s->target_spatial[best] &&
             s->target_temporal[i] > s->target_temporal[best]))
            best = i;
    }
    return best;
}

// --- Writing ---

static void copy(struct reader *r, size_t until, uint8_t *out, size_t *at)
{
    while (r->at < until) {
        unsigned count = until - r->at < 32 ? (unsigned)(until - r->at) : 32;
        put(out, at, take(r, count), count);
    }
}

size_t dependency_rewrite(struct bytes descriptor, const struct dependency_frame *frame,
                          const struct dependency_change *change, uint8_t *out)
{
    if (!change->tells_active || !frame->described) {
        memcpy(out, descriptor.at, descriptor.len);
        write_u16(out + 1, change->number);
        return descriptor.len;
    }
    struct reader r = {.data = descriptor};
    size_t at = 0;
    copy(&r, 8, out, &at);
    put(out, &at, change->number, 16);
    r.at = MANDATORY_BITS;
    bool extended = descriptor.len > MANDATORY_BITS / 8;
    uint32_t flags = extended ? take(&r, FLAGS_BITS) : 0;
    put(out, &at, flags | FLAG_ACTIVE, FLAGS_BITS);
    copy(&r, frame->mask_at, out, &at);
    put(out, &at, change->active, frame->target_count);
    if (flags & FLAG_ACTIVE)
        r.at += frame->target_count;
    copy(&r, frame->end_at, out, &at);
    return (at + 7) / 8;
}
