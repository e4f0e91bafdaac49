#include "rtc/dtls.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/dtls_identity.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/time.h>

enum {
    RECORD_HEADER_LEN = 13,
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,

    MESSAGE_HEADER_LEN = 12,
    MESSAGE_MAX = 16 * 1024,
    MESSAGE_SEQ_MAX = 15, // a handshake of DTLS 1.2 has at most nine messages of one side

    // RFC 6347 section 4.2.4.1 suggests 1 s for unknown networks, and allows less where latency
    // matters; browsers begin with 50 ms. A lost flight of ours shall not cost a second.
    RETRANSMIT_FIRST_US = 200 * 1000,
    RETRANSMIT_MAX_US = 2 * 1000 * 1000,

    RECORD_OVERHEAD_MAX = 64, // header, explicit nonce, tag

    // Attempts that fail for the same reason: once may be a stranger's record, thrice is the
    // peer.
    FAILURES_MAX = 3,
    ALERT_LEN = RECORD_HEADER_LEN + 2,
};

static const char exporter_label[] = "EXTRACTOR-dtls_srtp"; // RFC 5764 section 4.2

struct dtls {
    const struct dtls_identity *identity;
    SSL *ssl; // NULL while DTLS_IDLE
    enum dtls_state state;
    bool client;
    int64_t retransmit_at;
    uint8_t peer_fingerprint[DTLS_FINGERPRINT_LEN];

    const char *failure; // of the last attempt; OpenSSL's text, which lives as long as it
    unsigned failures;   // attempts in a row that failed so
    uint8_t alert[ALERT_LEN];
    size_t alert_len; // 0: OpenSSL had none to send

    // What OpenSSL's BIO reads from and writes to, set for the time of one call.
    struct bytes reading;
    const struct addr *to;
    struct batch *out;

    uint8_t plain[DATAGRAM_MAX];
};

// --- The BIO: a call into OpenSSL reads at most one record, and each write is a datagram ---

static int bio_read(BIO *bio, char *at, int len)
{
    struct dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!d->reading.len || len <= 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = d->reading.len < (size_t)len ? d->reading.len : (size_t)len;
    memcpy(at, d->reading.at, n);
    d->reading.len = 0;
    return (int)n;
}

static int bio_write(BIO *bio, const char *at, int len)
{
    struct dtls *d = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    // OpenSSL complains to the peer about records which the peer may never have sent, and the
    // peer would believe it. It is told when the handshake is given up.
    bool complaint = len > 0 && at[0] == RECORD_ALERT && d->state == DTLS_HANDSHAKE;
    if (complaint && len == ALERT_LEN) {
        memcpy(d->alert, at, ALERT_LEN);
        d->alert_len = ALERT_LEN;
    }
    if (len > 0 && !complaint && d->out && d->to)
        batch_datagram(d->out, d->to, (struct bytes){(const uint8_t *)at, (size_t)len});
    return len;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return DTLS_MTU;
    default:
        return 0; // nothing pending, no headers to count
    }
}

BIO_METHOD *dtls_bio_method(void)
{
    BIO_METHOD *method =
        BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "parlor datagram");
    if (method) {
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_ctrl(method, bio_control);
    }
    return method;
}

static unsigned next_timeout_us(SSL *ssl, unsigned last_us)
{
    (void)ssl;
    if (!last_us)
        return RETRANSMIT_FIRST_US;
    return last_us * 2 < RETRANSMIT_MAX_US ? last_us * 2 : RETRANSMIT_MAX_US;
}

static SSL *new_connection(struct dtls *d)
{
    SSL *ssl = SSL_new(d->identity->context);
    BIO *bio = BIO_new(d->identity->method);
    assert(ssl && bio); // only memory could be missing
    BIO_set_data(bio, d);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_mtu(ssl, DTLS_MTU);
    DTLS_set_timer_cb(ssl, next_timeout_us);
    if (d->client)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    return ssl;
}

struct dtls *dtls_new(const struct dtls_identity *identity)
{
    struct dtls *d = mem_alloc(sizeof *d);
    d->identity = identity;
    d->retransmit_at = NEVER;
    return d;
}

void dtls_free(struct dtls *d)
{
    if (!d)
        return;
    SSL_free(d->ssl);
    mem_wipe(d->plain, sizeof d->plain);
    mem_free(d);
}

enum dtls_state dtls_state(const struct dtls *d)
{
    return d->state;
}

static void note_deadline(struct dtls *d, int64_t now)
{
    struct timeval left;
    d->retransmit_at = NEVER;
    bool over = d->state == DTLS_CLOSED || d->state == DTLS_FAILED;
    if (!over && DTLSv1_get_timeout(d->ssl, &left))
        d->retransmit_at = now + left.tv_sec * 1000000 + left.tv_usec;
}

// The handshake is over: without a certificate or a SRTP profile it was for nothing.
static bool finish(struct dtls *d)
{
    X509 *certificate = SSL_get1_peer_certificate(d->ssl);
    unsigned len = 0;
    bool hashed =
        certificate && X509_digest(certificate, EVP_sha256(), d->peer_fingerprint, &len) == 1;
    X509_free(certificate);
    if (!hashed || len != DTLS_FINGERPRINT_LEN || !SSL_get_selected_srtp_profile(d->ssl))
        return false;
    d->state = DTLS_UP;
    d->failure = NULL;
    return true;
}

// Keeps the reason. The first of OpenSSL's errors is the cause of the others.
static void note_failure(struct dtls *d)
{
    const char *why = ERR_reason_error_string(ERR_peek_error());
    if (!why)
        why = "no certificate, or no SRTP profile in common";
    bool same = d->failure && strcmp(d->failure, why) == 0;
    d->failures = same ? d->failures + 1 : 1;
    d->failure = why;
}

// A handshake that OpenSSL gave up begins anew: it may have been an attacker's record that
// spoiled it. What fails again and again for the same reason is the peer's own, and ends.
static void begin_anew(struct dtls *d)
{
    note_failure(d);
    if (d->failures == FAILURES_MAX) {
        d->state = DTLS_FAILED;
        if (d->alert_len && d->out && d->to)
            batch_datagram(d->out, d->to, (struct bytes){d->alert, d->alert_len});
        ERR_clear_error();
        return;
    }
    d->alert_len = 0;
    SSL_free(d->ssl);
    d->ssl = new_connection(d);
    if (d->client)
        SSL_do_handshake(d->ssl); // another ClientHello
    ERR_clear_error();
}

static enum dtls_result handshake(struct dtls *d)
{
    int done = SSL_do_handshake(d->ssl);
    if (done == 1) {
        if (finish(d))
            return DTLS_HANDLED;
    } else if (SSL_get_error(d->ssl, done) == SSL_ERROR_WANT_READ) {
        return DTLS_HANDLED;
    }
    begin_anew(d);
    return DTLS_DROPPED;
}

static void enter(struct dtls *d, const struct addr *to, struct batch *out)
{
    ERR_clear_error(); // SSL_get_error() looks at the thread's queue
    d->to = to;
    d->out = out;
}

static void leave(struct dtls *d)
{
    d->to = NULL;
    d->out = NULL;
    d->reading = (struct bytes){0};
}

void dtls_start(struct dtls *d, bool client, int64_t now, const struct addr *to,
                struct batch *out)
{
    assert(d->state == DTLS_IDLE);
    d->client = client;
    d->state = DTLS_HANDSHAKE;
    d->ssl = new_connection(d);
    if (client) {
        enter(d, to, out);
        handshake(d);
        leave(d);
        note_deadline(d, now);
    }
}

// Whether the messages of an unencrypted handshake record are such as our side of a handshake
// may see (RFC 6347 section 4.2.2), so that garbage never reaches the state machine.
static bool is_plausible_handshake(const struct dtls *d, struct bytes record)
{
    static const uint32_t to_server = 1u << 1 | 1u << 11 | 1u << 15 | 1u << 16;
    static const uint32_t to_client =
        1u << 2 | 1u << 3 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 22;
    uint32_t expected = d->client ? to_client : to_server;

    size_t at = RECORD_HEADER_LEN;
    while (record.len - at >= MESSAGE_HEADER_LEN) {
        const uint8_t *p = record.at + at;
        uint32_t message_len = read_u24(p + 1);
        uint32_t fragment_at = read_u24(p + 6);
        uint32_t fragment_len = read_u24(p + 9);
        if (p[0] > 31 || !(expected >> p[0] & 1) || message_len > MESSAGE_MAX ||
            read_u16(p + 4) > MESSAGE_SEQ_MAX || fragment_at + fragment_len > message_len ||
            record.len - at - MESSAGE_HEADER_LEN < fragment_len)
            return false;
        at += MESSAGE_HEADER_LEN + fragment_len;
    }
    return at == record.len && at > RECORD_HEADER_LEN;
}

// What is not encrypted anybody can write. An alert could only end the handshake, which its
// deadline does for peers that mean it; and once the connection is up, the answer to a
// repeated last flight is its Finished, which is encrypted.
static bool is_welcome_in_clear(const struct dtls *d, struct bytes record)
{
    if (d->state != DTLS_HANDSHAKE)
        return false;
    if (record.at[0] == RECORD_CHANGE_CIPHER_SPEC)
        return record.len == RECORD_HEADER_LEN + 1 && record.at[RECORD_HEADER_LEN] == 1;
    return record.at[0] == RECORD_HANDSHAKE && is_plausible_handshake(d, record);
}

// Cuts the first record off `*datagram`. False when it is none that OpenSSL should see; then
// `*datagram` is empty if nothing that follows could be told apart either.
static bool next_record(const struct dtls *d, struct bytes *datagram, struct bytes *record)
{
    const uint8_t *p = datagram->at;
    size_t len = datagram->len;
    size_t record_len = len < RECORD_HEADER_LEN ? 0 : RECORD_HEADER_LEN + read_u16(p + 11);
    if (!record_len || record_len > len || p[1] != 0xfe) {
        *datagram = (struct bytes){0};
        return false;
    }
    *record = (struct bytes){p, record_len};
    *datagram = (struct bytes){p + record_len, len - record_len};

    uint16_t epoch = read_u16(p + 3);
    bool encrypted = epoch == 1; // there is no renegotiation, so no third epoch
    return encrypted || (epoch == 0 && is_welcome_in_clear(d, *record));
}

static enum dtls_result read_data(struct dtls *d, struct bytes *data)
{
    int n = SSL_read(d->ssl, d->plain, sizeof d->plain);
    if (n > 0) {
        *data = (struct bytes){d->plain, (size_t)n};
        return DTLS_DATA;
    }
    int error = SSL_get_error(d->ssl, n);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN || SSL_get_shutdown(d->ssl) & SSL_RECEIVED_SHUTDOWN)
        d->state = DTLS_CLOSED;
    return error == SSL_ERROR_WANT_READ || d->state == DTLS_CLOSED ? DTLS_HANDLED
                                                                   : DTLS_DROPPED;
}

enum dtls_result dtls_receive(struct dtls *d, struct bytes *datagram, int64_t now,
                              const struct addr *to, struct batch *out, struct bytes *data)
{
    assert(d->state != DTLS_IDLE);
    struct bytes record;
    if (!next_record(d, datagram, &record) || d->state == DTLS_CLOSED ||
        d->state == DTLS_FAILED)
        return DTLS_DROPPED;

    enter(d, to, out);
    d->reading = record;
    enum dtls_result result = DTLS_HANDLED;
    if (d->state == DTLS_HANDSHAKE)
        result = handshake(d);
    if (d->state == DTLS_UP) // also for data that overtook the end of the handshake
        result = read_data(d, data);
    leave(d);
    note_deadline(d, now);
    return result;
}

const uint8_t *dtls_peer_fingerprint(const struct dtls *d)
{
    assert(d->state == DTLS_UP);
    return d->peer_fingerprint;
}

void dtls_keys(const struct dtls *d, struct srtp_keys *incoming, struct srtp_keys *outgoing)
{
    assert(d->state == DTLS_UP);
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(d->ssl);
    bool gcm = profile->id == SRTP_AEAD_AES_128_GCM;
    size_t salt_len = gcm ? 12 : 14;

    // RFC 5764 section 4.2: client key, server key, client salt, server salt.
    uint8_t material[2 * (SRTP_KEY_LEN + SRTP_SALT_MAX)];
    int exported =
        SSL_export_keying_material(d->ssl, material, 2 * (SRTP_KEY_LEN + salt_len),
                                   exporter_label, sizeof exporter_label - 1, NULL, 0, 0);
    assert(exported == 1);
    struct srtp_keys *sides[2] = {d->client ? outgoing : incoming,
                                  d->client ? incoming : outgoing};
    for (size_t i = 0; i < 2; i++) {
        *sides[i] = (struct srtp_keys){.profile = gcm ? SRTP_AEAD_AES_128_GCM
                                                      : SRTP_AES128_CM_HMAC_SHA1_80};
        memcpy(sides[i]->key, material + i * SRTP_KEY_LEN, SRTP_KEY_LEN);
        memcpy(sides[i]->salt, material + 2 * SRTP_KEY_LEN + i * salt_len, salt_len);
    }
    mem_wipe(material, sizeof material);
}

int dtls_send(struct dtls *d, struct bytes data, const struct addr *to, struct batch *out)
{
    if (d->state != DTLS_UP)
        return ERR_WRONG_STATE;
    if (data.len == 0 || data.len > DATAGRAM_MAX - RECORD_OVERHEAD_MAX)
        return ERR_NO_SPACE;
    enter(d, to, out);
    int written = SSL_write(d->ssl, data.at, (int)data.len);
    leave(d);
    return written > 0 ? 0 : ERR_IO;
}

const char *dtls_failure(const struct dtls *d)
{
    return d->failure;
}

int64_t dtls_deadline(const struct dtls *d)
{
    return d->retransmit_at;
}

void dtls_expire(struct dtls *d, int64_t now, const struct addr *to, struct batch *out)
{
    if (now < d->retransmit_at || d->state == DTLS_IDLE || d->state == DTLS_FAILED)
        return;
    enter(d, to, out);
    long handled = DTLSv1_handle_timeout(d->ssl); // nothing when its own clock says so
    if (handled < 0 && d->state == DTLS_HANDSHAKE)
        begin_anew(d);
    leave(d);
    note_deadline(d, now);
}

void dtls_close(struct dtls *d, const struct addr *to, struct batch *out)
{
    if (d->state == DTLS_UP) {
        enter(d, to, out);
        SSL_shutdown(d->ssl);
        ERR_clear_error();
        leave(d);
    }
    d->state = DTLS_CLOSED;
    d->retransmit_at = NEVER;
}
