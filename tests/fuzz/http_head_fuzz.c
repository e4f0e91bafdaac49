// The head of a request: however its octets are cut up, the finding is the same.
#include "net/head.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct head head;
    size_t looked_at = 0, pieces_looked_at = 0;
    int whole = head_parse(&head, &head_limits_default, (struct bytes){data, size}, &looked_at),
        pieces = HEAD_MORE;
    for (size_t len = 0; len <= size && pieces == HEAD_MORE; len++)
        pieces = head_parse(&head, &head_limits_default, (struct bytes){data, len},
                            &pieces_looked_at);
    // Octets after the head may be bad; those in it are the same.
    if (whole != pieces && !(whole == 400 && pieces == 0) && !(whole > 400 || pieces > 400))
        abort();
    char path[4096];
    if (pieces == 0 && head.target.len <= sizeof path &&
        head_decode_path(head.target, path) > (int)head.target.len)
        abort();
    return 0;
}
