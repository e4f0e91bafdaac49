// UTF-8: RFC 3629.
#pragma once

#include "base/bytes.h"

// How many octets the character has that `text`, which is not empty, begins with; 0: it is
// none.
static inline size_t utf8_len(struct bytes text)
{
    uint8_t p[4] = {0};
    if (text.len >= sizeof p)
        memcpy(p, text.at, sizeof p);
    else
        memcpy(p, text.at, text.len);
    uint32_t x =
        (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    if ((x & 0x80) == 0)
        return 1;
    // The leading bits are right; then it must be written in no more octets than it needs, be
    // no half of a surrogate pair, and not beyond U+10FFFF.
    if ((x & 0xc0e0) == 0x80c0)
        return x & 0x1e ? 2 : 0;
    if ((x & 0xc0c0f0) == 0x8080e0)
        return (x & 0x200f) != 0 && (x & 0x200f) != 0x200d ? 3 : 0;
    if ((x & 0xc0c0c0f8) == 0x808080f0)
        return (x & 0x3007) != 0 && ((x & 7) < 4 || (x & 0x3007) == 4) ? 4 : 0;
    return 0;
}

bool utf8_is_valid(struct bytes text);
