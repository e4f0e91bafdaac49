#include "sfu/reports.h"

#include "base/moment.h"
#include "rtc/rtcp.h"
#include "sfu/seats.h"
#include "sfu/shared.h"

enum {
    COMPOUND_MAX = 1200,
    SENDER_REPORT_SPACE = 28 + 40, // with its CNAME
};

void reports_soon(struct subscriber *s, int64_t now)
{
    if (now + SENDER_REPORT_FIRST_US < s->report_at)
        s->report_at = now + SENDER_REPORT_FIRST_US;
}

// Sends what was written, and begins anew.
static void send_compound(struct subscriber *s, struct writer *w, const struct tick *tick)
{
    leg_send_rtcp(s->leg, w, tick);
    w->len = 0;
}

static void send_reports(struct subscriber *s, const struct tick *tick)
{
    uint8_t buffer[COMPOUND_MAX];
    struct writer w = writer_on(buffer, sizeof buffer);
    for (uint32_t i = 0; i < s->feeds.count; i++) {
        struct feed *f = s->feeds.at[i];
        struct rtcp_sender_info sender;
        if (!feed_report(f, tick->now, &sender))
            continue;
        if (w.cap - w.len < SENDER_REPORT_SPACE)
            send_compound(s, &w, tick);
        rtcp_put_sender_report(&w, f->ssrc, &sender, NULL, 0);
        rtcp_put_cname(&w, f->ssrc, bytes_of(s->seats ? s->seats->cname : f->stream->cname));
    }
    send_compound(s, &w, tick);
}

static bool is_sending(const struct subscriber *s)
{
    for (uint32_t i = 0; i < s->feeds.count; i++)
        if (feed_is_sending(s->feeds.at[i]))
            return true;
    return false;
}

// For metrics. Of a way that nothing bounds nothing is known.
static void note_way(const struct subscriber *s, const struct tick *tick)
{
    const struct capacity *c = &s->capacity;
    struct router_stats *stats = &tick->shared->stats;
    bool is_found = c->estimate && c->estimate->feedback_at != 0;
    double told = bwe_remb_is_told(&c->remb) ? bwe_remb_bps(&c->remb) : 0;
    double bps = is_found ? bwe_bps(c->estimate) : told;
    if (bps > 0)
        histogram_add(&stats->estimates, &router_rates, (int64_t)(bps / 8));
    if (c->allocation.used_bps > 0)
        histogram_add(&stats->allotted, &router_rates, (int64_t)(c->allocation.used_bps / 8));
}

int64_t reports_deadline(const struct subscriber *s)
{
    return s->report_at;
}

void reports_expire(struct subscriber *s, const struct tick *tick)
{
    if (s->report_at > tick->now)
        return;
    send_reports(s, tick);
    note_way(s, tick);
    s->report_at = is_sending(s) ? tick->now + SENDER_REPORT_INTERVAL_US : NEVER;
}
