// A TCP connection that always has something to send, as cross traffic: Reno's window (RFC
// 5681) without its details. A packet is acknowledged, or missed, one round trip after it was
// sent.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    TCP_PACKET = 1500,     // octets, with IP and TCP
    TCP_WINDOW_MAX = 1024, // packets
    TCP_WINDOW_START = 10, // packets: RFC 6928
    TCP_WINDOW_LEAST = 2,  // packets
};

// What its sender learns, when.
struct tcp_news {
    int64_t at;
    bool lost;
};

struct tcp_flow {
    double window; // packets
    double slow_start_until;
    uint32_t in_flight;
    int64_t halved_at;                    // losses of one round trip count once
    int64_t round_trip_us;                // as last seen
    uint64_t acknowledged;                // packets
    struct tcp_news news[TCP_WINDOW_MAX]; // a ring, in order of time
    uint64_t news_first;
    uint64_t news_next;
};

void tcp_flow_init(struct tcp_flow *f);

// Whether it sends a packet now.
bool tcp_flow_may_send(const struct tcp_flow *f);
// It did, and will learn at `news_at` what became of the packet.
void tcp_flow_sent(struct tcp_flow *f, int64_t now, int64_t news_at, bool lost);

// When it learns something next; INT64_MAX: never.
int64_t tcp_flow_deadline(const struct tcp_flow *f);
// It learns the next.
void tcp_flow_learn(struct tcp_flow *f);
