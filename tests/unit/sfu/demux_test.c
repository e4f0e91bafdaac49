#include "sfu/demux.h"

#include "sfu/endpoint.h"
#include "test.h"

static struct addr at(const char *text)
{
    struct addr a;
    CHECK_EQ(addr_parse(&a, text), 0);
    return a;
}

static struct endpoint one = {.leg.endpoint = 1};
static struct endpoint two = {.leg.endpoint = 2};

TEST(an_endpoint_is_found_by_its_ufrag)
{
    struct demux d = {0};
    struct demux_names n = {.endpoint = &one};
    demux_set_ufrag(&d, &n, "0abcdefghijk");
    CHECK(demux_by_ufrag(&d, bytes_of("0abcdefghijk")) == &one);
    CHECK(demux_by_ufrag(&d, bytes_of("0abcdefghij")) == NULL);
    demux_forget(&d, &n);
    CHECK(demux_by_ufrag(&d, bytes_of("0abcdefghijk")) == NULL);
    demux_dispose(&d);
}

TEST(the_ufrag_before_a_restart_leads_there_too_and_the_one_before_that_does_not)
{
    struct demux d = {0};
    struct demux_names n = {.endpoint = &one};
    demux_set_ufrag(&d, &n, "first");
    demux_set_ufrag(&d, &n, "second");
    CHECK(demux_by_ufrag(&d, bytes_of("first")) == &one);
    CHECK(demux_by_ufrag(&d, bytes_of("second")) == &one);
    demux_set_ufrag(&d, &n, "third");
    CHECK(demux_by_ufrag(&d, bytes_of("first")) == NULL);
    CHECK(demux_by_ufrag(&d, bytes_of("second")) == &one);
    CHECK(demux_by_ufrag(&d, bytes_of("third")) == &one);
    demux_set_ufrag(&d, &n, "third");
    CHECK(demux_by_ufrag(&d, bytes_of("second")) == &one);
    demux_forget(&d, &n);
    demux_dispose(&d);
}

TEST(addresses_follow_the_list)
{
    struct demux d = {0};
    struct demux_names n = {.endpoint = &one};
    struct addr list[2] = {at("10.0.0.1:1"), at("[fe80::1]:2")};
    demux_set_addresses(&d, &n, list, 2);
    CHECK(demux_by_address(&d, &list[0]) == &one);
    CHECK(demux_by_address(&d, &list[1]) == &one);
    demux_set_addresses(&d, &n, &list[1], 1);
    CHECK(demux_by_address(&d, &list[0]) == NULL);
    CHECK(demux_by_address(&d, &list[1]) == &one);
    demux_forget(&d, &n);
    CHECK(demux_by_address(&d, &list[1]) == NULL);
    demux_dispose(&d);
}

TEST(an_address_that_changed_hands_stays_with_the_new_owner)
{
    struct demux d = {0};
    struct demux_names n1 = {.endpoint = &one};
    struct demux_names n2 = {.endpoint = &two};
    struct addr a = at("10.0.0.1:1");
    demux_set_addresses(&d, &n1, &a, 1);
    CHECK(demux_by_address(&d, &a) == &one);
    demux_set_addresses(&d, &n2, &a, 1);
    CHECK(demux_by_address(&d, &a) == &two);
    demux_forget(&d, &n1);
    CHECK(demux_by_address(&d, &a) == &two);
    demux_forget(&d, &n2);
    CHECK(demux_by_address(&d, &a) == NULL);
    demux_dispose(&d);
}
