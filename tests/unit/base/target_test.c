#include "base/err.h"
#include "base/target.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

// --- URLs ---

static struct target parsed(const char *url)
{
    struct target t = {0};
    struct bytes exact = test_exact_copy(url, strlen(url));
    const char *wrong = target_parse(&t, exact);
    if (wrong)
        print_message("%s: %s\n", url, wrong);
    CHECK(wrong == NULL);
    return t;
}

static const char *fault(const char *url)
{
    struct target t = {.port = 7};
    const char *wrong = target_parse(&t, test_exact_copy(url, strlen(url)));
    if (wrong)
        CHECK_EQ(t.port, 7); // untouched
    return wrong ? wrong : "taken";
}

TEST(a_url_has_a_scheme_a_host_and_a_port)
{
    struct target t = parsed("https://Hooks.Example.org/parlor?x=1");
    CHECK(t.tls);
    CHECK_EQ(t.port, 443);
    CHECK_TEXT(t.host, "hooks.example.org");
    CHECK(!t.is_address);
    t = parsed("HTTP://a-b_c.example:8080");
    CHECK(!t.tls);
    CHECK_EQ(t.port, 8080);
    CHECK_TEXT(t.host, "a-b_c.example");
    CHECK_EQ(parsed("http://x?y:99").port, 80);
}

TEST(an_address_is_read_where_it_has_the_usual_form)
{
    struct target t = parsed("http://192.0.2.7:81/");
    char text[ADDR_TEXT_MAX];
    CHECK(t.is_address);
    addr_format(&t.address, text);
    CHECK_TEXT(text, "192.0.2.7:81");
    t = parsed("https://[2001:DB8::7]/");
    CHECK(t.is_address);
    CHECK_TEXT(t.host, "2001:db8::7");
    addr_format(&t.address, text);
    CHECK_TEXT(text, "[2001:db8::7]:443");
    t = parsed("https://[::ffff:127.0.0.1]:1/");
    CHECK(addr_is_loopback(&t.address));
}

TEST(an_address_in_another_form_is_refused)
{
    static const char *const odd[] = {
        "http://2130706433/",  "http://0x7f000001/",    "http://017700000001/",
        "http://127.1/",       "http://0177.0.0.1/",    "http://127.0.0.0x1/",
        "http://127.0.0.1.2/", "http://127.0.0.256/",   "http://example.0x/",
        "http://[127.0.0.1]/", "http://[fe80::1%25lo]", "http://[[::1]]/",
        "http://::1/",         "http://[::1",           "http://127.0.0.01/",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        CHECK(strcmp(fault(odd[i]), "taken") != 0);
    CHECK_TEXT(fault("http://0x7f.1/"), "the host is no address in the usual form");
}

TEST(everything_else_is_refused)
{
    CHECK_TEXT(fault("ftp://x/"), "the URL begins neither with http:// nor with https://");
    CHECK_TEXT(fault("file:///etc/passwd"),
               "the URL begins neither with http:// nor with https://");
    CHECK_TEXT(fault("//x/"), "the URL begins neither with http:// nor with https://");
    CHECK_TEXT(fault("http://a@b/"), "the URL names a user");
    CHECK_TEXT(fault("http://a:b@c/"), "the URL names a user");
    CHECK_TEXT(fault("http://x\\@127.0.0.1/"), "the URL has characters that must be escaped");
    CHECK_TEXT(fault("http://x/ y"), "the URL has characters that must be escaped");
    CHECK_TEXT(fault("http://x/\r\nHost: y"), "the URL has characters that must be escaped");
    CHECK_TEXT(fault("http://x/#y"), "the URL has characters that must be escaped");
    CHECK_TEXT(fault("http://x\xc2\xb5/"), "the URL has characters that must be escaped");
    CHECK_TEXT(fault("http://"), "the URL begins neither with http:// nor with https://");
    CHECK_TEXT(fault("http:///x"), "the host is empty or too long");
    CHECK_TEXT(fault("http://a..b/"), "the host is no name");
    CHECK_TEXT(fault("http://a./"), "the host is no address in the usual form");
    CHECK_TEXT(fault("http://a%2eb/"), "the host is no name");
    CHECK_TEXT(fault("http://x:/"), "the port is not a number from 1 to 65535");
    CHECK_TEXT(fault("http://x:0/"), "the port is not a number from 1 to 65535");
    CHECK_TEXT(fault("http://x:65536/"), "the port is not a number from 1 to 65535");
    CHECK_TEXT(fault("http://x:+80/"), "the port is not a number from 1 to 65535");
    CHECK_TEXT(fault(""), "the URL is empty or too long");
}

// --- Addresses ---

static const char *refusal(const struct target_rules *rules, const char *ip)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, ip, 80), 0);
    const char *what = target_refusal(rules, &a);
    return what ? what : "public";
}

TEST(only_the_public_internet_is_reached)
{
    static const struct {
        const char *ip;
        const char *what;
    } cases[] = {
        {"1.1.1.1", "public"},
        {"223.255.255.255", "public"},
        {"0.0.0.0", "an address of no host"},
        {"0.1.2.3", "an address of no host"},
        {"10.0.0.1", "a private address"},
        {"9.255.255.255", "public"},
        {"11.0.0.0", "public"},
        {"100.64.0.1", "a provider's shared address"},
        {"100.127.255.255", "a provider's shared address"},
        {"100.128.0.0", "public"},
        {"127.0.0.1", "a loopback address"},
        {"127.255.255.254", "a loopback address"},
        {"169.254.169.254", "a link-local address"},
        {"172.15.255.255", "public"},
        {"172.16.0.1", "a private address"},
        {"172.31.255.255", "a private address"},
        {"172.32.0.0", "public"},
        {"192.0.0.8", "a reserved address"},
        {"192.0.2.1", "an address for documentation"},
        {"192.168.255.255", "a private address"},
        {"198.18.0.1", "an address for benchmarks"},
        {"198.20.0.0", "public"},
        {"224.0.0.1", "a multicast address"},
        {"239.255.255.255", "a multicast address"},
        {"240.0.0.1", "a reserved address"},
        {"255.255.255.255", "a reserved address"},
        {"::", "an address of no host"},
        {"::1", "a loopback address"},
        {"::127.0.0.1", "a reserved address"}, // IPv4-compatible, RFC 4291 section 2.5.5.1
        {"::ffff:127.0.0.1", "a loopback address"},
        {"::ffff:10.1.2.3", "a private address"},
        {"::ffff:1.1.1.1", "public"},
        {"64:ff9b::1.1.1.1", "public"},
        {"64:ff9b::169.254.169.254", "a link-local address"},
        {"64:ff9b:1::1.1.1.1", "a reserved address"}, // local NAT64, RFC 8215
        {"2002:7f00:1::", "a loopback address"},
        {"2002:a01:203::1", "a private address"},
        {"2002:101:101::1", "public"},
        {"2001:0:4136:e378:8000:63bf:3fff:fdd2", "a reserved address"}, // Teredo
        {"2001:db8::1", "an address for documentation"},
        {"2606:4700::1111", "public"},
        {"fc00::1", "a private address"},
        {"fdff::1", "a private address"},
        {"fe80::1", "a link-local address"},
        {"febf::1", "a link-local address"},
        {"fec0::1", "a reserved address"}, // site-local, deprecated
        {"ff02::1", "a multicast address"},
        {"100::1", "a reserved address"}, // discard only
        {"4000::1", "a reserved address"},
    };
    struct target_rules rules = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].ip);
        CHECK_TEXT(refusal(&rules, cases[i].ip), cases[i].what);
    }
}

TEST(the_operator_allows_networks)
{
    struct target_rules rules = {0};
    CHECK_EQ(target_allow(&rules, bytes_of("127.0.0.0/8")), 0);
    CHECK_EQ(target_allow(&rules, bytes_of("10.1.2.128/25")), 0);
    CHECK_EQ(target_allow(&rules, bytes_of("fd00:1::/32")), 0);
    CHECK_EQ(target_allow(&rules, bytes_of("192.168.1.1")), 0);
    CHECK_TEXT(refusal(&rules, "127.9.9.9"), "public");
    CHECK_TEXT(refusal(&rules, "::ffff:127.0.0.1"), "public");
    CHECK_TEXT(refusal(&rules, "::1"), "a loopback address");
    CHECK_TEXT(refusal(&rules, "10.1.2.127"), "a private address");
    CHECK_TEXT(refusal(&rules, "10.1.2.128"), "public");
    CHECK_TEXT(refusal(&rules, "fd00:1:ffff::"), "public");
    CHECK_TEXT(refusal(&rules, "fd00:2::"), "a private address");
    CHECK_TEXT(refusal(&rules, "192.168.1.1"), "public");
    CHECK_TEXT(refusal(&rules, "192.168.1.2"), "a private address");
    CHECK_TEXT(refusal(&rules, "64:ff9b::127.0.0.1"), "a loopback address");
}

TEST(a_network_is_an_address_and_a_number_of_bits)
{
    static const char *const bad[] = {"",          "/8",         "10.0.0.0/",   "10.0.0.0/33",
                                      "::/129",    "10.0.0/8",   "10.0.0.0/-1", "10.0.0.0/0x8",
                                      "localhost", "10.0.0.0/8 "};
    struct target_rules rules = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(target_allow(&rules, bytes_of(bad[i])), ERR_MALFORMED);
    CHECK_EQ(target_allow(&rules, bytes_of("0.0.0.0/0")), 0);
    CHECK_TEXT(refusal(&rules, "127.0.0.1"), "public");
    CHECK_TEXT(refusal(&rules, "::1"), "a loopback address");
    while (rules.allowed.count < NETWORKS_MAX)
        CHECK_EQ(target_allow(&rules, bytes_of("::1")), 0);
    CHECK_EQ(target_allow(&rules, bytes_of("::1")), ERR_FULL);
}

TEST(this_machine_is_not_reached_by_its_public_address)
{
    struct target_rules rules = {.own_count = 1};
    CHECK_EQ(addr_parse_ip(&rules.own[0], "1.2.3.4", 0), 0);
    CHECK_TEXT(refusal(&rules, "1.2.3.4"), "an address of this machine");
    CHECK_TEXT(refusal(&rules, "1.2.3.5"), "public");
    CHECK_EQ(target_allow(&rules, bytes_of("1.2.3.4")), 0);
    CHECK_TEXT(refusal(&rules, "1.2.3.4"), "public");
}
