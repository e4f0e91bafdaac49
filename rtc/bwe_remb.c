#include "rtc/bwe_remb.h"

#include "rtc/bwe.h"

#include <math.h>

enum {
    MARK_US = 500 * 1000,
    MARKS_OLD_US = 2500 * 1000, // what was sent in so long says nothing of the present
    FIRST_MARK_US = 200 * 1000,
};

static const double least_bps = 1;
static const double fall = 0.97;    // below this share of what was told before, the way is full
static const double rise = 1.01;    // the receiver follows what comes
static const double used = 0.9;     // of what is sent: what was told is no less, but for noise
static const double surely = 0.95;  // of what was to be sent when the rate fell last
static const double limited = 1.35; // of what is sent: only what is sent bounds it

void bwe_remb_begin(struct bwe_remb *r, double guess_bps)
{
    *r = (struct bwe_remb){.bps = guess_bps};
}

// --- What is sent ---

void bwe_remb_sent(struct bwe_remb *r, uint64_t octets, int64_t now)
{
    if (r->mark_at[0] == 0 || now - r->mark_at[0] > MARKS_OLD_US) {
        r->mark_at[0] = r->mark_at[1] = now;
        r->mark[0] = r->mark[1] = octets;
        r->sent_bps = 0;
        return;
    }
    int64_t span = now - r->mark_at[0];
    if (span >= FIRST_MARK_US)
        r->sent_bps = (double)(octets - r->mark[0]) * 8e6 / (double)span;
    if (now - r->mark_at[1] < MARK_US)
        return;
    r->mark_at[0] = r->mark_at[1];
    r->mark[0] = r->mark[1];
    r->mark_at[1] = now;
    r->mark[1] = octets;
}

// --- What is told ---

// After each bound more is looked for later.
static void wait_longer(struct bwe_remb *r, int64_t now)
{
    r->wait_us = r->wait_us == 0 ? BWE_REMB_WAIT_US : 2 * r->wait_us;
    if (r->wait_us > BWE_REMB_WAIT_MOST_US)
        r->wait_us = BWE_REMB_WAIT_MOST_US;
    r->look_at = now + r->wait_us;
}

static void note_bound(struct bwe_remb *r, int64_t now)
{
    if (now - r->bound_at >= BWE_REMB_CALM_US)
        r->wait_us = 0;
    if (!r->bound || now >= r->look_at)
        wait_longer(r, now);
    r->look_at = now + r->wait_us; // behind the last of one fall in many steps
    r->bound = true;
    r->bound_at = now;
    r->fell_bps = r->bps;
    r->tried_at = 0;
}

void bwe_remb_told(struct bwe_remb *r, double told_bps, double beside_bps, int64_t now)
{
    double bps = fmin(fmax(told_bps, least_bps), BWE_MOST_BPS);
    bool first = r->told_bps == 0;
    bool falls = !first && bps < fall * r->told_bps;
    bool rises = !first && bps > rise * r->told_bps;
    r->told_bps = bps;
    if (rises)
        r->grown_at = now;
    bool early = first && (r->began_at == 0 || now - r->began_at < BWE_REMB_EARLY_US);
    double sent = r->sent_bps > 0 ? used * r->sent_bps : r->bps;
    if (falls || early || (!r->bound && !rises && bps + beside_bps < sent))
        note_bound(r, now);
    bps += beside_bps;
    r->bps = r->bound ? bps : fmax(r->bps, bps);
}

// --- What is wanted ---

static void grow_guess(struct bwe_remb *r, double wanted_bps, bool fills, int64_t now)
{
    if (r->grown_at == 0)
        r->grown_at = r->began_at = now;
    if (wanted_bps <= r->bps || now - r->grown_at < BWE_REMB_TRY_AFTER_US)
        return;
    if (fills && r->tried_at == 0)
        r->tried_at = now;
    if (now - r->grown_at < BWE_REMB_DOUBLE_US ||
        (fills && now - r->tried_at < BWE_REMB_TRY_US + BWE_REMB_OBJECT_US))
        return;
    r->bps *= 2;
    r->grown_at = now;
    r->tried_at = 0;
}

// What went once is looked for soon.
static int64_t look_at(const struct bwe_remb *r, double wanted_bps)
{
    return wanted_bps <= surely * r->fell_bps ? r->bound_at + BWE_REMB_WAIT_US : r->look_at;
}

static void look_further(struct bwe_remb *r, double wanted_bps, bool fills, int64_t now)
{
    int64_t from = look_at(r, wanted_bps);
    int64_t since = r->grown_at > from ? r->grown_at : from;
    if (wanted_bps <= r->bps || now < from)
        return;
    if (fills && now - since >= BWE_REMB_IDLE_US) {
        wait_longer(r, now);
        r->fell_bps = 0;
    }
    // It will show whether the receiver follows.
    if (!fills && r->bps >= limited * r->sent_bps) {
        r->bound = false;
        r->grown_at = now;
        r->bps *= 2;
    }
}

void bwe_remb_want(struct bwe_remb *r, double wanted_bps, bool fills, int64_t now)
{
    if (r->bound)
        look_further(r, wanted_bps, fills, now);
    else
        grow_guess(r, wanted_bps, fills, now);
}

double bwe_remb_fill_bps(const struct bwe_remb *r, double wanted_bps, int64_t now)
{
    if (wanted_bps <= r->bps)
        return 0;
    if (r->bound)
        return now >= look_at(r, wanted_bps) ? r->bps : 0;
    return r->tried_at != 0 && now - r->tried_at < BWE_REMB_TRY_US ? 2 * r->bps : 0;
}
