// DTLS-SRTP over OpenSSL: RFC 5764, RFC 6347. Both roles, both ends with a self-signed
// certificate, which the caller compares with the fingerprint of the SDP (RFC 8122).
//
// OpenSSL reads its own clock for retransmissions and has its own randomness; everything else
// is handed in and out.
#pragma once

#include "base/batch.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "rtc/srtp.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DTLS_FINGERPRINT_LEN = 32, // sha-256
    DTLS_MTU = 1200,           // what every path of the internet carries, as browsers assume
};

// Certificate and key of this process, and the settings that all connections share. May be
// used by several threads.
struct dtls_identity;

struct dtls_identity *dtls_identity_new(void);
void dtls_identity_free(struct dtls_identity *identity); // after its connections
const uint8_t *dtls_identity_fingerprint(const struct dtls_identity *identity);

enum dtls_state {
    DTLS_IDLE, // the role is not chosen yet
    DTLS_HANDSHAKE,
    DTLS_UP,     // keys are there; the peer's certificate is not compared by this file
    DTLS_CLOSED, // by close_notify, of either side
    DTLS_FAILED, // the handshake cannot succeed; dtls_failure() says why
};

enum dtls_result {
    DTLS_DROPPED, // not DTLS, or refused; the connection goes on
    DTLS_HANDLED, // part of the handshake, or a retransmission of it
    DTLS_DATA,    // application data
};

struct dtls; // rtc/dtls_connection.c

struct dtls *dtls_new(const struct dtls_identity *identity);
void dtls_free(struct dtls *d);
enum dtls_state dtls_state(const struct dtls *d);

// Chooses the role; the client's first flight goes to `out`. Once only.
void dtls_start(struct dtls *d, bool client, int64_t now, const struct addr *to,
                struct batch *out);

// Takes one record from the beginning of `*datagram` and moves the view past it; replies go
// to `to`. DTLS_DATA: `*data` is a view that lives until the next call.
enum dtls_result dtls_receive(struct dtls *d, struct bytes *datagram, int64_t now,
                              const struct addr *to, struct batch *out, struct bytes *data);

// What DTLS_UP means.
const uint8_t *dtls_peer_fingerprint(const struct dtls *d);
void dtls_keys(const struct dtls *d, struct srtp_keys *incoming, struct srtp_keys *outgoing);

// Sends application data as one record. ERR_WRONG_STATE unless DTLS_UP, ERR_NO_SPACE when it
// is too long for a datagram.
int dtls_send(struct dtls *d, struct bytes data, const struct addr *to, struct batch *out);

// Why the last attempt at a handshake failed, in OpenSSL's words; NULL: none did. Also while
// another is under way.
const char *dtls_failure(const struct dtls *d);

// When a flight must be repeated; NEVER when none is under way.
int64_t dtls_deadline(const struct dtls *d);
void dtls_expire(struct dtls *d, int64_t now, const struct addr *to, struct batch *out);

// Sends a close_notify when there is a connection to close.
void dtls_close(struct dtls *d, const struct addr *to, struct batch *out);
