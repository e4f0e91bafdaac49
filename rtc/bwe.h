// How much may be sent to a receiver that tells what arrived (transport-wide feedback): delay,
// loss and probes together. docs/bwe.md explains it with its formulas.
//
//     bwe_sent()      each packet that leaves, with the number it leaves under; or, when
//                     all are sealed, sent_add() of each and bwe_left() for all together
//     bwe_feedback()  what the receiver said of them
//     bwe_bps()       what may be sent
//     bwe_cluster()   a probe that is wanted
#pragma once

#include "rtc/bwe_acked.h"
#include "rtc/bwe_delay.h"
#include "rtc/bwe_loss.h"
#include "rtc/bwe_probe.h"
#include "rtc/bwe_queue.h"
#include "rtc/bwe_rate.h"
#include "rtc/sent.h"
#include "rtc/twcc.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BWE_START_BPS = 1000 * 1000,
    BWE_LEAST_BPS = 30 * 1000,
    BWE_MOST_BPS = 50 * 1000 * 1000,
};

struct bwe {
    struct sent sent;
    struct bwe_delay delay;
    struct bwe_acked acked;
    struct bwe_rate rate;
    struct bwe_loss loss;
    struct bwe_queue queue;
    struct bwe_probe probe;
    double found_bps; // by the last probe that found more
    int64_t found_at;
    bool was_full;       // when it was found last what the way carries, no more went through
    int64_t rtt_us;      // smoothed; 0: not known
    int64_t feedback_at; // the last
    size_t outstanding;  // octets that feedback has not told of, when the last came
    int64_t drained_at;  // after a sudden fall: when the queue is short again; 0: none fell
    uint32_t told;       // packets that feedback told of, ever; wraps
    uint32_t lost;       // of those
    uint16_t untold;     // the first number that no feedback told of yet, once one came:
    bool is_told;
    bool probe_untold; // what would tell of the last probe was lost itself
    // The application: whether it sends less than it might.
    double budget;     // octets it might have sent and did not
    int64_t budget_at; // 0: nothing left yet
    bool limited;
    // Probes after a sudden fall:
    double least_bps; // of the present period
    double most_bps;
    int64_t period_at;
    double steady_bps;      // about this all through the period before; 0: it changed
    double before_fall_bps; // 0: nothing fell
    int64_t probe_pause_us;
    uint32_t probes; // since the fall
};

void bwe_init(struct bwe *b, double start_bps, int64_t now);
// All that was found is forgotten, as if nothing had been told yet; what was sent is not.
void bwe_restart(struct bwe *b, double start_bps, int64_t now);
void bwe_dispose(struct bwe *b);

// A packet of `octets` leaves, with what IP and UDP add; `cluster` is that of a probe, or 0.
// Returns its transport-wide number.
uint16_t bwe_sent(struct bwe *b, size_t octets, uint8_t cluster, int64_t now);
// Packets of `octets` in all leave, which `sent` has already.
void bwe_left(struct bwe *b, size_t octets, int64_t now);

void bwe_feedback(struct bwe *b, const struct twcc_feedback *feedback, int64_t now);

double bwe_bps(const struct bwe *b);
// Whether it is known what the way carries, as it was full before.
bool bwe_was_full(const struct bwe *b);
// What the way carries if it has just become narrow, as one measurement says. It may be a
// neighbour's key frame: the next one tells. 0: nothing says so.
double bwe_doubtful_bps(const struct bwe *b, int64_t now);
// After a sudden fall: until when nothing but sound should be sent, or what was sent too much
// stays in the queue.
int64_t bwe_drained_at(const struct bwe *b);

// A probe that is to be sent now; false: none. `wanted_bps`: with so much the application would
// send more than it does; 0: it would not.
bool bwe_cluster(struct bwe *b, struct bwe_cluster *cluster, double wanted_bps, int64_t now);
