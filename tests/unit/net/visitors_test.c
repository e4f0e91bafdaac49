#include "base/limits.h"
#include "net/visitors.h"
#include "test.h"

static struct addr host(const char *ip)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, ip, 1), 0);
    return a;
}

TEST(a_host_may_have_so_many_connections)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct addr one = host("192.0.2.1"), other = host("192.0.2.2");
    for (int i = 0; i < HTTP_CONNECTIONS_PER_ADDRESS_MAX; i++)
        CHECK(visitors_enter(&v, &one, 0));
    CHECK(!visitors_enter(&v, &one, 0));
    CHECK(visitors_enter(&v, &other, 0));
    visitors_leave(&v, &one);
    CHECK(visitors_enter(&v, &one, 0));
    visitors_dispose(&v);
}

TEST(requests_are_a_burst_then_a_rate)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct addr one = host("2001:db8::1");
    int64_t now = 1000000000;
    CHECK(visitors_enter(&v, &one, now));
    for (int i = 0; i < HTTP_REQUESTS_BURST; i++)
        CHECK(visitors_request(&v, &one, now));
    CHECK(!visitors_request(&v, &one, now));
    CHECK(!visitors_request(&v, &one, now + 19999));
    CHECK(visitors_request(&v, &one, now + 20000));
    CHECK(!visitors_request(&v, &one, now + 20000));
    // A second of silence pays for 50, not for more than it lasted.
    for (int i = 0; i < HTTP_REQUESTS_PER_SECOND; i++)
        CHECK(visitors_request(&v, &one, now + 1020000));
    CHECK(!visitors_request(&v, &one, now + 1020000));
    visitors_dispose(&v);
}

TEST(closing_and_coming_back_fills_no_bucket)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct addr one = host("192.0.2.1");
    CHECK(visitors_enter(&v, &one, 5000000));
    while (visitors_request(&v, &one, 5000000))
        ;
    visitors_leave(&v, &one);
    CHECK(visitors_enter(&v, &one, 5000000));
    CHECK(!visitors_request(&v, &one, 5000000));
    visitors_dispose(&v);
}

// The table is full of hosts that were here once: they make room when their buckets are full.
TEST(hosts_that_are_gone_are_forgotten_when_the_table_is_full)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct addr one = host("192.0.2.1");
    for (uint32_t i = 0; i < 65536; i++) {
        write_u32(one.ip + 12, i);
        CHECK(visitors_enter(&v, &one, 0));
        visitors_request(&v, &one, 0);
        visitors_leave(&v, &one);
    }
    struct addr late = host("198.51.100.1");
    CHECK(!visitors_enter(&v, &late, 1));
    CHECK(visitors_enter(&v, &late, 3000000));
    CHECK_EQ(v.by_host.count, 1);
    visitors_dispose(&v);
}

TEST(each_access_key_has_a_bucket_of_its_own)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct addr one;
    addr_parse_ip(&one, "192.0.2.1", 1000);
    CHECK(visitors_enter(&v, &one, 0));
    for (int i = 0; i < 500; i++)
        CHECK(visitors_keyed(&v, "a", 0));
    CHECK(!visitors_keyed(&v, "a", 0));
    CHECK(!visitors_keyed(&v, "a", 4999));
    CHECK(visitors_keyed(&v, "a", 5000));
    CHECK(!visitors_keyed(&v, "a", 5000));
    CHECK(visitors_keyed(&v, "b", 5000));
    CHECK(visitors_request(&v, &one, 5000));
    visitors_dispose(&v);
}

TEST(an_ipv6_network_is_one_visitor)
{
    struct visitors v;
    visitors_init(&v, &visitors_limits_default);
    struct addr one, neighbour, other;
    addr_parse_ip(&one, "2001:db8:1:2::1", 1000);
    addr_parse_ip(&neighbour, "2001:db8:1:2:ffff::9", 1000);
    addr_parse_ip(&other, "2001:db8:1:3::1", 1000);
    for (int i = 0; i < 64; i++) {
        CHECK(visitors_enter(&v, &one, 0));
        CHECK(visitors_enter(&v, &neighbour, 0));
    }
    CHECK(!visitors_enter(&v, &one, 0));
    CHECK(!visitors_enter(&v, &neighbour, 0));
    CHECK(visitors_enter(&v, &other, 0));
    visitors_dispose(&v);
}

TEST(logins_are_30_then_10_a_second)
{
    struct visitors v;
    struct addr one = host("192.0.2.1"), other = host("192.0.2.2");
    visitors_init(&v, &visitors_limits_default);
    CHECK(visitors_enter(&v, &one, 0));
    CHECK(visitors_enter(&v, &other, 0));
    for (int i = 0; i < 30; i++)
        CHECK(visitors_login(&v, &one, 0));
    CHECK(!visitors_login(&v, &one, 0));
    CHECK(!visitors_login(&v, &one, 99999));
    CHECK(visitors_login(&v, &one, 100000));
    CHECK(visitors_login(&v, &other, 0));
    CHECK(visitors_request(&v, &one, 0));
    visitors_dispose(&v);
}

TEST(a_rate_of_0_is_no_limit)
{
    struct visitors v;
    struct addr one = host("192.0.2.1");
    visitors_init(&v, &(struct visitors_limits){0});
    for (int i = 0; i < 1000; i++) {
        CHECK(visitors_enter(&v, &one, 0));
        CHECK(visitors_request(&v, &one, 0));
        CHECK(visitors_login(&v, &one, 0));
        CHECK(visitors_keyed(&v, "a", 0));
    }
    visitors_dispose(&v);
}
