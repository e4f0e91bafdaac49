#include "server/metrics.h"

#include "api/routes.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static struct signal_tally signalling;
static struct tally http;

static struct metrics nothing(void)
{
    memset(&signalling, 0, sizeof signalling);
    tally_dispose(&http);
    tally_init(&http, METRICS_ROUTES + api_route_count);
    return (struct metrics){
        .version = "1.2", .webhooks_waiting = -1, .http = &http, .signalling = &signalling};
}

static bool says(const struct metrics *m, const char *line)
{
    struct text out = {0};
    metrics_write(m, EXPOSITION_TEXT, &out);
    char *found = strstr(out.at, line);
    bool is_line = found && (found == out.at || found[-1] == '\n') &&
                   (line[strlen(line) - 1] == '\n' || found[strlen(line)] == '\n');
    text_dispose(&out);
    return is_line;
}

TEST(a_figure_has_help_and_type_before_it)
{
    struct metrics m = nothing();
    m.rooms = 3;
    m.peers[METRICS_VIEWER] = 8;
    CHECK(says(&m, "# HELP parlor_rooms Rooms in which somebody is.\n"
                   "# TYPE parlor_rooms gauge\n"
                   "parlor_rooms 3\n"));
    CHECK(says(&m, "parlor_peers{kind=\"viewer\"} 8"));
    CHECK(says(&m, "parlor_build_info{version=\"1.2\"} 1"));
}

TEST(what_workers_counted_is_added_up)
{
    struct metrics m = nothing();
    struct worker_counters counters[] = {
        {
            .socket =
                {.received = 2, .received_octets = 300, .sent = 5, .sent_octets = 5000000000},
            .router = {.rtp_in = 1,
                       .drops[TRANSPORT_DROP_REPLAY] = 7,
                       .lost_in = 2,
                       .keys_out = 3,
                       .layers_lower = 4,
                       .tracks = 5,
                       .video_tracks = 2,
                       .endpoints = 2},
            .turns.reads.counts[0] = 6,
        },
        {
            .socket = {.received = 1,
                       .received_octets = 20,
                       .too_long = 4,
                       .dropped = 9,
                       .refused = 2,
                       .receive_errors = 6},
            .router = {.rtp_out = 3,
                       .drops[TRANSPORT_DROP_REPLAY] = 1,
                       .drop_over_cap = 4,
                       .lost_in = 8,
                       .estimates = {.counts[1] = 3, .sum = 30000},
                       .endpoints = 1},
            .turns.reads = {.counts[1] = 1, .sum = 8},
        },
    };
    for (size_t i = 0; i < 2; i++)
        metrics_add_worker(&m, &counters[i]);
    CHECK(says(&m, "parlor_media_lost_packets_total{direction=\"in\"} 10"));
    CHECK(says(&m, "parlor_media_key_frame_requests_total{direction=\"out\"} 3"));
    CHECK(says(&m, "parlor_media_layer_switches_total{to=\"lower\"} 4"));
    CHECK(says(&m, "parlor_media_tracks{kind=\"audio\"} 3"));
    CHECK(says(&m, "parlor_media_tracks{kind=\"video\"} 2"));
    CHECK(says(&m, "parlor_media_estimate_bytes_per_second_bucket{le=\"12500.0\"} 3"));
    CHECK(says(&m, "parlor_media_estimate_bytes_per_second_sum 30000"));
    CHECK(says(&m, "parlor_media_estimate_bytes_per_second_bucket{le=\"1.25e+07\"} 3"));
    CHECK(says(&m, "parlor_worker_batch_packets_bucket{direction=\"in\",le=\"2.0\"} 7"));
    CHECK(says(&m, "parlor_media_packets_total{direction=\"in\"} 3"));
    CHECK(says(&m, "parlor_media_packets_total{direction=\"out\"} 5"));
    CHECK(says(&m, "parlor_media_bytes_total{direction=\"in\"} 320"));
    CHECK(says(&m, "parlor_media_bytes_total{direction=\"out\"} 5000000000"));
    CHECK(says(&m, "parlor_media_rtp_packets_total{direction=\"out\"} 3"));
    CHECK(says(&m, "parlor_media_dropped_packets_total{reason=\"replay\"} 8"));
    CHECK(says(&m, "parlor_media_dropped_packets_total{reason=\"over_cap\"} 4"));
    CHECK(says(&m, "parlor_media_dropped_packets_total{reason=\"too_long\"} 4"));
    CHECK(says(&m, "parlor_media_dropped_packets_total{reason=\"send_buffer_full\"} 7"));
    CHECK(says(&m, "parlor_media_dropped_packets_total{reason=\"send_refused\"} 2"));
    CHECK(says(&m, "parlor_media_socket_errors_total{direction=\"in\"} 6"));
    CHECK(says(&m, "parlor_media_socket_errors_total{direction=\"out\"} 2"));
    CHECK(says(&m, "parlor_media_connections 3"));
}

TEST(latencies_are_a_histogram_that_adds_up)
{
    struct metrics m = nothing();
    histogram_add(&m.store.writes, &histogram_waits_us, 400);
    histogram_add(&m.store.writes, &histogram_waits_us, 1000);
    histogram_add(&m.store.writes, &histogram_waits_us, 1001);
    histogram_add(&m.store.writes, &histogram_waits_us, 11000000);
    histogram_add(&m.store.writes, &histogram_waits_us, -5);
    m.store.listers_waiting = 6;
    CHECK(says(&m, "# TYPE parlor_store_job_seconds histogram"));
    CHECK(says(&m, "parlor_store_job_seconds_bucket{kind=\"write\",le=\"0.0005\"} 2"));
    CHECK(says(&m, "parlor_store_job_seconds_bucket{kind=\"write\",le=\"0.001\"} 3"));
    CHECK(says(&m, "parlor_store_job_seconds_bucket{kind=\"write\",le=\"0.0025\"} 4"));
    CHECK(says(&m, "parlor_store_job_seconds_bucket{kind=\"write\",le=\"10.0\"} 4"));
    CHECK(says(&m, "parlor_store_job_seconds_bucket{kind=\"write\",le=\"+Inf\"} 5"));
    CHECK(says(&m, "parlor_store_job_seconds_sum{kind=\"write\"} 11.002401"));
    CHECK(says(&m, "parlor_store_job_seconds_count{kind=\"write\"} 5"));
    CHECK(says(&m, "parlor_store_job_seconds_count{kind=\"read\"} 0"));
    CHECK(says(&m, "parlor_store_queue_jobs{queue=\"list\"} 6"));
}

TEST(what_the_store_failed_and_put_aside_is_told)
{
    struct metrics m = nothing();
    m.store.read_errors = 2;
    m.store.write_errors = 3;
    m.store.aside = 4;
    CHECK(says(&m, "# TYPE parlor_store_errors_total counter"));
    CHECK(says(&m, "parlor_store_errors_total{kind=\"read\"} 2"));
    CHECK(says(&m, "parlor_store_errors_total{kind=\"write\"} 3"));
    CHECK(says(&m, "# TYPE parlor_store_log_aside_total counter"));
    CHECK(says(&m, "parlor_store_log_aside_total 4"));
}

static size_t route_of(enum http_method method, const char *pattern)
{
    for (size_t i = 0; i < api_route_count; i++)
        if (api_routes[i].method == method && strcmp(api_routes[i].pattern, pattern) == 0)
            return METRICS_ROUTES + i;
    return METRICS_ROUTE_OTHER;
}

TEST(answers_are_told_by_route_and_status)
{
    struct metrics m = nothing();
    tally_add(&http, route_of(HTTP_GET, "/v2/rooms/{}"), 200, 700);
    tally_add(&http, route_of(HTTP_GET, "/v2/rooms/{}"), 200, 3000);
    tally_add(&http, METRICS_ROUTE_WS, 101, -1);
    tally_add(&http, 100000, 418, 10);
    CHECK(says(&m, "parlor_http_responses_total{method=\"GET\",route=\"/v2/rooms/{}\","
                   "status=\"200\"} 2"));
    CHECK(says(&m, "parlor_http_responses_total{method=\"GET\",route=\"/ws\","
                   "status=\"101\"} 1"));
    CHECK(says(&m, "parlor_http_responses_total{method=\"other\",route=\"other\","
                   "status=\"400\"} 1"));
    CHECK(says(&m, "parlor_http_request_duration_seconds_bucket{method=\"GET\","
                   "route=\"/v2/rooms/{}\",le=\"0.001\"} 1"));
    CHECK(says(&m, "parlor_http_request_duration_seconds_sum{method=\"GET\","
                   "route=\"/v2/rooms/{}\"} 0.0037"));
    CHECK(!says(&m, "parlor_http_request_duration_seconds_count{method=\"GET\","
                    "route=\"/ws\"} 1"));
}

TEST(messages_are_told_by_method_and_result)
{
    struct metrics m = nothing();
    signalling.counts[0][SIGNAL_OK] = 3;
    signalling.counts[0][SIGNAL_REFUSED] = 1;
    size_t other = 0;
    while (signal_method_name(other + 1))
        other++;
    signalling.counts[other][SIGNAL_UNKNOWN] = 2;
    CHECK(says(&m, "parlor_signalling_messages_total{method=\"join\",result=\"ok\"} 3"));
    CHECK(says(&m, "parlor_signalling_messages_total{method=\"join\",result=\"refused\"} 1"));
    CHECK(says(&m, "parlor_signalling_messages_total{method=\"other\","
                   "result=\"unknown_method\"} 2"));
    CHECK(!says(&m, "parlor_signalling_messages_total{method=\"leave\",result=\"ok\"} 0"));
}

TEST(webhooks_and_joins_are_told)
{
    struct metrics m = nothing();
    m.webhooks = (struct hooks_stats){.delivered = 5, .failed = 2, .given_up = 1};
    histogram_add(&m.joins, &histogram_waits_us, 300000);
    CHECK(says(&m, "parlor_webhook_deliveries_total{result=\"failed\"} 2"));
    CHECK(says(&m, "parlor_webhooks_given_up_total 1"));
    CHECK(says(&m, "parlor_join_seconds_bucket{le=\"0.25\"} 0"));
    CHECK(says(&m, "parlor_join_seconds_bucket{le=\"1.0\"} 1"));
}

TEST(what_was_not_counted_yet_is_left_out)
{
    struct metrics m = nothing();
    CHECK(!says(&m, "# TYPE parlor_webhooks_waiting gauge"));
    m.webhooks_waiting = 0;
    CHECK(says(&m, "parlor_webhooks_waiting 0"));
}
