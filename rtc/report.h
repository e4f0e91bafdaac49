// Reception statistics (RFC 3550 section 6.4 and appendix A.8), and sender reports that keep
// lip-sync through an SFU.
//
// A publisher's SR says which moment of its NTP clock a timestamp belongs to. A receiver only
// compares those of audio and video of one publisher (same CNAME), so we pass on the
// publisher's clock, not ours: our SR for a subscriber's stream is the publisher's line through
// (NTP, RTP), moved by the difference that the feed adds to timestamps.
//
// A viewer gets several people under one CNAME: there the NTP times of all are moved to one
// clock, which is ours.
#pragma once

#include "rtc/rtcp.h"

#include <stdbool.h>
#include <stdint.h>

// --- What we receive: one for each SSRC of a publisher ---

// What its last SR says: a moment of the publisher's clock, and its timestamp.
struct report_origin {
    uint64_t ntp; // 0: none came
    uint32_t rtp;
    int64_t arrived_at;
};

// Zero-initialised has received nothing.
struct report_receiver {
    uint64_t base_seq; // the first extended number; 0 before it
    uint64_t highest_seq;
    uint64_t received; // packets, duplicates included (RFC 3550 section 6.4.1)
    uint64_t octets;   // of payload
    uint64_t expected_prior;
    uint64_t received_prior;
    uint64_t lost; // in all intervals that were reported: does not fall when some come late
    uint32_t timestamp; // of the last packet that was used for jitter
    int64_t arrived_at; // and its arrival
    uint32_t jitter_q4; // ticks in 28.4 fixed point, as in RFC 3550 appendix A.8
    struct report_origin origin;
};

// A packet came; `seq` is extended (rtc/seq.h). Not for retransmissions: they are another
// stream, and would spoil jitter.
void report_received(struct report_receiver *r, uint64_t seq, uint32_t timestamp,
                     uint32_t clock_rate, size_t payload_len, int64_t now);

// The publisher's SR of this stream came.
void report_sender_report(struct report_origin *origin, const struct rtcp_sender_info *sender,
                          int64_t now);

#define REPORT_EPOCH_US 2208988800000000 // NTP counts from 1900, Unix from 1970

// How far a publisher's NTP clock is from ours, which is the one that `now` counts. One for all
// streams of a publisher, so that its own sound and picture stay exactly as it sent them.
struct report_clock {
    bool known;
    uint64_t ahead_ntp; // ours less the publisher's, modulo 2^64; the shortest delay is in it
    int64_t noted_at;
};

// A SR of this publisher came, whose NTP time is `ntp`.
void report_clock_note(struct report_clock *c, uint64_t ntp, int64_t now);

// Fills the block about stream `ssrc`, and starts the next interval of fraction_lost. False
// (and nothing done) before the first packet.
bool report_block(struct report_receiver *r, uint32_t ssrc, int64_t now,
                  struct rtcp_report_block *block);

// --- What we send: one for each stream to a subscriber ---

enum { REPORT_SENT_MAX = 3 }; // a second apart

// Zero-initialised has sent nothing.
struct report_sender {
    uint32_t packets; // without retransmissions, which are another stream
    uint32_t octets;  // of payload
    // The last reports sent, to find the round trip when one is named in a RR.
    struct report_sent {
        uint32_t middle_ntp; // 0: unused
        uint32_t sent_us;    // low half of the time
    } sent[REPORT_SENT_MAX];
    uint32_t rtt_us;       // smoothed; 0 when unknown
    uint8_t next;          // of `sent`
    uint8_t fraction_lost; // as the subscriber reported it last, of 256
    uint32_t jitter;       // as reported last, ticks
    uint32_t lost;         // the most that was reported, and no more than was sent
};

static inline void report_sent(struct report_sender *s, size_t payload_len)
{
    s->packets++;
    s->octets += (uint32_t)payload_len;
}

// Fills the sender info of our next SR. `source` is the origin of the publisher's layer
// that is being forwarded, `clock` that of its publisher when our own is to be told (NULL: the
// publisher's is), `timestamp_offset` what the feed adds to its timestamps (modulo
// 2^32). False as long as the publisher has not sent an SR for it: then send none, receivers
// play without lip-sync. `now` is remembered for the round trip.
bool report_make(struct report_sender *s, const struct report_origin *source,
                 const struct report_clock *clock, uint32_t timestamp_offset,
                 uint32_t clock_rate, int64_t now, struct rtcp_sender_info *sender);

// A report block about our stream came: updates rtt_us, fraction_lost and jitter. Returns true
// when it held a round trip: it named one of the last REPORT_SENT_MAX reports.
bool report_feedback(struct report_sender *s, const struct rtcp_report_block *block,
                     int64_t now);

// The timestamp that a layer gives to the moment when `other`, another layer of the same track,
// has `timestamp`: how a feed that switches layers keeps its outgoing timestamps continuous.
// False when either has no SR yet.
bool report_same_moment(const struct report_origin *layer, const struct report_origin *other,
                        uint32_t timestamp, uint32_t clock_rate, uint32_t *layer_timestamp);
