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

// Both structs are counts of 64 bits and nothing else.
static void add_counts(void *sums, const void *more, size_t size)
{
    uint64_t *to = sums;
    const uint64_t *from = more;
    for (size_t i = 0; i < size / sizeof *to; i++)
        to[i] += from[i];
}

void metrics_add_worker(struct metrics *m, const struct udp_stats *socket,
                        const struct router_stats *router)
{
    static_assert(sizeof *socket % sizeof(uint64_t) == 0, "counts");
    static_assert(sizeof *router % sizeof(uint64_t) == 0, "counts");
    add_counts(&m->sockets, socket, sizeof *socket);
    add_counts(&m->routers, router, sizeof *router);
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
    write_drops(m, e);
    add_directions(e, "parlor_media_socket_errors",
                   "Datagrams that the kernel refused to send, and errors of reading.",
                   s->receive_errors, s->refused);
    exposition_single(e, "parlor_media_connections", EXPOSITION_GAUGE,
                      "Peer connections; a person has two of them.", r->endpoints);
    exposition_single(e, "parlor_media_tracks", EXPOSITION_GAUGE, "Tracks that are published.",
                      r->tracks);
    exposition_single(e, "parlor_media_feeds", EXPOSITION_GAUGE,
                      "Tracks to subscribers, each counted once.", r->feeds);
}
