// A chunked body never grows beyond its bound.
#include "net/chunked.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chunked c = {0};
    struct text body = {0};
    size_t used = 0;
    int err = chunked_decode(&c, (struct bytes){data, size}, 1000, &body, &used);
    if (body.len > 1000 || (!err && used > size) || (!err && !c.done && used != size))
        abort();
    text_dispose(&body);
    return 0;
}
