// What is decided of what was found, without looking at this machine.
#include "base/err.h"
#include "server/doctor_parts.h"
#include "test.h"

#include <string.h>
#include <sys/stat.h>

static struct doctor_report report;

static const struct doctor_check *last(void)
{
    return &report.checks[report.count - 1];
}

static struct addr ip(const char *text)
{
    struct addr a;
    CHECK_EQ(addr_parse_ip(&a, text, 0), 0);
    return a;
}

TEST(a_warning_is_worse_than_what_was_skipped_and_an_error_is_the_worst)
{
    struct doctor_report r = {0};
    CHECK_EQ(doctor_worst(&r), DOCTOR_OK);
    doctor_add(&r, "a", DOCTOR_SKIPPED, "x");
    CHECK_EQ(doctor_worst(&r), DOCTOR_OK);
    doctor_add(&r, "b", DOCTOR_WARNING, "x");
    CHECK_EQ(doctor_worst(&r), DOCTOR_WARNING);
    doctor_add(&r, "c", DOCTOR_ERROR, "x");
    doctor_add(&r, "d", DOCTOR_OK, "x");
    CHECK_EQ(doctor_worst(&r), DOCTOR_ERROR);
    doctor_dispose(&r);
}

TEST(people_and_scripts_read_the_same)
{
    struct doctor_report r = {0};
    struct text out = {0};
    doctor_add(&r, "disk", DOCTOR_OK, "much\nroom");
    doctor_add(&r, "public-ip", DOCTOR_WARNING, "behind %s", "NAT");
    doctor_advise(&r, "say which");
    doctor_write_text(&r, &out);
    CHECK_TEXT(out.at, "ok       disk       much room\n"
                       "warning  public-ip  behind NAT\n"
                       "                    -> say which\n"
                       "\n1 ok, 1 warnings, 0 errors, 0 skipped\n");
    text_clear(&out);
    doctor_write_json(&r, &out);
    CHECK_TEXT(out.at, "{\"state\":\"warning\",\"checks\":["
                       "{\"name\":\"disk\",\"state\":\"ok\",\"found\":\"much room\"},"
                       "{\"name\":\"public-ip\",\"state\":\"warning\",\"found\":\"behind NAT\","
                       "\"advice\":\"say which\"}]}");
    text_dispose(&out);
    doctor_dispose(&r);
}

TEST(more_checks_than_there_is_room_for_replace_the_last)
{
    struct doctor_report r = {0};
    for (int i = 0; i <= DOCTOR_CHECKS_MAX; i++)
        doctor_add(&r, "a", DOCTOR_OK, "%d", i);
    CHECK_EQ(r.count, DOCTOR_CHECKS_MAX);
    CHECK_TEXT(r.checks[DOCTOR_CHECKS_MAX - 1].found.at, "96");
    doctor_dispose(&r);
}

TEST(a_clock_of_another_age_is_an_error_and_one_that_nobody_keeps_a_warning)
{
    doctor_judge_clock(0, true, true, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    doctor_judge_clock(1767225600, true, false, &report); // 2026
    CHECK_EQ(last()->state, DOCTOR_WARNING);
    doctor_judge_clock(1767225600, true, true, &report);
    CHECK_EQ(last()->state, DOCTOR_OK);
    CHECK_TEXT(last()->found.at, "2026-01-01T00:00:00Z, kept right");
    doctor_judge_clock(1767225600, false, false, &report);
    CHECK_EQ(last()->state, DOCTOR_SKIPPED);
    doctor_dispose(&report);
}

TEST(descriptors_and_buffers_have_a_measure)
{
    doctor_judge_files(255, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    doctor_judge_files(1024, &report);
    CHECK_EQ(last()->state, DOCTOR_WARNING);
    doctor_judge_files(8192, &report);
    CHECK_EQ(last()->state, DOCTOR_OK);
    doctor_judge_buffer("rmem_max", 212992, &report);
    CHECK_EQ(last()->state, DOCTOR_WARNING);
    CHECK(strstr(last()->advice.at, "net.core.rmem_max=4194304"));
    doctor_judge_buffer("rmem_max", 4194304, &report);
    CHECK_EQ(last()->state, DOCTOR_OK);
    doctor_dispose(&report);
}

TEST(a_disk_is_short_of_octets_or_of_files)
{
    doctor_judge_disk("/d", 63ull << 20, 1000, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    doctor_judge_disk("/d", 64ull << 20, 1000, &report);
    CHECK_EQ(last()->state, DOCTOR_WARNING);
    doctor_judge_disk("/d", 1ull << 30, 1000, &report);
    CHECK_EQ(last()->state, DOCTOR_OK);
    doctor_judge_disk("/d", 1ull << 40, 0, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    doctor_dispose(&report);
}

TEST(what_others_may_read_is_to_be_closed_with_that_command)
{
    doctor_judge_mode("/d/keys.json", S_IFREG | 0644, 077, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    CHECK_TEXT(last()->advice.at, "chmod 600 /d/keys.json");
    doctor_judge_mode("/d/keys.json", S_IFREG | 0600, 077, &report);
    CHECK_EQ(last()->state, DOCTOR_OK);
    doctor_dispose(&report);
}

TEST(private_addresses_alone_are_behind_nat)
{
    struct addr own[] = {ip("10.0.0.7"), ip("93.184.216.34")};
    doctor_judge_own_addresses(false, own, 1, &report);
    CHECK_EQ(last()->state, DOCTOR_WARNING);
    CHECK(strstr(last()->found.at, "10.0.0.7"));
    doctor_judge_own_addresses(false, own, 2, &report);
    CHECK_EQ(last()->state, DOCTOR_OK);
    doctor_judge_own_addresses(true, own, 1, &report);
    CHECK_EQ(last()->state, DOCTOR_SKIPPED);
    doctor_judge_own_addresses(false, own, 0, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    doctor_dispose(&report);
}

TEST(a_public_address_is_one_that_others_reach)
{
    struct config config = {.listen = {ip("0.0.0.0")},
                            .listen_count = 1,
                            .public_ips = {ip("93.184.216.34")},
                            .public_ip_count = 1};
    doctor_judge_public_ips(&config, &report);
    CHECK_EQ(last()->state, DOCTOR_OK);
    config.public_ips[0] = ip("192.168.1.2");
    doctor_judge_public_ips(&config, &report);
    CHECK_EQ(last()->state, DOCTOR_WARNING);
    config.public_ips[0] = ip("127.0.0.1");
    doctor_judge_public_ips(&config, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    config.public_ips[0] = ip("0.0.0.0");
    doctor_judge_public_ips(&config, &report);
    CHECK_EQ(last()->state, DOCTOR_ERROR);
    doctor_dispose(&report);
}

TEST(urls_of_ice_servers_are_read)
{
    struct doctor_ice_url url;
    CHECK_EQ(doctor_read_ice_url("turn:turn.example.org", &url), 0);
    CHECK(url.is_turn && !url.is_tcp);
    CHECK_TEXT(url.host, "turn.example.org");
    CHECK_TEXT(url.port, "3478");
    CHECK_EQ(doctor_read_ice_url("turns:[2001:db8::1]:443?transport=tcp", &url), 0);
    CHECK(url.is_turn && url.is_tls && url.is_tcp);
    CHECK_TEXT(url.host, "2001:db8::1");
    CHECK_TEXT(url.port, "443");
    CHECK_EQ(doctor_read_ice_url("stun:10.0.0.1:19302", &url), 0);
    CHECK(!url.is_turn && !url.is_tcp);
    const char *bad[] = {"",          "http://example.org", "turn",       "turn:",
                         "turn::34",  "turn:host:",         "turnx:host", "stun:host:123456",
                         "turn:[::1", "turn:[::1]x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ(doctor_read_ice_url(bad[i], &url), ERR_MALFORMED);
}
