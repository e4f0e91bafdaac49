// Probing: short clusters of packets at a higher rate than the estimate, to find out at once
// what would take long to grow to: at the start, when more turns up than was asked for, after a
// sudden fall, and now and then while the application sends less than it might.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Many ways are token buckets: after a silence some kilobytes pass at any rate. The first
// octets of a cluster are left out of what it finds, and it is long enough to go on behind
// them.
enum {
    BWE_PROBE_PACKETS = 5,
    BWE_PROBE_US = 15 * 1000,
    BWE_PROBE_OCTETS = 8 * 1000,       // at least; two fifths of that may have been saved up
    BWE_PROBE_LONGEST_US = 400 * 1000, // but no cluster takes longer for that
    BWE_PROBES_WAITING = 2
};

// A cluster that is to be sent: `packets` at least and `octets` at least, at `bps`.
struct bwe_cluster {
    uint8_t id; // 1..255
    double bps;
    uint32_t packets;
    size_t octets;
};

struct bwe_probe {
    size_t least; // BWE_PROBE_OCTETS; 0: clusters are as short as libwebrtc's
    uint8_t last_id;
    struct bwe_cluster waiting[BWE_PROBES_WAITING]; // to be sent, first first
    unsigned waiting_count;
    // The cluster that is under way:
    struct bwe_cluster sent;
    uint32_t arrived;
    size_t passed;  // octets that arrived in all, others' between its packets among them
    size_t octets;  // those behind what the way may have saved up, from the first on
    size_t between; // since the last packet of it, of others
    size_t first_octets;
    size_t last_octets;
    int64_t first_sent;
    int64_t last_sent;
    int64_t first_arrived;
    int64_t last_arrived;
    int64_t asked_at; // the last cluster was
    bool full;        // what was found last is all that the way carried
    bool begun;       // the first clusters were asked for
};

// The clusters of a start, at three and six times the rate: short, since it is in a hurry, and
// what they find is soon put right.
void bwe_probe_start(struct bwe_probe *p, double bps, int64_t now);
// One at `bps`; not while another is under way.
void bwe_probe_ask(struct bwe_probe *p, double bps, int64_t now);

// What is to be sent next; false: nothing. It is then under way. What was asked for a while ago
// is forgotten: nobody wanted more meanwhile, and the way may be another by now.
bool bwe_probe_next(struct bwe_probe *p, struct bwe_cluster *cluster, int64_t now);
// The way carries much less than before: what was asked for then is not sent.
void bwe_probe_forget(struct bwe_probe *p);

// A packet arrived, of cluster `id` or of none, in the order of sending: what leaves between
// the packets of a cluster takes its part of the way. Returns the rate that the cluster found,
// in bit/s; 0: not yet.
double bwe_probe_arrival(struct bwe_probe *p, uint8_t id, size_t octets, int64_t sent,
                         int64_t arrived);
