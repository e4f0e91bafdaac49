#include "tests/sim/client.h"

#include "rtc/ice.h"
#include "rtc/stun.h"
#include "rtc/transport.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void random_text(struct rng *rng, char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (char)('a' + rng_below(rng, 26));
    at[len] = '\0';
}

void client_new_credentials(struct client *c)
{
    random_text(c->rng, c->ufrag, sizeof c->ufrag - 1);
    random_text(c->rng, c->pwd, sizeof c->pwd - 1);
}

void client_init(struct client *c, struct srtp_engine *engine,
                 const struct dtls_identity *identity, struct rng *rng, const char *at,
                 const char *server)
{
    *c = (struct client){.engine = engine, .identity = identity, .rng = rng};
    int err = addr_parse(&c->at, at) | addr_parse(&c->server, server);
    assert(err == 0);
    client_new_credentials(c);
    batch_path_init(&c->path);
    c->path.to = c->server;
    c->dtls = dtls_new(identity);
}

void client_dispose(struct client *c)
{
    dtls_free(c->dtls);
    srtp_free(c->in);
    srtp_free(c->path.protect);
    *c = (struct client){0};
}

bool client_is_connected(const struct client *c)
{
    return c->in != NULL;
}

void client_check(struct client *c, struct batch *out)
{
    char username[64];
    snprintf(username, sizeof username, "%s:%s", c->remote_ufrag, c->ufrag);
    struct stun_check check = {
        .username = bytes_of(username),
        .password = bytes_of(c->remote_pwd),
        .priority = 1845501695,
        .tie_breaker = 7,
        .nominate = true,
    };
    rng_fill(c->rng, check.transaction, sizeof check.transaction);
    uint8_t buffer[STUN_MESSAGE_MAX];
    struct writer w = writer_on(buffer, sizeof buffer);
    stun_put_check(&w, &check);
    batch_datagram(out, &c->server, (struct bytes){buffer, w.len});
}

static void answer_check(const struct client *c, const struct stun_message *request,
                         struct batch *out)
{
    if (!stun_authentic(request, bytes_of(c->pwd)))
        return;
    uint8_t buffer[STUN_MESSAGE_MAX];
    struct writer w = writer_on(buffer, sizeof buffer);
    stun_begin(&w, STUN_BINDING_SUCCESS, request->transaction);
    stun_put_address(&w, &c->server);
    stun_finish(&w, bytes_of(c->pwd));
    batch_datagram(out, &c->server, (struct bytes){buffer, w.len});
}

static void take_stun(struct client *c, struct bytes datagram, int64_t now, struct batch *out)
{
    struct stun_message message;
    if (stun_parse(&message, datagram) < 0)
        return;
    if (message.type == STUN_BINDING_REQUEST)
        answer_check(c, &message, out);
    if (message.type != STUN_BINDING_SUCCESS ||
        !stun_authentic(&message, bytes_of(c->remote_pwd)) || c->checked)
        return;
    c->checked = true;
    dtls_start(c->dtls, true, now, &c->server, out);
}

static void take_dtls(struct client *c, struct bytes datagram, int64_t now, struct batch *out)
{
    struct bytes data;
    while (c->checked && datagram.len > 0 &&
           dtls_receive(c->dtls, &datagram, now, &c->server, out, &data) != DTLS_DROPPED)
        ;
    if (c->in || dtls_state(c->dtls) != DTLS_UP)
        return;
    struct srtp_keys in;
    struct srtp_keys outgoing;
    dtls_keys(c->dtls, &in, &outgoing);
    c->in = srtp_new(c->engine, &in);
    c->path.protect = srtp_new(c->engine, &outgoing);
}

enum client_input client_receive(struct client *c, uint8_t *datagram, size_t len, int64_t now,
                                 struct batch *out, struct bytes *packet)
{
    struct bytes octets = {datagram, len};
    uint64_t index;
    int plain;
    switch (transport_protocol_of(octets)) {
    case TRANSPORT_PROTOCOL_STUN:
        take_stun(c, octets, now, out);
        return CLIENT_NOTHING;
    case TRANSPORT_PROTOCOL_DTLS:
        take_dtls(c, octets, now, out);
        return CLIENT_NOTHING;
    case TRANSPORT_PROTOCOL_RTP:
        assert(c->in); // the server may not send media before we can read it
        plain = srtp_unprotect(c->in, datagram, len, &index);
        *packet = (struct bytes){datagram, plain > 0 ? (size_t)plain : 0};
        return plain > 0 ? CLIENT_RTP : CLIENT_NOTHING;
    case TRANSPORT_PROTOCOL_RTCP:
        assert(c->in);
        plain = srtp_unprotect_rtcp(c->in, datagram, len);
        *packet = (struct bytes){datagram, plain > 0 ? (size_t)plain : 0};
        return plain > 0 ? CLIENT_RTCP : CLIENT_NOTHING;
    case TRANSPORT_PROTOCOL_UNKNOWN:
        break;
    }
    return CLIENT_NOTHING;
}

static size_t header_len(struct bytes packet)
{
    size_t len = 12;
    if (packet.at[0] & 0x10)
        len += 4 + 4u * read_u16(packet.at + 14);
    return len;
}

void client_send_rtp(struct client *c, struct bytes packet, uint64_t index, struct batch *out)
{
    size_t head_len = header_len(packet);
    assert(head_len <= BATCH_HEAD_MAX && head_len <= packet.len);
    batch_single(out, &c->path, BATCH_RTP, packet, head_len, index);
}

void client_send_rtcp(struct client *c, struct bytes compound, struct batch *out)
{
    if (!c->path.protect)
        return;
    enum { CLEAR_LEN = 8 }; // header and SSRC
    batch_single(out, &c->path, BATCH_RTCP, compound, CLEAR_LEN,
                 srtp_next_rtcp_index(c->path.protect));
}
