// Holds a publisher to its role's bit rate: a token bucket for each layer of a track. An
// honest client keeps to the rate by itself (the answer names it in b=TIAS, RFC 3890, and the
// SDK sets it); its encoder overshoots for a moment, after a change of scene or a key frame. So
// the bucket fills at 1.5 times the rate and holds a second of that, and a key frame at least.
// What a publisher sends beyond that reaches nobody.
//
// A second bucket counts packets, whatever is in them: each is encrypted for each who gets it,
// and a rate that is little in octets would be 20 000 packets of one octet.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POLICE_MARGIN_PERCENT = 150,
    POLICE_BURST_MIN = 96 * 1024, // octets: a key frame of a 1080p screen
};

struct police_bucket {
    int64_t a_second; // 0: no bound
    int64_t burst;
    int64_t left; // times 10^6
    int64_t at;   // us
};

struct police {
    struct police_bucket octets;
    struct police_bucket packets;
    bool dropping; // pictures only go on from a key frame
};

// `kbps` as a role names it; 0: no bound. The bucket is full, unless nothing changed.
void police_set(struct police *p, int kbps, int64_t now);
// So many packets in a second, and as many at once; 0: no bound.
void police_set_packets(struct police *p, int a_second, int64_t now);

// Whether a packet with a payload of `len` octets may pass now (headers are not in the rate of
// an encoder, and with sound they are as much again). After one that might not, pictures pass
// from `key_frame_start` on, once half the burst is there: it takes no key frame apart.
bool police_pass(struct police *p, size_t len, bool key_frame_start, bool is_video,
                 int64_t now);
