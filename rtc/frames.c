#include "rtc/frames.h"

#include "base/err.h"
#include "rtc/rtp.h"

// --- Structures ---

static void take_structure(struct frames *f, const struct dependency_structure *brought,
                           uint16_t number)
{
    struct frames_structure taken = {.from = number, .known = true, .is = *brought};
    bool is_new = !f->present.known || rtp_seq_after(number, f->present.from);
    if (is_new) {
        f->before = f->present;
        f->present = taken;
    } else if (number == f->present.from) {
        f->present = taken;
    } else if (!f->before.known || rtp_seq_after(number, f->before.from)) {
        f->before = taken; // a key frame that another overtook
    }
}

// That of the key frame at `number` or before it; NULL: it is not known.
static struct dependency_structure *structure_of(struct frames *f, uint16_t number)
{
    if (f->present.known && !rtp_seq_after(f->present.from, number))
        return &f->present.is;
    if (f->before.known && !rtp_seq_after(f->before.from, number))
        return &f->before.is;
    return NULL;
}

static int read_frame(struct frames *f, struct bytes descriptor, struct dependency_frame *frame)
{
    if (descriptor.len < 3)
        return ERR_MALFORMED;
    if (dependency_has_structure(descriptor)) {
        struct dependency_structure brought = {0};
        int err = dependency_parse(descriptor, &brought, frame);
        if (err == 0)
            take_structure(f, &brought, frame->number);
        return err;
    }
    struct dependency_structure *s = structure_of(f, read_u16(descriptor.at + 1));
    if (!s)
        return ERR_NOT_FOUND;
    int err = dependency_parse(descriptor, s, frame);
    return err == 0 && !frame->described ? ERR_NOT_FOUND : err;
}

// --- Layers ---

static void note(struct frames *f, const struct dependency_frame *frame)
{
    unsigned at = frame->number % FRAMES_REMEMBERED;
    f->seen[at].number = frame->number;
    f->seen[at].temporal = (uint8_t)(frame->temporal + 1);
    f->seen[at].spatial = frame->spatial;
}

// What a frame needs, as far as that is known: what nobody has seen may be anything.
static void describe_needs(const struct frames *f, const struct dependency_frame *frame,
                           struct codec_packet *info)
{
    info->layer_sync = info->describes_needs = true;
    info->inter_picture = info->inter_layer = false;
    for (unsigned i = 0; i < frame->needs.fdiff_count; i++) {
        uint16_t number = (uint16_t)(frame->number - frame->needs.fdiffs[i]);
        unsigned at = number % FRAMES_REMEMBERED;
        bool known = f->seen[at].number == number && f->seen[at].temporal > 0;
        info->needs_unseen |= !known;
        info->layer_sync &= known && f->seen[at].temporal <= frame->temporal;
        info->inter_picture |= !known || f->seen[at].spatial == frame->spatial;
        info->inter_layer |= !known || f->seen[at].spatial != frame->spatial;
    }
    info->layer_sync |= frame->temporal == 0;
}

// Whether it is no part of what has higher spatial layers.
static bool is_apart(const struct dependency_structure *s, const struct dependency_frame *frame)
{
    for (unsigned i = 0; i < s->target_count; i++)
        if (s->target_spatial[i] > frame->spatial &&
            dependency_of(&frame->needs, i) != DEPENDENCY_ABSENT)
            return false;
    return true;
}

int frames_read(struct frames *f, struct bytes descriptor, struct codec_packet *info)
{
    struct dependency_frame frame;
    int err = read_frame(f, descriptor, &frame);
    if (err < 0)
        return err;
    note(f, &frame);
    info->frame_start = frame.starts;
    info->frame_end = frame.ends;
    info->key_frame = frame.has_structure && frame.starts && frame.spatial == 0 &&
                      frame.needs.fdiff_count == 0;
    info->spatial = frame.spatial;
    info->temporal = frame.temporal;
    describe_needs(f, &frame, info);
    const struct dependency_structure *s = structure_of(f, frame.number);
    info->upper_apart = s && is_apart(s, &frame);
    info->picture_id = frame.number;
    return 0;
}
