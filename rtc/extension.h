// RTP header extensions: RFC 8285, one-octet and two-octet form, and the elements that we use.
//
// One struct holds the values of a packet in both directions: what was read from a publisher's
// packet is kept (its views copied with the packet into the history), some values are replaced
// (twcc, abs_send_time, mid), and it is written with the ids of the subscriber's SDP.
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

// What extension_put() never exceeds, so that the header and the OSN of RTX still fit in
// BATCH_HEAD_MAX. The structure that Chromium describes nine layers with takes 96 octets.
enum { EXTENSION_BLOCK_MAX = 144 };

struct extension_ids; // rtc/negotiate.h: 0 where not negotiated

// All zero is a packet without extensions. Views are empty where the element is absent.
struct extension_values {
    struct bytes mid;          // RFC 9143
    struct bytes rid;          // RFC 8852
    struct bytes repaired_rid; // RFC 8852
    struct bytes dependency;   // AV1 dependency descriptor; its frame number is rewritten
    bool has_twcc;
    bool has_abs_send_time;
    bool has_audio_level;
    bool has_orientation;
    bool has_playout_delay;
    bool voice;             // RFC 6464: the sender thinks that someone speaks
    uint8_t audio_level;    // RFC 6464: 0..127, in -dBov: 0 is the loudest, 127 silence
    uint8_t orientation;    // 3GPP TS 26.114: camera and flip bits, rotation in the low two
    uint16_t twcc;          // transport-wide number
    uint32_t abs_send_time; // 24 bits: seconds in 6.18 fixed point
    uint32_t playout_delay; // 24 bits: 12 of minimum, 12 of maximum, in units of 10 ms
};

// One element of a block.
struct extension_element {
    uint8_t id; // 1..14, or 1..255 in the two-octet form
    struct bytes data;
};

// Walks through the elements of `block` (struct rtp_packet.extension): start with *at = 0.
// Returns false at the end, at an element that leaves the block, and for a block of a profile
// that is not RFC 8285. RFC 8285 section 4.2: id 15 ends a block of the one-octet form.
bool extension_next(struct bytes block, size_t *at, struct extension_element *element);

// Where in `block` the data of the first element with `id` is; 0: there is none.
size_t extension_find(struct bytes block, uint8_t id);

// Reads the elements of `block` named by `ids` in one pass. Total: elements with an impossible
// length are ignored as if absent, of duplicates the last one counts. The views point into
// `block`.
void extension_read(struct extension_values *values, struct bytes block,
                    const struct extension_ids *ids);

// Appends a whole block (header, elements, padding to 4 octets), or nothing when no value has
// an id. The one-octet form is used unless an element does not fit it (RFC 8285 section 4.2:
// id over 14, no data or over 16 octets of it). When the block would exceed EXTENSION_BLOCK_MAX
// the dependency descriptor is left out, and then mid, rid and repaired_rid if need be.
// Returns whether something was written, which is the header's X bit.
bool extension_put(struct writer *w, const struct extension_ids *ids,
                   const struct extension_values *values);

// A moment as abs_send_time wants it. Only differences matter, so any clock will do.
static inline uint32_t extension_abs_send_time(int64_t now)
{
    return (uint32_t)(((uint64_t)now * (1 << 18) / 1000000) & 0xffffff);
}
