#include "server/metrics.h"

#include "net/http_server.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static uint64_t answered[HTTP_STATUS_MAX + 1];

static struct metrics nothing(void)
{
    memset(answered, 0, sizeof answered);
    return (struct metrics){
        .version = "1.2", .webhooks_waiting = -1, .http_answered = answered};
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
    m.peers = 8;
    CHECK(says(&m, "# HELP parlor_rooms Rooms in which somebody is.\n"
                   "# TYPE parlor_rooms gauge\n"
                   "parlor_rooms 3\n"));
    CHECK(says(&m, "parlor_peers 8"));
    CHECK(says(&m, "parlor_build_info{version=\"1.2\"} 1"));
}

TEST(what_workers_counted_is_added_up)
{
    struct metrics m = nothing();
    struct udp_stats sockets[] = {
        {.received = 2, .received_octets = 300, .sent = 5, .sent_octets = 5000000000},
        {.received = 1,
         .received_octets = 20,
         .too_long = 4,
         .dropped = 9,
         .refused = 2,
         .receive_errors = 6},
    };
    struct router_stats routers[] = {
        {.rtp_in = 1, .drops[TRANSPORT_DROP_REPLAY] = 7, .endpoints = 2},
        {.rtp_out = 3, .drops[TRANSPORT_DROP_REPLAY] = 1, .drop_over_cap = 4, .endpoints = 1},
    };
    for (size_t i = 0; i < 2; i++)
        metrics_add_worker(&m, &sockets[i], &routers[i]);
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

TEST(statuses_that_were_answered_are_told)
{
    struct metrics m = nothing();
    answered[200] = 12;
    answered[HTTP_STATUS_MAX] = 1;
    CHECK(says(&m, "parlor_http_responses_total{status=\"200\"} 12"));
    CHECK(says(&m, "parlor_http_responses_total{status=\"599\"} 1"));
    CHECK(!says(&m, "parlor_http_responses_total{status=\"404\"} 0"));
}

TEST(what_was_not_counted_yet_is_left_out)
{
    struct metrics m = nothing();
    CHECK(!says(&m, "# TYPE parlor_webhooks_waiting gauge"));
    m.webhooks_waiting = 0;
    CHECK(says(&m, "parlor_webhooks_waiting 0"));
}
