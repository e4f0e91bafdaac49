// Transport-wide congestion control feedback: draft-holmer-rmcat-transport-wide-cc-
// extensions-01. The recorder notes when each transport-wide number came and tells the
// publisher, whose own congestion control then works; the parser reads such feedback from
// subscribers.
#pragma once

#include "base/bytes.h"
#include "rtc/rtcp.h"
#include "rtc/seq.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    // Numbers between feedbacks: at 100 ms and 10 Mbit/s about 110.
    TWCC_WINDOW = 1024,
    TWCC_INTERVAL_US = 50 * 1000, // draft section 3: 50 to 250 ms; libwebrtc's lower bound
    TWCC_FEEDBACK_MAX = 1100,     // octets of one feedback packet
};

// --- Receiving: one for each publish transport ---

// Zero-initialised has seen nothing.
struct twcc_recorder {
    struct seq seq;
    uint64_t next;                // the first number that no feedback has told about; 0: none
    uint8_t feedback_count;       // of the next feedback
    int64_t due_at;               // of the next feedback; 0 when nothing was recorded
    int64_t arrived[TWCC_WINDOW]; // by number % TWCC_WINDOW; 0: not yet
};

// A packet with this number came at `arrived_at`, which is over 0. A number older than what was
// told already is told again with the next feedback, if it is within the window (the draft
// allows it, libwebrtc expects it).
void twcc_arrived(struct twcc_recorder *t, uint16_t number, int64_t arrived_at);

// When the next feedback is due; NEVER when there is nothing to tell.
int64_t twcc_deadline(const struct twcc_recorder *t);

// Appends one feedback packet about what came since the last one; call again while it returns
// true. `w` needs room for TWCC_FEEDBACK_MAX octets. False before the deadline, and when there
// is nothing (more) to tell.
bool twcc_put_feedback(struct twcc_recorder *t, uint32_t sender_ssrc, uint32_t media_ssrc,
                       int64_t now, struct writer *w);

// --- Sending: feedback from a subscriber ---

// Feedback that was checked whole. Views point into the packet.
struct twcc_feedback {
    uint16_t base_seq;
    uint16_t status_count; // numbers that it tells about, from base_seq on
    uint8_t feedback_count;
    int64_t reference_us; // the draft's reference time; 24 bits of 64 ms, signed
    struct bytes chunks;
    struct bytes deltas;
};

// One packet that arrived.
struct twcc_arrival {
    uint16_t seq;
    int64_t arrived_us; // on the receiver's clock, from the same origin as reference_us
};

struct twcc_cursor {
    const struct twcc_feedback *feedback; // borrowed
    size_t chunk;                         // octets of chunks and of deltas read so far
    size_t delta;
    uint32_t index;       // numbers passed so far
    uint32_t chunk_index; // numbers of the present chunk passed so far
    int64_t at_us;
};

// `packet` is rtcp_packet.whole of an RTCP_TWCC. How many numbers it claims to tell about,
// before it is checked.
uint16_t twcc_status_count(struct bytes packet);
// Returns 0 or ERR_MALFORMED.
int twcc_parse(struct twcc_feedback *feedback, struct bytes packet);

struct twcc_cursor twcc_begin(const struct twcc_feedback *feedback);
// The next packet that arrived; false at the end. Numbers from base_seq on, status_count of
// them, which it does not name were not received. Time is linear in the octets of the packet,
// whatever status_count claims.
bool twcc_next(struct twcc_cursor *cursor, struct twcc_arrival *arrival);
