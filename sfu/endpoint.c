#include "sfu/endpoint.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/dtls.h"
#include "rtc/sdp_fragment.h"
#include "sfu/publisher.h"
#include "sfu/shared.h"
#include "sfu/subscriber.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

// Whatever is still due after a look is looked at again this much later, so that no mistake in
// a deadline can stop the clock.
enum { LOOK_AGAIN_US = 1000 };

struct endpoint *endpoint_open(struct shared *s, struct meeting *meeting,
                               const struct command *command, const struct tick *tick)
{
    enum endpoint_kind kind = command->open.kind;
    struct endpoint *e = mem_alloc(sizeof *e);
    struct transport_config config = {
        .engine = s->config.engine,
        .identity = s->config.identity,
        .rng = s->config.rng,
        .worker = s->config.worker,
    };
    e->id = command->endpoint;
    e->shared = s;
    e->meeting = meeting;
    e->kind = kind;
    e->transport = transport_new(&config, tick->now);
    e->state = transport_state(e->transport);
    e->heard_at = tick->now;
    e->timer = (struct timer){.owner = e, .kind = TIMER_ENDPOINT};
    e->names.endpoint = e;
    e->session_id = rng_u64(s->config.rng) >> 2; // RFC 8829 section 5.2.1: 63 bits at most
    list_init(&e->link);
    strays_init(&e->strays,
                kind == ENDPOINT_PUBLISH ? STRAYS_OF_PUBLISHER : STRAYS_OF_SUBSCRIBER);
    if (kind == ENDPOINT_PUBLISH)
        e->publisher = publisher_new(e, tick);
    else
        e->subscriber = subscriber_new(e, command->open.answers, tick);
    demux_set_ufrag(&s->demux, &e->names, transport_ufrag(e->transport));
    map_put(&s->endpoints, map_key_u64(&e->id), e);
    meeting->endpoint_count++;
    s->stats.endpoints++;
    endpoint_touch(e, tick);
    return e;
}

void endpoint_close(struct endpoint *e, const struct tick *tick)
{
    struct shared *s = e->shared;
    assert(map_get(&s->endpoints, map_key_u64(&e->id)) == e);
    assert(e->meeting->endpoint_count > 0 && s->stats.endpoints > 0);
    if (e->kind == ENDPOINT_PUBLISH)
        publisher_close(e->publisher, tick);
    else
        subscriber_close(e->subscriber);
    transport_close(e->transport, tick->out);
    timers_set(&s->timers, &e->timer, NEVER);
    demux_forget(&s->demux, &e->names);
    map_remove(&s->endpoints, map_key_u64(&e->id));
    const uint64_t *drops = transport_drops(e->transport);
    for (int i = 0; i < TRANSPORT_DROP_COUNT; i++)
        s->stats.drops[i] += drops[i];
    s->stats.endpoints--;
    e->meeting->endpoint_count--;
    e->meeting = NULL;
    list_append(&s->closed_endpoints, &e->link);
}

void endpoint_free(struct endpoint *e)
{
    assert(!e->meeting); // it was closed
    list_remove(&e->link);
    if (e->kind == ENDPOINT_PUBLISH)
        publisher_free(e->publisher);
    else
        subscriber_free(e->subscriber);
    transport_free(e->transport);
    mem_free(e);
}

void endpoint_note_stray(struct endpoint *e, uint32_t ssrc)
{
    uint32_t forgotten = strays_note(&e->strays, ssrc);
    if (forgotten && !(e->kind == ENDPOINT_PUBLISH &&
                       publisher_has_stream(e->publisher, forgotten))) // learnt meanwhile
        transport_forget_ssrc(e->transport, forgotten);
}

bool endpoint_is_connected(const struct endpoint *e)
{
    return transport_state(e->transport) == TRANSPORT_CONNECTED;
}

void endpoint_take_remote(struct endpoint *e, const struct transport_remote *remote,
                          const struct tick *tick)
{
    if (e->remote.ufrag[0] && strcmp(e->remote.ufrag, remote->ufrag) != 0)
        transport_restart_ice(e->transport);
    e->remote = *remote;
    transport_set_remote(e->transport, remote, tick->now);
}

static void tell_connected(const struct endpoint *e, const struct tick *tick)
{
    struct notice *n = notice_add(tick->notices, NOTICE_CONNECTED);
    n->room = e->meeting->id;
    n->endpoint = e->id;
    n->connected.dtls_client = transport_is_dtls_client(e->transport);
    n->connected.sctp_port = e->sctp_port;
}

void endpoint_take_channel(struct endpoint *e, uint16_t sctp_port, const struct tick *tick)
{
    bool later = !e->sctp_port && sctp_port && e->state == TRANSPORT_CONNECTED;
    e->sctp_port = sctp_port;
    if (later)
        tell_connected(e, tick);
}

struct notice endpoint_answer(const struct endpoint *e, const struct command *command)
{
    assert(e->meeting); // it is open
    struct notice made = {.kind = NOTICE_ANSWER, .room = e->meeting->id, .endpoint = e->id};
    made.answer.request = command->request;
    return made;
}

static void restart(struct endpoint *e, const struct sdp_fragment *fragment, struct text *out,
                    const struct tick *tick)
{
    struct transport_remote remote = e->remote;
    memcpy(remote.ufrag, fragment->ufrag.at, fragment->ufrag.len);
    memcpy(remote.pwd, fragment->pwd.at, fragment->pwd.len);
    remote.ufrag[fragment->ufrag.len] = remote.pwd[fragment->pwd.len] = '\0';
    endpoint_take_remote(e, &remote, tick);
    struct local_description local = endpoint_describe(e, tick);
    sdp_fragment_write(local.ufrag, local.pwd, out);
}

void endpoint_fragment(struct endpoint *e, const struct command *command,
                       const struct tick *tick)
{
    struct sdp_fragment fragment;
    struct sdp_error error;
    struct text text = {0};
    struct notice made = endpoint_answer(e, command);
    made.answer.err = sdp_fragment_parse(&fragment, bytes_of(command->fragment.text), &error);
    if (made.answer.err < 0)
        text_addf(&text, "line %" PRIu32 ": %s", error.line, error.what);
    else if (fragment.ufrag.len && !bytes_equal(fragment.ufrag, bytes_of(e->remote.ufrag)))
        restart(e, &fragment, &text, tick);
    made.answer.text = text_take(&text);
    *notice_add(tick->notices, NOTICE_ANSWER) = made;
}

struct local_description endpoint_describe(struct endpoint *e, const struct tick *tick)
{
    const struct router_config *config = &tick->shared->config;
    demux_set_ufrag(&tick->shared->demux, &e->names, transport_ufrag(e->transport));
    return (struct local_description){
        .ufrag = transport_ufrag(e->transport),
        .pwd = transport_pwd(e->transport),
        .fingerprint = dtls_identity_fingerprint(config->identity),
        .dtls_client = transport_is_dtls_client(e->transport),
        .candidates = config->candidates,
        .candidate_count = config->candidate_count,
        .session_id = e->session_id,
        .session_version = ++e->session_version,
    };
}

// Tells what became of the transport since we looked last.
static void follow_transport(struct endpoint *e, const struct tick *tick)
{
    if (e->generation != transport_generation(e->transport)) {
        const struct addr *list;
        size_t count = transport_addresses(e->transport, &list);
        demux_set_addresses(&tick->shared->demux, &e->names, list, count);
        e->generation = transport_generation(e->transport);
    }
    enum transport_state state = transport_state(e->transport);
    if (state == e->state)
        return;
    e->state = state;
    bool connected = state == TRANSPORT_CONNECTED;
    if (connected)
        tell_connected(e, tick);
    if (state == TRANSPORT_CLOSED || state == TRANSPORT_LOST) {
        struct notice *n = notice_add(tick->notices, NOTICE_CLOSED);
        n->room = e->meeting->id;
        n->endpoint = e->id;
        n->closed.reason = transport_close_reason(e->transport);
        const char *why = transport_failure(e->transport);
        if (why)
            log_info("sfu", "endpoint %" PRIu64 ": no connection: %s", e->id, why);
    }
    if (e->kind == ENDPOINT_SUBSCRIBE)
        subscriber_connection_changed(e->subscriber, tick);
    else if (connected)
        publisher_connected(e->publisher, tick);
}

static void pass_sctp(struct endpoint *e, struct bytes packet, const struct tick *tick)
{
    struct notice *n = notice_add(tick->notices, NOTICE_SCTP);
    n->room = e->meeting->id;
    n->endpoint = e->id;
    n->sctp.packet = mem_alloc(packet.len);
    n->sctp.len = packet.len;
    memcpy(n->sctp.packet, packet.at, packet.len);
}

void endpoint_media(struct endpoint *e, struct bytes packet, const struct tick *tick)
{
    if (e->kind == ENDPOINT_PUBLISH)
        publisher_media(e->publisher, packet, tick);
    else // we offer no section in which a subscriber may send
        tick->shared->stats.drop_unknown_stream++;
}

static uint64_t dropped(const struct transport *t)
{
    const uint64_t *drops = transport_drops(t);
    uint64_t sum = 0;
    for (int i = 0; i < TRANSPORT_DROP_COUNT; i++)
        sum += drops[i];
    return sum;
}

void endpoint_receive(struct endpoint *e, const struct addr *from, uint8_t *datagram,
                      size_t len, const struct tick *tick)
{
    struct transport_received received = {0};
    uint64_t dropped_before = dropped(e->transport);
    transport_receive(e->transport, from, datagram, len, tick->now, tick->out, &received);
    if (dropped(e->transport) == dropped_before)
        e->heard_at = tick->now;
    follow_transport(e, tick);
    switch (received.kind) {
    case TRANSPORT_INPUT_RTP:
        endpoint_media(e, received.packet, tick);
        break;
    case TRANSPORT_INPUT_RTCP:
        if (e->kind == ENDPOINT_PUBLISH)
            publisher_rtcp(e->publisher, received.packet, tick);
        else
            subscriber_rtcp(e->subscriber, received.packet, tick);
        break;
    case TRANSPORT_INPUT_SCTP:
        do
            pass_sctp(e, received.packet, tick);
        while (transport_more(e->transport, &received));
        break;
    case TRANSPORT_INPUT_NONE:
        break;
    }
}

static int64_t deadline_of(const struct endpoint *e)
{
    int64_t deadline = transport_deadline(e->transport);
    int64_t side = e->kind == ENDPOINT_PUBLISH ? publisher_deadline(e->publisher)
                                               : subscriber_deadline(e->subscriber);
    return side < deadline ? side : deadline;
}

void endpoint_touch(struct endpoint *e, const struct tick *tick)
{
    timers_advance(&tick->shared->timers, &e->timer, deadline_of(e));
}

void endpoint_expire(struct endpoint *e, const struct tick *tick)
{
    if (transport_deadline(e->transport) <= tick->now)
        transport_expire(e->transport, tick->now, tick->out);
    follow_transport(e, tick);
    if (e->kind == ENDPOINT_PUBLISH)
        publisher_expire(e->publisher, tick);
    else
        subscriber_expire(e->subscriber, tick);
    int64_t deadline = deadline_of(e);
    if (deadline <= tick->now)
        deadline = tick->now + LOOK_AGAIN_US;
    timers_set(&tick->shared->timers, &e->timer, deadline);
}
