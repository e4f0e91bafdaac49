#include "base/err.h"
#include "base/moment.h"
#include "rtc/dtls.h"
#include "test.h"

#include "rtc/dtls_identity.h"

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <sys/time.h>

// OpenSSL's clock for retransmissions is this one, because the program's symbol comes before
// the C library's.
static int64_t openssl_now_us = 1000000;

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    (void)tz;
    tv->tv_sec = openssl_now_us / 1000000;
    tv->tv_usec = openssl_now_us % 1000000;
    return 0;
}

// Two connections that exchange datagrams by hand; what transport_test does not reach.

struct pair {
    struct dtls_identity *identity;
    struct dtls *server;
    struct dtls *client;
    struct batch to_server;
    struct batch to_client;
    struct addr addr;
};

static struct pair pair_new(void)
{
    struct pair p = {.identity = dtls_identity_new()};
    p.server = dtls_new(p.identity);
    p.client = dtls_new(p.identity);
    CHECK_EQ(addr_parse(&p.addr, "192.0.2.1:5000"), 0);
    dtls_start(p.server, false, 0, &p.addr, &p.to_client);
    dtls_start(p.client, true, 0, &p.addr, &p.to_server);
    return p;
}

static void pair_dispose(struct pair *p)
{
    dtls_free(p->server);
    dtls_free(p->client);
    dtls_identity_free(p->identity);
    batch_dispose(&p->to_server);
    batch_dispose(&p->to_client);
}

// Hands all of `from` to `d`, which answers into `out`. Returns how many records were dropped.
static int deliver(struct dtls *d, struct batch *from, const struct addr *addr,
                   struct batch *out)
{
    struct batch taken = *from;
    *from = (struct batch){0};
    int dropped = 0;
    for (uint32_t i = 0; i < taken.run_count; i++) {
        struct bytes rest = test_exact_copy(taken.runs[i].at, taken.runs[i].len);
        struct bytes data;
        while (rest.len)
            dropped += dtls_receive(d, &rest, 0, addr, out, &data) == DTLS_DROPPED;
    }
    batch_dispose(&taken);
    return dropped;
}

static void pump(struct pair *p)
{
    while (p->to_server.run_count || p->to_client.run_count) {
        deliver(p->server, &p->to_server, &p->addr, &p->to_client);
        deliver(p->client, &p->to_client, &p->addr, &p->to_server);
    }
}

TEST(both_sides_export_the_same_keys_and_prefer_gcm)
{
    struct pair p = pair_new();
    pump(&p);
    CHECK_EQ(dtls_state(p.server), DTLS_UP);
    CHECK_EQ(dtls_state(p.client), DTLS_UP);
    struct srtp_keys server_in, server_out, client_in, client_out;
    dtls_keys(p.server, &server_in, &server_out);
    dtls_keys(p.client, &client_in, &client_out);
    CHECK_EQ(server_in.profile, SRTP_AEAD_AES_128_GCM);
    CHECK_EQ(memcmp(&server_in, &client_out, sizeof server_in), 0);
    CHECK_EQ(memcmp(&server_out, &client_in, sizeof server_in), 0);
    CHECK(memcmp(&server_in, &server_out, sizeof server_in) != 0);
    CHECK_EQ(memcmp(dtls_peer_fingerprint(p.server), dtls_identity_fingerprint(p.identity), 32),
             0);
    CHECK(dtls_deadline(p.server) == NEVER);
    pair_dispose(&p);
}

TEST(every_identity_is_another)
{
    struct dtls_identity *a = dtls_identity_new(), *b = dtls_identity_new();
    CHECK(memcmp(dtls_identity_fingerprint(a), dtls_identity_fingerprint(b), 32) != 0);
    dtls_identity_free(a);
    dtls_identity_free(b);
}

TEST(a_lost_flight_has_a_deadline)
{
    struct pair p = pair_new();
    batch_reset(&p.to_server);
    int64_t at = dtls_deadline(p.client);
    CHECK(at > 0 && at <= 200 * 1000);
    CHECK(dtls_deadline(p.server) == NEVER);
    dtls_expire(p.client, at - 1, &p.addr, &p.to_server);
    CHECK_EQ(p.to_server.run_count, 0);
    pair_dispose(&p);
}

TEST(data_before_the_end_of_the_handshake_is_a_wrong_state)
{
    struct pair p = pair_new();
    CHECK_EQ(dtls_send(p.client, bytes_of("x"), &p.addr, &p.to_server), ERR_WRONG_STATE);
    pump(&p);
    static const uint8_t large[DATAGRAM_MAX];
    CHECK_EQ(dtls_send(p.client, (struct bytes){large, sizeof large}, &p.addr, &p.to_server),
             ERR_NO_SPACE);
    CHECK_EQ(dtls_send(p.client, bytes_of("x"), &p.addr, &p.to_server), 0);
    pair_dispose(&p);
}

TEST(data_that_overtakes_the_finished_is_not_lost)
{
    struct pair p = pair_new();
    deliver(p.server, &p.to_server, &p.addr, &p.to_client); // ClientHello
    deliver(p.client, &p.to_client, &p.addr, &p.to_server); // up to ServerHelloDone
    deliver(p.server, &p.to_server, &p.addr, &p.to_client); // the client's Finished
    CHECK_EQ(dtls_state(p.server), DTLS_UP);
    CHECK_EQ(dtls_send(p.server, bytes_of("early"), &p.addr, &p.to_client), 0);

    // One datagram with ChangeCipherSpec and Finished, then the data: it comes in between.
    CHECK_EQ(p.to_client.run_count, 2);
    struct bytes flight = {p.to_client.runs[0].at, p.to_client.runs[0].len};
    size_t change_len = 13 + read_u16(flight.at + 11);
    CHECK_EQ(flight.at[0], 20);
    struct bytes order[] = {
        {flight.at, change_len},
        {p.to_client.runs[1].at, p.to_client.runs[1].len},
        {flight.at + change_len, flight.len - change_len},
    };
    struct bytes data = {0};
    CHECK_EQ(dtls_receive(p.client, &order[0], 0, &p.addr, &p.to_server, &data), DTLS_HANDLED);
    CHECK_EQ(dtls_receive(p.client, &order[1], 0, &p.addr, &p.to_server, &data), DTLS_HANDLED);
    CHECK_EQ(dtls_receive(p.client, &order[2], 0, &p.addr, &p.to_server, &data), DTLS_DATA);
    CHECK_EQ(dtls_state(p.client), DTLS_UP);
    CHECK_BYTES(data, "early", 5);
    pair_dispose(&p);
}

TEST(a_lost_flight_is_repeated_until_it_arrives)
{
    struct pair p = pair_new();
    for (int lost = 0; lost < 3; lost++) {
        batch_reset(&p.to_server);
        openssl_now_us += 2 * 1000 * 1000;
        dtls_expire(p.client, dtls_deadline(p.client), &p.addr, &p.to_server);
        CHECK(p.to_server.run_count > 0);
    }
    pump(&p);
    CHECK_EQ(dtls_state(p.client), DTLS_UP);
    pair_dispose(&p);
}

TEST(the_answer_to_a_repeated_last_flight_is_repeated)
{
    struct pair p = pair_new();
    deliver(p.server, &p.to_server, &p.addr, &p.to_client);
    deliver(p.client, &p.to_client, &p.addr, &p.to_server);
    deliver(p.server, &p.to_server, &p.addr, &p.to_client);
    CHECK_EQ(dtls_state(p.server), DTLS_UP);
    batch_reset(&p.to_client); // lost
    openssl_now_us += 2 * 1000 * 1000;
    dtls_expire(p.client, dtls_deadline(p.client), &p.addr, &p.to_server);
    CHECK(p.to_server.run_count > 0);
    deliver(p.server, &p.to_server, &p.addr, &p.to_client);
    CHECK(p.to_client.run_count > 0);
    deliver(p.client, &p.to_client, &p.addr, &p.to_server);
    CHECK_EQ(dtls_state(p.client), DTLS_UP);
    pair_dispose(&p);
}

TEST(closing_tells_the_peer)
{
    struct pair p = pair_new();
    pump(&p);
    dtls_close(p.server, &p.addr, &p.to_client);
    CHECK_EQ(dtls_state(p.server), DTLS_CLOSED);
    pump(&p);
    CHECK_EQ(dtls_state(p.client), DTLS_CLOSED);
    CHECK(dtls_deadline(p.client) == NEVER);
    pair_dispose(&p);
}

TEST(records_that_are_none_are_dropped)
{
    struct pair p = pair_new();
    static const uint8_t short_one[] = {22, 254, 253, 0, 0};
    static const uint8_t too_long[] = {22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1};
    static const uint8_t tls[] = {22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
    const struct bytes bad[] = {
        {short_one, sizeof short_one}, {too_long, sizeof too_long}, {tls, sizeof tls}};
    for (size_t i = 0; i < 3; i++) {
        struct bytes rest = test_exact_copy(bad[i].at, bad[i].len), data;
        CHECK_EQ(dtls_receive(p.server, &rest, 0, &p.addr, &p.to_client, &data), DTLS_DROPPED);
        CHECK_EQ(rest.len, 0);
    }
    pump(&p);
    CHECK_EQ(dtls_state(p.server), DTLS_UP);
    pair_dispose(&p);
}

// --- Certificates of others ---

// An identity whose key is on another curve, or a RSA key when `curve` is NULL.
static struct dtls_identity *identity_on(const char *curve)
{
    struct dtls_identity *identity = dtls_identity_new();
    EVP_PKEY *key = curve ? EVP_EC_gen(curve) : EVP_RSA_gen(2048);
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -1000);
    X509_gmtime_adj(X509_getm_notAfter(x), 1000000);
    X509_set_pubkey(x, key);
    CHECK(X509_sign(x, key, EVP_sha256()) > 0);
    CHECK_EQ(SSL_CTX_use_certificate(identity->context, x), 1);
    CHECK_EQ(SSL_CTX_use_PrivateKey(identity->context, key), 1);
    // Like an encoder, it does not mind what it has itself.
    CHECK_EQ(SSL_CTX_set1_groups_list(identity->context,
                                      "X25519:P-256:P-384:P-521:P-224:brainpoolP256r1"),
             1);
    X509_free(x);
    EVP_PKEY_free(key);
    return identity;
}

// One side has our identity and the other one on `curve`.
static struct pair pair_with(const char *curve, bool they_serve, struct dtls_identity **theirs)
{
    struct pair p = {.identity = dtls_identity_new()};
    *theirs = identity_on(curve);
    p.server = dtls_new(they_serve ? *theirs : p.identity);
    p.client = dtls_new(they_serve ? p.identity : *theirs);
    CHECK_EQ(addr_parse(&p.addr, "192.0.2.1:5000"), 0);
    dtls_start(p.server, false, 0, &p.addr, &p.to_client);
    dtls_start(p.client, true, 0, &p.addr, &p.to_server);
    return p;
}

TEST(a_certificate_on_any_curve_of_112_bits_is_taken_in_both_roles)
{
    static const char *const curves[] = {"P-224", "P-256", "P-384", "P-521", NULL};
    for (size_t i = 0; i < 2 * sizeof curves / sizeof *curves; i++) {
        struct dtls_identity *theirs;
        struct pair p = pair_with(curves[i / 2], i % 2, &theirs);
        pump(&p);
        CHECK_EQ(dtls_state(p.server), DTLS_UP);
        CHECK_EQ(dtls_state(p.client), DTLS_UP);
        CHECK(!dtls_failure(p.server) && !dtls_failure(p.client));
        pair_dispose(&p);
        dtls_identity_free(theirs);
    }
}

// A curve that we do not have: the handshake is given up after three attempts of the peer.
TEST(a_handshake_that_cannot_succeed_ends_with_its_reason)
{
    struct dtls_identity *theirs;
    struct pair p = pair_with("brainpoolP256r1", false, &theirs);
    for (int attempt = 1; attempt <= 3; attempt++) {
        CHECK_EQ(dtls_state(p.server), DTLS_HANDSHAKE);
        pump(&p);
        if (attempt == 3)
            break;
        dtls_free(p.client);
        p.client = dtls_new(theirs);
        dtls_start(p.client, true, 0, &p.addr, &p.to_server);
    }
    CHECK_EQ(dtls_state(p.server), DTLS_FAILED);
    CHECK_TEXT(dtls_failure(p.server), "wrong curve");
    CHECK(dtls_deadline(p.server) == NEVER);
    pair_dispose(&p);
    dtls_identity_free(theirs);
}
