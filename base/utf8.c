#include "base/utf8.h"

bool utf8_is_valid(struct bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        uint64_t word = 0;
        for (; text.len - at >= sizeof word; at += sizeof word) {
            memcpy(&word, text.at + at, sizeof word);
            if (word & UINT64_MAX / 255 << 7) // not all of ASCII
                break;
        }
        for (size_t end = at + sizeof word; at < text.len && at < end;) {
            size_t len = utf8_len((struct bytes){text.at + at, text.len - at});
            if (len == 0)
                return false;
            at += len;
        }
    }
    return true;
}
