#include "rtc/dtls_identity.h"

#include "base/mem.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

// Forward secrecy and authenticated encryption only. RSA beside ECDSA because the peer's
// certificate may be of either kind when we are the client.
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

// OpenSSL refuses a peer's certificate on a curve that is not in this list. Which one it is
// says nothing about who the peer is, its fingerprint does; so every curve of 112 bits and more
// is taken, also P-224, which is what GnuTLS makes where it is asked for a key of medium
// strength.
static const char groups[] = "X25519:P-256:P-384:P-521:P-224";

// The server's order decides (RFC 5764 section 4.1.2), and GCM costs us half as much.
static const char profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

enum { HANDSHAKE_MESSAGE_MAX = 16 * 1024 };

// A process that cannot make a certificate at start cannot serve anybody.
static void must(bool done, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "dtls: OpenSSL cannot %s\n", what);
    abort();
}

// The chain is not what authenticates the peer, its fingerprint is.
static int accept_any(int preverified, X509_STORE_CTX *store)
{
    (void)preverified;
    (void)store;
    return 1;
}

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    must(certificate, "allocate a certificate");
    uint8_t serial[8];
    must(RAND_bytes(serial, sizeof serial) == 1, "draw a serial number");
    uint64_t number = read_u64(serial) >> 1;
    must(X509_set_version(certificate, 2) == 1 &&
             ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number) == 1,
         "number a certificate");

    // RFC 5280 section 4.1.2.5 gives this end to certificates without one. The key lives as
    // long as the process, and peers compare the fingerprint, not the dates.
    must(ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
             ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), "99991231235959Z") == 1,
         "date a certificate");

    X509_NAME *name = X509_get_subject_name(certificate);
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"parlor", -1, -1,
                                    0) == 1 &&
             X509_set_issuer_name(certificate, name) == 1,
         "name a certificate");
    must(X509_set_pubkey(certificate, key) == 1 &&
             X509_sign(certificate, key, EVP_sha256()) != 0,
         "sign a certificate");
    return certificate;
}

static SSL_CTX *new_context(EVP_PKEY *key, X509 *certificate)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_method());
    must(context, "make a DTLS context");
    must(SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1, "ask for DTLS 1.2");
    must(SSL_CTX_set_cipher_list(context, ciphers) == 1, "choose ciphers");
    must(SSL_CTX_set1_groups_list(context, groups) == 1, "choose curves");
    must(SSL_CTX_set_tlsext_use_srtp(context, profiles) == 0, "offer SRTP"); // 0 is success
    must(SSL_CTX_use_certificate(context, certificate) == 1 &&
             SSL_CTX_use_PrivateKey(context, key) == 1,
         "use its own certificate");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU |
                                     SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, HANDSHAKE_MESSAGE_MAX);
    SSL_CTX_set_read_ahead(context, 1); // a datagram is read whole
    return context;
}

struct dtls_identity *dtls_identity_new(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(key, "make a P-256 key");
    X509 *certificate = self_signed(key);

    struct dtls_identity *identity = mem_alloc(sizeof *identity);
    unsigned len = 0;
    must(X509_digest(certificate, EVP_sha256(), identity->fingerprint, &len) == 1 &&
             len == DTLS_FINGERPRINT_LEN,
         "hash a certificate");
    identity->context = new_context(key, certificate);
    identity->method = dtls_bio_method();
    must(identity->method, "make a BIO method");
    X509_free(certificate);
    EVP_PKEY_free(key);
    return identity;
}

void dtls_identity_free(struct dtls_identity *identity)
{
    if (!identity)
        return;
    SSL_CTX_free(identity->context);
    BIO_meth_free(identity->method);
    mem_free(identity);
}

const uint8_t *dtls_identity_fingerprint(const struct dtls_identity *identity)
{
    return identity->fingerprint;
}
