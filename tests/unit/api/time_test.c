#include "api/time.h"
#include "base/err.h"
#include "test.h"

static void check_format(int64_t wall_ms, const char *expected)
{
    char text[API_TIME_LEN + 1];
    api_time_format(wall_ms, text);
    CHECK_TEXT(text, expected);
}

static void check_parse(const char *text, int64_t expected)
{
    int64_t wall_ms = -1;
    CHECK_EQ(api_time_parse(text, &wall_ms), 0);
    CHECK_EQ(wall_ms, expected);
}

TEST(times_are_written_with_milliseconds_in_UTC)
{
    check_format(0, "1970-01-01T00:00:00.000Z");
    check_format(1677843668082, "2023-03-03T11:41:08.082Z");
    check_format(951782400000, "2000-02-29T00:00:00.000Z");
    check_format(1709251199999, "2024-02-29T23:59:59.999Z");
    check_format(-1, "1969-12-31T23:59:59.999Z");
    check_format(253402300799999, "9999-12-31T23:59:59.999Z");
    check_format(-62135596800000, "0001-01-01T00:00:00.000Z");
}

TEST(every_form_of_RFC_3339_is_read)
{
    check_parse("2023-03-03T11:41:08.082Z", 1677843668082);
    check_parse("2023-03-03T11:41:08Z", 1677843668000);
    check_parse("2023-03-03t11:41:08z", 1677843668000);
    check_parse("2023-03-03T11:41:08.123456789Z", 1677843668123);
    check_parse("2023-03-03T11:41:08.5Z", 1677843668500);
    check_parse("2023-03-03T17:11:08+05:30", 1677843668000);
    check_parse("2023-03-03T17:11:08 05:30", 1677843668000);
    check_parse("2023-03-03T10:41:08-01:00", 1677843668000);
    check_parse("1990-12-31T23:59:60Z", 662688000000);
    check_parse("0001-01-01T00:00:00Z", -62135596800000);
}

TEST(what_is_no_time_is_refused)
{
    static const char *const bad[] = {
        "",
        "2023",
        "2023-03-03",
        "2023-03-03T11:41:08",
        "2023-03-03 11:41:08Z",
        "2023-13-03T11:41:08Z",
        "2023-00-03T11:41:08Z",
        "2023-02-29T11:41:08Z",
        "2023-03-03T24:00:00Z",
        "2023-03-03T11:60:08Z",
        "2023-03-03T11:41:61Z",
        "2023-03-03T11:41:08.Z",
        "2023-03-03T11:41:08Zx",
        "2023-03-03T11:41:08+0530",
        "2023-03-03T11:41:08+24:00",
        "20230303T114108Z",
        "-023-03-03T11:41:08Z",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t wall_ms = 7;
        CHECK_EQ(api_time_parse(bad[i], &wall_ms), ERR_MALFORMED);
        CHECK_EQ(wall_ms, 7);
    }
}

TEST(what_is_written_is_read_back_for_a_century_of_days)
{
    for (int64_t day = 0; day < 36525; day++) {
        char text[API_TIME_LEN + 1];
        int64_t wall_ms = day * 86400000 + 43210987;
        api_time_format(wall_ms, text);
        check_parse(text, wall_ms);
    }
}
