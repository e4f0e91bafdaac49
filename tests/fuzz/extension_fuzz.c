// A block of header extensions: what is read and written reads back the same.
#include "base/batch.h"
#include "rtc/extension.h"
#include "rtc/negotiate.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct extension_ids ids = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct extension_values values;
    extension_read(&values, (struct bytes){data, size}, &ids);

    uint8_t head[BATCH_HEAD_MAX];
    struct writer w = writer_on(head, sizeof head);
    if (!extension_put(&w, &ids, &values))
        return 0;
    struct extension_values back;
    extension_read(&back, (struct bytes){head, w.len}, &ids);
    if (w.len > EXTENSION_BLOCK_MAX || w.len % 4 || back.twcc != values.twcc ||
        back.audio_level != values.audio_level || back.playout_delay != values.playout_delay)
        abort();
    return 0;
}
