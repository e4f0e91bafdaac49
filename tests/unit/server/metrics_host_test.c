#include "server/metrics.h"
#include "test.h"

static bool is_ours(const char *host)
{
    static const char *const own[] = {"machine.example.org", NULL};
    return metrics_host_is_ours(host, own, 2);
}

TEST(addresses_and_names_of_this_network_are_ours)
{
    static const char *const ours[] = {
        "127.0.0.1:9464",      "127.0.0.1",
        "10.0.0.5:80",         "[::1]:9464",
        "[2001:db8::1]",       "localhost:9464",
        "localhost.",          "parlor:9464",
        "machine.example.org", "MACHINE.example.org.:9464",
    };
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        CHECK(is_ours(ours[i]));
}

TEST(a_name_below_somebody_elses_domain_is_not)
{
    static const char *const others[] = {
        "",
        ":9464",
        "evil.example",
        "evil.example:9464",
        "[::1",
        "[]",
        "machine.example",
        "127.0.0.1.evil.example",
        "a.b:c",
        "localhost:80x",
        "[evil.example]:80",
        "evil.example.",
        "127.0.0.1:9464:1",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!is_ours(others[i]));
    CHECK(!is_ours(NULL));
    char longer[400] = {0};
    memset(longer, 'a', sizeof longer - 1);
    CHECK(!is_ours(longer));
}
