#include "net/forwarded.h"
#include "test.h"

// The client of a request with these fields, "" for none, from 127.0.0.1.
static const char *client_of(const char *list, const char *elements)
{
    static char text[ADDR_TEXT_MAX];
    static struct head head;
    struct networks trusted = {0};
    struct addr peer;
    CHECK_EQ(addr_parse_ip(&peer, "127.0.0.1", 5), 0);
    CHECK_EQ(networks_add(&trusted, bytes_of("127.0.0.1")), 0);
    CHECK_EQ(networks_add(&trusted, bytes_of("10.0.0.0/8")), 0);
    head.field_count = 0;
    if (list[0])
        head.fields[head.field_count++] =
            (struct head_field){bytes_of("x-forwarded-for"), bytes_of(list)};
    if (elements[0])
        head.fields[head.field_count++] =
            (struct head_field){bytes_of("Forwarded"), bytes_of(elements)};
    struct addr client = forwarded_client(&head, &peer, &trusted);
    addr_format_ip(&client, text);
    return text;
}

TEST(without_a_field_it_is_the_peer)
{
    CHECK_TEXT(client_of("", ""), "127.0.0.1");
}

TEST(the_rightmost_address_outside_the_list_counts)
{
    CHECK_TEXT(client_of("192.0.2.7", ""), "192.0.2.7");
    CHECK_TEXT(client_of("198.51.100.1, 192.0.2.7", ""), "192.0.2.7");
    CHECK_TEXT(client_of("192.0.2.7, 10.1.2.3,127.0.0.1", ""), "192.0.2.7");
    CHECK_TEXT(client_of("10.9.9.9, 10.1.2.3", ""), "10.9.9.9"); // all of them are ours
    CHECK_TEXT(client_of("192.0.2.7:4000", ""), "192.0.2.7");
    CHECK_TEXT(client_of("2001:db8::7", ""), "2001:db8::7");
    CHECK_TEXT(client_of("[2001:db8::7]:4000", ""), "2001:db8::7");
}

TEST(behind_what_is_no_address_nothing_is_known)
{
    CHECK_TEXT(client_of("192.0.2.7, unknown", ""), "127.0.0.1");
    CHECK_TEXT(client_of("192.0.2.7, nonsense, 10.1.1.1", ""), "10.1.1.1");
    CHECK_TEXT(client_of("192.0.2.7,", ""), "127.0.0.1");
    CHECK_TEXT(client_of(",", ""), "127.0.0.1");
}

TEST(the_field_of_rfc_7239_is_read_too)
{
    CHECK_TEXT(client_of("", "for=192.0.2.7"), "192.0.2.7");
    CHECK_TEXT(client_of("", "For=\"[2001:db8:cafe::17]:4711\""), "2001:db8:cafe::17");
    CHECK_TEXT(client_of("", "for=198.51.100.1;by=203.0.113.43, proto=https; FOR=192.0.2.7"),
               "192.0.2.7");
    CHECK_TEXT(client_of("", "for=192.0.2.7, for=\"10.1.2.3:80\""), "192.0.2.7");
    CHECK_TEXT(client_of("", "for=192.0.2.7;by=\"a,for=198.51.100.1;\""), "192.0.2.7");
    CHECK_TEXT(client_of("", "for=192.0.2.7, for=_hidden"), "127.0.0.1");
    CHECK_TEXT(client_of("", "for=192.0.2.7, proto=https"), "127.0.0.1");
    CHECK_TEXT(client_of("", "for=\"192.0.2.7"), "127.0.0.1");
}

// A proxy that writes the one passes on the other as the client sent it.
TEST(two_fields_that_differ_say_nothing)
{
    CHECK_TEXT(client_of("192.0.2.7", "for=192.0.2.7"), "192.0.2.7");
    CHECK_TEXT(client_of("192.0.2.7", "for=198.51.100.1"), "127.0.0.1");
}

TEST(who_is_not_trusted_is_not_believed)
{
    static struct head head = {.field_count = 1};
    struct networks trusted = {0};
    struct addr peer;
    CHECK_EQ(addr_parse_ip(&peer, "203.0.113.5", 5), 0);
    CHECK_EQ(networks_add(&trusted, bytes_of("127.0.0.1")), 0);
    head.fields[0] = (struct head_field){bytes_of("X-Forwarded-For"), bytes_of("192.0.2.7")};
    struct addr client = forwarded_client(&head, &peer, &trusted);
    CHECK(addr_equal(&client, &peer));
}

static bool is_tls(const char *proto, const char *elements, const char *from)
{
    static struct head head;
    struct networks trusted = {0};
    struct addr peer;
    CHECK_EQ(addr_parse_ip(&peer, from, 5), 0);
    CHECK_EQ(networks_add(&trusted, bytes_of("127.0.0.1")), 0);
    head.field_count = 0;
    if (proto[0])
        head.fields[head.field_count++] =
            (struct head_field){bytes_of("X-Forwarded-Proto"), bytes_of(proto)};
    if (elements[0])
        head.fields[head.field_count++] =
            (struct head_field){bytes_of("Forwarded"), bytes_of(elements)};
    return forwarded_is_tls(&head, &peer, &trusted);
}

TEST(a_trusted_proxy_says_whether_they_spoke_TLS_to_it)
{
    CHECK(is_tls("https", "", "127.0.0.1"));
    CHECK(is_tls("", "for=192.0.2.7;proto=https", "127.0.0.1"));
    CHECK(is_tls("http, HTTPS", "", "127.0.0.1"));
    CHECK(!is_tls("https, http", "", "127.0.0.1")); // the first is the client's
    CHECK(!is_tls("", "proto=https, for=192.0.2.7", "127.0.0.1"));
    CHECK(!is_tls("https", "proto=http", "127.0.0.1"));
    CHECK(!is_tls("", "", "127.0.0.1"));
    CHECK(!is_tls("https", "", "203.0.113.5"));
}
