#include "sfu/leg.h"

#include "base/err.h"
#include "base/limits.h"
#include "rtc/dtls.h"
#include "rtc/sdp_fragment.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

void leg_init(struct leg *l, struct endpoint *e, uint64_t id, struct meeting *meeting,
              uint32_t strays, const struct tick *tick)
{
    struct shared *s = tick->shared;
    struct transport_config config = {
        .engine = s->config.engine,
        .identity = s->config.identity,
        .rng = s->config.rng,
        .worker = s->config.worker,
    };
    *l = (struct leg){
        .endpoint = id,
        .shared = s,
        .meeting = meeting,
        .transport = transport_new(&config, tick->now),
        .heard_at = tick->now,
        .names.endpoint = e,
    };
    l->state = transport_state(l->transport);
    l->session_id = rng_u64(s->config.rng) >> 2; // RFC 8829 section 5.2.1: 63 bits at most
    list_init(&l->touched);
    police_set(&l->channel, SCTP_KBPS_MAX, tick->now);
    strays_init(&l->strays, strays);
    demux_set_ufrag(&s->demux, &l->names, transport_ufrag(l->transport));
}

void leg_close(struct leg *l, const struct tick *tick)
{
    struct shared *s = l->shared;
    transport_close(l->transport, tick->out);
    demux_forget(&s->demux, &l->names);
    list_remove(&l->touched);
    const uint64_t *drops = transport_drops(l->transport);
    for (int i = 0; i < TRANSPORT_DROP_COUNT; i++)
        s->stats.drops[i] += drops[i];
    l->meeting = NULL;
}

void leg_dispose(struct leg *l)
{
    assert(!l->meeting && list_empty(&l->touched)); // it was closed
    transport_free(l->transport);
}

void leg_touch(struct leg *l)
{
    assert(l->meeting); // it is open
    if (list_empty(&l->touched))
        list_append(&l->shared->touched, &l->touched);
}

void leg_note_received(struct leg *l, size_t octets)
{
    l->received_packets++;
    l->received_octets += octets;
}

bool leg_is_connected(const struct leg *l)
{
    return transport_state(l->transport) == TRANSPORT_CONNECTED;
}

struct batch_path *leg_path(const struct leg *l)
{
    return leg_is_connected(l) ? transport_path(l->transport) : NULL;
}

void leg_send_rtcp(struct leg *l, const struct writer *w, const struct tick *tick)
{
    if (!w->overflow && w->len > 0 && leg_is_connected(l))
        transport_send_rtcp(l->transport, (struct bytes){w->at, w->len}, tick->out);
}

uint32_t leg_note_stray(struct leg *l, uint32_t ssrc)
{
    return strays_note(&l->strays, ssrc);
}

// --- Descriptions ---

void leg_take_remote(struct leg *l, const struct transport_remote *remote,
                     const struct tick *tick)
{
    if (l->remote.ufrag[0] && strcmp(l->remote.ufrag, remote->ufrag) != 0)
        transport_restart_ice(l->transport);
    l->remote = *remote;
    transport_set_remote(l->transport, remote, tick->now);
}

void leg_tell_connected(const struct leg *l, const struct tick *tick)
{
    struct notice *n = notice_add(tick->notices, NOTICE_CONNECTED);
    n->room = l->meeting->id;
    n->endpoint = l->endpoint;
    n->connected.dtls_client = transport_is_dtls_client(l->transport);
    n->connected.sctp_port = l->sctp_port;
}

void leg_take_channel(struct leg *l, uint16_t sctp_port, const struct tick *tick)
{
    bool later = !l->sctp_port && sctp_port && l->state == TRANSPORT_CONNECTED;
    l->sctp_port = sctp_port;
    if (later)
        leg_tell_connected(l, tick);
}

struct notice leg_answer(const struct leg *l, const struct command *command)
{
    assert(l->meeting); // it is open
    struct notice made = {
        .kind = NOTICE_ANSWER, .room = l->meeting->id, .endpoint = l->endpoint};
    made.answer.request = command->request;
    return made;
}

static void restart(struct leg *l, const struct sdp_fragment *fragment, struct text *out,
                    const struct tick *tick)
{
    struct transport_remote remote = l->remote;
    memcpy(remote.ufrag, fragment->ufrag.at, fragment->ufrag.len);
    memcpy(remote.pwd, fragment->pwd.at, fragment->pwd.len);
    remote.ufrag[fragment->ufrag.len] = remote.pwd[fragment->pwd.len] = '\0';
    leg_take_remote(l, &remote, tick);
    struct local_description local = leg_describe(l, tick);
    sdp_fragment_write(local.ufrag, local.pwd, out);
}

void leg_fragment(struct leg *l, const struct command *command, const struct tick *tick)
{
    struct sdp_fragment fragment;
    struct sdp_error error;
    struct text text = {0};
    struct notice made = leg_answer(l, command);
    made.answer.err = sdp_fragment_parse(&fragment, bytes_of(command->fragment.text), &error);
    if (made.answer.err < 0)
        text_addf(&text, "line %" PRIu32 ": %s", error.line, error.what);
    else if (fragment.ufrag.len && !bytes_equal(fragment.ufrag, bytes_of(l->remote.ufrag)))
        restart(l, &fragment, &text, tick);
    made.answer.text = text_take(&text);
    *notice_add(tick->notices, NOTICE_ANSWER) = made;
}

struct local_description leg_describe(struct leg *l, const struct tick *tick)
{
    const struct router_config *config = &tick->shared->config;
    demux_set_ufrag(&tick->shared->demux, &l->names, transport_ufrag(l->transport));
    return (struct local_description){
        .ufrag = transport_ufrag(l->transport),
        .pwd = transport_pwd(l->transport),
        .fingerprint = dtls_identity_fingerprint(config->identity),
        .dtls_client = transport_is_dtls_client(l->transport),
        .candidates = config->candidates,
        .candidate_count = config->candidate_count,
        .session_id = l->session_id,
        .session_version = ++l->session_version,
    };
}
