#include "server/metrics_text.h"

#include "net/http_server.h"

#include <inttypes.h>

static const char *const drop_reasons[] = {
    [TRANSPORT_DROP_UNKNOWN] = "unknown_protocol",
    [TRANSPORT_DROP_STUN] = "stun",
    [TRANSPORT_DROP_STUN_RATE] = "stun_rate",
    [TRANSPORT_DROP_DTLS_SOURCE] = "dtls_source",
    [TRANSPORT_DROP_DTLS] = "dtls",
    [TRANSPORT_DROP_MEDIA_EARLY] = "media_early",
    [TRANSPORT_DROP_MEDIA_SOURCE] = "media_source",
    [TRANSPORT_DROP_SRTP] = "srtp",
    [TRANSPORT_DROP_REPLAY] = "replay",
};
static_assert(sizeof drop_reasons / sizeof *drop_reasons == TRANSPORT_DROP_COUNT,
              "each reason has a name");

void metrics_add_worker(struct metrics *m, const struct udp_stats *socket,
                        const struct router_stats *router)
{
    struct udp_stats *s = &m->sockets;
    s->received += socket->received;
    s->received_octets += socket->received_octets;
    s->receive_calls += socket->receive_calls;
    s->too_long += socket->too_long;
    s->receive_errors += socket->receive_errors;
    s->sent += socket->sent;
    s->sent_octets += socket->sent_octets;
    s->send_calls += socket->send_calls;
    s->dropped += socket->dropped;
    s->refused += socket->refused;

    struct router_stats *r = &m->routers;
    r->datagrams_in += router->datagrams_in;
    r->rtp_in += router->rtp_in;
    r->rtp_out += router->rtp_out;
    r->retransmissions += router->retransmissions;
    r->recovered += router->recovered;
    r->rebuilt += router->rebuilt;
    for (size_t i = 0; i < TRANSPORT_DROP_COUNT; i++)
        r->drops[i] += router->drops[i];
    r->drop_unknown_source += router->drop_unknown_source;
    r->drop_unknown_stream += router->drop_unknown_stream;
    r->drop_over_cap += router->drop_over_cap;
    r->drop_feedback += router->drop_feedback;
    r->drop_channel += router->drop_channel;
    r->drop_malformed += router->drop_malformed;
    r->rooms += router->rooms;
    r->endpoints += router->endpoints;
    r->tracks += router->tracks;
    r->feeds += router->feeds;
}

void metrics_write_label(const char *value, struct text *out)
{
    text_add(out, "\"");
    for (const char *p = value; *p; p++) {
        if (*p == '\n')
            text_add(out, "\\n");
        else if (*p == '"' || *p == '\\')
            text_addf(out, "\\%c", *p);
        else
            text_addf(out, "%c", *p);
    }
    text_add(out, "\"");
}

static void describe(struct text *out, const char *name, const char *type, const char *help)
{
    text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

// A metric of one figure.
static void add_single(struct text *out, const char *name, const char *type, const char *help,
                       uint64_t value)
{
    describe(out, name, type, help);
    text_addf(out, "%s %" PRIu64 "\n", name, value);
}

static void add_sample(struct text *out, const char *name, const char *label, const char *of,
                       uint64_t value)
{
    text_addf(out, "%s{%s=", name, label);
    metrics_write_label(of, out);
    text_addf(out, "} %" PRIu64 "\n", value);
}

static void add_directions(struct text *out, const char *name, const char *help, uint64_t in,
                           uint64_t sent)
{
    describe(out, name, "counter", help);
    add_sample(out, name, "direction", "in", in);
    add_sample(out, name, "direction", "out", sent);
}

static void add_drops(struct text *out, const struct metrics *m)
{
    static const char name[] = "parlor_media_dropped_packets_total";
    const struct router_stats *r = &m->routers;
    const struct udp_stats *s = &m->sockets;
    describe(out, name, "counter", "Packets that were dropped, by reason.");
    for (size_t i = 0; i < TRANSPORT_DROP_COUNT; i++)
        add_sample(out, name, "reason", drop_reasons[i], r->drops[i]);
    add_sample(out, name, "reason", "unknown_source", r->drop_unknown_source);
    add_sample(out, name, "reason", "unknown_stream", r->drop_unknown_stream);
    add_sample(out, name, "reason", "over_cap", r->drop_over_cap);
    add_sample(out, name, "reason", "feedback", r->drop_feedback);
    add_sample(out, name, "reason", "channel", r->drop_channel);
    add_sample(out, name, "reason", "malformed", r->drop_malformed);
    add_sample(out, name, "reason", "too_long", s->too_long);
    add_sample(out, name, "reason", "send_buffer_full", s->dropped - s->refused);
    add_sample(out, name, "reason", "send_refused", s->refused);
}

static void add_media(struct text *out, const struct metrics *m)
{
    const struct router_stats *r = &m->routers;
    const struct udp_stats *s = &m->sockets;
    add_directions(out, "parlor_media_packets_total", "Datagrams of the media ports.",
                   s->received, s->sent);
    add_directions(out, "parlor_media_bytes_total", "Octets in them, without UDP headers.",
                   s->received_octets, s->sent_octets);
    add_directions(out, "parlor_media_rtp_packets_total",
                   "RTP packets from publishers and to subscribers.", r->rtp_in, r->rtp_out);
    add_single(out, "parlor_media_retransmitted_packets_total", "counter",
               "RTP packets that were sent once more.", r->retransmissions);
    add_single(out, "parlor_media_recovered_packets_total", "counter",
               "Sound that was lost and came again in a later packet.", r->recovered);
    add_single(out, "parlor_media_rebuilt_packets_total", "counter",
               "Packets of pictures that were lost and were rebuilt of FlexFEC.", r->rebuilt);
    add_drops(out, m);
    add_directions(out, "parlor_media_socket_errors_total",
                   "Datagrams that the kernel refused to send, and errors of reading.",
                   s->receive_errors, s->refused);
    add_single(out, "parlor_media_connections", "gauge",
               "Peer connections; a person has two of them.", r->endpoints);
    add_single(out, "parlor_media_tracks", "gauge", "Tracks that are published.", r->tracks);
    add_single(out, "parlor_media_feeds", "gauge", "Tracks to subscribers, each counted once.",
               r->feeds);
}

static void add_latency(struct text *out, const char *kind, const struct latency *l)
{
    uint64_t count = 0;
    for (size_t i = 0; i < LATENCY_BOUNDS; i++) {
        count += l->counts[i];
        text_addf(out, "parlor_store_job_seconds_bucket{kind=\"%s\",le=\"%g\"} %" PRIu64 "\n",
                  kind, (double)latency_bounds_us[i] / 1e6, count);
    }
    count += l->counts[LATENCY_BOUNDS];
    text_addf(out, "parlor_store_job_seconds_bucket{kind=\"%s\",le=\"+Inf\"} %" PRIu64 "\n",
              kind, count);
    text_addf(out, "parlor_store_job_seconds_sum{kind=\"%s\"} %" PRId64 ".%06d\n", kind,
              l->sum_us / 1000000, (int)(l->sum_us % 1000000));
    text_addf(out, "parlor_store_job_seconds_count{kind=\"%s\"} %" PRIu64 "\n", kind, count);
}

static void add_store(struct text *out, const struct metrics *m)
{
    static const char queue[] = "parlor_store_queue_jobs";
    static const char errors[] = "parlor_store_errors_total";
    describe(out, "parlor_store_job_seconds", "histogram",
             "From when the store is asked to when its result is taken, waiting included.");
    add_latency(out, "read", &m->store.reads);
    add_latency(out, "write", &m->store.writes);
    describe(out, queue, "gauge",
             "Jobs that wait for a thread: of all that write, of look-ups, of lists.");
    add_sample(out, queue, "queue", "write", m->store.writers_waiting);
    add_sample(out, queue, "queue", "find", m->store.finders_waiting);
    add_sample(out, queue, "queue", "list", m->store.listers_waiting);
    describe(out, errors, "counter", "Jobs that the store failed; what was not found is none.");
    add_sample(out, errors, "kind", "read", m->store.read_errors);
    add_sample(out, errors, "kind", "write", m->store.write_errors);
    add_single(out, "parlor_store_log_aside_total", "counter",
               "Entries of the session log that the store cannot take: kept in log_aside.",
               m->store.aside);
    add_single(out, "parlor_store_writable", "gauge",
               "1 when the last commit succeeded, else 0.", m->store_is_writable);
    if (m->webhooks_waiting >= 0)
        add_single(out, "parlor_webhooks_waiting", "gauge",
                   "Webhooks that wait to be sent, or to be sent again.",
                   (uint64_t)m->webhooks_waiting);
}

static void add_http(struct text *out, const struct metrics *m)
{
    describe(out, "parlor_http_responses_total", "counter",
             "Answers by status; 101 is a web socket that opened.");
    for (int status = 100; status <= HTTP_STATUS_MAX; status++)
        if (m->http_answered[status])
            text_addf(out, "parlor_http_responses_total{status=\"%d\"} %" PRIu64 "\n", status,
                      m->http_answered[status]);
    add_single(out, "parlor_http_connections", "gauge",
               "Connections that are open, web sockets included.", m->http_connections);
}

void metrics_write(const struct metrics *m, struct text *out)
{
    describe(out, "parlor_info", "gauge", "Which version runs; always 1.");
    add_sample(out, "parlor_info", "version", m->version, 1);
    add_single(out, "parlor_rooms", "gauge", "Rooms in which somebody is.", m->rooms);
    add_single(out, "parlor_peers", "gauge", "People in them.", m->peers);
    add_media(out, m);
    add_store(out, m);
    add_http(out, m);
}
