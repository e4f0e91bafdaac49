#include "sfu/cap.h"

static uint8_t lower(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

bool cap_has(struct cap cap, const struct codec_packet *info)
{
    uint8_t spatial = lower(info->spatial, CAP_ALL);
    if (cap.alone && spatial < cap.spatial && info->upper_apart && info->inter_picture)
        return false;
    return spatial <= cap.spatial && lower(info->temporal, CAP_ALL) <= cap.temporal;
}

bool cap_needs_key(struct cap from, struct cap to)
{
    return to.spatial > from.spatial || (from.alone && to.spatial < from.spatial);
}

struct cap cap_towards(struct cap from, struct cap to, const struct codec_packet *info,
                       bool key)
{
    if (key)
        return to;
    struct cap cap = {.spatial = lower(from.spatial, to.spatial),
                      .temporal = lower(from.temporal, to.temporal)};
    // What is lower was not sent: until a key picture comes, fewer pictures of this layer.
    if (from.alone && to.spatial < from.spatial) {
        cap = (struct cap){from.spatial, lower(cap.temporal, 1), true};
        return cap;
    }
    cap.alone = (from.alone || to.alone) && cap.spatial > 0;
    bool sync = info->layer_sync && info->temporal == from.temporal + 1;
    if (to.temporal > from.temporal && sync)
        cap.temporal = (uint8_t)(from.temporal + 1);
    return cap;
}
