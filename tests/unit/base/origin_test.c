// Whose page asks: by scheme, host and port.
#include "base/origin.h"

#include "test.h"

#include <stdio.h>

TEST(a_page_is_of_this_server_by_scheme_host_and_port)
{
    static const char public[] = "https://meet.example.org/meet";
    static const struct {
        const char *origin, *host, *public_url;
        bool is_tls, is_own;
    } cases[] = {
        // The name that the request came under.
        {"http://meet.example.org", "meet.example.org", NULL, false, true},
        {"http://Meet.Example.org", "meet.example.ORG", NULL, false, true},
        {"http://meet.example.org", "meet.example.org:80", NULL, false, true},
        {"http://meet.example.org:8080", "meet.example.org:8080", NULL, false, true},
        {"http://meet.example.org:8080", "meet.example.org", NULL, false, false},
        {"http://meet.example.org", "meet.example.org:8080", NULL, false, false},
        {"http://[2001:db8::1]:8080", "[2001:db8::1]:8080", NULL, false, true},
        {"http://[2001:db8::1]", "[2001:db8::2]", NULL, false, false},
        {"https://meet.example.org", "meet.example.org", NULL, false, true}, // by a proxy
        {"https://meet.example.org", "meet.example.org:443", NULL, true, true},
        {"http://meet.example.org", "meet.example.org", NULL, true, false},
        {"http://meet.example.org:443", "meet.example.org:443", NULL, true, false},
        // The public one, whatever the proxy makes of Host.
        {"https://meet.example.org", "10.0.0.9:8080", public, false, true},
        {"https://meet.example.org:443", "10.0.0.9:8080", public, false, true},
        {"https://meet.example.org", "meet.example.org", public, false, true},
        {"http://meet.example.org", "meet.example.org", public, false, false},
        {"http://meet.example.org:443", "meet.example.org", public, false, false},
        {"http://meet.example.org:8443", "meet.example.org", public, false, false},
        {"https://meet.example.org:8443", "meet.example.org", public, false, false},
        {"https://meet.example.org:8443", "meet.example.org:443", public, false, false},
        {"http://meet.example.org", "10.0.0.9:8080", public, false, false},
        {"http://10.0.0.9:8080", "10.0.0.9:8080", public, false, true},
        {"http://localhost:8080", "localhost:8080", public, false, true},
        {"https://meet.example.org.evil.example", "meet.example.org", public, false, false},
        {"https://evil.example", "meet.example.org", public, false, false},
        // What is no origin.
        {"null", "null", NULL, false, false},
        {"", "", NULL, false, false},
        {"meet.example.org", "meet.example.org", NULL, false, false},
        {"ftp://meet.example.org", "meet.example.org", NULL, false, false},
        {"http://meet.example.org/", "meet.example.org", NULL, false, false},
        {"http://meet.example.org:", "meet.example.org", NULL, false, false},
        {"http://meet.example.org:0", "meet.example.org:0", NULL, false, false},
        {"http://meet.example.org:65616", "meet.example.org", NULL, false, false},
        {"http://meet.example.org:8x", "meet.example.org:8x", NULL, false, false},
        {"http://", "", NULL, false, false},
        {"http://:80", ":80", NULL, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_own =
            origin_is_own(cases[i].origin, cases[i].host, cases[i].public_url, cases[i].is_tls);
        if (is_own != cases[i].is_own)
            printf("case %zu: %s at %s\n", i, cases[i].origin, cases[i].host);
        CHECK_EQ(is_own, cases[i].is_own);
    }
}

TEST(a_list_names_whole_origins)
{
    static const char list[] = "https://a.example, https://b.example:8443";
    CHECK(origin_is_listed(list, "https://a.example"));
    CHECK(origin_is_listed(list, "https://B.example:8443"));
    CHECK(!origin_is_listed(list, "https://b.example"));
    CHECK(!origin_is_listed(list, "http://a.example"));
    CHECK(!origin_is_listed(list, "https://a.exampl"));
    CHECK(!origin_is_listed(list, ""));
    CHECK(!origin_is_listed(NULL, "https://a.example"));
}
