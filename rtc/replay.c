#include "rtc/replay.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

enum { UNKNOWN = UINT32_MAX };

void replay_dispose(struct replay *r)
{
    mem_free(r->sources);
    mem_free(r->past);
    *r = (struct replay){0};
}

// --- One window ---

// RFC 3711 section 3.3.1 and appendix A: the index nearest to the highest one seen.
static uint64_t nearest(const struct replay_window *w, uint16_t seq)
{
    if (!w->started)
        return seq;
    int16_t ahead = (int16_t)(seq - (uint16_t)w->top);
    if (ahead < 0 && w->top < (uint64_t)-ahead)
        return seq; // before the first packet there is no ROC to go back to
    return w->top + (uint64_t)(int64_t)ahead;
}

static bool is_replayed(const struct replay_window *w, uint64_t index)
{
    if (!w->started || index > w->top)
        return false;
    return index < w->bottom || w->top - index >= REPLAY_WINDOW ||
           (w->seen[index / 64 % REPLAY_WORDS] >> index % 64 & 1);
}

static void mark_seen(struct replay_window *w, uint64_t index)
{
    if (!w->started)
        *w = (struct replay_window){.started = true, .top = index};
    if (index > w->top) {
        uint64_t words = index / 64 - w->top / 64;
        if (words >= REPLAY_WORDS)
            memset(w->seen, 0, sizeof w->seen);
        for (uint64_t i = 1; i <= words && words < REPLAY_WORDS; i++)
            w->seen[(w->top / 64 + i) % REPLAY_WORDS] = 0;
        w->top = index;
    }
    w->seen[index / 64 % REPLAY_WORDS] |= 1ull << index % 64;
}

// A window of which only the next index is known.
static struct replay_window resumed(uint64_t next)
{
    struct replay_window w = {0};
    if (next)
        w = (struct replay_window){.started = true, .top = next - 1, .bottom = next};
    return w;
}

static bool nothing_came(const struct replay_window *w)
{
    return !w->started || w->top < w->bottom;
}

// --- SSRCs ---

static uint32_t find(const struct replay *r, uint32_t ssrc)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (r->sources[i].ssrc == ssrc)
            return i;
    return UNKNOWN;
}

static uint32_t find_past(const struct replay *r, uint32_t ssrc)
{
    for (uint32_t i = 0; i < r->past_count; i++)
        if (r->past[i].ssrc == ssrc)
            return i;
    return UNKNOWN;
}

static void drop_past(struct replay *r, uint32_t at)
{
    memmove(&r->past[at], &r->past[at + 1], (--r->past_count - at) * sizeof *r->past);
}

static void remember(struct replay *r, const struct replay_source *source)
{
    if (r->past_count == SSRC_REMEMBERED_MAX)
        drop_past(r, 0);
    if (r->past_count == r->past_cap) {
        r->past_cap = r->past_cap ? r->past_cap * 2 : 4;
        r->past = mem_resize(r->past, r->past_cap * sizeof *r->past);
    }
    r->past[r->past_count++] = (struct replay_past){
        .ssrc = source->ssrc,
        .rtp_next = source->rtp.started ? source->rtp.top + 1 : 0,
        .rtcp_next = source->rtcp.started ? source->rtcp.top + 1 : 0,
    };
}

static struct replay_source *add(struct replay *r, uint32_t ssrc)
{
    if (r->count == r->cap) {
        r->cap = r->cap ? r->cap * 2 : 2;
        r->sources = mem_resize(r->sources, r->cap * sizeof *r->sources);
    }
    struct replay_source *source = &r->sources[r->count++];
    *source = (struct replay_source){.ssrc = ssrc};
    uint32_t at = find_past(r, ssrc);
    if (at != UNKNOWN) {
        source->rtp = resumed(r->past[at].rtp_next);
        source->rtcp = resumed(r->past[at].rtcp_next);
        drop_past(r, at);
    }
    return source;
}

void replay_forget(struct replay *r, uint32_t ssrc)
{
    uint32_t at = find(r, ssrc);
    if (at == UNKNOWN)
        return;
    remember(r, &r->sources[at]);
    r->sources[at] = r->sources[--r->count];
}

// --- Packets ---

int replay_guess(const struct replay *r, uint32_t ssrc, uint16_t seq, uint64_t *index,
                 bool *sure)
{
    uint32_t at = find(r, ssrc);
    if (at == UNKNOWN && r->count == SSRC_PER_TRANSPORT_MAX)
        return ERR_FULL;
    struct replay_window past;
    const struct replay_window *w = &past;
    if (at != UNKNOWN) {
        w = &r->sources[at].rtp;
    } else {
        uint32_t past_at = find_past(r, ssrc);
        past = resumed(past_at == UNKNOWN ? 0 : r->past[past_at].rtp_next);
    }
    *index = nearest(w, seq);
    *sure = !nothing_came(w);
    return is_replayed(w, *index) && *sure ? ERR_EXISTS : 0;
}

int replay_ask_rtcp(const struct replay *r, uint32_t ssrc, uint32_t index)
{
    uint32_t at = find(r, ssrc);
    if (at != UNKNOWN)
        return is_replayed(&r->sources[at].rtcp, index) ? ERR_EXISTS : 0;
    if (r->count == SSRC_PER_TRANSPORT_MAX)
        return ERR_FULL;
    uint32_t past_at = find_past(r, ssrc);
    return past_at != UNKNOWN && index < r->past[past_at].rtcp_next ? ERR_EXISTS : 0;
}

int replay_learn(struct replay *r, uint32_t ssrc, bool rtcp, uint64_t index)
{
    uint32_t at = find(r, ssrc);
    if (at == UNKNOWN && r->count == SSRC_PER_TRANSPORT_MAX)
        return ERR_FULL;
    struct replay_source *source = at == UNKNOWN ? add(r, ssrc) : &r->sources[at];
    struct replay_window *w = rtcp ? &source->rtcp : &source->rtp;
    if (is_replayed(w, index))
        return ERR_EXISTS;
    mark_seen(w, index);
    return 0;
}
