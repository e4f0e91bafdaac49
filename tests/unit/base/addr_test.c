#include "base/addr.h"
#include "base/err.h"
#include "base/map.h"
#include "test.h"

static const char *round_trip(const char *text)
{
    static char out[ADDR_TEXT_MAX];
    struct addr a;
    if (addr_parse(&a, text))
        return "refused";
    addr_format(&a, out);
    return out;
}

TEST(reads_and_writes_both_families)
{
    CHECK_TEXT(round_trip("127.0.0.1:8080"), "127.0.0.1:8080");
    CHECK_TEXT(round_trip("[::1]:1"), "[::1]:1");
    CHECK_TEXT(round_trip("[2001:db8::2]:65535"), "[2001:db8::2]:65535");
}

TEST(refuses_what_is_no_address)
{
    static const char *const bad[] = {
        "",       ":80",   "1.2.3.4",    "1.2.3.4:",      "1.2.3:80",  "a.b:80",
        "::1:80", "[::1]", "1.2.3.4:-1", "1.2.3.4:65536", "1.2.3.4:8 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_TEXT(round_trip(bad[i]), "refused");
}

TEST(a_mapped_address_is_the_ipv4_one)
{
    struct addr plain, mapped;
    CHECK_EQ(addr_parse(&plain, "192.0.2.1:5"), 0);
    CHECK_EQ(addr_parse(&mapped, "[::ffff:192.0.2.1]:5"), 0);
    CHECK(addr_equal(&plain, &mapped));
    CHECK(addr_is_v4(&mapped));
}

TEST(knows_loopback_and_any)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, "127.8.8.8", 0), 0);
    CHECK(addr_is_loopback(&a));
    CHECK_EQ(addr_parse_ip(&a, "::1", 0), 0);
    CHECK(addr_is_loopback(&a));
    CHECK_EQ(addr_parse_ip(&a, "0.0.0.0", 0), 0);
    CHECK(addr_is_any(&a) && !addr_is_loopback(&a));
}

TEST(survives_the_way_through_the_socket_api)
{
    static const char *const texts[] = {"10.1.2.3:99", "[2001:db8::7]:99"};
    for (int i = 0; i < 2; i++) {
        struct addr a;
        struct sockaddr_storage storage;
        CHECK_EQ(addr_parse(&a, texts[i]), 0);
        addr_to_sockaddr(&a, &storage);
        struct addr back = addr_from_sockaddr((struct sockaddr *)&storage);
        CHECK(addr_equal(&a, &back));
        struct sockaddr_in6 in6 = addr_to_sockaddr6(&a);
        back = addr_from_sockaddr((struct sockaddr *)&in6);
        CHECK(addr_equal(&a, &back));
    }
}

TEST(the_same_peer_by_another_way_is_another_address)
{
    struct addr a, b;
    CHECK_EQ(addr_parse(&a, "192.0.2.1:80"), 0);
    CHECK_EQ(addr_parse(&b, "192.0.2.1:80"), 0);
    CHECK_EQ(a.via, ADDR_VIA_ANY);
    CHECK(addr_equal(&a, &b));
    b.via = ADDR_VIA_ANY + 1;
    CHECK(!addr_equal(&a, &b));

    struct map m = {0};
    map_put(&m, addr_bytes(&a), &a);
    map_put(&m, addr_bytes(&b), &b);
    CHECK(map_get(&m, addr_bytes(&a)) == &a);
    CHECK(map_get(&m, addr_bytes(&b)) == &b);
    map_dispose(&m);
}
