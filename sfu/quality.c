#include "sfu/quality.h"

#include <math.h>
#include <stddef.h>

static const double smoothing = 0.25;

static int64_t smooth(int64_t before, int64_t now)
{
    return before ? before + (now - before) / 4 : now;
}

void quality_take(struct quality *q, const struct quality_report *report)
{
    double gone = pow(report->lost, 1 + report->copies);
    q->lost += (report->lost - q->lost) * smoothing;
    q->gone += (gone - q->gone) * smoothing;
    if (report->rtt_us > 0)
        q->rtt_us = smooth(q->rtt_us, report->rtt_us);
    if (report->jitter_us >= 0)
        q->jitter_us = smooth(q->jitter_us, report->jitter_us);
}

// Up to 1 % is noticed by nobody; at 3 % some repairs come late; beyond 8 % pictures freeze; a
// fifth is more than the retransmission budget. Reports count in 256ths: half of one is given.
static int points_of_loss(double share)
{
    static const double above[] = {0.01, 0.03, 0.08, 0.20};
    int points = 0;
    for (size_t i = 0; i < sizeof above / sizeof *above; i++)
        points += share > above[i] + 0.5 / 256;
    return points;
}

static int points_of_delay(const struct quality *q)
{
    int64_t delay_us = q->rtt_us + 4 * q->jitter_us;
    return (delay_us > 400 * 1000) + (delay_us > 800 * 1000);
}

static int points_of_layers(unsigned held, unsigned wanted)
{
    return (4 * held < 3 * wanted) + (5 * held < 2 * wanted);
}

uint8_t quality_score(const struct quality *q, unsigned held, unsigned wanted)
{
    int lost = points_of_loss(q->lost) - 1;
    int gone = points_of_loss(q->gone);
    int score =
        5 - (lost > gone ? lost : gone) - points_of_delay(q) - points_of_layers(held, wanted);
    return (uint8_t)(score > 0 ? score : 0);
}
