#include "sfu/gap.h"

#include "rtc/nack.h"

// What is asked for is not further apart.
enum { NEIGHBOUR_MAX = NACK_MISSING_MAX, PICTURE_ID_LONG = 0x7fff, PICTURE_ID_SHORT = 0x7f };

// A packet that tells what it is of.
static const struct history_slot *telling(const struct history *h, uint64_t seq)
{
    const struct history_slot *slot = history_get(h, seq);
    return slot && slot->payload.len ? slot : NULL;
}

static const struct history_slot *before(const struct history *h, uint64_t seq)
{
    const struct history_slot *slot = NULL;
    for (uint64_t back = 1; !slot && back <= NEIGHBOUR_MAX && back < seq; back++)
        slot = telling(h, seq - back);
    return slot;
}

static const struct history_slot *behind(const struct history *h, uint64_t seq)
{
    const struct history_slot *slot = NULL;
    for (uint64_t ahead = 1; !slot && ahead <= NEIGHBOUR_MAX && seq + ahead <= h->newest;
         ahead++)
        slot = telling(h, seq + ahead);
    return slot;
}

// Whether the first picture of T0 from `slot` on needs one of which nothing came.
static bool base_goes_on(const struct history *h, const struct history_slot *slot)
{
    for (uint64_t seq = slot->seq; seq <= h->newest; seq++) {
        slot = telling(h, seq);
        if (slot && slot->info.temporal == 0 && slot->info.spatial == 0)
            return !slot->info.needs_unseen;
    }
    return false;
}

// Whether no whole picture of T0 is missing between two packets of different pictures.
static bool has_all_base(const struct history *h, const struct history_slot *left,
                         const struct history_slot *right)
{
    const struct codec_packet *a = &left->info, *b = &right->info;
    if (a->has_tl0 && b->has_tl0) // counts the pictures of T0
        return (uint8_t)(b->tl0 - a->tl0) == (b->temporal == 0);
    if (b->describes_needs)
        return base_goes_on(h, right);
    uint16_t mask = b->picture_id_long ? PICTURE_ID_LONG : PICTURE_ID_SHORT;
    return a->has_picture_id && b->has_picture_id &&
           ((b->picture_id - a->picture_id) & mask) == 1;
}

bool gap_heals(const struct history *h, uint64_t seq)
{
    const struct history_slot *left = before(h, seq), *right = behind(h, seq);
    if (!left || !right)
        return false;
    if (left->timestamp == right->timestamp)
        return left->info.temporal > 0;
    bool ends = left->marker || left->info.temporal > 0;
    bool begins =
        (right->info.frame_start && right->info.spatial == 0) || right->info.temporal > 0;
    return ends && begins && has_all_base(h, left, right);
}
