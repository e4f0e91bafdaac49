#include "tests/sim/meeting.h"

#include "base/err.h"
#include "base/mem.h"
#include "room/media.h"
#include "room/rooms.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    STEP_US = 1000,
    SIGNALLING_US = 30 * 1000,
    BETWEEN_TOWERS_US = 1000,
    DRAIN_US = 3000 * 1000,
    STAY_US = 2000 * 1000, // of somebody who goes and comes back
    AWAY_US = 300 * 1000,
    DATAGRAMS_MAX = 64, // of one receive call of server/worker
};
#define ROOM_ID "64b000000000000000000001"
#define START_MS 1795354144326 // of the time of day

void meeting_fail(struct meeting_sim *m, const char *format, ...)
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

static struct moment moment(const struct meeting_sim *m)
{
    return (struct moment){m->now, START_MS + m->now / 1000};
}

// --- Datagrams ---

static void send_batch(struct meeting_sim *m, struct srtp_engine *engine, struct batch *b,
                       enum parcel_kind kind, const struct addr *from)
{
    if (srtp_seal(engine, b, m->now) && !m->closing)
        meeting_fail(m, "a packet without keys was queued");
    network_send(&m->network, kind, from, b, m->now);
    batch_reset(b);
}

void meeting_send(struct meeting_sim *m, struct client *c, struct batch *b)
{
    send_batch(m, m->clients_engine, b, PARCEL_TO_ROUTER, &c->at);
}

static void flush_router(struct meeting_sim *m)
{
    static const struct addr server;
    outflow_judge(m, &m->out);
    send_batch(m, m->engine, &m->out, PARCEL_TO_CLIENT, &server);
    router_flushed(m->router);
    m->closing = false;
    if (m->notices.count > 256)
        meeting_fail(m, "%zu notices in one tick", m->notices.count);
    for (size_t i = 0; i < m->notices.count; i++)
        network_notice(&m->network, &m->notices.at[i], m->now + BETWEEN_TOWERS_US);
    m->notices.count = 0; // moved
}

// --- The tower of people ---

static const char *const role_names[] = {"camera", "member", "audience", "audience"};
enum { ROLE_COUNT = 3 };

enum cast meeting_role(const struct meeting_sim *m, unsigned person)
{
    const struct plan *plan = m->plan;
    return person < plan->cameras                                    ? CAST_CAMERA
           : person >= plan->people - plan->viewers                  ? CAST_VIEWER
           : person >= plan->people - plan->viewers - plan->audience ? CAST_AUDIENCE
                                                                     : CAST_MEMBER;
}

static const char *video_codec(const struct shape *s)
{
    enum codec codec = shape_codec(s);
    return codec == CODEC_AV1 ? "av1" : codec == CODEC_VP9 ? "vp9" : "vp8";
}

static void make_role(struct template *t, enum cast cast, const struct plan *plan)
{
    struct role *role = &t->roles[cast];
    role->name = template_text(t, role_names[cast]);
    if (cast != CAST_CAMERA) {
        role->subscribe_to_roles = template_names(t, 2);
        role->subscribe_to_roles.at[0] = template_text(t, "camera");
        role->subscribe_to_roles.at[1] = template_text(t, "member");
    }
    if (cast == CAST_AUDIENCE)
        return;
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        role->allowed[kind] = true;
    role->media[PUBLISH_AUDIO].codec = template_text(t, "opus");
    role->media[PUBLISH_VIDEO].codec = template_text(t, video_codec(&plan->shape));
    static const char *const rids[] = {"f", "h", "q"};
    for (size_t i = 0; plan->simulcast && i < 3; i++)
        role->video_simulcast.layers[i].rid[0] = rids[i][0];
    role->video_simulcast.layer_count = plan->simulcast ? 3 : 0;
}

static struct template *make_template(const struct plan *plan)
{
    struct template *t = template_new();
    t->id = template_text(t, "64b0000000000000000000aa");
    t->name = template_text(t, "sim");
    template_set_roles(t, ROLE_COUNT);
    for (int cast = 0; cast < ROLE_COUNT; cast++)
        make_role(t, (enum cast)cast, plan);
    return t;
}

static void tell(struct meeting_sim *m, enum message_kind kind, const struct event *e,
                 const char *text)
{
    for (unsigned i = 0; i < m->plan->people; i++) {
        const struct person *p = &m->people[i];
        if (p->peer != e->peer)
            continue;
        struct message message = {
            .kind = kind, .person = i, .life = p->life, .text = text ? mem_text(text) : NULL};
        network_message(&m->network, PARCEL_TO_PERSON, &message, m->now + SIGNALLING_US);
    }
}

// What a call of room/ brought: to people, and over the bridge.
static void deliver_events(struct meeting_sim *m)
{
    for (size_t i = 0; i < m->events.count; i++) {
        const struct event *e = &m->events.at[i];
        if (e->kind == EVENT_ANSWERED)
            tell(m, e->answered.err ? MESSAGE_REFUSED : MESSAGE_ANSWERED, e, e->answered.text);
        else if (e->kind == EVENT_OFFER)
            tell(m, MESSAGE_OFFERED, e, e->offer.sdp);
        for (size_t l = 0; e->kind == EVENT_LAYERS && l < e->layers.count; l++)
            tell(m, e->layers.list[l].subscriber_degraded ? MESSAGE_DEGRADED : MESSAGE_RESTORED,
                 e, e->layers.list[l].track_id);
    }
    bridge_deliver(m->bridge, &m->events, &m->commands);
    event_list_clear(&m->events);
    for (size_t i = 0; i < m->commands.count; i++)
        network_command(&m->network, &m->commands.at[i].command, m->now + BETWEEN_TOWERS_US);
    bridge_commands_clear(&m->commands);
}

static void take_join(struct meeting_sim *m, struct person *p, const struct message *message)
{
    char id[24];
    snprintf(id, sizeof id, "p%u", p->number);
    struct join_wish wish = {.peer_id = id,
                             .user_id = id,
                             .role = role_names[meeting_role(m, p->number)],
                             .name = id,
                             .metadata = "",
                             .offer = message->text,
                             .auto_video = true,
                             .door = message->kind == MESSAGE_WATCH ? DOOR_WHEP : DOOR_SIGNAL};
    struct room *room = rooms_put(&m->rooms, &m->record, make_template(m->plan));
    room_hold(room);
    struct peer *peer = NULL;
    enum admission why;
    if (room_join(room, &wish, rooms_number(&m->rooms), moment(m), &m->events, &peer, &why) < 0)
        meeting_fail(m, "%s may not come in: %s", id, admission_text(why));
    p->peer = peer ? peer->number : 0;
    deliver_events(m);
    room_release(room);
}

static void take_message(struct meeting_sim *m, const struct message *message)
{
    struct person *p = &m->people[message->person];
    if (message->kind == MESSAGE_JOIN || message->kind == MESSAGE_WATCH) {
        take_join(m, p, message);
        return;
    }
    struct peer *peer = rooms_peer(&m->rooms, p->peer);
    if (!peer) {
        meeting_fail(m, "person %u is not known any more", p->number);
        return;
    }
    switch (message->kind) {
    case MESSAGE_OFFER:
        media_offer(peer, message->text, message->tracks, 2, rooms_number(&m->rooms),
                    &m->events);
        break;
    case MESSAGE_ANSWER:
        media_subscribe_answer(peer, message->text, &m->events);
        break;
    case MESSAGE_PREFER: // a track that is gone meanwhile is refused
        media_prefer(peer, message->tracks[0].id, message->tracks[0].type, message->level,
                     &m->events);
        break;
    case MESSAGE_MUTE:
        media_update(peer, message->tracks, 1, &m->events);
        break;
    case MESSAGE_RESTART:
        media_closed(peer, true, true, moment(m), &m->events);
        break;
    case MESSAGE_LEAVE:
        room_leave(peer, LEAVE_CLIENT_REQUEST, moment(m), &m->events);
        p->peer = 0;
        break;
    default:
        assert(false);
    }
    deliver_events(m);
}

void meeting_say(struct meeting_sim *m, const struct person *p, struct message message)
{
    message.person = p->number;
    message.life = p->life;
    network_message(&m->network, PARCEL_TO_SERVER, &message, m->now + SIGNALLING_US);
}

static void take_notice(struct meeting_sim *m, struct notice *notice)
{
    if (notice->kind == NOTICE_CLOSED)
        meeting_fail(m, "endpoint %" PRIu64 " was closed: %d", notice->endpoint,
                     (int)notice->closed.reason);
    bridge_notice(m->bridge, notice, moment(m), &m->events);
    deliver_events(m);
}

// --- The clock ---

static void run_command(struct meeting_sim *m, struct command *c)
{
    m->closing |= c->kind == COMMAND_ENDPOINT_CLOSE;
    router_command(m->router, c, m->now, &m->out, &m->notices);
}

static void take_parcel(struct meeting_sim *m, struct parcel *parcel)
{
    struct person *p;
    switch (parcel->kind) {
    case PARCEL_TO_ROUTER:
        assert(false); // all of a tick are taken together
        break;
    case PARCEL_TO_CLIENT:
        p = &m->people[parcel->to.ip[13]];
        if (p->present)
            person_receive(m, p, parcel);
        break;
    case PARCEL_COMMAND:
        run_command(m, &parcel->command);
        break;
    case PARCEL_NOTICE:
        take_notice(m, &parcel->notice);
        notice_dispose(&parcel->notice);
        break;
    case PARCEL_TO_SERVER:
        take_message(m, &parcel->message);
        message_dispose(&parcel->message);
        break;
    case PARCEL_TO_PERSON:
        p = &m->people[parcel->message.person];
        if (p->present && p->life == parcel->message.life)
            person_hear(m, p, &parcel->message);
        message_dispose(&parcel->message);
        break;
    }
}

// What one receive call of the worker brings, and the end of its tick. Returns false when
// nothing more is due.
static bool tick(struct meeting_sim *m)
{
    struct router_datagram datagrams[DATAGRAMS_MAX];
    struct parcel *parcels[DATAGRAMS_MAX];
    size_t count = 0;
    struct parcel *e = NULL;
    while (count < DATAGRAMS_MAX && (e = network_next(&m->network, m->now))) {
        if (e->kind == PARCEL_TO_ROUTER) {
            datagrams[count] = (struct router_datagram){e->from, e->octets, e->len, 0};
            parcels[count++] = e;
            continue;
        }
        take_parcel(m, e);
        parcel_free(e);
    }
    router_receive(m->router, datagrams, count, m->now, &m->out, &m->notices);
    if (router_deadline(m->router) <= m->now)
        router_expire(m->router, m->now, &m->out, &m->notices);
    for (size_t i = 0; i < m->notices.count; i++)
        if (m->notices.at[i].kind == NOTICE_OFFER)
            outflow_note_offer(m, m->notices.at[i].offer.sdp);
    flush_router(m);
    for (size_t i = 0; i < count; i++)
        parcel_free(parcels[i]);
    return e != NULL;
}

static void step(struct meeting_sim *m)
{
    while (tick(m))
        ;
    if (rooms_deadline(&m->rooms) <= m->now) {
        rooms_expire(&m->rooms, moment(m), &m->events);
        deliver_events(m);
    }
}

static void open_towers(struct meeting_sim *m, uint64_t seed)
{
    struct addr candidate;
    addr_parse(&candidate, "127.0.0.1:7000");
    m->rng = rng_seeded(seed * 4 + 1);
    m->router_rng = rng_seeded(seed * 4 + 2);
    m->rooms_rng = rng_seeded(seed * 4 + 3);
    network_init(&m->network, &m->plan->link, seed * 4 + 4);
    for (size_t i = 0; i < m->plan->line_count; i++) {
        const struct plan_line *line = &m->plan->lines[i];
        network_plan(&m->network, line->person, &line->up, &line->down);
        for (unsigned s = 1; s <= line->sharers; s++)
            network_share(&m->network, line->person + s, line->person);
    }
    struct router_config config = {.engine = m->engine,
                                   .identity = m->identity,
                                   .candidates = &candidate,
                                   .candidate_count = 1,
                                   .rng = &m->router_rng};
    m->router = router_new(&config);
    m->record = (struct room_record){.id = ROOM_ID, .name = "sim", .enabled = true};
    rooms_init(&m->rooms, &m->rooms_rng);
    m->bridge = bridge_new(&m->rooms, 1);
    m->now = 1000000;
    m->last_port = 10000;
}

// Notes how long somebody waited for a picture, and ends what it looks at.
static void end_view(struct meeting_sim *m, const struct person *p)
{
    int64_t first_at = 0;
    for (size_t i = 0; i < p->sink_count; i++) {
        struct viewer *v = p->sinks[i].viewer;
        if (!v)
            continue;
        viewer_close(v, m->now);
        int64_t at = v->first_us ? v->opened_at + v->first_us : m->now;
        first_at = first_at && first_at < at ? first_at : at;
    }
    if (!p->first_packet_at || !first_at || p->first_packet_at < m->plan->change_from_us)
        return;
    assert(m->start_count < STARTS_MAX);
    m->starts_us[m->start_count++] = first_at - p->first_packet_at;
}

// Somebody of the audience goes, and comes back a while later.
static void change_audience(struct meeting_sim *m)
{
    if (m->now < m->next_change_at)
        return;
    m->next_change_at += m->plan->change_us;
    unsigned others = m->plan->people - m->plan->viewers - m->plan->audience;
    struct person *p = &m->people[others + rng_below(&m->rng, m->plan->audience)];
    if (!p->present || !p->first_packet_at || m->now - p->first_packet_at < STAY_US)
        return;
    end_view(m, p);
    person_leave(m, p);
    p->enter_at = m->now + AWAY_US;
}

static void live(struct meeting_sim *m, struct person *p)
{
    if (!p->present && m->now >= p->enter_at)
        person_enter(m, p);
    if (p->present)
        person_live(m, p);
}

void meeting_figure(struct meeting_sim *m, const char *what, double value, const char *unit,
                    double least, double most)
{
    assert(m->figure_count < FIGURES_MAX);
    m->figures[m->figure_count++] = (struct figure){what, unit, value, least, most};
    if (value < least)
        meeting_fail(m, "%s: %.1f %s, less than %.1f", what, value, unit, least);
    if (value > most)
        meeting_fail(m, "%s: %.1f %s, more than %.1f", what, value, unit, most);
}

bool meeting_play(struct meeting_sim *m, const struct plan *plan, uint64_t seed,
                  struct srtp_engine *engine, struct srtp_engine *clients_engine,
                  const struct dtls_identity *identity)
{
    assert(plan->people <= PEOPLE_MAX);
    memset(m, 0, sizeof *m);
    m->plan = plan;
    m->engine = engine;
    m->clients_engine = clients_engine;
    m->identity = identity;
    open_towers(m, seed);
    int64_t end = m->now + plan->span_us;
    for (unsigned i = 0; i < plan->people; i++) {
        m->people[i].number = i;
        m->people[i].enter_at = m->now;
        if (meeting_role(m, i) == CAST_AUDIENCE)
            m->people[i].enter_at =
                m->now + plan->audience_from_us + i * plan->audience_each_us;
    }
    m->next_change_at = plan->change_us ? plan->change_from_us : INT64_MAX;
    int64_t drain = plan->judge ? 0 : DRAIN_US;
    while (m->now < end + drain && m->fault.len == 0) {
        m->quiet = m->now >= end;
        step(m);
        change_audience(m);
        for (unsigned i = 0; i < plan->people; i++)
            live(m, &m->people[i]);
        m->now += STEP_US;
    }
    for (unsigned i = 0; i < plan->people; i++)
        end_view(m, &m->people[i]);
    if (plan->judge && m->fault.len == 0)
        plan->judge(m);
    for (unsigned i = 0; i < plan->people; i++)
        person_judge(m, &m->people[i]);
    return m->fault.len == 0;
}

void meeting_dispose(struct meeting_sim *m)
{
    for (unsigned i = 0; i < m->plan->people; i++)
        person_forget(&m->people[i]);
    router_free(m->router);
    network_dispose(&m->network);
    bridge_commands_dispose(&m->commands);
    bridge_free(m->bridge);
    rooms_dispose(&m->rooms);
    event_list_dispose(&m->events);
    batch_dispose(&m->out);
    notice_list_dispose(&m->notices);
    text_dispose(&m->fault);
}
