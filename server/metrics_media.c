// What media workers count.
#include "server/metrics.h"

#include <assert.h>

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

// The structs are counts of 64 bits and nothing else.
static void add_counts(void *sums, const void *more, size_t size)
{
    uint64_t *to = sums;
    const uint64_t *from = more;
    for (size_t i = 0; i < size / sizeof *to; i++)
        to[i] += from[i];
}

void metrics_add_worker(struct metrics *m, const struct worker_counters *counters)
{
    static_assert(sizeof m->sockets % sizeof(uint64_t) == 0, "counts");
    static_assert(sizeof m->routers % sizeof(uint64_t) == 0, "counts");
    static_assert(sizeof m->turns % sizeof(uint64_t) == 0, "counts");
    add_counts(&m->sockets, &counters->socket, sizeof m->sockets);
    add_counts(&m->routers, &counters->router, sizeof m->routers);
    add_counts(&m->turns, &counters->turns, sizeof m->turns);
}

static void add_directions(struct exposition *e, const char *name, const char *help,
                           uint64_t in, uint64_t sent)
{
    exposition_family(e, name, EXPOSITION_COUNTER, help);
    exposition_count(e, (const struct label[]){{"direction", "in"}, {0}}, in);
    exposition_count(e, (const struct label[]){{"direction", "out"}, {0}}, sent);
}

static void add_drop(struct exposition *e, const char *reason, uint64_t count)
{
    exposition_count(e, (const struct label[]){{"reason", reason}, {0}}, count);
}

static void write_drops(const struct metrics *m, struct exposition *e)
{
    const struct router_stats *r = &m->routers;
    const struct udp_stats *s = &m->sockets;
    exposition_family(e, "parlor_media_dropped_packets", EXPOSITION_COUNTER,
                      "Packets that were dropped, by reason.");
    for (size_t i = 0; i < TRANSPORT_DROP_COUNT; i++)
        add_drop(e, drop_reasons[i], r->drops[i]);
    add_drop(e, "unknown_source", r->drop_unknown_source);
    add_drop(e, "unknown_stream", r->drop_unknown_stream);
    add_drop(e, "over_cap", r->drop_over_cap);
    add_drop(e, "feedback", r->drop_feedback);
    add_drop(e, "channel", r->drop_channel);
    add_drop(e, "malformed", r->drop_malformed);
    add_drop(e, "too_long", s->too_long);
    add_drop(e, "send_buffer_full", s->dropped - s->refused);
    add_drop(e, "send_refused", s->refused);
}

static void write_rates(const struct router_stats *r, struct exposition *e)
{
    exposition_family(
        e, "parlor_media_estimate_bytes_per_second", EXPOSITION_HISTOGRAM,
        "What the way to a subscriber is found to carry: of each, once a second.");
    exposition_histogram(e, NULL, &r->estimates, &router_rates, 1);
    exposition_family(e, "parlor_media_allocated_bytes_per_second", EXPOSITION_HISTOGRAM,
                      "What was allotted to a subscriber of that: of each, once a second.");
    exposition_histogram(e, NULL, &r->allotted, &router_rates, 1);
}

static void write_turns(const struct worker_stats *w, struct exposition *e)
{
    exposition_family(e, "parlor_worker_turn_seconds", EXPOSITION_HISTOGRAM,
                      "A turn of a media worker: from when something is there until all that "
                      "comes of it is sent.");
    exposition_histogram(e, NULL, &w->took_us, &worker_turns_us, 1e6);
    exposition_family(e, "parlor_worker_batch_packets", EXPOSITION_HISTOGRAM,
                      "Datagrams that were received together, and sent together.");
    exposition_histogram(e, (const struct label[]){{"direction", "in"}, {0}}, &w->reads,
                         &worker_batches, 1);
    exposition_histogram(e, (const struct label[]){{"direction", "out"}, {0}}, &w->sends,
                         &worker_batches, 1);
}

void metrics_write_media(const struct metrics *m, struct exposition *e)
{
    const struct router_stats *r = &m->routers;
    const struct udp_stats *s = &m->sockets;
    add_directions(e, "parlor_media_packets", "Datagrams of the media ports.", s->received,
                   s->sent);
    add_directions(e, "parlor_media_bytes", "Octets in them, without UDP headers.",
                   s->received_octets, s->sent_octets);
    add_directions(e, "parlor_media_rtp_packets",
                   "RTP packets from publishers and to subscribers.", r->rtp_in, r->rtp_out);
    exposition_single(e, "parlor_media_retransmitted_packets", EXPOSITION_COUNTER,
                      "RTP packets that were sent once more.", r->retransmissions);
    exposition_single(e, "parlor_media_recovered_packets", EXPOSITION_COUNTER,
                      "Sound that was lost and came again in a later packet.", r->recovered);
    exposition_single(e, "parlor_media_rebuilt_packets", EXPOSITION_COUNTER,
                      "Packets of pictures that were lost and were rebuilt of FlexFEC.",
                      r->rebuilt);
    add_directions(e, "parlor_media_lost_packets",
                   "Packets that publishers sent and did not come (in), and that subscribers "
                   "report as lost (out).",
                   r->lost_in, r->lost_out);
    add_directions(e, "parlor_media_requested_packets",
                   "Packets that publishers were asked for again (in), and that subscribers "
                   "asked for (out).",
                   r->asked_in, r->asked_out);
    add_directions(e, "parlor_media_key_frame_requests",
                   "Key frames that publishers were asked for (in), and that subscribers asked "
                   "for (out).",
                   r->keys_in, r->keys_out);
    exposition_family(
        e, "parlor_media_layer_switches", EXPOSITION_COUNTER,
        "Pictures that went on to a subscriber in a better layer, or a worse one.");
    exposition_count(e, (const struct label[]){{"to", "higher"}, {0}}, r->layers_higher);
    exposition_count(e, (const struct label[]){{"to", "lower"}, {0}}, r->layers_lower);
    write_drops(m, e);
    add_directions(e, "parlor_media_socket_errors",
                   "Datagrams that the kernel refused to send, and errors of reading.",
                   s->receive_errors, s->refused);
    exposition_single(e, "parlor_media_connections", EXPOSITION_GAUGE,
                      "Peer connections; a person has two of them.", r->endpoints);
    exposition_family(e, "parlor_media_tracks", EXPOSITION_GAUGE, "Tracks that are published.");
    exposition_count(e, (const struct label[]){{"kind", "audio"}, {0}},
                     r->tracks - r->video_tracks);
    exposition_count(e, (const struct label[]){{"kind", "video"}, {0}}, r->video_tracks);
    exposition_single(e, "parlor_media_feeds", EXPOSITION_GAUGE,
                      "Tracks to subscribers, each counted once.", r->feeds);
    write_rates(r, e);
    write_turns(&m->turns, e);
}
