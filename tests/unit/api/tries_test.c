#include "api/tries.h"
#include "test.h"

#include <stdio.h>

#define SECOND_US ((int64_t)1000000)

static struct rng rng;

static struct addr address(const char *text)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, text, 1), 0);
    return a;
}

TEST(a_wait_ends_when_the_first_of_20_is_a_minute_old)
{
    struct api_tries t;
    struct addr a = address("192.0.2.1");
    api_tries_init(&t, 20, 600, &rng);
    for (int i = 0; i < 20; i++)
        api_tries_add(&t, &a, "", i * SECOND_US);
    CHECK_EQ(api_tries_wait_s(&t, &a, "", 20 * SECOND_US), 40);
    CHECK_EQ(api_tries_wait_s(&t, &a, "", 60 * SECOND_US - 1), 1);
    CHECK_EQ(api_tries_wait_s(&t, &a, "", 60 * SECOND_US), 0);
    api_tries_add(&t, &a, "", 60 * SECOND_US);
    CHECK_EQ(api_tries_wait_s(&t, &a, "", 60 * SECOND_US), 1);
    api_tries_dispose(&t);
}

TEST(an_IPv6_network_counts_as_one)
{
    struct api_tries t;
    struct addr a = address("2001:db8:0:1::1");
    struct addr b = address("2001:db8:0:1:ffff::2");
    struct addr c = address("2001:db8:0:2::1");
    api_tries_init(&t, 20, 600, &rng);
    for (int i = 0; i < 20; i++)
        api_tries_add(&t, i % 2 ? &a : &b, "", 0);
    CHECK_EQ(api_tries_wait_s(&t, &a, "", 0), 60);
    CHECK_EQ(api_tries_wait_s(&t, &b, "", 0), 60);
    CHECK_EQ(api_tries_wait_s(&t, &c, "", 0), 0);
    api_tries_dispose(&t);
}

TEST(at_600_wrong_tries_everyone_waits)
{
    struct api_tries t;
    struct addr fresh = address("198.51.100.1");
    api_tries_init(&t, 20, 600, &rng);
    for (int i = 0; i < 600; i++) {
        char ip[32];
        snprintf(ip, sizeof ip, "10.0.%d.%d", i / 250, i % 250);
        struct addr a = address(ip);
        CHECK_EQ(api_tries_wait_s(&t, &fresh, "", i), 0);
        api_tries_add(&t, &a, "", i);
    }
    CHECK_EQ(api_tries_wait_s(&t, &fresh, "", 600), 60);
    api_tries_add(&t, &fresh, "", 600); // no room, no harm
    CHECK_EQ(api_tries_wait_s(&t, &fresh, "", 60 * SECOND_US), 0);
    api_tries_dispose(&t);
}

TEST(both_bounds_are_the_callers)
{
    struct api_tries t;
    struct addr a = address("192.0.2.1"), b = address("192.0.2.2"), c = address("192.0.2.3");
    api_tries_init(&t, 2, 3, &rng);
    api_tries_add(&t, &a, "", 0);
    CHECK_EQ(api_tries_wait_s(&t, &a, "", 0), 0);
    api_tries_add(&t, &a, "", 0);
    CHECK_EQ(api_tries_wait_s(&t, &a, "", 0), 60);
    CHECK_EQ(api_tries_wait_s(&t, &b, "", 0), 0);
    api_tries_add(&t, &b, "", 0);
    CHECK_EQ(api_tries_wait_s(&t, &c, "", 0), 60);
    api_tries_dispose(&t);
}

static void guess(struct api_tries *t, int address_number, const char *code)
{
    char ip[32];
    snprintf(ip, sizeof ip, "10.1.%d.%d", address_number / 250, address_number % 250);
    struct addr a = address(ip);
    api_tries_add(t, &a, code, 0);
}

// Sixty addresses: none of them has a third guess. Who has not guessed, or slipped once, has.
TEST(many_addresses_that_guess_at_one_meeting_wait_and_nobody_else_does)
{
    struct api_tries t;
    struct addr guesser = address("10.1.0.0"), slipped = address("10.1.0.7"),
                honest = address("192.0.2.1");
    api_tries_init(&t, 20, 600, &rng);
    for (int i = 0; i < 58; i++)
        guess(&t, i, "abc-defg-hij");
    guess(&t, 0, "abc-defg-hik");
    CHECK_EQ(api_tries_wait_s(&t, &guesser, "abc-aaaa-aaa", 0), 0);
    guess(&t, 58, "abc-zzzz-zzz");
    CHECK_EQ(api_tries_wait_s(&t, &slipped, "abc-aaaa-aaa", 0), 0);
    CHECK_EQ(api_tries_wait_s(&t, &guesser, "abc-aaaa-aaa", 0), 60);
    CHECK_EQ(api_tries_wait_s(&t, &guesser, "abd-aaaa-aaa", 0), 0);
    CHECK_EQ(api_tries_wait_s(&t, &honest, "abc-aaaa-aaa", 0), 0);
    CHECK_EQ(api_tries_wait_s(&t, &guesser, "abc-aaaa-aaa", 60 * SECOND_US), 0);
    api_tries_dispose(&t);
}

// One in a classroom guesses; the others come from the same address.
TEST(a_code_that_was_right_for_an_address_never_waits_there)
{
    struct api_tries t;
    struct addr school = address("192.0.2.1"), other = address("192.0.2.2");
    api_tries_init(&t, 20, 600, &rng);
    api_tries_right(&t, &school, "abc-defg-hij", 0);
    api_tries_right(&t, &other, "xyz-defg-hij", 0);
    for (int i = 0; i < 20; i++)
        api_tries_add(&t, &school, "abc-aaaa-aaa", 0);
    CHECK_EQ(api_tries_wait_s(&t, &school, "abc-defg-hij", 0), 0);
    CHECK_EQ(api_tries_wait_s(&t, &school, "abc-defg-hik", 0), 60);
    CHECK_EQ(api_tries_wait_s(&t, &school, "xyz-defg-hij", 0), 60); // right elsewhere only
    for (int i = 0; i < 580; i++)
        guess(&t, 1 + i / 20, "uvw-aaaa-aaa");
    CHECK_EQ(api_tries_wait_s(&t, &school, "abc-defg-hij", 0), 0);

    // A day later it is a code like any other.
    int64_t later = (int64_t)CODES_KNOWN_S * SECOND_US;
    for (int i = 0; i < 20; i++)
        api_tries_add(&t, &school, "abc-aaaa-aaa", later);
    CHECK_EQ(api_tries_wait_s(&t, &school, "abc-defg-hij", later), 60);
    api_tries_dispose(&t);
}

TEST(right_codes_are_remembered_in_bounded_number)
{
    struct api_tries t;
    struct addr a = address("192.0.2.1");
    char code[16];
    rng = rng_seeded(1);
    api_tries_init(&t, 1, 600, &rng);
    for (int i = 0; i < 2 * CODES_KNOWN_MAX; i++) {
        snprintf(code, sizeof code, "c%d", i);
        api_tries_right(&t, &a, code, i);
    }
    int64_t now = 2 * CODES_KNOWN_MAX;
    api_tries_add(&t, &a, "x", now);
    CHECK_EQ(api_tries_wait_s(&t, &a, code, now), 0);
    CHECK_EQ(api_tries_wait_s(&t, &a, "c0", now), 60);
    api_tries_dispose(&t);
}
