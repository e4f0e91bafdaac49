#include "base/log_line.h"

#include "base/json.h"
#include "test.h"

#include <stdlib.h>

static char out[LOG_LINE_MAX + 1];

static const char *written(const struct log_line *line, enum log_format format)
{
    size_t len = log_line_write(line, format, out);
    CHECK(len <= LOG_LINE_MAX);
    out[len] = '\0';
    CHECK_EQ(strlen(out), len);
    CHECK(strchr(out, '\n') == out + len - 1); // one line, whatever is in it
    return out;
}

static struct log_line line_of(const char *message)
{
    return (struct log_line){
        .at = {1795956802, 479000000}, .level = LOG_WARN, .area = "hooks", .message = message};
}

TEST(a_line_for_people_has_time_level_and_area)
{
    struct log_line line = line_of("webhook 7d1f is given up");
    line.fields = (const struct log_field[]){{"webhook", "7d1f", 0}, {0}};
    line.dropped = 3;
    CHECK_TEXT(
        written(&line, LOG_TEXT),
        "2026-11-29T12:53:22.479Z warn  hooks: webhook 7d1f is given up (3 more dropped)\n");
}

TEST(an_object_has_the_fields_of_the_line_as_members)
{
    struct log_line line = line_of("webhook 7d1f is given up");
    line.fields = (const struct log_field[]){{"webhook", "7d1f", 0}, {"tries", NULL, -12}, {0}};
    line.dropped = 3;
    CHECK_TEXT(written(&line, LOG_JSON),
               "{\"time\":\"2026-11-29T12:53:22.479Z\",\"level\":\"warn\",\"area\":\"hooks\","
               "\"message\":\"webhook 7d1f is given up\",\"webhook\":\"7d1f\",\"tries\":-12,"
               "\"dropped\":3}\n");
}

TEST(what_is_hostile_in_a_text_stays_in_it)
{
    struct log_line line =
        line_of("a\"}\n{\"level\":\"error\\\x01\x7f\xff\xc2\x85\xe2\x80\xa8\xf0\x9f\x98\x80");
    line.fields = (const struct log_field[]){{"name", "\r\n\"\\\xed\xa0\x80", 0}, {0}};
    CHECK_TEXT(
        written(&line, LOG_JSON),
        "{\"time\":\"2026-11-29T12:53:22.479Z\",\"level\":\"warn\",\"area\":\"hooks\","
        "\"message\":\"a\\\"}\\u000a{\\\"level\\\":\\\"error\\\\\\u0001\\u007f\xef\xbf\xbd"
        "\\u0085\\u2028\xf0\x9f\x98\x80\","
        "\"name\":\"\\u000d\\u000a\\\"\\\\\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}\n");
    CHECK_TEXT(written(&line, LOG_TEXT),
               "2026-11-29T12:53:22.479Z warn  hooks: a\"}\\x0a{\"level\":\"error\\\\x01\\x7f"
               "\xef\xbf\xbd\\u0085\\u2028\xf0\x9f\x98\x80\n");
}

// At each length the cut falls somewhere else: inside an escape, a character, a field.
TEST(what_is_too_long_is_cut_and_stays_an_object)
{
    static const char *const units[] = {"x", "\"", "\x01", "\xf0\x9f\x98\x80", "\xff"};
    char text[3000], other[700];
    for (size_t unit = 0; unit < sizeof units / sizeof *units; unit++) {
        for (size_t len = 0; len < 2500; len += 61) {
            text[0] = other[0] = '\0';
            for (size_t at = 0; at + strlen(units[unit]) < len; at += strlen(units[unit]))
                strcpy(text + at, units[unit]);
            size_t cut = strlen(text) < sizeof other ? strlen(text) : sizeof other - 1;
            memcpy(other, text, cut);
            other[cut] = '\0';
            struct log_line line = line_of(text);
            line.fields =
                (const struct log_field[]){{"first", other, 0}, {"second", other, 0}, {0}};
            line.dropped = 4000000000u;
            json_error_t error;
            json_t *read = json_loads(written(&line, LOG_JSON), JSON_REJECT_DUPLICATES, &error);
            CHECK(read != NULL);
            CHECK_EQ(json_integer_value(json_object_get(read, "dropped")), 4000000000);
            CHECK(json_is_string(json_object_get(read, "message")));
            json_decref(read);
            written(&line, LOG_TEXT);
        }
    }
}
