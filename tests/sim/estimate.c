// The estimator of bandwidth alone, on links that change:  estimate [--verbose]
//
//     sender: bwe, paced packets at its rate ---> link ---> receiver: transport-wide feedback
//
// Each scenario has its bars; figures are printed, and a miss fails.
#include "rtc/bwe.h"
#include "rtc/rtcp.h"
#include "tests/sim/link.h"

#include <stdio.h>
#include <string.h>

enum {
    MS = 1000,
    SECOND = 1000 * MS,
    STEP = MS,
    PACKET = 1200,
    PADDING = 270, // a packet of nothing but padding
    FLOWS_MAX = 2,
    FEEDBACKS_MAX = 256,
    ARRIVALS_MAX = 8192,
    SECONDS_MAX = 120,
};

// Feedback on its way back.
struct reply {
    int64_t at;
    size_t len;
    uint8_t octets[TWCC_FEEDBACK_MAX];
};

struct arrival {
    int64_t at;
    uint16_t number;
    size_t len;
};

struct flow {
    struct bwe bwe;
    struct twcc_recorder recorder;
    int64_t from_us;  // when it begins
    double most_bps;  // that the application has; 0: any
    double credit;    // octets that the pacer lets go
    uint32_t probing; // packets of a cluster yet to be sent
    size_t probe_len;
    struct bwe_cluster cluster;
    struct reply replies[FEEDBACKS_MAX]; // a ring
    size_t first_reply, next_reply;
    struct arrival arrivals[ARRIVALS_MAX]; // a ring, in order
    size_t first_arrival, next_arrival;
    uint64_t octets_in[SECONDS_MAX]; // that arrived
};

struct scene {
    struct link link;
    int64_t back_us; // the way of feedback
    struct flow flows[FLOWS_MAX];
    size_t flow_count;
    int64_t queue_in[SECONDS_MAX]; // the longest wait in each second
    int64_t now;
};

static bool verbose;

// --- One flow ---

static void send_packet(struct scene *s, struct flow *f, size_t len, uint8_t cluster)
{
    uint16_t number = bwe_sent(&f->bwe, len + LINK_OVERHEAD, cluster, s->now);
    int64_t at = link_send(&s->link, len, false, s->now);
    if (at == LINK_LOST)
        return;
    f->arrivals[f->next_arrival++ % ARRIVALS_MAX] =
        (struct arrival){at, number, len + LINK_OVERHEAD};
}

static void send_due(struct scene *s, struct flow *f)
{
    if (s->now < f->from_us)
        return;
    struct bwe_cluster cluster;
    if (!f->probing && bwe_cluster(&f->bwe, &cluster, 0, s->now)) {
        f->cluster = cluster;
        size_t each = cluster.octets / cluster.packets;
        f->probe_len = each < PADDING ? PADDING : each > PACKET ? PACKET : each;
        f->probing = (uint32_t)(cluster.octets / f->probe_len) + 1;
        if (f->probing < cluster.packets)
            f->probing = cluster.packets;
        f->credit = (double)f->probe_len;
    }
    double bps = f->probing ? f->cluster.bps : bwe_bps(&f->bwe);
    if (!f->probing && f->most_bps > 0 && bps > f->most_bps)
        bps = f->most_bps;
    f->credit += bps / 8 * STEP / 1e6;
    for (size_t len; f->credit >= (double)(len = f->probing ? f->probe_len : PACKET);) {
        f->credit -= (double)len;
        send_packet(s, f, len, f->probing ? f->cluster.id : 0);
        f->probing -= f->probing > 0;
    }
}

static void receive_due(struct scene *s, struct flow *f)
{
    while (f->first_arrival < f->next_arrival) {
        const struct arrival *a = &f->arrivals[f->first_arrival % ARRIVALS_MAX];
        if (a->at > s->now)
            break;
        twcc_arrived(&f->recorder, a->number, a->at);
        f->octets_in[s->now / SECOND] += a->len;
        f->first_arrival++;
    }
    struct reply *reply = &f->replies[f->next_reply % FEEDBACKS_MAX];
    struct writer w = writer_on(reply->octets, sizeof reply->octets);
    while (twcc_put_feedback(&f->recorder, 1, 2, s->now, &w)) {
        reply->len = w.len;
        reply->at = s->now + s->back_us;
        reply = &f->replies[++f->next_reply % FEEDBACKS_MAX];
        w = writer_on(reply->octets, sizeof reply->octets);
    }
}

static void hear_due(struct scene *s, struct flow *f)
{
    for (; f->first_reply < f->next_reply; f->first_reply++) {
        const struct reply *reply = &f->replies[f->first_reply % FEEDBACKS_MAX];
        if (reply->at > s->now)
            return;
        struct twcc_feedback feedback;
        if (twcc_parse(&feedback, (struct bytes){reply->octets, reply->len}) == 0)
            bwe_feedback(&f->bwe, &feedback, s->now);
    }
}

// --- All of them ---

static void begin(struct scene *s, const struct link_plan *plan, size_t flows)
{
    memset(s, 0, sizeof *s);
    link_init(&s->link, plan, 1);
    s->back_us = plan->delay_us;
    s->flow_count = flows;
    s->now = SECOND / 1000;
    for (size_t i = 0; i < flows; i++)
        bwe_init(&s->flows[i].bwe, BWE_START_BPS, s->now);
}

static void run(struct scene *s, int64_t until)
{
    for (; s->now < until; s->now += STEP) {
        for (size_t i = 0; i < s->flow_count; i++) {
            send_due(s, &s->flows[i]);
            receive_due(s, &s->flows[i]);
            hear_due(s, &s->flows[i]);
        }
        int64_t wait = link_wait(&s->link, s->now);
        int64_t *most = &s->queue_in[s->now / SECOND];
        *most = wait > *most ? wait : *most;
        if (verbose && s->now % SECOND < STEP)
            printf("    %3d s: %6.0f kbit/s estimated (delay %.0f, loss %.0f, acked %.0f), "
                   "queue %d ms%s\n",
                   (int)(s->now / SECOND), bwe_bps(&s->flows[0].bwe) / 1000,
                   s->flows[0].bwe.rate.bps / 1000, s->flows[0].bwe.loss.bps / 1000,
                   s->flows[0].bwe.acked.bps / 1000, (int)(wait / MS),
                   s->flows[0].bwe.limited ? ", limited" : "");
    }
}

static void end(struct scene *s)
{
    for (size_t i = 0; i < s->flow_count; i++)
        bwe_dispose(&s->flows[i].bwe);
    link_dispose(&s->link);
}

// kbit/s that arrived, from second `from` until second `until`.
static double kbps(const struct flow *f, int from, int until)
{
    double octets = 0;
    for (int i = from; i < until; i++)
        octets += (double)f->octets_in[i];
    return octets * 8 / 1000 / (until - from);
}

static int queue_ms(const struct scene *s, int from, int until)
{
    int64_t most = 0;
    for (int i = from; i < until; i++)
        most = s->queue_in[i] > most ? s->queue_in[i] : most;
    return (int)(most / MS);
}

static unsigned missed;

static void figure(const char *what, double value, const char *unit, double least, double most)
{
    bool good = value >= least && value <= most;
    missed += !good;
    printf("%-52s %8.1f %-8s %s\n", what, value, unit, good ? "PASS" : "MISS");
}

#define ANY 1e12

// --- Scenarios ---

static struct scene s;

static void steady(uint32_t rate)
{
    struct link_plan plan = {
        .rates = {{0, rate}}, .rate_count = 1, .delay_us = 20 * MS, .queue_us = 500 * MS};
    printf("steady, %u kbit/s\n", rate);
    begin(&s, &plan, 1);
    run(&s, 60 * SECOND);
    figure("  used of the line, 10..60 s", 100 * kbps(&s.flows[0], 10, 60) / rate, "%", 85,
           100);
    figure("  queue, from 3 s on", queue_ms(&s, 3, 60), "ms", 0, 250);
    end(&s);
}

static void steps(void)
{
    struct link_plan plan = {.rates = {{0, 3000}, {20 * SECOND, 500}, {40 * SECOND, 3000}},
                             .rate_count = 3,
                             .delay_us = 20 * MS,
                             .queue_us = 1000 * MS};
    printf("3 -> 0.5 -> 3 Mbit/s\n");
    begin(&s, &plan, 1);
    run(&s, 60 * SECOND);
    figure("  before", kbps(&s.flows[0], 10, 20), "kbit/s", 2550, 3000);
    figure("  queue from a second after the fall on", queue_ms(&s, 22, 40), "ms", 0, 250);
    figure("  meanwhile", kbps(&s.flows[0], 25, 40), "kbit/s", 400, 500);
    figure("  10 s after it is over", kbps(&s.flows[0], 50, 60), "kbit/s", 2400, 3000);
    end(&s);
}

static void share_with_another(void)
{
    struct link_plan plan = {
        .rates = {{0, 3000}}, .rate_count = 1, .delay_us = 20 * MS, .queue_us = 500 * MS};
    printf("two estimators on 3 Mbit/s, the second comes after 20 s\n");
    begin(&s, &plan, 2);
    s.flows[1].from_us = 20 * SECOND;
    run(&s, 120 * SECOND);
    double first = kbps(&s.flows[0], 60, 120);
    double second = kbps(&s.flows[1], 60, 120);
    figure("  the larger against the smaller", first > second ? first / second : second / first,
           "x", 1, 2);
    figure("  together", 100 * (first + second) / 3000, "%", 80, 100);
    end(&s);
}

static void share_with_tcp(void)
{
    struct link_plan plan = {.rates = {{0, 4000}},
                             .rate_count = 1,
                             .delay_us = 20 * MS,
                             .queue_us = 150 * MS,
                             .tcp_flows = 1};
    printf("against a TCP flow on 4 Mbit/s\n");
    begin(&s, &plan, 1);
    run(&s, 120 * SECOND);
    figure("  the estimator's share", 100 * kbps(&s.flows[0], 20, 120) / 4000, "%", 25, 75);
    figure("  TCP's", 100 * link_tcp_kbps(&s.link, 20, 120) / 4000, "%", 25, 75);
    end(&s);
}

static void lossy(uint32_t percent, double least)
{
    struct link_plan plan = {.rates = {{0, 2000}},
                             .rate_count = 1,
                             .delay_us = 40 * MS,
                             .loss_ppm = percent * 10000,
                             .queue_us = 500 * MS};
    printf("%u %% loss on 2 Mbit/s, 80 ms\n", percent);
    begin(&s, &plan, 1);
    run(&s, 60 * SECOND);
    figure("  gets through, 20..60 s", kbps(&s.flows[0], 20, 60), "kbit/s", least, 2000);
    end(&s);
}

static void policed(void)
{
    struct link_plan plan = {
        .rates = {{0, 2000}}, .rate_count = 1, .delay_us = 20 * MS, .queue_us = 6 * MS};
    printf("2 Mbit/s, and hardly a queue: what is too much is lost\n");
    begin(&s, &plan, 1);
    run(&s, 60 * SECOND);
    figure("  gets through, 10..60 s", kbps(&s.flows[0], 10, 60), "kbit/s", 1500, 2000);
    figure("  dropped", 100.0 * (double)s.link.dropped / (double)s.link.sent, "%", 0, 8);
    end(&s);
}

static void blackout(void)
{
    struct link_plan plan = {.rates = {{0, 3000}},
                             .rate_count = 1,
                             .delay_us = 20 * MS,
                             .outage = {.from_us = 20 * SECOND, .span_us = 3 * SECOND},
                             .queue_us = 500 * MS};
    printf("nothing for 3 s\n");
    begin(&s, &plan, 1);
    run(&s, 40 * SECOND);
    figure("  in the first second after it", kbps(&s.flows[0], 23, 24), "kbit/s", 300, ANY);
    figure("  5 s after it", kbps(&s.flows[0], 28, 40), "kbit/s", 2000, 3000);
    end(&s);
}

static void limited(void)
{
    struct link_plan plan = {
        .rates = {{0, 5000}}, .rate_count = 1, .delay_us = 20 * MS, .queue_us = 500 * MS};
    printf("an application that has 300 kbit/s, and 4 Mbit/s after 20 s, on 5 Mbit/s\n");
    begin(&s, &plan, 1);
    s.flows[0].most_bps = 300e3;
    run(&s, 20 * SECOND);
    s.flows[0].most_bps = 4e6;
    run(&s, 30 * SECOND);
    figure("  2 s later", kbps(&s.flows[0], 22, 30), "kbit/s", 3000, 5000);
    end(&s);
}

static void jittery(void)
{
    struct link_plan plan = {.rates = {{0, 2000}},
                             .rate_count = 1,
                             .delay_us = 30 * MS,
                             .jitter_us = 20 * MS,
                             .queue_us = 500 * MS};
    printf("20 ms of jitter on 2 Mbit/s\n");
    begin(&s, &plan, 1);
    run(&s, 60 * SECOND);
    figure("  used of the line, 10..60 s", 100 * kbps(&s.flows[0], 10, 60) / 2000, "%", 50,
           100);
    end(&s);
}

int main(int argc, char **argv)
{
    verbose = argc > 1 && strcmp(argv[1], "--verbose") == 0;
    if (argc > 1 && !verbose) {
        fprintf(stderr, "usage: estimate [--verbose]\n");
        return 2;
    }
    steady(300);
    steady(1000);
    steady(3000);
    steady(10000);
    steps();
    share_with_another();
    share_with_tcp();
    lossy(2, 1400);
    lossy(10, 800);
    policed();
    blackout();
    limited();
    jittery();
    printf("%u missed\n", missed);
    return missed > 0;
}
