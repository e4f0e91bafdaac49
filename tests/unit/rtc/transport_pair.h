// Two transports in memory, for the tests of rtc/transport.
#pragma once

#include "base/err.h"
#include "base/limits.h"
#include "rtc/dtls.h"
#include "rtc/stun.h"
#include "rtc/transport.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

// One is the DTLS server and one the client, and between them a network
// that loses nothing. Both are lite agents, so the test sends the checks of both peers.

enum { INBOX_MAX = 64, SECOND = 1000000 };

struct side {
    struct transport *t;
    struct addr addr;
    struct batch out;
    uint8_t packet[DATAGRAM_MAX]; // the last thing that came out of it
    size_t len;
    uint64_t index;
    enum transport_input kind;
    int received[TRANSPORT_INPUT_SCTP + 1];
    size_t largest_datagram; // that it sent
};

struct pair {
    struct srtp_engine *engine;
    struct dtls_identity *server_identity;
    struct dtls_identity *client_identity;
    struct rng rng;
    struct side server;
    struct side client;
    int64_t now;
};

static inline struct addr address(const char *text)
{
    struct addr a;
    CHECK_EQ(addr_parse(&a, text), 0);
    return a;
}

static inline struct pair *pair_new(void)
{
    struct pair *p = calloc(1, sizeof *p);
    p->engine = srtp_engine_best();
    p->server_identity = dtls_identity_new();
    p->client_identity = dtls_identity_new();
    p->rng = rng_seeded(7);
    p->now = 1000 * SECOND;
    struct transport_config config = {
        .engine = p->engine, .identity = p->server_identity, .rng = &p->rng, .worker = 0x2a};
    p->server.t = transport_new(&config, p->now);
    config.identity = p->client_identity;
    p->client.t = transport_new(&config, p->now);
    p->server.addr = address("203.0.113.1:7000");
    p->client.addr = address("[2001:db8::7]:50000");
    return p;
}

static inline void pair_free(struct pair *p)
{
    batch_dispose(&p->server.out); // names the paths of the transports
    batch_dispose(&p->client.out);
    transport_free(p->server.t);
    transport_free(p->client.t);
    dtls_identity_free(p->server_identity);
    dtls_identity_free(p->client_identity);
    srtp_engine_free(p->engine);
    free(p);
}

static inline void keep(struct side *s, const struct transport_received *r)
{
    s->kind = r->kind;
    s->received[r->kind]++;
    if (r->kind == TRANSPORT_INPUT_NONE)
        return;
    memcpy(s->packet, r->packet.at, r->packet.len);
    s->len = r->packet.len;
    s->index = r->index;
}

static inline void give(struct pair *p, struct side *to, const struct addr *from,
                        struct bytes datagram)
{
    uint8_t *copy = (uint8_t *)test_exact_copy(datagram.at, datagram.len).at;
    struct transport_received r;
    transport_receive(to->t, from, copy, datagram.len, p->now, &to->out, &r);
    keep(to, &r);
    while (transport_more(to->t, &r))
        keep(to, &r);
}

// Delivers what `from` has queued; returns how many datagrams that were.
static inline size_t deliver(struct pair *p, struct side *from, struct side *to)
{
    struct batch tick = from->out;
    from->out = (struct batch){0};
    srtp_seal(p->engine, &tick, 0);
    size_t count = 0;
    for (uint32_t i = 0; i < tick.run_count; i++) {
        const struct batch_run *run = &tick.runs[i];
        for (uint32_t at = 0; at < run->len; at += run->segment_len, count++) {
            size_t len = run->len - at < run->segment_len ? run->len - at : run->segment_len;
            if (len > from->largest_datagram)
                from->largest_datagram = len;
            if (to && addr_equal(&run->to, &to->addr))
                give(p, to, &from->addr, (struct bytes){run->at + at, len});
        }
    }
    batch_dispose(&tick);
    return count;
}

static inline void pump(struct pair *p)
{
    while (deliver(p, &p->server, &p->client) + deliver(p, &p->client, &p->server))
        ;
}

static inline void introduce_with(struct pair *p, const uint8_t *client_fingerprint)
{
    struct transport_remote remote = {.dtls_client = true};
    strcpy(remote.ufrag, transport_ufrag(p->client.t));
    strcpy(remote.pwd, transport_pwd(p->client.t));
    memcpy(remote.fingerprint, client_fingerprint, FINGERPRINT_LEN);
    transport_set_remote(p->server.t, &remote, p->now);
}

static inline void introduce_server(struct pair *p)
{
    struct transport_remote remote = {.dtls_client = false};
    strcpy(remote.ufrag, transport_ufrag(p->server.t));
    strcpy(remote.pwd, transport_pwd(p->server.t));
    memcpy(remote.fingerprint, dtls_identity_fingerprint(p->server_identity), FINGERPRINT_LEN);
    transport_set_remote(p->client.t, &remote, p->now);
}

static inline void introduce(struct pair *p)
{
    introduce_with(p, dtls_identity_fingerprint(p->client_identity));
    introduce_server(p);
}

struct check_options {
    bool nominate;
    bool controlled;
    const char *ufrag; // of the receiver; NULL for its present one
    const char *pwd;
    bool silent; // does not answer what is asked back
};

// The peer answers what was asked back at `asked`, if anything was, from `from`.
static inline size_t answer_back(struct pair *p, struct side *to, const struct addr *asked,
                                 const struct addr *from, uint32_t first)
{
    size_t answered = 0;
    const struct side *peer = to == &p->server ? &p->client : &p->server;
    for (uint32_t i = first; i < to->out.run_count; i++) {
        const struct batch_run *run = &to->out.runs[i];
        struct stun_message request;
        if (!addr_equal(&run->to, asked) ||
            stun_parse(&request, test_exact_copy(run->at, run->len)) ||
            request.type != STUN_BINDING_REQUEST)
            continue;
        CHECK(stun_authentic(&request, bytes_of(transport_pwd(peer->t))));
        CHECK(request.controlled && !request.use_candidate);
        uint8_t at[STUN_MESSAGE_MAX];
        struct writer w = writer_on(at, sizeof at);
        stun_begin(&w, STUN_BINDING_SUCCESS, request.transaction);
        stun_put_address(&w, &to->addr);
        stun_finish(&w, bytes_of(transport_pwd(peer->t)));
        give(p, to, from, (struct bytes){w.at, w.len});
        answered++;
    }
    return answered;
}

// Sends a check and reads the answer. False when there was none.
static inline bool check_with(struct pair *p, struct side *to, const struct addr *from,
                              const struct check_options *o, struct stun_message *answer)
{
    char username[64];
    snprintf(username, sizeof username, "%s:peer",
             o->ufrag ? o->ufrag : transport_ufrag(to->t));
    struct stun_check check = {.username = bytes_of(username),
                               .password = bytes_of(o->pwd ? o->pwd : transport_pwd(to->t)),
                               .transaction = "transaction",
                               .nominate = o->nominate,
                               .controlled = o->controlled};
    uint8_t at[STUN_MESSAGE_MAX];
    struct writer w = writer_on(at, sizeof at);
    stun_put_check(&w, &check);
    uint32_t before = to->out.run_count;
    give(p, to, from, (struct bytes){w.at, w.len});
    if (to->out.run_count == before)
        return false;
    const struct batch_run *run = &to->out.runs[before];
    CHECK(addr_equal(&run->to, from));
    struct bytes reply = test_exact_copy(run->at, run->len);
    CHECK_EQ(stun_parse(answer, reply), 0);
    CHECK(stun_authentic(answer, check.password));
    if (!o->silent)
        answer_back(p, to, from, from, before);
    return true;
}

static inline bool check(struct pair *p, struct side *to, const struct addr *from,
                         bool nominate)
{
    struct stun_message answer;
    struct check_options o = {.nominate = nominate};
    return check_with(p, to, from, &o, &answer) && answer.type == STUN_BINDING_SUCCESS;
}

static inline void connect_paths(struct pair *p)
{
    CHECK(check(p, &p->client, &p->server.addr, true));
    CHECK(check(p, &p->server, &p->client.addr, true));
}

static inline struct pair *connected_pair(void)
{
    struct pair *p = pair_new();
    introduce(p);
    connect_paths(p);
    pump(p);
    CHECK_EQ(transport_state(p->server.t), TRANSPORT_CONNECTED);
    CHECK_EQ(transport_state(p->client.t), TRANSPORT_CONNECTED);
    return p;
}

static const uint8_t rtp_head[12] = {0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3};
static const char payload[] = "a payload of some octets";

static inline void queue_rtp(struct side *s, uint16_t seq)
{
    uint8_t packet[sizeof rtp_head + sizeof payload - 1];
    memcpy(packet, rtp_head, sizeof rtp_head);
    memcpy(packet + sizeof rtp_head, payload, sizeof payload - 1);
    batch_single(&s->out, transport_path(s->t), BATCH_RTP,
                 (struct bytes){packet, sizeof packet}, sizeof rtp_head, seq);
}

// What leaves `s` next, as it is on the wire.
static inline struct bytes take_datagram(struct pair *p, struct side *s)
{
    srtp_seal(p->engine, &s->out, 0);
    CHECK(s->out.run_count > 0);
    const struct batch_run *run = &s->out.runs[s->out.run_count - 1];
    struct bytes copy = test_exact_copy(run->at, run->segment_len);
    batch_reset(&s->out);
    return copy;
}

static inline uint64_t drops(const struct side *s, enum transport_drop why)
{
    return transport_drops(s->t)[why];
}
