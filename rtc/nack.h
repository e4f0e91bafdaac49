// The receiver's side of retransmission: which packets of a publisher's stream are missing,
// when to ask for them, when to ask again, and when to give up. One for each layer.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // A longer gap, or more holes than this at once, is not repaired packet by packet: a key
    // frame is cheaper. About a third of a second of 4 Mbit/s.
    NACK_MISSING_MAX = 128,
    // libwebrtc asks 10 times (modules/video_coding/nack_requester.cc); by then a conversation
    // has moved on.
    NACK_TRIES_MAX = 8,
    NACK_AGE_MAX_US = 1000 * 1000, // the sender's history is about a second, like ours
    // Wait this long before the first request: packets overtake each other in Wi-Fi and in our
    // own batches. A packet this many numbers later ends the wait.
    NACK_REORDER_US = 10 * 1000,
    NACK_REORDER_PACKETS = 8,
    // Between two requests for the same packet: the round trip, as what comes of requests says,
    // and a quarter; and half as long again before each further one (back-off). Within these
    // bounds; and what it is taken for until it is known.
    NACK_INTERVAL_MIN_US = 20 * 1000,
    NACK_INTERVAL_MAX_US = 500 * 1000,
    NACK_INTERVAL_UNKNOWN_US = 100 * 1000,
    // How many are asked for at once, and how much later the next. What comes again takes the
    // way on which it was lost: where its queue was full, all at once would be lost again.
    NACK_AT_ONCE = 16,
    NACK_SPACE_US = 10 * 1000,
};

struct nack_missing {
    uint64_t seq;
    int64_t noticed_at;
    int64_t asked_at; // the first request
    int64_t ask_at;   // the next request
    uint8_t tries;    // requests so far
};

// Zero-initialised has seen nothing.
struct nack {
    uint64_t highest;                              // extended; 0 before the first packet
    size_t count;                                  // of `missing`
    struct nack_missing missing[NACK_MISSING_MAX]; // in order of seq
    uint64_t recovered;                            // came after all, asked for or reordered
    uint64_t given_up;
    int64_t rtt_us; // from a first request to what it asked for, smoothed; 0: not known
    bool
        rtt_is_guess; // only of what was asked for several times: requests or answers were lost
};

// Numbers that were given up.
struct nack_lost {
    size_t count;
    uint64_t seqs[NACK_MISSING_MAX];
};

enum nack_arrival {
    NACK_IN_ORDER,  // the next number, or the first packet
    NACK_AHEAD,     // left a gap: its numbers are missing now
    NACK_RECOVERED, // one that was missing
    NACK_OLD,       // a duplicate, or one that was given up
    NACK_LOST,      // the gap is too long: all that was missing is forgotten, and a key frame
                    // must be asked for
};

// A packet came, by itself or in a retransmission. `seq` is extended (rtc/seq.h). Feed
// padding-only packets too: they use up numbers.
enum nack_arrival nack_received(struct nack *n, uint64_t seq, int64_t now);

// One that is missing, if it is, came as no answer: it was put together of others, or was late
// where answers have a stream of their own. Its coming, which is for nack_received() as that of
// any, says nothing of how long an answer takes.
void nack_unasked(struct nack *n, uint64_t seq);

// Writes the numbers to ask for now, in order, to `seqs` (room for NACK_MISSING_MAX), and
// counts them as asked. Returns how many. Those over a bound are given up: a key frame must be
// asked for, unless pictures go on without them.
size_t nack_due(struct nack *n, int64_t now, uint16_t *seqs, struct nack_lost *lost);

// When nack_due() has something to do next; NEVER when nothing is missing.
int64_t nack_deadline(const struct nack *n);
