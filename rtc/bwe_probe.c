#include "rtc/bwe_probe.h"

#include <math.h>

static const double first_factors[] = {3, 6};
static const double received_least = 0.9; // of the sending rate; below, the way is full
static const double full_share = 0.95;    // of what arrives then
static const double arrived_least = 0.8;  // of a cluster, for a result

enum {
    INTERVAL_MOST_US = 1000 * 1000,
    WAITING_MOST_US = 1000 * 1000, // of a cluster for its turn
};

static size_t octets_of(double bps, size_t least)
{
    double most = bps / 8 * BWE_PROBE_LONGEST_US / 1e6;
    return (size_t)fmax(bps / 8 * BWE_PROBE_US / 1e6, fmin((double)least, most));
}

static void add(struct bwe_probe *p, double bps, size_t least)
{
    if (p->waiting_count == BWE_PROBES_WAITING)
        return;
    if (++p->last_id == 0)
        p->last_id = 1;
    p->waiting[p->waiting_count++] = (struct bwe_cluster){.id = p->last_id,
                                                          .bps = bps,
                                                          .packets = BWE_PROBE_PACKETS,
                                                          .octets = octets_of(bps, least)};
}

// What the way may have saved up before.
static size_t saved_octets(const struct bwe_probe *p)
{
    size_t least = p->sent.octets < p->least ? p->sent.octets : p->least;
    return least * 2 / 5;
}

void bwe_probe_start(struct bwe_probe *p, double bps, int64_t now)
{
    p->begun = true;
    p->asked_at = now;
    for (size_t i = 0; i < sizeof first_factors / sizeof *first_factors; i++)
        add(p, bps * first_factors[i], 0);
}

void bwe_probe_ask(struct bwe_probe *p, double bps, int64_t now)
{
    if (p->waiting_count)
        return;
    p->asked_at = now;
    add(p, bps, p->least);
}

void bwe_probe_forget(struct bwe_probe *p)
{
    p->waiting_count = 0;
}

bool bwe_probe_next(struct bwe_probe *p, struct bwe_cluster *cluster, int64_t now)
{
    if (now - p->asked_at > WAITING_MOST_US)
        bwe_probe_forget(p);
    if (!p->waiting_count)
        return false;
    *cluster = p->waiting[0];
    p->waiting[0] = p->waiting[1];
    p->waiting_count--;
    p->sent = *cluster;
    p->arrived = 0;
    p->passed = 0;
    p->octets = 0;
    return true;
}

double bwe_probe_arrival(struct bwe_probe *p, uint8_t id, size_t octets, int64_t sent,
                         int64_t arrived)
{
    if (id == 0 || id != p->sent.id) {
        p->between += octets;
        return 0;
    }
    if (p->arrived == 0)
        p->between = 0;
    p->arrived++;
    p->passed += octets + p->between;
    if (p->octets == 0 || p->passed <= saved_octets(p)) {
        p->first_sent = p->last_sent = sent;
        p->first_arrived = p->last_arrived = arrived;
        p->first_octets = octets;
        p->octets = 0;
        p->between = 0;
    }
    p->octets += octets + p->between;
    p->between = 0;
    if (sent < p->first_sent)
        p->first_sent = sent;
    if (sent >= p->last_sent) {
        p->last_sent = sent;
        p->last_octets = octets;
    }
    if (arrived < p->first_arrived)
        p->first_arrived = arrived;
    if (arrived > p->last_arrived)
        p->last_arrived = arrived;
    int64_t sent_us = p->last_sent - p->first_sent;
    int64_t arrived_us = p->last_arrived - p->first_arrived;
    bool enough = p->arrived >= arrived_least * p->sent.packets &&
                  (double)p->passed >= arrived_least * (double)p->sent.octets;
    if (!enough || sent_us <= 0 || arrived_us <= 0 || sent_us > INTERVAL_MOST_US ||
        arrived_us > INTERVAL_MOST_US)
        return 0;
    // n packets have n - 1 intervals: at the sender the last is not part of them, at the
    // receiver the first.
    double send_bps = (double)(p->octets - p->last_octets) * 8 * 1e6 / (double)sent_us;
    double receive_bps = (double)(p->octets - p->first_octets) * 8 * 1e6 / (double)arrived_us;
    double found = fmin(send_bps, receive_bps);
    p->full = receive_bps < received_least * send_bps;
    return p->full ? full_share * receive_bps : found;
}
