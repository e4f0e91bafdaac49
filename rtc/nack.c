#include "rtc/nack.h"

#include "base/moment.h"

#include <string.h>

static void remove_at(struct nack *n, size_t i)
{
    n->count--;
    memmove(&n->missing[i], &n->missing[i + 1], (n->count - i) * sizeof n->missing[0]);
}

// The place of `seq`, or of the first one after it.
static size_t find(const struct nack *n, uint64_t seq)
{
    size_t low = 0;
    size_t high = n->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (n->missing[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Those which `highest` has left far behind do not come by themselves any more.
static void end_reorder_wait(struct nack *n, int64_t now)
{
    for (size_t i = 0; i < n->count; i++) {
        struct nack_missing *m = &n->missing[i];
        if (n->highest - m->seq < NACK_REORDER_PACKETS)
            break;
        if (m->tries == 0 && m->ask_at > now)
            m->ask_at = now;
    }
}

// Since the first request: which of several was answered nobody knows, and a queue on the way
// that grows must show.
static void measure(struct nack *n, const struct nack_missing *m, int64_t now)
{
    int64_t rtt_us = now - m->asked_at;
    if (m->tries == 0)
        return;
    if (rtt_us > NACK_INTERVAL_MAX_US)
        rtt_us = NACK_INTERVAL_MAX_US;
    bool is_sure = m->tries == 1;
    bool was_sure = n->rtt_us && !n->rtt_is_guess;
    n->rtt_is_guess = !is_sure && !was_sure;
    if (n->rtt_us == 0 || (is_sure && !was_sure))
        n->rtt_us = rtt_us;
    else
        n->rtt_us += (rtt_us - n->rtt_us) / 8;
}

static enum nack_arrival receive_late(struct nack *n, uint64_t seq, int64_t now)
{
    size_t i = find(n, seq);
    if (i == n->count || n->missing[i].seq != seq)
        return NACK_OLD;
    measure(n, &n->missing[i], now);
    remove_at(n, i);
    n->recovered++;
    return NACK_RECOVERED;
}

enum nack_arrival nack_received(struct nack *n, uint64_t seq, int64_t now)
{
    if (n->highest == 0) {
        n->highest = seq;
        return NACK_IN_ORDER;
    }
    if (seq <= n->highest)
        return receive_late(n, seq, now);

    uint64_t gap = seq - n->highest - 1;
    if (gap > NACK_MISSING_MAX - n->count) {
        n->given_up += n->count + gap;
        n->count = 0;
        n->highest = seq;
        return NACK_LOST;
    }
    for (uint64_t missing = n->highest + 1; missing < seq; missing++)
        n->missing[n->count++] = (struct nack_missing){
            .seq = missing,
            .noticed_at = now,
            .ask_at = now + NACK_REORDER_US,
        };
    n->highest = seq;
    end_reorder_wait(n, now);
    return gap > 0 ? NACK_AHEAD : NACK_IN_ORDER;
}

void nack_unasked(struct nack *n, uint64_t seq)
{
    size_t i = find(n, seq);
    if (i < n->count && n->missing[i].seq == seq)
        n->missing[i].tries = 0;
}

// A quarter more than the round trip: what is on its way is not asked for.
static int64_t interval_us(const struct nack *n, unsigned tries)
{
    int64_t wait_us = n->rtt_us ? n->rtt_us + n->rtt_us / 4 : NACK_INTERVAL_UNKNOWN_US;
    if (wait_us < NACK_INTERVAL_MIN_US)
        wait_us = NACK_INTERVAL_MIN_US;
    if (n->rtt_is_guess)
        tries = 1; // it holds several waits already
    for (unsigned i = 1; i < tries && wait_us < NACK_INTERVAL_MAX_US; i++)
        wait_us += wait_us / 2;
    return wait_us < NACK_INTERVAL_MAX_US ? wait_us : NACK_INTERVAL_MAX_US;
}

static bool is_hopeless(const struct nack_missing *m, int64_t now)
{
    return m->tries >= NACK_TRIES_MAX || now - m->noticed_at >= NACK_AGE_MAX_US;
}

size_t nack_due(struct nack *n, int64_t now, uint16_t *seqs, struct nack_lost *lost)
{
    lost->count = 0;
    size_t due = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n->count; i++) {
        struct nack_missing m = n->missing[i];
        if (m.ask_at <= now) {
            if (is_hopeless(&m, now)) {
                n->given_up++;
                lost->seqs[lost->count++] = m.seq;
                continue;
            }
            if (due == NACK_AT_ONCE) {
                m.ask_at = now + NACK_SPACE_US;
                n->missing[kept++] = m;
                continue;
            }
            if (m.tries++ == 0)
                m.asked_at = now;
            m.ask_at = now + interval_us(n, m.tries);
            seqs[due++] = (uint16_t)m.seq;
        }
        n->missing[kept++] = m;
    }
    n->count = kept;
    return due;
}

int64_t nack_deadline(const struct nack *n)
{
    int64_t deadline = NEVER;
    for (size_t i = 0; i < n->count; i++)
        if (n->missing[i].ask_at < deadline)
            deadline = n->missing[i].ask_at;
    return deadline;
}
