// The entry to one worker's media: datagrams, commands and time go in, datagrams and notices
// come out. A worker has one router; it holds many rooms.
#pragma once

#include "base/addr.h"
#include "base/batch.h"
#include "base/rng.h"
#include "rtc/srtp.h"
#include "sfu/command.h"
#include "sfu/notice.h"

#include <stddef.h>
#include <stdint.h>

struct router_config {
    uint8_t worker;                       // its number, part of every ufrag
    struct srtp_engine *engine;           // borrowed
    const struct dtls_identity *identity; // borrowed
    const struct addr *candidates;        // what SDP tells to clients; copied
    size_t candidate_count;
    struct rng *rng; // borrowed
    // What the NTP clock that viewers are told is ahead of `now`: players show it as a time of
    // day, and compute with times before 1970 as if there were none.
    int64_t ntp_ahead_us;
};

// A datagram as it came in; its octets are decrypted in place.
struct router_datagram {
    struct addr from;
    uint8_t *at;
    size_t len;
};

struct router;

struct router *router_new(const struct router_config *config);
void router_free(struct router *r);

// All that one receive call brought. Media of connected transports is unprotected in one
// multi-buffer call.
void router_receive(struct router *r, struct router_datagram *datagrams, size_t count,
                    int64_t now, struct batch *out, struct notice_list *notices);

// Takes what the command points to. Offers to subscribers are made by router_expire(), whose
// deadline is then at once: all commands of a tick share one. What a command closes is kept
// until router_flushed(), as `out` may name it.
void router_command(struct router *r, struct command *command, int64_t now, struct batch *out,
                    struct notice_list *notices);

int64_t router_deadline(const struct router *r); // NEVER when nothing is pending
void router_expire(struct router *r, int64_t now, struct batch *out,
                   struct notice_list *notices);

// The batch was sealed and sent: what only waited for that is freed.
void router_flushed(struct router *r);

// Counters of this worker, for metrics.
struct router_stats {
    uint64_t datagrams_in;
    uint64_t rtp_in;
    uint64_t rtp_out;
    uint64_t retransmissions;
    uint64_t drops[TRANSPORT_DROP_COUNT];
    uint64_t drop_unknown_source; // no endpoint for this address or ufrag
    uint64_t drop_unknown_stream; // SSRC, MID, RID or payload type that no section names
    uint64_t drop_over_cap;       // more than the publisher's role allows, or another encoding
    uint64_t drop_malformed;      // RTP or RTCP that does not parse
    uint32_t rooms, endpoints, tracks, feeds;
};
void router_get_stats(const struct router *r, struct router_stats *stats);
