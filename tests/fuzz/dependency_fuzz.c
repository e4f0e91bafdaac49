// Dependency descriptors of one stream, one after the other, each with its length before it:
// the structure that one brings is what the next is read by.
#include "rtc/frames.h"

#include <stdlib.h>

static void check(struct bytes descriptor, const struct dependency_structure *structure,
                  const struct dependency_frame *frame)
{
    uint8_t out[DEPENDENCY_LEN_MAX + 5];
    struct dependency_change change = {.number = 7, .tells_active = true, .active = 1};
    struct dependency_structure other = *structure;
    struct dependency_frame again;
    size_t len = dependency_rewrite(descriptor, frame, &change, out);
    if (len > DEPENDENCY_LEN_MAX)
        return;
    if (dependency_parse((struct bytes){out, len}, &other, &again) < 0 || again.number != 7 ||
        again.described != frame->described || again.spatial != frame->spatial ||
        again.needs.indications != frame->needs.indications ||
        again.needs.fdiff_count != frame->needs.fdiff_count)
        abort();
    if (frame->described && (!again.has_active || again.active != 1))
        abort();
    for (unsigned i = 0; i < structure->target_count; i++)
        if (structure->protected_by[i] >= DEPENDENCY_CHAINS_MAX)
            abort();
    dependency_target(structure, UINT32_MAX, 3, 7);
    for (unsigned i = 0; i < structure->chain_count; i++)
        dependency_is_in_chain(structure, &frame->needs, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dependency_structure structure = {0};
    struct dependency_frame frame;
    struct frames frames = {0};
    while (size > 0) {
        size_t len = data[0] < size ? data[0] : size - 1;
        struct bytes descriptor = {data + 1, len};
        if (dependency_parse(descriptor, &structure, &frame) == 0)
            check(descriptor, &structure, &frame);
        struct codec_packet info = {0};
        int err = frames_read(&frames, descriptor, &info);
        if (err == 0 && (info.spatial >= DEPENDENCY_SPATIAL_MAX ||
                         info.temporal >= DEPENDENCY_TEMPORAL_MAX))
            abort();
        data += 1 + len;
        size -= 1 + len;
    }
    return 0;
}
