#include "sfu/cap.h"

static uint8_t lower(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

bool cap_has(struct cap cap, const struct codec_packet *info)
{
    return lower(info->spatial, CAP_ALL) <= cap.spatial &&
           lower(info->temporal, CAP_ALL) <= cap.temporal;
}

struct cap cap_towards(struct cap from, struct cap to, const struct codec_packet *info,
                       bool key)
{
    if (key)
        return to;
    struct cap cap = {.spatial = lower(from.spatial, to.spatial),
                      .temporal = lower(from.temporal, to.temporal)};
    bool sync = info->layer_sync && info->temporal == from.temporal + 1;
    if (to.temporal > from.temporal && sync)
        cap.temporal = (uint8_t)(from.temporal + 1);
    return cap;
}
