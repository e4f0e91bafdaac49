// One peer connection's transport: ICE-lite, DTLS and SRTP assembled. One datagram in, at most
// one thing out; replies are appended to the batch.
//
// Nothing is believed before it is authenticated: DTLS counts only from an address that passed
// an authenticated check of this very transport, media only after the fingerprint was compared.
#pragma once

#include "base/addr.h"
#include "base/batch.h"
#include "base/bytes.h"
#include "base/moment.h"
#include "base/rng.h"
#include "rtc/srtp.h"

#include <stdbool.h>
#include <stdint.h>

enum { FINGERPRINT_LEN = 32 }; // sha-256

struct dtls_identity; // certificate and key of this process, rtc/dtls.h

enum transport_state {
    TRANSPORT_NEW,       // no authenticated check yet
    TRANSPORT_CHECKED,   // ICE has a path, DTLS is under way
    TRANSPORT_CONNECTED, // keys are there, media may flow
    TRANSPORT_LOST,      // silent for too long: nothing is sent. Keys are kept, and the next
                         // authenticated check goes on where it was
    TRANSPORT_CLOSED,    // failed, or closed by either side
};

enum transport_close { // why it is TRANSPORT_CLOSED or TRANSPORT_LOST
    TRANSPORT_OPEN,
    TRANSPORT_CLOSED_BY_PEER, // DTLS close_notify
    TRANSPORT_TIMED_OUT,      // DTLS not done by its deadline
    TRANSPORT_SILENT,         // no authenticated packet for TRANSPORT_SILENCE_MS; only this
                              // one is TRANSPORT_LOST
    TRANSPORT_HANDSHAKE,      // DTLS failed: transport_failure() says why
    TRANSPORT_FINGERPRINT,    // certificate is not the one that the SDP named
    TRANSPORT_CLOSED_HERE,    // transport_close()
};

// What the first octets of a datagram say (RFC 9443 section 3, RFC 5761 section 4). On a port
// without TURN and QUIC their rows are unknown, too.
enum transport_protocol {
    TRANSPORT_PROTOCOL_UNKNOWN,
    TRANSPORT_PROTOCOL_STUN,
    TRANSPORT_PROTOCOL_DTLS,
    TRANSPORT_PROTOCOL_RTP,
    TRANSPORT_PROTOCOL_RTCP,
};
enum transport_protocol transport_protocol_of(struct bytes datagram);

// What a datagram was.
enum transport_input {
    TRANSPORT_INPUT_NONE, // handled here (STUN, handshake) or dropped, with a counter
    TRANSPORT_INPUT_RTP,  // a plain RTP packet
    TRANSPORT_INPUT_RTCP, // a plain compound RTCP packet
    TRANSPORT_INPUT_SCTP, // a decrypted SCTP packet
};

// Why datagrams were dropped; indexes transport.drops.
enum transport_drop {
    TRANSPORT_DROP_UNKNOWN,      // first octet belongs to no protocol we speak
    TRANSPORT_DROP_STUN,         // malformed, or bad integrity
    TRANSPORT_DROP_STUN_RATE,    // over ICE_CHECKS_PER_SECOND from one source
    TRANSPORT_DROP_DTLS_SOURCE,  // DTLS from an unchecked address
    TRANSPORT_DROP_DTLS,         // a record that DTLS refused
    TRANSPORT_DROP_MEDIA_EARLY,  // media before the keys
    TRANSPORT_DROP_MEDIA_SOURCE, // media from an unchecked address
    TRANSPORT_DROP_SRTP,         // authentication failed
    TRANSPORT_DROP_REPLAY,
    TRANSPORT_DROP_COUNT
};

struct transport_config {
    struct srtp_engine *engine;
    const struct dtls_identity *identity;
    struct rng *rng; // kept: outlives the transport
    uint8_t worker;  // becomes the first characters of the ufrag
};

struct transport_received {
    enum transport_input kind;
    struct bytes packet; // inside the datagram's buffer (RTP, RTCP) or the transport's (SCTP),
                         // valid until the next call
    uint64_t index;      // RTP: ROC << 16 | sequence number
};

struct transport; // rtc/transport.c

struct transport *transport_new(const struct transport_config *config, int64_t now);
void transport_free(struct transport *t); // after the batch that names its path was flushed

// Our credentials, for the SDP.
const char *transport_ufrag(const struct transport *t);
const char *transport_pwd(const struct transport *t);

// What the peer's SDP says. May be called again with new ICE credentials (an ICE restart):
// `restart` then makes new local ones too, and the old path stays until the new one is checked.
struct transport_remote {
    char ufrag[257];
    char pwd[257];
    uint8_t fingerprint[FINGERPRINT_LEN];
    bool dtls_client; // the peer is: a=setup:active, or actpass in an offer
};
// The silence clock (TRANSPORT_SILENCE_MS) starts with the first call.
void transport_set_remote(struct transport *t, const struct transport_remote *remote,
                          int64_t now);
// Our role in DTLS. The first call above decides it for good: later descriptions repeat it
// (RFC 8842 section 5.5).
bool transport_is_dtls_client(const struct transport *t);
void transport_restart_ice(struct transport *t); // new local credentials for the next SDP

// Takes a datagram; decrypts in place.
void transport_receive(struct transport *t, const struct addr *from, uint8_t *datagram,
                       size_t len, int64_t now, struct batch *out,
                       struct transport_received *received);

// After `received` was TRANSPORT_INPUT_SCTP: further SCTP packets of the same datagram.
// The datagram's buffer must still be there.
bool transport_more(struct transport *t, struct transport_received *received);

// The two halves of transport_receive() for the worker's hot path: most datagrams of a tick are
// RTP, and are unprotected together by srtp_unprotect_many(). transport_media_input() fills
// `input` and returns true when the datagram is RTP of a connected transport from one of its
// checked addresses; everything else, RTCP included, is for transport_receive().
bool transport_media_input(struct transport *t, const struct addr *from, uint8_t *datagram,
                           size_t len, struct srtp_input *input);
// Tells the transport how it ended, so that consent, path and counters stay right.
void transport_media_done(struct transport *t, const struct addr *from,
                          const struct srtp_input *input, int64_t now);

// Sends a SCTP packet inside DTLS. ERR_WRONG_STATE before TRANSPORT_CONNECTED.
int transport_send_sctp(struct transport *t, struct bytes packet, int64_t now,
                        struct batch *out);

// The addresses that passed an authenticated check: datagrams from them are this transport's.
// The list lives inside the transport; `transport_generation()` changes whenever it does, so
// that whoever maps addresses to transports looks again only then.
size_t transport_addresses(const struct transport *t, const struct addr **list);
uint32_t transport_generation(const struct transport *t);
// Whether something authentic came from one of them later than `since`.
bool transport_heard_since(const struct transport *t, const struct addr *from, int64_t since);

// Whether a first check that names `ufrag` is for this transport. After
// transport_restart_ice() that are two: the old one until the new path is checked.
bool transport_has_ufrag(const struct transport *t, struct bytes ufrag);

// Where we send to; NULL before the first check.
const struct addr *transport_address(const struct transport *t);

// A stream of the peer has ended: its place among the SSRC_PER_TRANSPORT_MAX is free again.
void transport_forget_ssrc(struct transport *t, uint32_t ssrc);

// Where RTP and RTCP are queued with batch_media(). Its `protect` is NULL before keys are
// there.
struct batch_path *transport_path(struct transport *t);

// Queues a compound RTCP packet (plain; it is copied).
void transport_send_rtcp(struct transport *t, struct bytes compound, struct batch *out);

enum transport_state transport_state(const struct transport *t);
enum transport_close transport_close_reason(const struct transport *t);
// Why it never connected, for people who look for the cause; NULL when that is not so.
const char *transport_failure(const struct transport *t);
const uint64_t *transport_drops(const struct transport *t); // TRANSPORT_DROP_COUNT of them

int64_t transport_deadline(const struct transport *t); // NEVER when nothing is pending
void transport_expire(struct transport *t, int64_t now, struct batch *out);

// Says goodbye with a close_notify when DTLS is up.
void transport_close(struct transport *t, struct batch *out);
