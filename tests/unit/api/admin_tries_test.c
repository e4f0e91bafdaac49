#include "api/admin_tries.h"
#include "test.h"

#include <stdio.h>

#define SECOND_US ((int64_t)1000000)

static struct api_admin_tries t;

static struct addr address(int number)
{
    struct addr a;
    char text[32];
    snprintf(text, sizeof text, "192.0.2.%d", number);
    CHECK_EQ(addr_parse_ip(&a, text, 1), 0);
    return a;
}

static void begin(void)
{
    struct rng rng = rng_seeded(1);
    api_admin_tries_init(&t, &rng);
}

TEST(an_address_waits_until_the_first_of_ten_is_a_minute_old)
{
    struct addr a = address(1), b = address(2);
    begin();
    for (int i = 0; i < 10; i++) {
        CHECK_EQ(api_admin_tries_wait_s(&t, &a, "ann", i * SECOND_US), 0);
        api_admin_tries_add(&t, &a, i % 2 ? "ann" : "bob", i * SECOND_US);
    }
    CHECK_EQ(api_admin_tries_wait_s(&t, &a, "cid", 10 * SECOND_US), 50);
    CHECK_EQ(api_admin_tries_wait_s(&t, &b, "ann", 10 * SECOND_US), 0);
    CHECK_EQ(api_admin_tries_wait_s(&t, &a, "cid", 60 * SECOND_US), 0);
}

TEST(many_addresses_that_guess_at_one_account_wait_and_whose_it_is_does_not)
{
    struct addr guesser = address(1), owner = address(200);
    begin();
    for (int i = 0; i < 20; i++) {
        struct addr a = address(1 + i);
        api_admin_tries_add(&t, &a, i % 2 ? "ann" : "ANN", 0);
    }
    CHECK_EQ(api_admin_tries_wait_s(&t, &guesser, "ann", SECOND_US), 59);
    CHECK_EQ(api_admin_tries_wait_s(&t, &guesser, "bob", SECOND_US), 0);
    CHECK_EQ(api_admin_tries_wait_s(&t, &owner, "ann", SECOND_US), 0);
    api_admin_tries_add(&t, &owner, "ann", SECOND_US); // who slips waits, too
    CHECK_EQ(api_admin_tries_wait_s(&t, &owner, "ann", SECOND_US), 59);
    CHECK_EQ(api_admin_tries_wait_s(&t, &owner, "ann", 62 * SECOND_US), 0);
}

TEST(what_was_right_is_taken_back)
{
    struct addr a = address(1);
    begin();
    for (int i = 0; i < 30; i++) {
        CHECK_EQ(api_admin_tries_wait_s(&t, &a, "ann", 0), 0);
        api_admin_tries_add(&t, &a, "ann", 0);
        api_admin_tries_take_back(&t, &a, "Ann");
    }
    CHECK_EQ(t.count, 0);
}

TEST(an_IPv6_network_counts_as_one)
{
    struct addr a, b;
    addr_parse_ip(&a, "2001:db8:0:1::1", 1);
    addr_parse_ip(&b, "2001:db8:0:1:ffff::2", 1);
    begin();
    for (int i = 0; i < 10; i++)
        api_admin_tries_add(&t, &a, "ann", 0);
    CHECK_EQ(api_admin_tries_wait_s(&t, &b, "ann", 0), 60);
}

// However many there are: nobody is kept out by what others do.
TEST(at_the_bound_the_oldest_is_forgotten)
{
    struct addr a = address(1), b = address(2);
    char name[16];
    begin();
    for (int i = 0; i < ADMIN_TRIES_MAX + 5; i++) {
        snprintf(name, sizeof name, "n%d", i);
        api_admin_tries_add(&t, &a, name, 0);
    }
    CHECK_EQ(t.count, ADMIN_TRIES_MAX);
    CHECK_EQ(api_admin_tries_wait_s(&t, &b, "ann", 0), 0);
}
