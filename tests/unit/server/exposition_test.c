#include "server/exposition.h"

#include "test.h"

static struct text out;

static struct exposition begin(enum exposition_format format)
{
    text_clear(&out);
    return (struct exposition){.out = &out, .format = format};
}

TEST(who_takes_openmetrics_gets_it)
{
    // Prometheus 2.42 of Debian 12, a later one, and what others send.
    static const struct {
        const char *accept;
        enum exposition_format format;
    } said[] = {
        {NULL, EXPOSITION_TEXT},
        {"", EXPOSITION_TEXT},
        {"*/*", EXPOSITION_TEXT},
        {"text/plain;version=0.0.4;q=1,*/*;q=0.1", EXPOSITION_TEXT},
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
         "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;"
         "version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2",
         EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text", EXPOSITION_OPENMETRICS},
        {"Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.001", EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text; version=0.0.1", EXPOSITION_TEXT},
        {"application/openmetrics-text; version=2.0.0, text/plain", EXPOSITION_TEXT},
        {"application/openmetrics-text;q=0, text/plain", EXPOSITION_TEXT},
        {"application/openmetrics-text;q=0.0", EXPOSITION_TEXT},
        {"application/openmetrics-text;q=0.3, text/plain;q=0.5", EXPOSITION_TEXT},
        {"application/openmetrics-text;q=5", EXPOSITION_TEXT},
        {"application/openmetrics-text;q=", EXPOSITION_TEXT},
        {"application/openmetrics-text2", EXPOSITION_TEXT},
        {"text/html,application/openmetrics", EXPOSITION_TEXT},
        {",,;;,application/openmetrics-text;;,", EXPOSITION_OPENMETRICS},
        {"application/openmetrics-text;q", EXPOSITION_OPENMETRICS},
        {";", EXPOSITION_TEXT},
    };
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        CHECK_EQ(exposition_choose(said[i].accept), said[i].format);
}

TEST(a_counters_family_has_its_end_in_one_form_only)
{
    struct exposition e = begin(EXPOSITION_TEXT);
    exposition_single(&e, "a_seconds", EXPOSITION_COUNTER, "Help.", 5000000000);
    exposition_end(&e);
    CHECK_TEXT(out.at, "# HELP a_seconds_total Help.\n# TYPE a_seconds_total counter\n"
                       "a_seconds_total 5000000000\n");
    e = begin(EXPOSITION_OPENMETRICS);
    exposition_single(&e, "a_seconds", EXPOSITION_COUNTER, "Help.", 3);
    exposition_single(&e, "b", EXPOSITION_GAUGE, "More.", 4);
    exposition_end(&e);
    CHECK_TEXT(out.at, "# HELP a_seconds Help.\n# TYPE a_seconds counter\na_seconds_total 3\n"
                       "# HELP b More.\n# TYPE b gauge\nb 4\n# EOF\n");
    text_dispose(&out);
}

TEST(values_of_labels_are_escaped)
{
    struct exposition e = begin(EXPOSITION_TEXT);
    exposition_family(&e, "a", EXPOSITION_GAUGE, "Help.");
    text_clear(&out);
    exposition_number(&e, (const struct label[]){{"x", "a\"b\\c\nd"}, {"y", ""}, {0}}, 0.25);
    CHECK_TEXT(out.at, "a{x=\"a\\\"b\\\\c\\nd\",y=\"\"} 0.25\n");
    text_dispose(&out);
}

TEST(a_histogram_adds_up_and_its_bounds_are_in_the_base_unit)
{
    static const struct histogram_bounds bounds = {.count = 3, .at = {500, 1000000, 12500000}};
    struct histogram h = {.counts = {1, 2, 0, 4}, .sum = 20000500};
    struct exposition e = begin(EXPOSITION_OPENMETRICS);
    exposition_family(&e, "t_seconds", EXPOSITION_HISTOGRAM, "Help.");
    text_clear(&out);
    exposition_histogram(&e, (const struct label[]){{"k", "v"}, {0}}, &h, &bounds, 1e6);
    CHECK_TEXT(out.at, "t_seconds_bucket{k=\"v\",le=\"0.0005\"} 1\n"
                       "t_seconds_bucket{k=\"v\",le=\"1.0\"} 3\n"
                       "t_seconds_bucket{k=\"v\",le=\"12.5\"} 3\n"
                       "t_seconds_bucket{k=\"v\",le=\"+Inf\"} 7\n"
                       "t_seconds_sum{k=\"v\"} 20.0005\n"
                       "t_seconds_count{k=\"v\"} 7\n");
    text_clear(&out);
    exposition_histogram(&e, NULL, &h, &bounds, 1);
    CHECK(strstr(out.at, "t_seconds_bucket{le=\"1e+06\"} 3\n"));
    text_dispose(&out);
}
