// DTLS-SRTP with another implementation than ours: GnuTLS, which FFmpeg and GStreamer are built
// with, in both roles and with each kind of certificate.
#include "base/moment.h"
#include "rtc/dtls.h"
#include "test.h"

#include "rtc/dtls_identity.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

enum { QUEUE_MAX = 64, ROUNDS_MAX = 20, MATERIAL_LEN = 2 * (16 + 14) };

struct queued {
    uint8_t at[DATAGRAM_MAX];
    size_t len;
};

// Our connection, theirs, and what is under way to theirs.
struct call {
    struct dtls_identity *identity;
    struct dtls *ours;
    struct batch from_us;
    struct addr addr;

    gnutls_certificate_credentials_t credentials;
    gnutls_session_t theirs;
    uint8_t fingerprint[DTLS_FINGERPRINT_LEN];
    bool done;
    int error; // why they gave up; 0: they did not

    struct queued *queue;
    size_t first;
    size_t count;
};

// --- What GnuTLS sends and receives with ---

static ssize_t push(gnutls_transport_ptr_t pointer, const void *at, size_t len)
{
    struct call *c = pointer;
    struct bytes rest = test_exact_copy(at, len);
    struct bytes data;
    while (rest.len)
        dtls_receive(c->ours, &rest, 0, &c->addr, &c->from_us, &data);
    return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *at, size_t size)
{
    struct call *c = pointer;
    if (c->first == c->count) {
        gnutls_transport_set_errno(c->theirs, EAGAIN);
        return -1;
    }
    const struct queued *next = &c->queue[c->first++];
    CHECK(next->len <= size);
    memcpy(at, next->at, next->len);
    return (ssize_t)next->len;
}

static int pull_timeout(gnutls_transport_ptr_t pointer, unsigned ms)
{
    const struct call *c = pointer;
    (void)ms;
    return c->first < c->count;
}

// --- The two ends ---

static void certify(struct call *c, gnutls_pk_algorithm_t kind, unsigned bits)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t x;
    CHECK_EQ(gnutls_x509_privkey_init(&key), 0);
    CHECK_EQ(gnutls_x509_privkey_generate(key, kind, bits, 0), 0);
    CHECK_EQ(gnutls_x509_crt_init(&x), 0);
    CHECK_EQ(gnutls_x509_crt_set_version(x, 3), 0);
    CHECK_EQ(gnutls_x509_crt_set_serial(x, "\1", 1), 0);
    CHECK_EQ(gnutls_x509_crt_set_activation_time(x, time(NULL) - 1000), 0);
    CHECK_EQ(gnutls_x509_crt_set_expiration_time(x, time(NULL) + 100000), 0);
    CHECK_EQ(gnutls_x509_crt_set_dn_by_oid(x, GNUTLS_OID_X520_COMMON_NAME, 0, "theirs", 6), 0);
    CHECK_EQ(gnutls_x509_crt_set_key(x, key), 0);
    CHECK_EQ(gnutls_x509_crt_sign2(x, x, key, GNUTLS_DIG_SHA256, 0), 0);
    size_t len = sizeof c->fingerprint;
    CHECK_EQ(gnutls_x509_crt_get_fingerprint(x, GNUTLS_DIG_SHA256, c->fingerprint, &len), 0);
    CHECK_EQ(gnutls_certificate_allocate_credentials(&c->credentials), 0);
    CHECK_EQ(gnutls_certificate_set_x509_key(c->credentials, &x, 1, key), 0);
    gnutls_x509_crt_deinit(x);
    gnutls_x509_privkey_deinit(key);
}

static void call_open(struct call *c, bool they_serve, gnutls_pk_algorithm_t kind,
                      unsigned bits, const char *priority)
{
    *c = (struct call){.identity = dtls_identity_new()};
    c->ours = dtls_new(c->identity);
    c->queue = calloc(QUEUE_MAX, sizeof *c->queue);
    CHECK(c->queue);
    CHECK_EQ(addr_parse(&c->addr, "192.0.2.1:5000"), 0);
    certify(c, kind, bits);

    unsigned role = they_serve ? GNUTLS_SERVER : GNUTLS_CLIENT;
    CHECK_EQ(gnutls_init(&c->theirs, role | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK), 0);
    CHECK_EQ(gnutls_priority_set_direct(c->theirs, priority, NULL), 0);
    CHECK_EQ(gnutls_credentials_set(c->theirs, GNUTLS_CRD_CERTIFICATE, c->credentials), 0);
    if (they_serve)
        gnutls_certificate_server_set_request(c->theirs, GNUTLS_CERT_REQUIRE);
    CHECK_EQ(gnutls_srtp_set_profile_direct(c->theirs, "SRTP_AES128_CM_HMAC_SHA1_80", NULL), 0);
    gnutls_dtls_set_mtu(c->theirs, DTLS_MTU);
    gnutls_transport_set_ptr(c->theirs, c);
    gnutls_transport_set_push_function(c->theirs, push);
    gnutls_transport_set_pull_function(c->theirs, pull);
    gnutls_transport_set_pull_timeout_function(c->theirs, pull_timeout);
    dtls_start(c->ours, they_serve, 0, &c->addr, &c->from_us);
}

static void call_close(struct call *c)
{
    gnutls_deinit(c->theirs);
    gnutls_certificate_free_credentials(c->credentials);
    dtls_free(c->ours);
    dtls_identity_free(c->identity);
    batch_dispose(&c->from_us);
    free(c->queue);
}

// What we sent, each record a datagram of its own.
static void carry(struct call *c)
{
    struct batch taken = c->from_us;
    c->from_us = (struct batch){0};
    if (c->first == c->count)
        c->first = c->count = 0;
    for (uint32_t i = 0; i < taken.run_count; i++) {
        CHECK(c->count < QUEUE_MAX);
        struct queued *q = &c->queue[c->count++];
        CHECK(taken.runs[i].len <= sizeof q->at);
        memcpy(q->at, taken.runs[i].at, taken.runs[i].len);
        q->len = taken.runs[i].len;
    }
    batch_dispose(&taken);
}

static void shake_hands(struct call *c)
{
    for (int i = 0; i < ROUNDS_MAX && !c->done && !c->error; i++) {
        carry(c);
        int done = gnutls_handshake(c->theirs);
        c->done = done == 0;
        if (done < 0 && gnutls_error_is_fatal(done))
            c->error = done;
    }
}

// --- What comes of it ---

static bool same(struct bytes a, const gnutls_datum_t *b)
{
    return a.len == b->size && memcmp(a.at, b->data, a.len) == 0;
}

// Both ends are up, know each other, and have the same keys and data.
static void expect_call(struct call *c, bool they_serve)
{
    CHECK_EQ(c->error, 0);
    CHECK(c->done);
    CHECK_EQ(dtls_state(c->ours), DTLS_UP);
    CHECK(!dtls_failure(c->ours));
    CHECK_EQ(memcmp(dtls_peer_fingerprint(c->ours), c->fingerprint, sizeof c->fingerprint), 0);

    struct srtp_keys in, out;
    dtls_keys(c->ours, &in, &out);
    uint8_t material[MATERIAL_LEN];
    gnutls_datum_t client_key, client_salt, server_key, server_salt;
    CHECK_EQ(gnutls_srtp_get_keys(c->theirs, material, sizeof material, &client_key,
                                  &client_salt, &server_key, &server_salt),
             MATERIAL_LEN);
    const struct srtp_keys *client = they_serve ? &out : &in;
    const struct srtp_keys *server = they_serve ? &in : &out;
    CHECK_EQ(in.profile, SRTP_AES128_CM_HMAC_SHA1_80);
    CHECK(same((struct bytes){client->key, SRTP_KEY_LEN}, &client_key));
    CHECK(same((struct bytes){client->salt, SRTP_SALT_MAX}, &client_salt));
    CHECK(same((struct bytes){server->key, SRTP_KEY_LEN}, &server_key));
    CHECK(same((struct bytes){server->salt, SRTP_SALT_MAX}, &server_salt));

    char heard[16];
    CHECK_EQ(dtls_send(c->ours, bytes_of("hello"), &c->addr, &c->from_us), 0);
    carry(c);
    CHECK_EQ(gnutls_record_recv(c->theirs, heard, sizeof heard), 5);
    CHECK_EQ(memcmp(heard, "hello", 5), 0);
}

static const struct kind {
    gnutls_pk_algorithm_t algorithm;
    unsigned bits;
} kinds[] = {
    {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)},
    {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP224R1)},
    {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1)},
    {GNUTLS_PK_RSA, 2048},
};

TEST(gnutls_as_the_server_is_connected_to_with_every_kind_of_certificate)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct call c;
        call_open(&c, true, kinds[i].algorithm, kinds[i].bits, "NORMAL");
        shake_hands(&c);
        expect_call(&c, true);
        call_close(&c);
    }
}

TEST(gnutls_as_the_client_connects_with_every_kind_of_certificate_that_it_lists)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct call c;
        call_open(&c, false, kinds[i].algorithm, kinds[i].bits, "NORMAL:+GROUP-SECP224R1");
        shake_hands(&c);
        expect_call(&c, false);
        call_close(&c);
    }
}

// As FFmpeg does where it is the active side: the curve of its own certificate is none of those
// that its ClientHello lists, and OpenSSL holds it to its word.
TEST(a_client_on_a_curve_that_it_does_not_list_is_refused_with_the_reason)
{
    struct call c;
    call_open(&c, false, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP224R1),
              "NORMAL");
    shake_hands(&c);
    CHECK(!c.done);
    CHECK_TEXT(dtls_failure(c.ours), "wrong curve");
    call_close(&c);
}

TEST(a_client_of_dtls_1_0_is_refused_with_the_reason)
{
    struct call c;
    call_open(&c, false, GNUTLS_PK_RSA, 2048, "NORMAL:-VERS-DTLS1.2");
    shake_hands(&c);
    CHECK(!c.done);
    CHECK_TEXT(dtls_failure(c.ours), "unsupported protocol");
    call_close(&c);
}
