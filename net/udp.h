// Datagrams in and out, many at a time: recvmmsg(2) in; out, runs of equal size with UDP
// generic segmentation offload (udp(7), UDP_SEGMENT), the rest with sendmmsg(2).
#pragma once

#include "base/addr.h"
#include "base/batch.h"
#include "base/limits.h"

#include <stddef.h>
#include <stdint.h>

// Octets stay where they are until the next udp_receive() and may be changed there.
struct udp_datagram {
    struct addr from;
    uint8_t *at;
    size_t len;
    int64_t waited_us; // in the socket, from its arrival until the call that read it
};

// Counters of one socket: counts of 64 bits and nothing else.
struct udp_stats {
    uint64_t received;
    uint64_t received_octets; // of payload, as those that were sent
    uint64_t receive_calls;
    uint64_t too_long;       // over DATAGRAM_MAX: dropped
    uint64_t receive_errors; // mostly ICMP answers to what was sent
    uint64_t sent;
    uint64_t sent_octets;
    uint64_t send_calls;
    uint64_t dropped; // the socket's buffer was full, or the kernel refused: media is droppable
    uint64_t refused; // those of them that the kernel refused for another reason
};

struct udp;

// What a socket asks for, each way; the kernel gives net.core.rmem_max and wmem_max at most.
enum { UDP_BUFFER_BYTES = 4 * 1024 * 1024 }; // 100 ms of 300 Mbit/s

// A non-blocking socket on `at`. The address :: serves IPv4 too (0.0.0.0 only IPv4). Port 0
// lets the kernel choose. Returns NULL with errno set.
struct udp *udp_open(const struct addr *at);
void udp_close(struct udp *u);

int udp_fd(const struct udp *u);                // readable when datagrams wait
uint16_t udp_port(const struct udp *u);         // that it is bound to
bool udp_has_segmentation(const struct udp *u); // whether the kernel sends runs for it

// What waits, at most DATAGRAMS_PER_READ; returns how many. `*datagrams` is the socket's.
size_t udp_receive(struct udp *u, struct udp_datagram **datagrams);

// Sends every run of `b`; call srtp_seal() before. Never waits: what does not fit is dropped
// and counted. Each call begins with another destination, so that it is not always the same
// ones that go without; and for a while after something did not fit, what is urgent goes first.
void udp_send(struct udp *u, const struct batch *b);

const struct udp_stats *udp_stats(const struct udp *u);
