#include "tests/sim/viewer.h"

#include <assert.h>
#include <string.h>

enum { FREEZE_US = 150 * 1000, SECOND_US = 1000 * 1000 };

void viewer_open(struct viewer *v, int64_t now)
{
    memset(v, 0, sizeof *v);
    v->opened_at = v->shown_at = now;
    memset(v->layer_in, NO_PICTURE, sizeof v->layer_in);
}

static bool is_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

static size_t second_of(const struct viewer *v, int64_t now)
{
    int64_t second = (now - v->opened_at) / SECOND_US;
    return (size_t)(second < VIEWER_SECONDS ? second : VIEWER_SECONDS - 1);
}

unsigned viewer_second(const struct viewer *v, int64_t at)
{
    return (unsigned)second_of(v, at);
}

// --- Intervals ---

static void note_interval(struct viewer *v, int64_t interval, int64_t now)
{
    int32_t *gap = &v->gap_us_in[second_of(v, now)];
    if (interval > *gap)
        *gap = (int32_t)interval;
    if (interval > v->longest_us)
        v->longest_us = interval;
    unsigned known =
        v->interval_count < VIEWER_INTERVALS ? (unsigned)v->interval_count : VIEWER_INTERVALS;
    if (known == VIEWER_INTERVALS) {
        int64_t mean = v->interval_sum / VIEWER_INTERVALS;
        if (interval > 3 * mean && interval > mean + FREEZE_US) {
            v->freezes++;
            v->frozen_us += interval;
        }
    }
    int64_t *at = &v->intervals[v->interval_count++ % VIEWER_INTERVALS];
    v->interval_sum += interval - *at;
    *at = interval;
}

// --- Pictures ---

static bool is_complete(const struct viewer_part *p)
{
    return p->count > 0 && p->count == p->mark.count;
}

static bool is_decoded(const struct viewer *v, uint32_t frame)
{
    return frame <= v->frame && v->frame - frame < 64 && v->decoded >> (v->frame - frame) & 1;
}

// What was decoded before a key picture is of no use behind it.
static void note_decoded(struct viewer *v, const struct mark *mark)
{
    uint32_t ahead = mark->frame - v->frame;
    bool anew = !v->begun || (mark->key && mark->spatial == 0) || ahead >= 64;
    v->decoded = anew ? 1 : v->decoded << ahead | 1;
    v->frame = mark->frame;
}

static void show(struct viewer *v, struct viewer_frame *f, int64_t now)
{
    const struct mark *last = &f->parts[f->last].mark;
    bool goes_on = v->paused && last->frame > v->last_frames[last->layer];
    if (goes_on)
        v->paused = false;
    else if (v->begun)
        note_interval(v, now - v->shown_at, now);
    else
        v->first_us = now - v->opened_at;
    v->switches += v->begun && (last->layer != v->layer || last->spatial != v->spatial);
    for (unsigned i = 0; i <= f->last; i++)
        if (f->parts[i].count) {
            note_decoded(v, &f->parts[i].mark);
            v->begun = true;
        }
    v->timestamp = f->timestamp;
    v->layer = last->layer;
    v->spatial = last->spatial;
    v->next_seq = f->end_seq;
    v->shown_at = now;
    v->pictures++;
    size_t second = second_of(v, now);
    v->pictures_in[second]++;
    v->layer_in[second] = v->layer;
    f->used = false;
}

// Whether all of it is there that came in part.
static bool is_whole(const struct viewer_frame *f)
{
    if (!f->ended)
        return false;
    for (unsigned i = 0; i <= f->last; i++)
        if (f->parts[i].count && !is_complete(&f->parts[i]))
            return false;
    return true;
}

static bool begins(const struct viewer_frame *f)
{
    return f->parts[0].count && f->parts[0].mark.key;
}

// Whether nothing is missing that a part refers to.
static bool has_needs(const struct viewer *v, const struct viewer_frame *f, unsigned part)
{
    const struct mark *m = &f->parts[part].mark;
    if (m->below && (part == 0 || !f->parts[part - 1].count))
        return false;
    if (m->key)
        return m->spatial == 0 || m->below;
    return v->begun && m->layer == v->layer && m->frame > v->frame && m->back &&
           is_decoded(v, m->frame - m->back);
}

static bool is_next(const struct viewer *v, const struct viewer_frame *f)
{
    for (unsigned i = 0; i <= f->last; i++)
        if (f->parts[i].count && !has_needs(v, f, i))
            return false;
    return true;
}

// Whether nothing is missing between the last picture and this one, or that was waited for.
static bool may_show(const struct viewer *v, const struct viewer_frame *f, int64_t now)
{
    return begins(f) || f->first_seq == v->next_seq || now - f->whole_at >= VIEWER_PATIENCE_US;
}

// The earliest picture that can be shown; NULL: none yet.
static struct viewer_frame *find_next(struct viewer *v)
{
    struct viewer_frame *next = NULL;
    for (size_t i = 0; i < VIEWER_FRAMES; i++) {
        struct viewer_frame *f = &v->frames[i];
        if (f->used && is_whole(f) && is_next(v, f) &&
            (!next || is_after(next->timestamp, f->timestamp)))
            next = f;
    }
    return next;
}

static void forget_older(struct viewer *v)
{
    for (size_t i = 0; i < VIEWER_FRAMES; i++) {
        struct viewer_frame *f = &v->frames[i];
        if (f->used && !is_after(f->timestamp, v->timestamp)) {
            f->used = false;
            v->skipped++;
        }
    }
}

static struct viewer_frame *frame_of(struct viewer *v, uint32_t timestamp)
{
    struct viewer_frame *free_one = NULL;
    struct viewer_frame *oldest = &v->frames[0];
    for (size_t i = 0; i < VIEWER_FRAMES; i++) {
        struct viewer_frame *f = &v->frames[i];
        if (f->used && f->timestamp == timestamp)
            return f;
        if (!f->used)
            free_one = f;
        else if (is_after(oldest->timestamp, f->timestamp))
            oldest = f;
    }
    if (!free_one) {
        v->skipped++;
        free_one = oldest;
    }
    *free_one =
        (struct viewer_frame){.used = true, .timestamp = timestamp, .first_seq = UINT64_MAX};
    return free_one;
}

void viewer_empty(struct viewer *v, uint64_t seq)
{
    if (v->begun && seq == v->next_seq)
        v->next_seq++;
}

void viewer_play(struct viewer *v, int64_t now)
{
    for (struct viewer_frame *next; (next = find_next(v)) && may_show(v, next, now);) {
        show(v, next, now);
        forget_older(v);
    }
}

void viewer_packet(struct viewer *v, const struct mark *mark, bool marker, uint64_t seq,
                   uint32_t timestamp, size_t octets, int64_t now)
{
    v->octets_in[second_of(v, now)] += (uint32_t)octets;
    v->packet_at = now;
    if (v->begun && !is_after(timestamp, v->timestamp))
        return; // too late, or repeated
    struct viewer_frame *f = frame_of(v, timestamp);
    struct viewer_part *p = &f->parts[mark->spatial];
    uint64_t bit = UINT64_C(1) << mark->index % 64;
    if (p->packets[mark->index / 64] & bit)
        return;
    p->packets[mark->index / 64] |= bit;
    p->mark = *mark;
    p->count++;
    if (seq - mark->index < f->first_seq)
        f->first_seq = seq - mark->index;
    if (marker) {
        f->ended = true;
        f->last = mark->spatial;
        f->end_seq = seq + 1;
    }
    if (is_whole(f))
        f->whole_at = now;
    viewer_play(v, now);
}

void viewer_pause(struct viewer *v, const uint32_t last_frames[3])
{
    v->paused = true;
    memcpy(v->last_frames, last_frames, sizeof v->last_frames);
}

void viewer_close(struct viewer *v, int64_t now)
{
    if (v->begun && !v->paused)
        note_interval(v, now - v->shown_at, now);
    // What is 100 ms at most behind the last picture may be on its way.
    for (size_t i = 0; i < VIEWER_FRAMES; i++)
        v->skipped += v->frames[i].used && v->frames[i].timestamp - v->timestamp > 9000;
}

double viewer_rate(const struct viewer *v, unsigned from, unsigned until)
{
    assert(from < until && until <= VIEWER_SECONDS);
    unsigned pictures = 0;
    for (unsigned i = from; i < until; i++)
        pictures += v->pictures_in[i];
    return (double)pictures / (until - from);
}

int64_t viewer_longest(const struct viewer *v, unsigned from, unsigned until)
{
    assert(from < until && until <= VIEWER_SECONDS);
    int64_t longest = 0;
    for (unsigned i = from; i < until; i++)
        if (v->gap_us_in[i] > longest)
            longest = v->gap_us_in[i];
    return longest;
}

uint8_t viewer_worst_layer(const struct viewer *v, unsigned from, unsigned until)
{
    assert(from < until && until <= VIEWER_SECONDS);
    uint8_t worst = 0;
    for (unsigned i = from; i < until; i++)
        if (v->layer_in[i] > worst)
            worst = v->layer_in[i];
    return worst;
}

double viewer_kbps(const struct viewer *v, unsigned from, unsigned until)
{
    assert(from < until && until <= VIEWER_SECONDS);
    double octets = 0;
    for (unsigned i = from; i < until; i++)
        octets += v->octets_in[i];
    return octets * 8 / 1000 / (until - from);
}
