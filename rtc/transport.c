#include "rtc/transport.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "rtc/dtls.h"
#include "rtc/ice.h"

#include <assert.h>
#include <openssl/crypto.h>

struct transport {
    struct transport_config config;
    enum transport_state state;
    enum transport_close reason;

    struct ice_agent ice;
    struct dtls *dtls;
    struct srtp *incoming;
    struct srtp *outgoing;
    struct batch_path *path;

    bool has_remote;
    bool peer_is_dtls_client;
    uint8_t fingerprint[FINGERPRINT_LEN]; // what the peer's SDP says

    int64_t heard_at; // last authenticated packet, or when the remote side became known
    int64_t dtls_due_at;
    struct bytes rest; // of a DTLS datagram, for transport_more()
    struct addr rest_from;

    uint64_t drops[TRANSPORT_DROP_COUNT];
};

enum transport_protocol transport_protocol_of(struct bytes datagram)
{
    if (!datagram.len)
        return TRANSPORT_PROTOCOL_UNKNOWN;
    uint8_t first = datagram.at[0];
    if (first <= 3)
        return TRANSPORT_PROTOCOL_STUN;
    if (first >= 20 && first <= 63)
        return TRANSPORT_PROTOCOL_DTLS;
    if (first < 128 || first > 191 || datagram.len < 2)
        return TRANSPORT_PROTOCOL_UNKNOWN;
    bool rtcp = datagram.at[1] >= 192 && datagram.at[1] <= 223;
    return rtcp ? TRANSPORT_PROTOCOL_RTCP : TRANSPORT_PROTOCOL_RTP;
}

struct transport *transport_new(const struct transport_config *config, int64_t now)
{
    struct transport *t = mem_alloc(sizeof *t);
    t->config = *config;
    t->heard_at = now;
    t->dtls_due_at = NEVER;
    ice_init(&t->ice, config->worker, config->rng);
    t->dtls = dtls_new(config->identity);
    t->path = srtp_path_new(config->engine);
    return t;
}

void transport_free(struct transport *t)
{
    if (!t)
        return;
    dtls_free(t->dtls);
    srtp_free(t->incoming);
    srtp_free(t->outgoing);
    srtp_path_free(t->config.engine, t->path);
    mem_wipe(&t->ice, sizeof t->ice);
    mem_free(t);
}

const char *transport_ufrag(const struct transport *t)
{
    return t->ice.local.ufrag;
}

const char *transport_pwd(const struct transport *t)
{
    return t->ice.local.pwd;
}

bool transport_is_dtls_client(const struct transport *t)
{
    return t->has_remote && !t->peer_is_dtls_client;
}

void transport_restart_ice(struct transport *t)
{
    ice_restart(&t->ice, t->config.rng);
}

bool transport_has_ufrag(const struct transport *t, struct bytes ufrag)
{
    return ice_has_ufrag(&t->ice, ufrag);
}

size_t transport_addresses(const struct transport *t, const struct addr **list)
{
    *list = t->ice.paths;
    return t->ice.path_count;
}

uint32_t transport_generation(const struct transport *t)
{
    return t->ice.generation;
}

bool transport_heard_since(const struct transport *t, const struct addr *from, int64_t since)
{
    return ice_heard_since(&t->ice, from, since);
}

const struct addr *transport_address(const struct transport *t)
{
    return t->ice.has_selected ? &t->ice.selected : NULL;
}

struct batch_path *transport_path(struct transport *t)
{
    return t->path;
}

enum transport_state transport_state(const struct transport *t)
{
    return t->state;
}

enum transport_close transport_close_reason(const struct transport *t)
{
    return t->reason;
}

const char *transport_failure(const struct transport *t)
{
    const char *handshake = dtls_failure(t->dtls);
    switch (t->reason) {
    case TRANSPORT_HANDSHAKE:
        return handshake;
    case TRANSPORT_TIMED_OUT:
        return handshake ? handshake : "no DTLS handshake in time";
    case TRANSPORT_FINGERPRINT:
        return "the certificate is not the one that the description names";
    case TRANSPORT_OPEN:
    case TRANSPORT_CLOSED_BY_PEER:
    case TRANSPORT_SILENT:
    case TRANSPORT_CLOSED_HERE:
        break;
    }
    return NULL;
}

const uint64_t *transport_drops(const struct transport *t)
{
    return t->drops;
}

void transport_forget_ssrc(struct transport *t, uint32_t ssrc)
{
    if (t->incoming)
        srtp_forget(t->incoming, ssrc);
}

static void drop(struct transport *t, enum transport_drop why)
{
    t->drops[why]++;
}

// What is already queued in this tick is dropped by the seal, so nothing leaves after it.
static void become_closed(struct transport *t, enum transport_close reason)
{
    t->state = TRANSPORT_CLOSED;
    t->reason = reason;
    t->path->protect = NULL;
    t->rest = (struct bytes){0};
}

// Without consent nothing may be sent (RFC 7675 section 5.1). The peer may be a laptop whose
// lid is closed: it comes back with an ICE restart, and with the keys that it had.
static void become_lost(struct transport *t)
{
    t->state = TRANSPORT_LOST;
    t->reason = TRANSPORT_SILENT;
    t->path->protect = NULL;
    t->rest = (struct bytes){0};
    t->dtls_due_at = NEVER;
    ice_forget_paths(&t->ice);
}

// --- From a checked address to keys ---

// Both conditions may be met in either order: the answer may come after the handshake.
static void compare_fingerprint(struct transport *t)
{
    if (t->state != TRANSPORT_CHECKED || !t->has_remote || dtls_state(t->dtls) != DTLS_UP)
        return;
    if (CRYPTO_memcmp(dtls_peer_fingerprint(t->dtls), t->fingerprint, FINGERPRINT_LEN)) {
        become_closed(t, TRANSPORT_FINGERPRINT);
        return;
    }
    struct srtp_keys incoming, outgoing;
    dtls_keys(t->dtls, &incoming, &outgoing);
    t->incoming = srtp_new(t->config.engine, &incoming);
    t->outgoing = srtp_new(t->config.engine, &outgoing);
    mem_wipe(&incoming, sizeof incoming);
    mem_wipe(&outgoing, sizeof outgoing);
    ice_prove_selected(&t->ice);
    t->path->protect = t->outgoing;
    t->state = TRANSPORT_CONNECTED;
    t->dtls_due_at = NEVER;
}

static void start_dtls(struct transport *t, int64_t now, struct batch *out, bool as_client)
{
    ice_want_proof(&t->ice);
    dtls_start(t->dtls, as_client, now, &t->ice.selected, out);
}

// The client's first flight leaves when there is both a path and a role.
static bool wants_client_start(const struct transport *t)
{
    return t->state == TRANSPORT_CHECKED && t->has_remote && !t->peer_is_dtls_client &&
           dtls_state(t->dtls) == DTLS_IDLE;
}

void transport_set_remote(struct transport *t, const struct transport_remote *remote,
                          int64_t now)
{
    if (t->state == TRANSPORT_CLOSED)
        return;
    ice_set_remote(&t->ice, remote->ufrag, remote->pwd);
    if (t->has_remote) {
        // One association for the life of a transport: another certificate would be another
        // peer (RFC 8842 section 4 asks for a new transport then).
        if (memcmp(t->fingerprint, remote->fingerprint, FINGERPRINT_LEN))
            become_closed(t, TRANSPORT_FINGERPRINT);
        return;
    }
    t->has_remote = true;
    t->peer_is_dtls_client = remote->dtls_client;
    memcpy(t->fingerprint, remote->fingerprint, FINGERPRINT_LEN);
    t->heard_at = now;
    if (t->state == TRANSPORT_CHECKED)
        t->dtls_due_at = now + DTLS_DEADLINE_MS * 1000LL;
    compare_fingerprint(t);
}

// --- Incoming ---

static void heard(struct transport *t, const struct addr *from, int64_t now)
{
    t->heard_at = now;
    ice_heard(&t->ice, from, now);
    t->path->to = t->ice.selected;
}

static void receive_stun(struct transport *t, const struct addr *from, struct bytes datagram,
                         int64_t now, struct batch *out)
{
    switch (ice_receive(&t->ice, from, datagram, now, out)) {
    case ICE_IGNORED:
    case ICE_ERROR:
        return;
    case ICE_MALFORMED:
        drop(t, TRANSPORT_DROP_STUN);
        return;
    case ICE_TOO_MANY:
        drop(t, TRANSPORT_DROP_STUN_RATE);
        return;
    case ICE_ANSWERED:
    case ICE_PROVEN:
        break;
    }
    t->heard_at = now;
    if (!t->ice.has_selected) // it has to be proven first
        return;
    t->path->to = t->ice.selected;
    if (t->state == TRANSPORT_LOST && t->incoming) {
        t->state = TRANSPORT_CONNECTED;
        t->reason = TRANSPORT_OPEN;
        t->path->protect = t->outgoing;
    } else if (t->state == TRANSPORT_NEW || t->state == TRANSPORT_LOST) {
        t->state = TRANSPORT_CHECKED;
        t->reason = TRANSPORT_OPEN;
        t->dtls_due_at = now + DTLS_DEADLINE_MS * 1000LL;
    }
    if (wants_client_start(t))
        start_dtls(t, now, out, true);
}

// Feeds records to DTLS until one of them is data, which is an SCTP packet.
static void receive_dtls(struct transport *t, int64_t now, struct batch *out,
                         struct transport_received *received)
{
    // A peer that sends a handshake before its SDP has arrived can only be the client.
    if (dtls_state(t->dtls) == DTLS_IDLE)
        start_dtls(t, now, out, wants_client_start(t));
    while (t->rest.len && t->state != TRANSPORT_CLOSED) {
        struct bytes data;
        enum dtls_result result =
            dtls_receive(t->dtls, &t->rest, now, &t->ice.selected, out, &data);
        if (result == DTLS_DROPPED)
            drop(t, TRANSPORT_DROP_DTLS);
        if (dtls_state(t->dtls) == DTLS_CLOSED || dtls_state(t->dtls) == DTLS_FAILED) {
            bool failed = dtls_state(t->dtls) == DTLS_FAILED;
            become_closed(t, failed ? TRANSPORT_HANDSHAKE : TRANSPORT_CLOSED_BY_PEER);
            return;
        }
        compare_fingerprint(t);
        if (result == DTLS_DATA && t->state == TRANSPORT_CONNECTED) {
            heard(t, &t->rest_from, now);
            received->kind = TRANSPORT_INPUT_SCTP;
            received->packet = data;
            return;
        }
    }
}

// Whether media from `from` may be looked at; counts the drop if not.
static bool admits_media(struct transport *t, const struct addr *from)
{
    if (!t->incoming)
        drop(t, TRANSPORT_DROP_MEDIA_EARLY);
    else if (!ice_is_checked(&t->ice, from) || t->state == TRANSPORT_LOST)
        drop(t, TRANSPORT_DROP_MEDIA_SOURCE);
    else
        return true;
    return false;
}

// A negative result of SRTP is a drop, anything else an authenticated packet.
static bool count_media(struct transport *t, int result)
{
    if (result == ERR_EXISTS)
        drop(t, TRANSPORT_DROP_REPLAY);
    else if (result < 0)
        drop(t, TRANSPORT_DROP_SRTP);
    return result >= 0;
}

static void receive_media(struct transport *t, const struct addr *from, uint8_t *datagram,
                          size_t len, bool rtcp, int64_t now,
                          struct transport_received *received)
{
    if (!admits_media(t, from))
        return;
    int plain_len = rtcp ? srtp_unprotect_rtcp(t->incoming, datagram, len)
                         : srtp_unprotect(t->incoming, datagram, len, &received->index);
    if (!count_media(t, plain_len))
        return;
    heard(t, from, now);
    received->kind = rtcp ? TRANSPORT_INPUT_RTCP : TRANSPORT_INPUT_RTP;
    received->packet = (struct bytes){datagram, (size_t)plain_len};
}

void transport_receive(struct transport *t, const struct addr *from, uint8_t *datagram,
                       size_t len, int64_t now, struct batch *out,
                       struct transport_received *received)
{
    *received = (struct transport_received){.kind = TRANSPORT_INPUT_NONE};
    t->rest = (struct bytes){0};
    struct bytes whole = {datagram, len};
    enum transport_protocol protocol =
        len > DATAGRAM_MAX ? TRANSPORT_PROTOCOL_UNKNOWN : transport_protocol_of(whole);
    if (t->state == TRANSPORT_CLOSED && protocol != TRANSPORT_PROTOCOL_UNKNOWN)
        return;

    switch (protocol) {
    case TRANSPORT_PROTOCOL_UNKNOWN:
        drop(t, TRANSPORT_DROP_UNKNOWN);
        return;
    case TRANSPORT_PROTOCOL_STUN:
        receive_stun(t, from, whole, now, out);
        return;
    case TRANSPORT_PROTOCOL_DTLS:
        if (!ice_is_checked(&t->ice, from) || t->state == TRANSPORT_LOST) {
            drop(t, TRANSPORT_DROP_DTLS_SOURCE);
            return;
        }
        t->rest = whole;
        t->rest_from = *from;
        receive_dtls(t, now, out, received);
        return;
    case TRANSPORT_PROTOCOL_RTP:
    case TRANSPORT_PROTOCOL_RTCP:
        receive_media(t, from, datagram, len, protocol == TRANSPORT_PROTOCOL_RTCP, now,
                      received);
        return;
    }
}

bool transport_more(struct transport *t, struct transport_received *received)
{
    *received = (struct transport_received){.kind = TRANSPORT_INPUT_NONE};
    // The first packet of the datagram was data, so the connection is up and what follows
    // answers nothing: no batch is needed.
    if (t->rest.len && t->state == TRANSPORT_CONNECTED)
        receive_dtls(t, t->heard_at, NULL, received);
    return received->kind == TRANSPORT_INPUT_SCTP;
}

bool transport_media_input(struct transport *t, const struct addr *from, uint8_t *datagram,
                           size_t len, struct srtp_input *input)
{
    if (t->state != TRANSPORT_CONNECTED || len > DATAGRAM_MAX ||
        transport_protocol_of((struct bytes){datagram, len}) != TRANSPORT_PROTOCOL_RTP ||
        !ice_is_checked(&t->ice, from))
        return false;
    *input = (struct srtp_input){.keys = t->incoming, .packet = datagram, .len = len};
    return true;
}

void transport_media_done(struct transport *t, const struct addr *from,
                          const struct srtp_input *input, int64_t now)
{
    if (count_media(t, input->result))
        heard(t, from, now);
}

// --- Outgoing ---

int transport_send_sctp(struct transport *t, struct bytes packet, int64_t now,
                        struct batch *out)
{
    (void)now;
    if (t->state != TRANSPORT_CONNECTED)
        return ERR_WRONG_STATE;
    return dtls_send(t->dtls, packet, &t->ice.selected, out);
}

void transport_send_rtcp(struct transport *t, struct bytes compound, struct batch *out)
{
    enum { CLEAR_LEN = 8 }; // RFC 3711 section 3.4: header and SSRC are not encrypted
    if (t->state != TRANSPORT_CONNECTED)
        return;
    assert(compound.len >= CLEAR_LEN && compound.len <= DATAGRAM_MAX);
    batch_single(out, t->path, BATCH_RTCP, compound, CLEAR_LEN,
                 srtp_next_rtcp_index(t->outgoing));
}

// --- Time ---

static int64_t silent_at(const struct transport *t)
{
    return t->has_remote ? t->heard_at + TRANSPORT_SILENCE_MS * 1000LL : NEVER;
}

int64_t transport_deadline(const struct transport *t)
{
    if (t->state == TRANSPORT_CLOSED || t->state == TRANSPORT_LOST)
        return NEVER;
    if (wants_client_start(t)) // transport_set_remote() had nowhere to write to
        return t->heard_at;
    int64_t at = silent_at(t);
    if (t->dtls_due_at < at)
        at = t->dtls_due_at;
    if (dtls_deadline(t->dtls) < at)
        at = dtls_deadline(t->dtls);
    return at;
}

void transport_expire(struct transport *t, int64_t now, struct batch *out)
{
    if (t->state == TRANSPORT_CLOSED || t->state == TRANSPORT_LOST)
        return;
    if (now >= silent_at(t)) {
        become_lost(t);
    } else if (now >= t->dtls_due_at) {
        become_closed(t, TRANSPORT_TIMED_OUT);
    } else if (wants_client_start(t)) {
        start_dtls(t, now, out, true);
    } else {
        dtls_expire(t->dtls, now, &t->ice.selected, out);
        if (dtls_state(t->dtls) == DTLS_FAILED)
            become_closed(t, TRANSPORT_HANDSHAKE);
    }
}

void transport_close(struct transport *t, struct batch *out)
{
    if (t->state == TRANSPORT_CLOSED)
        return;
    if (t->state != TRANSPORT_LOST)
        dtls_close(t->dtls, &t->ice.selected, out);
    become_closed(t, TRANSPORT_CLOSED_HERE);
}
