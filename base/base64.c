#include "base/base64.h"

#include "base/err.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_add(struct text *to, struct bytes octets)
{
    for (size_t i = 0; i < octets.len; i += 3) {
        size_t group = octets.len - i < 3 ? octets.len - i : 3;
        uint32_t bits = (uint32_t)octets.at[i] << 16;
        if (group > 1)
            bits |= (uint32_t)octets.at[i + 1] << 8;
        if (group > 2)
            bits |= octets.at[i + 2];
        for (size_t letter = 0; letter <= group; letter++)
            text_add_char(to, alphabet[bits >> (18 - 6 * letter) & 63]);
    }
}

// 0..63, or -1.
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

int base64url_read(struct bytes text, uint8_t *out)
{
    if (text.len % 4 == 1 || text.len > INT32_MAX)
        return ERR_MALFORMED;

    int written = 0;
    uint32_t bits = 0;
    int bit_count = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.at[i]);
        if (value < 0)
            return ERR_MALFORMED;
        bits = (bits << 6 | (uint32_t)value) & 0xffff;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[written++] = (uint8_t)(bits >> bit_count);
        }
    }
    bool left_over = bits & ((1u << bit_count) - 1);
    return left_over ? ERR_MALFORMED : written;
}
