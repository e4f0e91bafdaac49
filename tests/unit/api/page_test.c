#include "api/page.h"
#include "test.h"

TEST(names_that_never_leave_this_machine)
{
    CHECK(api_host_is_loopback("localhost"));
    CHECK(api_host_is_loopback("LocalHost:8080"));
    CHECK(api_host_is_loopback("parlor.localhost:8080"));
    CHECK(api_host_is_loopback("127.0.0.1"));
    CHECK(api_host_is_loopback("127.9.9.9:80"));
    CHECK(api_host_is_loopback("[::1]"));
    CHECK(api_host_is_loopback("[::1]:8080"));
    CHECK(!api_host_is_loopback("notlocalhost"));
    CHECK(!api_host_is_loopback("localhost.evil.example"));
    CHECK(!api_host_is_loopback("127.0.0.1.evil.example"));
    CHECK(!api_host_is_loopback("192.168.0.1"));
    CHECK(!api_host_is_loopback("[2001:db8::1]"));
    CHECK(!api_host_is_loopback(""));
}

static bool is_ours(const char *origin, const char *site)
{
    static const struct api_config config = {.public_url = "https://meet.example.org/",
                                             .origins = "https://admin.example.org",
                                             .page_origins = "https://app.example.org"};
    return api_page_is_ours(
        &config,
        &(struct http_request){.host = "10.0.0.9:8080", .origin = origin, .fetch_site = site});
}

TEST(who_is_no_browser_is_no_page)
{
    CHECK(is_ours(NULL, NULL));
}

TEST(the_own_page_is_told_by_its_origin_or_by_what_the_browser_says)
{
    CHECK(is_ours("http://10.0.0.9:8080", NULL));
    CHECK(is_ours("https://meet.example.org", NULL));
    CHECK(is_ours("https://Meet.Example.ORG", "same-origin"));
    CHECK(is_ours(NULL, "none"));
    CHECK(is_ours("http://other.name", "same-origin")); // a proxy changed Host
}

TEST(pages_of_the_lists_are_as_good)
{
    CHECK(is_ours("https://app.example.org", "cross-site"));
    CHECK(is_ours("https://admin.example.org", NULL));
}

TEST(all_other_pages_are_foreign)
{
    CHECK(!is_ours("http://10.0.0.9", NULL));
    CHECK(!is_ours("https://meet.example.or", NULL));
    CHECK(!is_ours("http://meet.example.org", NULL));
    CHECK(!is_ours("https://meet.example.org:8443", NULL));
    CHECK(!is_ours("https://meet.example.org.evil.example", NULL));
    CHECK(!is_ours("null", NULL));
    CHECK(!is_ours("", NULL));
    CHECK(!is_ours(NULL, "cross-site"));
    CHECK(!is_ours("http://10.0.0.9:8080", "same-site"));
}

static bool is_known(const char *from, const char *host)
{
    static const struct api_config config = {.public_url = "https://meet.example.org/a"};
    struct http_request request = {.host = host};
    CHECK_EQ(addr_parse_ip(&request.from, from, 1), 0);
    return api_host_is_known(&config, &request);
}

TEST(a_browser_on_this_machine_must_use_a_name_of_its)
{
    CHECK(is_known("127.0.0.1", "localhost:8080"));
    CHECK(is_known("::1", "[::1]:8080"));
    CHECK(is_known("127.0.0.1", "meet.example.org"));
    CHECK(!is_known("127.0.0.1", "evil.example:8080"));
    CHECK(!is_known("127.0.0.1", "meet.example.org:81"));
    CHECK(is_known("192.0.2.1", "parlor.lan"));
}
