// One direction of somebody's connection: a queue before a line of limited rate, then a way
// that takes time and loses packets. All of it from a seed; nothing here reads a clock.
//
//     packet ---> [ queue ] ---> line (kbit/s) ---> delay, jitter, loss ---> arrival
//                     ^
//                TCP flows that share the line (tests/sim/tcp_flow.h)
//
// Packets are given in the order of time, and each learns at once when it arrives, or that it
// never does.
#pragma once

#include "base/rng.h"
#include "tests/sim/tcp_flow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINK_RATES_MAX = 8,
    LINK_FLOWS_MAX = 4,
    LINK_OVERHEAD = 28, // of IPv4 and UDP, in octets
    LINK_SECONDS = 200, // whose waits are remembered
    LINK_LONG_WAIT_US = 200 * 1000,
};

#define LINK_LOST INT64_MIN

enum link_queue {
    LINK_DROP_TAIL, // drops what would wait for more than `queue_us`
    LINK_CODEL,     // and the oldest as RFC 8289 says, when the wait does not end
};

// The rate from a moment on.
struct link_rate {
    int64_t from_us;
    uint32_t kbps; // of whole IP packets
};

// Loss in bursts: the chain of Gilbert and Elliott, one step for each packet.
struct link_burst {
    uint32_t begin_ppm; // from the good state to the bad one
    uint32_t end_ppm;   // and back
    uint32_t loss_ppm;  // while it is bad
};

// Nothing arrives for a while, once or again and again.
struct link_outage {
    int64_t from_us;
    int64_t span_us;  // 0: there is none
    int64_t every_us; // 0: once
};

// Zero-initialised is a perfect network.
struct link_plan {
    struct link_rate rates[LINK_RATES_MAX]; // in the order of time, the first from 0 on
    size_t rate_count;                      // 0: any rate
    enum link_queue queue;
    int64_t queue_us;       // 0: 200 ms
    uint32_t bucket_octets; // that leave at once after a silence, as through a token bucket
    int64_t delay_us;
    int64_t jitter_us; // uniform
    bool overtakes;    // packets may overtake each other by jitter; otherwise they wait
    uint32_t loss_ppm;
    uint32_t duplicate_ppm;
    struct link_burst burst;
    struct link_outage outage;
    unsigned tcp_flows; // from the start on, for ever
};

struct link_codel {
    int64_t above_since; // plus an interval: when the wait counts as standing; 0: it does not
    int64_t next_drop_at;
    uint32_t drops; // in this state
    bool dropping;
};

struct link {
    struct link_plan plan;
    struct rng rng;
    int64_t free_at;   // when the line has sent all that is queued
    int64_t filled_at; // when its bucket was empty and the line began, by what was sent since
    int64_t last_arrival; // of a packet that nobody may overtake
    bool bad;             // the state of `burst`
    struct link_codel codel;
    struct tcp_flow *flows; // `plan.tcp_flows` of them

    uint64_t sent;    // packets given to it, without those of TCP
    uint64_t lost;    // on the way
    uint64_t dropped; // by the queue
    uint64_t octets;  // that the line carried, without those of TCP
    int64_t longest_wait_us;
    int32_t wait_us_in[LINK_SECONDS]; // the longest in each second
    uint32_t octets_in[LINK_SECONDS];
    uint32_t tcp_octets_in[LINK_SECONDS];
    // For how long without a break the queue was over LINK_LONG_WAIT_US at most.
    int64_t longest_long_us;
    int64_t long_since;
    int64_t long_until;
};

void link_init(struct link *l, const struct link_plan *plan, uint64_t seed);
void link_dispose(struct link *l);

// A datagram of `len` octets. Returns when it arrives, or LINK_LOST. `spared`: it waits
// like others, and is neither lost nor dropped; the others do not wait for it.
int64_t link_send(struct link *l, size_t len, bool spared, int64_t now);
// Whether it arrives twice.
bool link_duplicates(struct link *l);

// How long a packet given now would wait before the line takes it.
int64_t link_wait(const struct link *l, int64_t now);
// The longest wait of a packet, from second `from` until second `until`.
int64_t link_longest_wait(const struct link *l, unsigned from, unsigned until);
// What the line carried then, kbit/s without TCP's.
double link_carried_kbps(const struct link *l, unsigned from, unsigned until);
// The same of the TCP flows.
double link_tcp_kbps(const struct link *l, unsigned from, unsigned until);
// The line's rate; 0: any.
uint32_t link_kbps(const struct link *l, int64_t now);
// What the TCP flows had acknowledged, in octets.
uint64_t link_tcp_octets(const struct link *l);
