#include "sfu/fill.h"

#include "base/moment.h"
#include "sfu/carrier.h"

#include <assert.h>
#include <math.h>

enum {
    STEP_US = 20 * 1000,
    DEBT_US = 1000 * 1000, // of the rate: what was sent too much before counts no longer
};

void fill_follow(struct fill *f, double bps, const struct batch_path *path,
                 const struct feed_list *feeds, int64_t now)
{
    bool fills = bps > 0 && carrier_find(feeds, false);
    if (fills == (f->at != NEVER))
        return;
    f->at = fills ? now + STEP_US : NEVER;
    f->octets = 0;
    f->sent = path->sent_octets;
}

// Padding waits for no pace: it makes the rate even.
void fill_step(struct fill *f, double bps, const struct batch_path *path,
               const struct feed_list *feeds, const struct tick *tick)
{
    assert(bps > 0 && f->at <= tick->now);
    double rate = bps / 8e6; // octets in a microsecond
    double elapsed = (double)(tick->now - f->at + STEP_US);
    double missing = f->octets + rate * elapsed - (double)(path->sent_octets - f->sent);
    // A step that comes late makes no train, and a key frame is not made up for.
    f->octets = fmax(fmin(missing, fmax(rate * 2 * STEP_US, CARRIER_PACKET)), -rate * DEBT_US);
    f->sent = path->sent_octets;
    f->at = tick->now + STEP_US;
    size_t packets = f->octets > 0 ? (size_t)f->octets / CARRIER_PACKET : 0;
    carrier_pad(carrier_find(feeds, false), packets * CARRIER_PACKET, false, 0, tick);
}
