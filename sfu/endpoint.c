#include "sfu/endpoint.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/moment.h"
#include "sfu/feedback.h"
#include "sfu/publisher.h"
#include "sfu/reports.h"
#include "sfu/subscriber.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

// Whatever is still due after a look is looked at again this much later, so that no mistake in
// a deadline can stop the clock.
enum { LOOK_AGAIN_US = 1000 };

struct endpoint *endpoint_open(struct meeting *meeting, const struct command *command,
                               const struct tick *tick)
{
    struct shared *s = tick->shared;
    struct endpoint *e = mem_alloc(sizeof *e);
    e->kind = command->open.kind;
    e->timer = (struct timer){.owner = e, .kind = TIMER_ENDPOINT};
    list_init(&e->closed);
    bool publishes = e->kind == ENDPOINT_PUBLISH;
    leg_init(&e->leg, e, command->endpoint, meeting,
             publishes ? STRAYS_OF_PUBLISHER : STRAYS_OF_SUBSCRIBER, tick);
    if (publishes)
        e->publisher = publisher_new(&e->leg, tick);
    else
        e->subscriber = subscriber_new(&e->leg, command->open.answers, tick);
    map_put(&s->endpoints, map_key_u64(&e->leg.endpoint), e);
    meeting->endpoint_count++;
    s->stats.endpoints++;
    endpoint_touch(e, tick);
    return e;
}

void endpoint_close(struct endpoint *e, const struct tick *tick)
{
    struct shared *s = tick->shared;
    struct meeting *m = e->leg.meeting;
    assert(m && list_empty(&e->closed)); // once
    assert(map_get(&s->endpoints, map_key_u64(&e->leg.endpoint)) == e);
    assert(m->endpoint_count > 0 && s->stats.endpoints > 0);
    if (e->kind == ENDPOINT_PUBLISH)
        publisher_close(e->publisher, tick);
    else
        subscriber_close(e->subscriber);
    leg_close(&e->leg, tick);
    timers_set(&s->timers, &e->timer, NEVER);
    map_remove(&s->endpoints, map_key_u64(&e->leg.endpoint));
    s->stats.endpoints--;
    m->endpoint_count--;
    list_append(&s->closed_endpoints, &e->closed);
}

void endpoint_free(struct endpoint *e)
{
    list_remove(&e->closed);
    if (e->kind == ENDPOINT_PUBLISH)
        publisher_free(e->publisher);
    else
        subscriber_free(e->subscriber);
    leg_dispose(&e->leg);
    mem_free(e);
}

// A check says where it comes from, and that can be made up: an address that another endpoint
// is heard from stays with it. When that one falls silent the socket has changed hands, as
// behind a NAT.
static bool is_of_another(const struct endpoint *e, const struct addr *address,
                          const struct tick *tick)
{
    const struct endpoint *holder = demux_by_address(&tick->shared->demux, address);
    return holder && holder != e &&
           transport_heard_since(holder->leg.transport, address,
                                 tick->now - ICE_PATH_SILENCE_US);
}

static void follow_addresses(struct endpoint *e, const struct tick *tick)
{
    struct leg *l = &e->leg;
    if (l->generation == transport_generation(l->transport) && !l->names.contested)
        return;
    struct addr own[ICE_PATHS_MAX];
    const struct addr *list;
    size_t count = transport_addresses(l->transport, &list), own_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_of_another(e, &list[i], tick))
            own[own_count++] = list[i];
    demux_set_addresses(&tick->shared->demux, &l->names, own, own_count);
    l->names.contested = own_count < count;
    l->generation = transport_generation(l->transport);
}

// Tells what became of the transport since we looked last.
static void follow_transport(struct endpoint *e, const struct tick *tick)
{
    struct leg *l = &e->leg;
    follow_addresses(e, tick);
    enum transport_state state = transport_state(l->transport);
    if (state == l->state)
        return;
    l->state = state;
    bool connected = state == TRANSPORT_CONNECTED;
    if (connected) {
        l->connected_at = tick->now;
        leg_tell_connected(l, tick);
    }
    if (state == TRANSPORT_CLOSED || state == TRANSPORT_LOST) {
        struct notice *n = notice_add(tick->notices, NOTICE_CLOSED);
        n->room = l->meeting->id;
        n->endpoint = l->endpoint;
        n->closed.reason = transport_close_reason(l->transport);
        const char *why = transport_failure(l->transport);
        if (why)
            log_info_of(LOG_FIELDS(log_number("endpoint", (int64_t)l->endpoint),
                                   log_text("reason", why)),
                        "sfu", "endpoint %" PRIu64 ": no connection: %s", l->endpoint, why);
    }
    if (e->kind == ENDPOINT_SUBSCRIBE)
        subscriber_connection_changed(e->subscriber, tick);
    else if (connected)
        publisher_connected(e->publisher, tick);
}

// Whether the control thread has time for it. SCTP repeats what is lost.
static bool may_pass_sctp(struct leg *l, size_t len, const struct tick *tick)
{
    if (l->sctp_port &&
        police_pass(&l->channel, len + SCTP_PACKET_COST, false, false, tick->now))
        return true;
    tick->shared->stats.drop_channel++;
    return false;
}

static void pass_sctp(const struct leg *l, struct bytes packet, const struct tick *tick)
{
    struct notice *n = notice_add(tick->notices, NOTICE_SCTP);
    n->room = l->meeting->id;
    n->endpoint = l->endpoint;
    n->sctp.packet = mem_alloc(packet.len);
    n->sctp.len = packet.len;
    memcpy(n->sctp.packet, packet.at, packet.len);
}

void endpoint_media(struct endpoint *e, struct bytes packet, int64_t arrived_at,
                    const struct tick *tick)
{
    if (e->kind == ENDPOINT_PUBLISH)
        publisher_media(e->publisher, packet, arrived_at, tick);
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
                      size_t len, int64_t arrived_at, const struct tick *tick)
{
    struct leg *l = &e->leg;
    struct transport_received received = {0};
    uint64_t dropped_before = dropped(l->transport);
    transport_receive(l->transport, from, datagram, len, tick->now, tick->out, &received);
    if (dropped(l->transport) == dropped_before) {
        l->heard_at = tick->now;
        leg_note_received(l, len);
    }
    follow_transport(e, tick);
    switch (received.kind) {
    case TRANSPORT_INPUT_RTP:
        endpoint_media(e, received.packet, arrived_at, tick);
        break;
    case TRANSPORT_INPUT_RTCP:
        if (e->kind == ENDPOINT_PUBLISH)
            publisher_rtcp(e->publisher, received.packet, tick);
        else
            feedback_receive(e->subscriber, received.packet, tick);
        break;
    case TRANSPORT_INPUT_SCTP:
        // A datagram can hold many; behind one for which there is no time they are not read.
        while (may_pass_sctp(l, received.packet.len, tick)) {
            pass_sctp(l, received.packet, tick);
            if (!transport_more(l->transport, &received))
                break;
        }
        break;
    case TRANSPORT_INPUT_NONE:
        break;
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t deadline_of(const struct endpoint *e)
{
    assert(e->leg.meeting); // it is open
    int64_t deadline = transport_deadline(e->leg.transport);
    if (e->kind == ENDPOINT_PUBLISH)
        return earlier(deadline, publisher_deadline(e->publisher));
    return earlier(
        deadline, earlier(subscriber_deadline(e->subscriber), reports_deadline(e->subscriber)));
}

void endpoint_touch(struct endpoint *e, const struct tick *tick)
{
    timers_advance(&tick->shared->timers, &e->timer, deadline_of(e));
}

void endpoint_expire(struct endpoint *e, const struct tick *tick)
{
    if (transport_deadline(e->leg.transport) <= tick->now)
        transport_expire(e->leg.transport, tick->now, tick->out);
    follow_transport(e, tick);
    if (e->kind == ENDPOINT_PUBLISH) {
        publisher_expire(e->publisher, tick);
    } else {
        subscriber_expire(e->subscriber, tick);
        reports_expire(e->subscriber, tick);
    }
    int64_t deadline = deadline_of(e);
    if (deadline <= tick->now)
        deadline = tick->now + LOOK_AGAIN_US;
    timers_set(&tick->shared->timers, &e->timer, deadline);
}
