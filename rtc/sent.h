// What was sent on a transport under transport-wide numbers, until the receiver's feedback says
// what became of it (draft-holmer-rmcat-transport-wide-cc-extensions-01).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SENT_FIRST = 128, // packets of the first ring
    SENT_MAX = 8192,  // 25 Mbit/s for 3 s
};

struct sent_packet {
    int64_t at;
    uint16_t octets;
    uint8_t cluster;  // of rtc/bwe_probe.h; 0: not a probe
    bool told : 1;    // feedback has named it
    bool repeats : 1; // it is a retransmission
    uint16_t ssrc;    // low half
    uint16_t seq;     // its number, or of what it repeats
};

// Zero-initialised has sent nothing.
struct sent {
    struct sent_packet *ring; // by number % cap
    uint32_t cap;
    uint64_t next;   // number of the next packet, extended
    uint64_t oldest; // that is remembered
};

void sent_dispose(struct sent *s);

// Notes a packet and returns the number that it is sent under. The ring grows while packets
// wait for feedback; at SENT_MAX the oldest is forgotten.
uint16_t sent_add(struct sent *s, size_t octets, uint8_t cluster, int64_t now);

// The packet that a feedback's number means; NULL when it is not remembered.
struct sent_packet *sent_find(const struct sent *s, uint16_t number);

// Forgets what was sent before `at`: no feedback is expected for it any more.
void sent_forget(struct sent *s, int64_t at);
