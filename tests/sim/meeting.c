#include "tests/sim/meeting.h"

#include "base/mem.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    STEP_US = 1000,
    SIGNALLING_US = 30 * 1000,
    REPORT_US = 1000 * 1000,
    FEEDBACK_US = 20 * 1000,
    CHECK_US = 2500 * 1000,
    WHIM_US = 400 * 1000,
    DRAIN_US = 3000 * 1000,
    ROOM = 1,
    AUDIO = 0,
    VIDEO = 1,
    // In a tick the router may answer 64 datagrams with a packet for each subscriber, and
    // repair what they ask for.
    BATCH_PACKETS_MAX = 64 * (PEOPLE_MAX + 16),
};

__attribute__((format(printf, 2, 3))) static void fail(struct meeting_sim *m,
                                                       const char *format, ...)
{
    if (m->fault.len)
        return;
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_addf(&m->fault, "at %" PRId64 " ms: %s", m->now / 1000, line);
}

static void command(struct meeting_sim *m, struct command c)
{
    c.room = ROOM;
    network_command(&m->network, &c, m->now + SIGNALLING_US);
}

// --- What the router sends, as it leaves ---

static struct outflow *outflow_of(struct meeting_sim *m, uint32_t ssrc)
{
    for (size_t i = 0; i < m->outflow_count; i++)
        if (m->outflows[i].ssrc == ssrc)
            return &m->outflows[i];
    return NULL;
}

static void add_outflow(struct meeting_sim *m, uint32_t ssrc, bool video)
{
    assert(m->outflow_count < sizeof m->outflows / sizeof *m->outflows);
    m->outflows[m->outflow_count++] = (struct outflow){.ssrc = ssrc, .video = video};
}

static void judge_outgoing(struct meeting_sim *m, const struct batch_path *path,
                           const struct batch_packet *p)
{
    if (!path->protect && !m->closing)
        fail(m, "media for a connection that is not up");
    uint32_t ssrc = read_u32(p->head + 8);
    // A sum, as the order of endpoints in a tick is not part of the play.
    uint64_t hash = (ssrc ^ p->index << 32 ^ (uint64_t)m->now) * 0x9e3779b97f4a7c15u;
    m->hash += hash ^ hash >> 29;
    m->sent++;
    struct outflow *flow = outflow_of(m, ssrc);
    if (!flow) // a retransmission stream
        return;
    if (flow->closed)
        fail(m, "a packet of a feed that is closed");
    if (flow->begun)
        return;
    flow->begun = true;
    uint8_t payload[64];
    size_t head_len = p->head_len - p->clear_len;
    memcpy(payload, p->head + p->clear_len, head_len);
    size_t len = p->payload.len < 32 ? p->payload.len : 32;
    memcpy(payload + head_len, p->payload.at, len);
    struct mark mark;
    if (!mark_read(&mark, flow->video, (struct bytes){payload, head_len + len}))
        fail(m, "a stream begins with something else than media");
    else if (flow->video && !(mark.key && mark.index == 0))
        fail(m, "a video begins without a key frame");
}

static void judge_batch(struct meeting_sim *m)
{
    const struct batch *b = &m->out;
    if (b->packet_count > m->most_packets)
        m->most_packets = b->packet_count;
    if (b->packet_count > BATCH_PACKETS_MAX)
        fail(m, "%u packets in one batch", b->packet_count);
    for (uint32_t i = 0; i < b->path_count; i++) {
        const struct batch_path *path = b->paths[i];
        for (uint32_t at = path->first; at != BATCH_END; at = b->packets[at].next)
            if (b->packets[at].kind == BATCH_RTP)
                judge_outgoing(m, path, &b->packets[at]);
    }
}

static void send_batch(struct meeting_sim *m, struct srtp_engine *engine, struct batch *b,
                       enum event_kind kind, const struct addr *from)
{
    if (srtp_seal(engine, b) && !m->closing)
        fail(m, "a packet without keys was queued");
    network_send(&m->network, kind, from, b, m->now);
    batch_reset(b);
}

static void flush_router(struct meeting_sim *m)
{
    static const struct addr server;
    judge_batch(m);
    send_batch(m, m->engine, &m->out, EVENT_TO_CLIENT, &server);
    router_flushed(m->router);
    m->closing = false;
    if (m->notices.count > 256)
        fail(m, "%zu notices in one tick", m->notices.count);
    for (size_t i = 0; i < m->notices.count; i++)
        network_notice(&m->network, &m->notices.at[i], m->now + SIGNALLING_US);
    m->notices.count = 0; // moved
}

static void flush_client(struct meeting_sim *m, struct client *c, struct batch *b)
{
    send_batch(m, m->clients_engine, b, EVENT_TO_ROUTER, &c->at);
}

// --- People ---

static void init_client(struct meeting_sim *m, const struct person *p, struct client *c)
{
    char at[32];
    snprintf(at, sizeof at, "10.%u.0.1:%u", p->number, ++m->last_port);
    client_init(c, m->clients_engine, m->identity, &m->rng, at, "127.0.0.1:7000");
}

static void send_offer(struct meeting_sim *m, struct person *p)
{
    struct text sdp = {0};
    client_write_offer(&p->publish, p->sections, 2, &sdp);
    struct command c = {.kind = COMMAND_OFFER, .endpoint = p->publish_endpoint};
    c.offer.sdp = text_take(&sdp);
    c.offer.tracks = mem_alloc_array(2, sizeof *c.offer.tracks);
    c.offer.track_count = 2;
    for (int i = 0; i < 2; i++) {
        c.offer.tracks[i].track = p->tracks[i];
        memcpy(c.offer.tracks[i].track_id, p->sections[i].track_id,
               sizeof p->sections[i].track_id);
    }
    command(m, c);
}

static void enter(struct meeting_sim *m, struct person *p)
{
    init_client(m, p, &p->publish);
    init_client(m, p, &p->subscribe);
    p->publish_endpoint = ++m->last_id;
    p->subscribe_endpoint = ++m->last_id;
    for (int i = 0; i < 2; i++) {
        struct client_section *s = &p->sections[i];
        p->tracks[i] = ++m->last_id;
        *s = (struct client_section){.video = i == VIDEO,
                                     .layers = i == VIDEO && m->plan->simulcast ? 3 : 1};
        s->ssrc = rng_u32(&m->rng);
        s->rtx_ssrc = i == VIDEO ? rng_u32(&m->rng) : 0;
        snprintf(s->stream_id, sizeof s->stream_id, "s%" PRIu64, p->publish_endpoint);
        snprintf(s->track_id, sizeof s->track_id, "t%" PRIu64, p->tracks[i]);
        source_init(&p->sources[i], &p->publish, &p->twcc, s, (size_t)i + 1, &m->rng);
    }
    command(m, (struct command){.kind = COMMAND_ENDPOINT_OPEN,
                                .endpoint = p->publish_endpoint,
                                .open.kind = ENDPOINT_PUBLISH});
    command(m, (struct command){.kind = COMMAND_ENDPOINT_OPEN,
                                .endpoint = p->subscribe_endpoint,
                                .open.kind = ENDPOINT_SUBSCRIBE});
    send_offer(m, p);
    int64_t start = m->now + rng_below(&m->rng, 20000);
    p->next_audio_at = p->next_video_at = p->next_report_at = p->next_feedback_at = start;
    p->next_check_at = INT64_MAX;
    p->next_whim_at = m->now + 2 * WHIM_US;
}

static void judge_sinks(struct meeting_sim *m, struct person *p)
{
    for (size_t i = 0; i < p->sink_count; i++) {
        struct text why = {0};
        if (!sink_check(&p->sinks[i], &why))
            fail(m, "endpoint %" PRIu64 ": %s", p->subscribe_endpoint, why.at);
        text_dispose(&why);
        m->repaired += p->sinks[i].repaired;
        sink_dispose(&p->sinks[i]);
    }
    p->sink_count = 0;
}

static void forget(struct person *p)
{
    client_dispose(&p->publish);
    client_dispose(&p->subscribe);
    for (int i = 0; i < 2; i++)
        source_dispose(&p->sources[i]);
    for (size_t i = 0; i < p->sink_count; i++)
        sink_dispose(&p->sinks[i]);
    *p = (struct person){.number = p->number};
}

// Leaves without waiting for what is still missing in its own streams.
static void leave(struct meeting_sim *m, struct person *p)
{
    command(m,
            (struct command){.kind = COMMAND_ENDPOINT_CLOSE, .endpoint = p->publish_endpoint});
    command(
        m, (struct command){.kind = COMMAND_ENDPOINT_CLOSE, .endpoint = p->subscribe_endpoint});
    forget(p);
}

// --- Signalling ---

static void open_feeds_of(struct meeting_sim *m, const struct person *publisher)
{
    for (unsigned i = 0; i < m->plan->people; i++) {
        struct person *p = &m->people[i];
        if (!p->publish_endpoint || p == publisher)
            continue;
        for (int track = 0; track < 2; track++)
            command(m,
                    (struct command){.kind = COMMAND_FEED_OPEN,
                                     .endpoint = p->subscribe_endpoint,
                                     .track = publisher->tracks[track],
                                     .feed.layer = track == AUDIO ? LAYER_HIGH : LAYER_NONE});
        command(m, (struct command){.kind = COMMAND_FEED_LAYER,
                                    .endpoint = p->subscribe_endpoint,
                                    .track = publisher->tracks[VIDEO],
                                    .feed.layer = LAYER_HIGH});
    }
}

static void open_feeds_for(struct meeting_sim *m, const struct person *subscriber)
{
    for (unsigned i = 0; i < m->plan->people; i++) {
        const struct person *p = &m->people[i];
        if (!p->published || p == subscriber)
            continue;
        for (int track = 0; track < 2; track++)
            command(m, (struct command){.kind = COMMAND_FEED_OPEN,
                                        .endpoint = subscriber->subscribe_endpoint,
                                        .track = p->tracks[track],
                                        .feed.layer = LAYER_HIGH});
    }
}

static void take_answer(struct meeting_sim *m, struct person *p, const struct notice *n)
{
    struct batch out = {0};
    if (n->answer.err)
        fail(m, "offer refused: %s", n->answer.text);
    client_take_remote(&p->publish, n->answer.text);
    client_check(&p->publish, &out);
    flush_client(m, &p->publish, &out);
    batch_dispose(&out);
    p->next_check_at = m->now + CHECK_US;
    if (p->published)
        return;
    p->published = true;
    open_feeds_of(m, p);
    open_feeds_for(m, p);
}

static uint64_t track_number(const char *track_id)
{
    uint64_t number = 0;
    sscanf(track_id, "t%" SCNu64, &number);
    return number;
}

static void take_offer(struct meeting_sim *m, struct person *p, const char *sdp)
{
    struct client_offered offered[SINKS_MAX];
    size_t count = client_read_offer(sdp, offered, SINKS_MAX);
    for (size_t i = p->sink_count; i < count; i++) {
        bool video = offered[i].rtx_ssrc != 0;
        sink_init(&p->sinks[i], video, track_number(offered[i].track_id), offered[i].ssrc,
                  offered[i].rtx_ssrc);
        p->sink_count = i + 1;
    }
    for (size_t i = 0; i < count; i++)
        if (!offered[i].active)
            sink_close(&p->sinks[i]);
    m->offers++;
    client_take_remote(&p->subscribe, sdp);
    struct text answer = {0};
    client_write_answer(&p->subscribe, sdp, &answer);
    command(m, (struct command){.kind = COMMAND_ANSWER,
                                .endpoint = p->subscribe_endpoint,
                                .answer.sdp = text_take(&answer)});
    struct batch out = {0};
    client_check(&p->subscribe, &out);
    flush_client(m, &p->subscribe, &out);
    batch_dispose(&out);
}

static void take_notice(struct meeting_sim *m, const struct notice *n)
{
    for (unsigned i = 0; i < m->plan->people; i++) {
        struct person *p = &m->people[i];
        if (n->kind == NOTICE_ANSWER && n->endpoint == p->publish_endpoint)
            take_answer(m, p, n);
        else if (n->kind == NOTICE_OFFER && n->endpoint == p->subscribe_endpoint)
            take_offer(m, p, n->offer.sdp);
    }
    if (n->kind == NOTICE_CLOSED)
        fail(m, "endpoint %" PRIu64 " was closed: %d", n->endpoint, (int)n->closed.reason);
}

// What the router offers is known to the judge at once, as media may begin before the offer's
// signalling has come; and what it is told to close must be silent at once.
static void note_offer(struct meeting_sim *m, const char *sdp)
{
    struct client_offered offered[SINKS_MAX];
    size_t count = client_read_offer(sdp, offered, SINKS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct outflow *flow = outflow_of(m, offered[i].ssrc);
        if (!flow && offered[i].ssrc)
            add_outflow(m, offered[i].ssrc, offered[i].rtx_ssrc != 0);
        if (flow && !offered[i].active)
            flow->closed = true;
    }
}

static void run_command(struct meeting_sim *m, struct command *c)
{
    m->closing |= c->kind == COMMAND_ENDPOINT_CLOSE;
    router_command(m->router, c, m->now, &m->out, &m->notices);
}

// --- Media ---

static void take_packet(struct meeting_sim *m, struct person *p, struct client *c,
                        struct event *e, struct batch *out)
{
    struct bytes octets;
    enum client_input kind = client_receive(c, e->octets, e->len, m->now, out, &octets);
    if (kind == CLIENT_RTCP && c == &p->publish)
        for (int i = 0; i < 2; i++)
            source_feedback(&p->sources[i], octets, out);
    if (kind != CLIENT_RTP)
        return;
    struct rtp_packet packet;
    if (rtp_parse(&packet, octets) < 0) {
        fail(m, "a packet that is not RTP");
        return;
    }
    for (size_t i = 0; i < p->sink_count; i++)
        if (sink_receive(&p->sinks[i], &packet, m->now))
            return;
}

static void deliver(struct meeting_sim *m, struct event *e)
{
    for (unsigned i = 0; i < m->plan->people; i++) {
        struct person *p = &m->people[i];
        struct client *c = NULL;
        if (!p->publish_endpoint)
            continue;
        if (addr_equal(&p->publish.at, &e->to))
            c = &p->publish;
        else if (addr_equal(&p->subscribe.at, &e->to))
            c = &p->subscribe;
        if (!c)
            continue;
        struct batch out = {0};
        take_packet(m, p, c, e, &out);
        flush_client(m, c, &out);
        batch_dispose(&out);
    }
}

static bool is_due(int64_t *at, int64_t now, int64_t interval_us)
{
    if (now < *at)
        return false;
    *at += interval_us;
    return true;
}

static void publish_media(struct meeting_sim *m, struct person *p)
{
    struct batch out = {0};
    if (is_due(&p->next_audio_at, m->now, AUDIO_FRAME_US) && !m->quiet)
        source_frame(&p->sources[AUDIO], m->now, &out);
    if (is_due(&p->next_video_at, m->now, VIDEO_FRAME_US) && !m->quiet) {
        source_frame(&p->sources[VIDEO], m->now, &out);
        if (rng_below(&m->rng, 20) == 0)
            source_probe(&p->sources[VIDEO], 0, m->now, &out);
    }
    if (is_due(&p->next_report_at, m->now, REPORT_US))
        for (int i = 0; i < 2; i++)
            source_report(&p->sources[i], m->now, &out);
    flush_client(m, &p->publish, &out);
    batch_dispose(&out);
}

static void report_back(struct meeting_sim *m, struct person *p)
{
    uint8_t buffer[2048];
    struct writer w = writer_on(buffer, sizeof buffer);
    for (size_t i = 0; i < p->sink_count && w.len < 1000; i++)
        sink_feedback(&p->sinks[i], m->now, &w);
    bool reports = m->now / FEEDBACK_US % (REPORT_US / FEEDBACK_US) == 0;
    for (size_t i = 0; reports && i < p->sink_count && w.len < 1000; i++) {
        struct rtcp_report_block block;
        if (report_block(&p->sinks[i].report, p->sinks[i].ssrc, m->now, &block))
            rtcp_put_receiver_report(&w, 1, &block, 1);
    }
    if (w.len == 0)
        return;
    struct batch out = {0};
    client_send_rtcp(&p->subscribe, (struct bytes){buffer, w.len}, &out);
    flush_client(m, &p->subscribe, &out);
    batch_dispose(&out);
}

static void keep_consent(struct meeting_sim *m, struct person *p)
{
    struct client *clients[] = {&p->publish, &p->subscribe};
    for (int i = 0; i < 2; i++) {
        struct batch out = {0};
        client_check(clients[i], &out);
        flush_client(m, clients[i], &out);
        batch_dispose(&out);
    }
}

// Something that a person may do at any moment.
static void have_a_whim(struct meeting_sim *m, struct person *p)
{
    const struct person *other = &m->people[rng_below(&m->rng, m->plan->people)];
    struct source *camera = &p->sources[VIDEO];
    unsigned layer = rng_below(&m->rng, camera->layer_count);
    switch (rng_below(&m->rng, 8)) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (other->published)
            command(m, (struct command){.kind = COMMAND_FEED_LAYER,
                                        .endpoint = p->subscribe_endpoint,
                                        .track = other->tracks[VIDEO],
                                        .feed.layer = (enum layer)rng_below(&m->rng, 4)});
        break;
    case 4: // bandwidth comes and goes: the encoder drops a layer but the lowest
        if (layer + 1 < camera->layer_count) {
            camera->paused[layer] = !camera->paused[layer];
            camera->layers[layer].key_wanted = true;
        }
        break;
    case 5: // the network changes: an ICE restart from another address
        client_new_credentials(&p->publish);
        p->publish.at.ip[15] = 2;
        p->publish.at.port = (uint16_t)++m->last_port;
        send_offer(m, p);
        break;
    case 6:
        command(m, (struct command){.kind = COMMAND_RESTART_ICE,
                                    .endpoint = p->subscribe_endpoint});
        break;
    case 7:
        leave(m, p);
        enter(m, p);
        break;
    }
}

static void live(struct meeting_sim *m, struct person *p)
{
    if (client_is_connected(&p->publish))
        publish_media(m, p);
    if (client_is_connected(&p->subscribe) && is_due(&p->next_feedback_at, m->now, FEEDBACK_US))
        report_back(m, p);
    if (is_due(&p->next_check_at, m->now, CHECK_US))
        keep_consent(m, p);
    if (m->plan->restless && !m->quiet && m->now >= p->next_whim_at) {
        p->next_whim_at = m->now + WHIM_US + rng_below(&m->rng, WHIM_US);
        have_a_whim(m, p);
    }
}

// --- The clock ---

static void step(struct meeting_sim *m)
{
    struct router_datagram datagrams[256];
    struct event *events[256];
    size_t count = 0;
    for (struct event *e; count < 256 && (e = network_next(&m->network, m->now));) {
        switch (e->kind) {
        case EVENT_TO_ROUTER:
            datagrams[count] = (struct router_datagram){e->from, e->octets, e->len};
            events[count++] = e;
            continue;
        case EVENT_TO_CLIENT:
            deliver(m, e);
            break;
        case EVENT_COMMAND:
            run_command(m, &e->command);
            break;
        case EVENT_NOTICE:
            take_notice(m, &e->notice);
            notice_dispose(&e->notice);
            break;
        }
        event_free(e);
    }
    router_receive(m->router, datagrams, count, m->now, &m->out, &m->notices);
    if (router_deadline(m->router) <= m->now)
        router_expire(m->router, m->now, &m->out, &m->notices);
    for (size_t i = 0; i < m->notices.count; i++)
        if (m->notices.at[i].kind == NOTICE_OFFER)
            note_offer(m, m->notices.at[i].offer.sdp);
    flush_router(m);
    for (size_t i = 0; i < count; i++)
        event_free(events[i]);
}

static void open_router(struct meeting_sim *m, uint64_t seed)
{
    struct addr candidate;
    addr_parse(&candidate, "127.0.0.1:7000");
    m->rng = rng_seeded(seed * 3 + 1);
    m->router_rng = rng_seeded(seed * 3 + 2);
    network_init(&m->network, &m->plan->link, seed * 3 + 3);
    struct router_config config = {.engine = m->engine,
                                   .identity = m->identity,
                                   .candidates = &candidate,
                                   .candidate_count = 1,
                                   .rng = &m->router_rng};
    m->router = router_new(&config);
    m->now = 1000000;
    m->last_port = 10000;
}

bool meeting_play(struct meeting_sim *m, const struct plan *plan, uint64_t seed,
                  struct srtp_engine *engine, struct srtp_engine *clients_engine,
                  const struct dtls_identity *identity)
{
    memset(m, 0, sizeof *m);
    m->plan = plan;
    m->engine = engine;
    m->clients_engine = clients_engine;
    m->identity = identity;
    open_router(m, seed);
    int64_t end = m->now + plan->span_us;
    for (unsigned i = 0; i < plan->people; i++) {
        m->people[i].number = i;
        enter(m, &m->people[i]);
    }
    while (m->now < end + DRAIN_US && m->fault.len == 0) {
        m->quiet = m->now >= end;
        step(m);
        for (unsigned i = 0; i < plan->people; i++)
            live(m, &m->people[i]);
        m->now += STEP_US;
    }
    for (unsigned i = 0; i < plan->people; i++)
        judge_sinks(m, &m->people[i]);
    return m->fault.len == 0;
}

void meeting_dispose(struct meeting_sim *m)
{
    for (unsigned i = 0; i < m->plan->people; i++)
        if (m->people[i].publish_endpoint)
            forget(&m->people[i]);
    router_free(m->router);
    network_dispose(&m->network);
    batch_dispose(&m->out);
    notice_list_dispose(&m->notices);
    text_dispose(&m->fault);
}
