// RFC 3629.
#include "base/utf8.h"
#include "test.h"

// What is valid, from the table of section 4, an octet at a time.
static bool is_expected(const uint8_t *p, size_t len)
{
    static const struct {
        uint8_t from, to, second_from, second_to;
        size_t len;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (p[0] < rows[i].from || p[0] > rows[i].to || len != rows[i].len)
            continue;
        for (size_t k = 1; k < len; k++) {
            uint8_t from = k == 1 ? rows[i].second_from : 0x80;
            uint8_t to = k == 1 ? rows[i].second_to : 0xbf;
            if (p[k] < from || p[k] > to)
                return false;
        }
        return true;
    }
    return false;
}

TEST(exactly_the_characters_of_the_rfc_are_valid)
{
    static const uint8_t later[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
                                    0xa0, 0xbf, 0xc0, 0xd0, 0xff};
    enum { COUNT = sizeof later };
    for (int first = 0x80; first < 256; first++)
        for (int second = 0; second < 256; second++)
            for (size_t third = 0; third < COUNT; third++)
                for (size_t fourth = 0; fourth < COUNT; fourth++) {
                    uint8_t p[] = {(uint8_t)first, (uint8_t)second, later[third],
                                   later[fourth]};
                    size_t found = utf8_len((struct bytes){p, sizeof p});
                    size_t expected = 0;
                    for (size_t len = 2; len <= 4; len++)
                        if (is_expected(p, len))
                            expected = len;
                    if (found != expected)
                        fail_msg("%02x %02x %02x %02x: %zu", p[0], p[1], p[2], p[3], found);
                }
}

TEST(a_bad_octet_is_found_wherever_it_is)
{
    char text[40];
    for (size_t len = 1; len < 40; len++)
        for (size_t at = 0; at < len; at++) {
            memset(text, 'x', sizeof text);
            CHECK(utf8_is_valid(test_exact_copy(text, len)));
            text[at] = '\xc3';
            CHECK(!utf8_is_valid(test_exact_copy(text, len)));
            if (at + 1 == len)
                continue;
            text[at + 1] = '\xa4';
            CHECK(utf8_is_valid(test_exact_copy(text, len)));
        }
    CHECK(utf8_is_valid((struct bytes){0}));
}
