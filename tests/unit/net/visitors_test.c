#include "base/limits.h"
#include "net/visitors.h"
#include "test.h"

static struct visitor *host(struct visitors *v, const char *ip, int64_t now)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, ip, 1), 0);
    return visitors_find(v, &a, now);
}

TEST(a_host_may_have_so_many_connections)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct visitor *one = host(&v, "192.0.2.1", 0), *other = host(&v, "192.0.2.2", 0);
    for (int i = 0; i < 2000; i++)
        CHECK(visitors_enter(&v, one));
    CHECK(!visitors_enter(&v, one));
    CHECK(visitors_enter(&v, other));
    visitors_leave(one);
    CHECK(visitors_enter(&v, one));
    visitors_dispose(&v);
}

TEST(of_connections_that_have_not_asked_128_are_no_crowd)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct visitor *one = host(&v, "192.0.2.1", 0);
    one->unread = 128;
    CHECK(!visitors_are_crowded(&v, one));
    one->unread = 129;
    CHECK(visitors_are_crowded(&v, one));
    visitors_dispose(&v);
}

TEST(requests_are_a_burst_then_a_rate)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    int64_t now = 1000000000;
    struct visitor *one = host(&v, "2001:db8::1", now);
    for (int i = 0; i < HTTP_REQUESTS_BURST; i++)
        CHECK(visitors_request(&v, one, now));
    CHECK(!visitors_request(&v, one, now));
    CHECK(!visitors_request(&v, one, now + 19999));
    CHECK(visitors_request(&v, one, now + 20000));
    CHECK(!visitors_request(&v, one, now + 20000));
    // A second of silence pays for 50, not for more than it lasted.
    for (int i = 0; i < HTTP_REQUESTS_PER_SECOND; i++)
        CHECK(visitors_request(&v, one, now + 1020000));
    CHECK(!visitors_request(&v, one, now + 1020000));
    visitors_dispose(&v);
}

TEST(who_brings_a_token_has_a_wider_measure_of_its_own)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct visitor *one = host(&v, "192.0.2.1", 0);
    for (int i = 0; i < 2000; i++)
        CHECK(visitors_member(&v, one, 0));
    CHECK(!visitors_member(&v, one, 0));
    CHECK(!visitors_member(&v, one, 1999));
    CHECK(visitors_member(&v, one, 2000));
    CHECK(visitors_request(&v, one, 0));
    visitors_dispose(&v);
}

TEST(closing_and_coming_back_fills_no_bucket)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct visitor *one = host(&v, "192.0.2.1", 5000000);
    CHECK(visitors_enter(&v, one));
    while (visitors_request(&v, one, 5000000))
        ;
    visitors_leave(one);
    CHECK(!visitors_request(&v, host(&v, "192.0.2.1", 5000000), 5000000));
    visitors_dispose(&v);
}

// The table is full of hosts that were here once: they make room when their buckets are full.
TEST(hosts_that_are_gone_are_forgotten_when_the_table_is_full)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct addr one;
    CHECK_EQ(addr_parse_ip(&one, "192.0.2.1", 1), 0);
    for (uint32_t i = 0; i < 65536; i++) {
        write_u32(one.ip + 12, i);
        struct visitor *visitor = visitors_find(&v, &one, 0);
        CHECK(visitors_request(&v, visitor, 0));
    }
    CHECK(host(&v, "198.51.100.1", 1) == NULL);
    CHECK(host(&v, "198.51.100.1", 5000000) != NULL);
    CHECK_EQ(v.by_host.count, 1);
    visitors_dispose(&v);
}

TEST(each_access_key_has_a_bucket_of_its_own)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    for (int i = 0; i < 500; i++)
        CHECK(visitors_keyed(&v, "a", 0));
    CHECK(!visitors_keyed(&v, "a", 0));
    CHECK(!visitors_keyed(&v, "a", 4999));
    CHECK(visitors_keyed(&v, "a", 5000));
    CHECK(!visitors_keyed(&v, "a", 5000));
    CHECK(visitors_keyed(&v, "b", 5000));
    CHECK(visitors_request(&v, host(&v, "192.0.2.1", 0), 5000));
    visitors_dispose(&v);
}

TEST(an_ipv6_network_is_one_visitor)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct visitor *one = host(&v, "2001:db8:1:2::1", 0);
    CHECK(host(&v, "2001:db8:1:2:ffff::9", 0) == one);
    CHECK(host(&v, "2001:db8:1:3::1", 0) != one);
    visitors_dispose(&v);
}

TEST(logins_that_fail_are_30_then_10_a_second)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct visitor *one = host(&v, "192.0.2.1", 0), *other = host(&v, "192.0.2.2", 0);
    for (int i = 0; i < 1000; i++)
        CHECK(visitors_may_login(&v, one, 0)); // all went well: nothing is to be paid
    for (int i = 0; i < 30; i++) {
        CHECK(visitors_may_login(&v, one, 0));
        visitors_failed_login(&v, one, 0);
    }
    CHECK(!visitors_may_login(&v, one, 0));
    CHECK(!visitors_may_login(&v, one, 99999));
    CHECK(visitors_may_login(&v, one, 100000));
    CHECK(visitors_may_login(&v, other, 0));
    CHECK(visitors_request(&v, one, 0));
    visitors_dispose(&v);
}

// A thousand were under way when the first came back.
TEST(logins_that_fail_together_are_owed_for_one_burst_at_most)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct visitor *one = host(&v, "192.0.2.1", 0);
    for (int i = 0; i < 1000; i++)
        visitors_failed_login(&v, one, 0);
    CHECK(!visitors_may_login(&v, one, 3099999));
    CHECK(visitors_may_login(&v, one, 3100000));
    visitors_dispose(&v);
}

TEST(a_rate_of_0_is_no_limit)
{
    struct visitors v;
    visitors_init(&v, &(struct visitors_limits){0});
    struct visitor *one = host(&v, "192.0.2.1", 0);
    one->unread = 100000;
    CHECK(!visitors_are_crowded(&v, one));
    for (int i = 0; i < 1000; i++) {
        CHECK(visitors_enter(&v, one));
        CHECK(visitors_request(&v, one, 0));
        CHECK(visitors_member(&v, one, 0));
        visitors_failed_login(&v, one, 0);
        CHECK(visitors_may_login(&v, one, 0));
        CHECK(visitors_keyed(&v, "a", 0));
    }
    visitors_dispose(&v);
}
