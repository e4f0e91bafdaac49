#include "sfu/router.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/stun.h"
#include "rtc/transport.h"
#include "sfu/endpoint.h"
#include "sfu/figures.h"
#include "sfu/publisher.h"
#include "sfu/reports.h"
#include "sfu/select.h"
#include "sfu/shared.h"
#include "sfu/subscriber.h"
#include "sfu/track.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

// One datagram of a receive call.
struct arrival {
    struct endpoint *endpoint; // NULL: not known when the call began
    int32_t input;             // of router.inputs; -1: not media of a connected transport
};

struct router {
    struct shared shared;
    struct arrival arrivals[DATAGRAMS_PER_READ];
    struct srtp_input inputs[DATAGRAMS_PER_READ];
};

static void set_candidates(struct shared *s, const struct addr *list, size_t count)
{
    struct addr *copy = mem_alloc_array(count, sizeof *copy);
    if (count)
        memcpy(copy, list, count * sizeof *copy);
    mem_free((void *)(uintptr_t)s->config.candidates);
    s->config.candidates = copy;
    s->config.candidate_count = count;
}

// From 50 kbit/s to 100 Mbit/s.
const struct histogram_bounds router_rates = {
    .count = 12,
    .at = {6250, 12500, 25000, 50000, 100000, 187500, 375000, 625000, 1250000, 2500000, 6250000,
           12500000},
};

struct router *router_new(const struct router_config *config)
{
    struct router *r = mem_alloc(sizeof *r);
    struct shared *s = &r->shared;
    s->config = *config;
    s->config.candidates = NULL;
    set_candidates(s, config->candidates, config->candidate_count);
    struct map *maps[] = {&s->meetings, &s->endpoints, &s->tracks, &s->demux.by_ufrag,
                          &s->demux.by_address};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        rng_fill(config->rng, maps[i]->seed, sizeof maps[i]->seed);
    list_init(&s->offers_due);
    list_init(&s->touched);
    list_init(&s->wishes);
    list_init(&s->begun);
    list_init(&s->closed_endpoints);
    list_init(&s->closed_tracks);
    return r;
}

// NULL: it was closed, or never there.
static struct track *find_track(const struct shared *s, uint64_t id)
{
    return map_get(&s->tracks, map_key_u64(&id));
}

// --- Rooms ---

static struct meeting *open_meeting(struct shared *s, uint64_t id)
{
    struct meeting *m = map_get(&s->meetings, map_key_u64(&id));
    if (m)
        return m;
    m = mem_alloc(sizeof *m);
    m->id = id;
    m->timer = (struct timer){.owner = m, .kind = TIMER_MEETING};
    speakers_init(&m->speakers);
    map_put(&s->meetings, map_key_u64(&m->id), m);
    s->stats.rooms++;
    return m;
}

// The feeds of tracks that were closed.
static void end_feeds(struct shared *s, const struct tick *tick)
{
    LIST_EACH(&s->closed_tracks, closed)
    {
        struct track *t = LIST_ENTRY(closed, struct track, link);
        LIST_EACH(&t->stream.feeds, each)
        subscriber_remove(LIST_ENTRY(each, struct feed, link), tick);
        assert(list_empty(&t->stream.feeds) && t->stream.line_count == 0);
        // A seat that one of these tracks left may have been another's of them for a moment.
        list_remove(&t->stream.wishes);
    }
}

static void close_endpoint(struct endpoint *e, const struct tick *tick)
{
    struct shared *s = tick->shared;
    struct meeting *m = e->leg.meeting;
    assert(m && m->endpoint_count > 0);
    endpoint_close(e, tick);
    end_feeds(s, tick);
    if (m->endpoint_count > 0)
        return;
    timers_set(&s->timers, &m->timer, NEVER);
    map_remove(&s->meetings, map_key_u64(&m->id));
    assert(s->stats.rooms > 0);
    s->stats.rooms--;
    mem_free(m);
}

void router_flushed(struct router *r)
{
    LIST_EACH(&r->shared.closed_tracks, each)
    track_free(LIST_ENTRY(each, struct track, link));
    LIST_EACH(&r->shared.closed_endpoints, each)
    endpoint_free(LIST_ENTRY(each, struct endpoint, closed));
}

void router_free(struct router *r)
{
    struct shared *s = &r->shared;
    struct batch out = {0};
    struct notice_list notices = {0};
    struct tick tick = {.shared = s, .out = &out, .notices = &notices};
    size_t at = 0;
    for (struct endpoint *e; (e = map_next(&s->endpoints, &at));)
        close_endpoint(e, &tick);
    notice_list_dispose(&notices);
    batch_dispose(&out); // names paths of what is freed next
    router_flushed(r);
    map_dispose(&s->meetings);
    map_dispose(&s->endpoints);
    map_dispose(&s->tracks);
    demux_dispose(&s->demux);
    timers_dispose(&s->timers);
    text_dispose(&s->why);
    mem_free((void *)(uintptr_t)s->config.candidates);
    mem_free(r);
}

// --- What comes of a call ---

// Feeds wish for key frames: their publishers ask.
static void take_wishes(struct shared *s, const struct tick *tick)
{
    LIST_EACH(&s->wishes, each)
    {
        struct track *t = find_track(s, LIST_ENTRY(each, struct stream, wishes)->id);
        list_remove(each);
        assert(t); // one that is closed has no wishes
        struct endpoint *e = map_get(&s->endpoints, map_key_u64(&t->endpoint));
        assert(e && e->kind == ENDPOINT_PUBLISH); // or the track would be closed
        publisher_take_wishes(e->publisher, t, tick);
        leg_touch(&e->leg);
    }
}

static void note_begun(struct shared *s, const struct tick *tick)
{
    LIST_EACH(&s->begun, each)
    {
        struct subscriber *subscriber = LIST_ENTRY(each, struct feed, begun)->subscriber;
        list_remove(each);
        reports_soon(subscriber, tick->now);
        if (!subscriber->is_fed) {
            subscriber->is_fed = true;
            struct notice *n = notice_add(tick->notices, NOTICE_FED);
            n->room = subscriber->leg->meeting->id;
            n->endpoint = subscriber->leg->endpoint;
        }
        leg_touch(subscriber->leg);
    }
}

// Acts on what those below left in `shared`.
static void settle(const struct tick *tick)
{
    struct shared *s = tick->shared;
    note_begun(s, tick);
    take_wishes(s, tick);
    LIST_EACH(&s->touched, each)
    {
        list_remove(each);
        endpoint_touch(LIST_ENTRY(each, struct endpoint, leg.touched), tick);
    }
    assert(list_empty(&s->begun) && list_empty(&s->wishes) && list_empty(&s->touched));
}

// --- Datagrams ---

static struct endpoint *find_endpoint(struct shared *s, const struct router_datagram *d)
{
    struct bytes octets = {d->at, d->len};
    struct bytes ufrag;
    if (transport_protocol_of(octets) == TRANSPORT_PROTOCOL_STUN &&
        stun_peek_ufrag(octets, &ufrag))
        return demux_by_ufrag(&s->demux, ufrag);
    return demux_by_address(&s->demux, &d->from);
}

// Collects the media of connected transports, and has it unprotected in one call.
static void unprotect(struct router *r, struct router_datagram *datagrams, size_t count)
{
    int32_t input_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct router_datagram *d = &datagrams[i];
        struct arrival *a = &r->arrivals[i];
        *a = (struct arrival){.endpoint = find_endpoint(&r->shared, d), .input = -1};
        if (a->endpoint && transport_media_input(a->endpoint->leg.transport, &d->from, d->at,
                                                 d->len, &r->inputs[input_count]))
            a->input = input_count++;
    }
    if (input_count)
        srtp_unprotect_many(r->shared.config.engine, r->inputs, (size_t)input_count);
}

static void take_arrival(struct router *r, const struct arrival *a, struct router_datagram *d,
                         const struct tick *tick)
{
    if (a->input >= 0) {
        const struct srtp_input *input = &r->inputs[a->input];
        transport_media_done(a->endpoint->leg.transport, &d->from, input, tick->now);
        if (input->result > 0) {
            leg_note_received(&a->endpoint->leg, d->len);
            endpoint_media(a->endpoint, (struct bytes){input->packet, (size_t)input->result},
                           tick->now - d->waited_us, tick);
        }
        return;
    }
    // A datagram before this one may just have made the address known.
    struct endpoint *e = a->endpoint ? a->endpoint : find_endpoint(tick->shared, d);
    if (!e) {
        tick->shared->stats.drop_unknown_source++;
        return;
    }
    endpoint_receive(e, &d->from, d->at, d->len, tick->now - d->waited_us, tick);
    if (!a->endpoint)
        endpoint_touch(e, tick);
}

static void receive_some(struct router *r, struct router_datagram *datagrams, size_t count,
                         const struct tick *tick)
{
    assert(count <= DATAGRAMS_PER_READ);
    unprotect(r, datagrams, count);
    for (size_t i = 0; i < count; i++)
        take_arrival(r, &r->arrivals[i], &datagrams[i], tick);
    const struct endpoint *last = NULL;
    for (size_t i = 0; i < count; i++) {
        struct endpoint *e = r->arrivals[i].endpoint;
        if (e && e != last)
            endpoint_touch(e, tick);
        last = e;
    }
    settle(tick);
}

void router_receive(struct router *r, struct router_datagram *datagrams, size_t count,
                    int64_t now, struct batch *out, struct notice_list *notices)
{
    struct tick tick = {.shared = &r->shared, .now = now, .out = out, .notices = notices};
    r->shared.stats.datagrams_in += count;
    while (count > 0) {
        size_t some = count < DATAGRAMS_PER_READ ? count : DATAGRAMS_PER_READ;
        receive_some(r, datagrams, some, &tick);
        datagrams += some;
        count -= some;
    }
}

// --- Commands ---

static void open_endpoint(const struct command *c, const struct tick *tick)
{
    struct shared *s = tick->shared;
    if (map_get(&s->endpoints, map_key_u64(&c->endpoint)))
        return;
    endpoint_open(open_meeting(s, c->room), c, tick);
}

static void on_publisher(struct publisher *p, const struct command *c, const struct tick *tick)
{
    if (c->kind != COMMAND_OFFER)
        return;
    publisher_offer(p, c, tick);
    end_feeds(tick->shared, tick);
    LIST_EACH(&p->ingest.tracks, each)
    {
        struct stream *s = &LIST_ENTRY(each, struct track, link)->stream;
        subscribers_follow_stream(s, tick);
        select_layers(s, tick);
    }
}

// A viewer says what it wants of its seats, not of tracks.
static void want_seated(const struct subscriber *s, const struct tick *tick)
{
    for (uint32_t i = 0; i < s->feeds.count; i++) {
        const struct feed *f = s->feeds.at[i];
        if (f->seat && f->stream->kind == MEDIA_VIDEO)
            track_want(find_track(tick->shared, f->stream->id), f->max_quality, s->leg->meeting,
                       tick);
    }
}

static void on_subscriber(struct subscriber *s, const struct command *c,
                          const struct tick *tick)
{
    struct track *t = find_track(tick->shared, c->track);
    struct feed *f = subscriber_feed(s, c->track);
    switch (c->kind) {
    case COMMAND_ANSWER:
        subscriber_answer(s, c->answer.sdp, tick);
        break;
    case COMMAND_WATCH:
        subscriber_watch(s, c, tick);
        break;
    case COMMAND_SEAT_LAYER:
        subscriber_choose(s, c, tick);
        want_seated(s, tick);
        break;
    case COMMAND_RESTART_ICE:
        subscriber_restart_ice(s, tick);
        break;
    case COMMAND_SUBSCRIBE_CAP:
        s->capacity.cap = c->subscribe_cap;
        capacity_follow(&s->capacity, tick);
        break;
    case COMMAND_FEED_OPEN:
        if (t) {
            subscriber_add(s, &t->stream, c, tick);
            track_want(t, c->feed.quality, s->leg->meeting, tick);
        }
        break;
    case COMMAND_FEED_CLOSE:
        if (f)
            subscriber_remove(f, tick);
        break;
    case COMMAND_FEED_LAYER:
        if (f)
            subscriber_want(s, f, c->feed.quality, tick);
        if (t && f)
            track_want(t, c->feed.quality, s->leg->meeting, tick);
        break;
    default: // not for this side
        break;
    }
}

// Whom a command is for may have gone while it was on its way: then nothing happens.
static void on_endpoint(const struct command *c, const struct tick *tick)
{
    struct endpoint *e = map_get(&tick->shared->endpoints, map_key_u64(&c->endpoint));
    if (!e)
        return;
    if (c->kind == COMMAND_ENDPOINT_CLOSE) {
        close_endpoint(e, tick);
        return;
    }
    if (c->kind == COMMAND_SCTP_SEND)
        transport_send_sctp(e->leg.transport, (struct bytes){c->sctp.packet, c->sctp.len},
                            tick->now, tick->out);
    else if (c->kind == COMMAND_FRAGMENT)
        leg_fragment(&e->leg, c, tick);
    else if (e->kind == ENDPOINT_PUBLISH)
        on_publisher(e->publisher, c, tick);
    else
        on_subscriber(e->subscriber, c, tick);
    endpoint_touch(e, tick);
}

static void mute(struct track *t, bool muted, bool held, const struct tick *tick)
{
    struct stream *s = &t->stream;
    if (s->muted == muted && s->held == held)
        return;
    bool same_for_feeds = muted && s->held == held;
    track_mute(t, muted, held);
    subscribers_follow_stream(s, tick);
    if (!same_for_feeds)
        select_layers(s, tick);
}

static void tell_figures(const struct command *c, const struct tick *tick)
{
    struct endpoint *e = map_get(&tick->shared->endpoints, map_key_u64(&c->endpoint));
    struct notice *n = notice_add(tick->notices, NOTICE_FIGURES);
    n->room = c->room;
    n->endpoint = c->endpoint;
    n->figures.request = c->request;
    n->figures.are = e ? figures_of(e, tick->now) : NULL;
}

void router_command(struct router *r, struct command *command, int64_t now, struct batch *out,
                    struct notice_list *notices)
{
    struct tick tick = {.shared = &r->shared, .now = now, .out = out, .notices = notices};
    if (command->kind == COMMAND_ENDPOINT_OPEN) {
        open_endpoint(command, &tick);
    } else if (command->kind == COMMAND_FIGURES) {
        tell_figures(command, &tick);
    } else if (command->kind == COMMAND_CANDIDATES) {
        set_candidates(&r->shared, command->candidates.list, command->candidates.count);
    } else if (command->kind == COMMAND_TRACK_MUTE || command->kind == COMMAND_TRACK_CAP) {
        struct track *t = find_track(&r->shared, command->track);
        if (t && command->kind == COMMAND_TRACK_MUTE)
            mute(t, command->mute.muted, command->mute.held, &tick);
        else if (t)
            track_bound(t, &command->cap, now);
    } else {
        on_endpoint(command, &tick);
    }
    settle(&tick);
    command_dispose(command);
}

// --- Time ---

int64_t router_deadline(const struct router *r)
{
    const struct shared *s = &r->shared;
    int64_t deadline = timers_next(&s->timers);
    return !list_empty(&s->offers_due) && s->offers_at < deadline ? s->offers_at : deadline;
}

// One at least, and then as long as there is time for others in this pass.
static void make_offers(struct shared *s, const struct tick *tick)
{
    if (list_empty(&s->offers_due) || s->offers_at > tick->now)
        return;
    for (size_t sections = 0;
         !list_empty(&s->offers_due) && sections < OFFER_SECTIONS_PER_PASS;) {
        struct subscriber *first = LIST_ENTRY(s->offers_due.next, struct subscriber, offer_due);
        sections += subscriber_offer(first, tick);
    }
    s->offers_at = list_empty(&s->offers_due) ? 0 : tick->now + OFFER_PAUSE_US;
}

static void follow_speakers(struct meeting *m, const struct tick *tick)
{
    for (size_t i = 0; i < m->speakers.said_count; i++) {
        struct track *t = find_track(tick->shared, m->speakers.said[i].track);
        if (t && i == 0)
            memcpy(m->speaker, t->stream.cname, sizeof m->speaker);
        if (t)
            subscribers_follow_talker(&t->stream, tick);
    }
}

void router_expire(struct router *r, int64_t now, struct batch *out,
                   struct notice_list *notices)
{
    struct shared *s = &r->shared;
    struct tick tick = {.shared = s, .now = now, .out = out, .notices = notices};
    for (struct timer *timer; (timer = timers_expired(&s->timers, now));) {
        if (timer->kind == TIMER_ENDPOINT) {
            endpoint_expire(timer->owner, &tick);
        } else {
            struct meeting *m = timer->owner;
            if (speakers_expire(&m->speakers, m->id, &tick))
                follow_speakers(m, &tick);
            timers_set(&s->timers, &m->timer, m->speakers.look_at);
        }
    }
    make_offers(s, &tick);
    settle(&tick);
}

void router_get_stats(const struct router *r, struct router_stats *stats)
{
    *stats = r->shared.stats;
    size_t at = 0;
    for (const struct endpoint *e; (e = map_next(&r->shared.endpoints, &at));) {
        const uint64_t *drops = transport_drops(e->leg.transport);
        for (int i = 0; i < TRANSPORT_DROP_COUNT; i++)
            stats->drops[i] += drops[i];
    }
}
