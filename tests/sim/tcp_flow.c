#include "tests/sim/tcp_flow.h"

#include <assert.h>

void tcp_flow_init(struct tcp_flow *f)
{
    *f = (struct tcp_flow){
        .window = TCP_WINDOW_START,
        .slow_start_until = TCP_WINDOW_MAX,
        .halved_at = INT64_MIN,
    };
}

bool tcp_flow_may_send(const struct tcp_flow *f)
{
    return f->in_flight < f->window && f->in_flight < TCP_WINDOW_MAX;
}

void tcp_flow_sent(struct tcp_flow *f, int64_t now, int64_t news_at, bool lost)
{
    assert(tcp_flow_may_send(f));
    // The news of a packet that was dropped comes with that of the packets behind it.
    if (f->news_next > f->news_first) {
        int64_t before = f->news[(f->news_next - 1) % TCP_WINDOW_MAX].at;
        news_at = news_at > before ? news_at : before;
    }
    f->news[f->news_next++ % TCP_WINDOW_MAX] = (struct tcp_news){news_at, lost};
    f->round_trip_us = news_at - now;
    f->in_flight++;
}

int64_t tcp_flow_deadline(const struct tcp_flow *f)
{
    return f->news_first < f->news_next ? f->news[f->news_first % TCP_WINDOW_MAX].at
                                        : INT64_MAX;
}

void tcp_flow_learn(struct tcp_flow *f)
{
    assert(f->news_first < f->news_next);
    struct tcp_news news = f->news[f->news_first++ % TCP_WINDOW_MAX];
    f->in_flight--;
    if (news.lost) {
        if (news.at < f->halved_at + f->round_trip_us)
            return;
        f->halved_at = news.at;
        f->window = f->window / 2 > TCP_WINDOW_LEAST ? f->window / 2 : TCP_WINDOW_LEAST;
        f->slow_start_until = f->window;
        return;
    }
    f->acknowledged++;
    f->window += f->window < f->slow_start_until ? 1 : 1 / f->window;
    if (f->window > TCP_WINDOW_MAX)
        f->window = TCP_WINDOW_MAX;
}
