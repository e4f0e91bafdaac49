// What rtc/dtls_connection.c needs of an identity.
#pragma once

#include "rtc/dtls.h"

#include <openssl/ssl.h>

struct dtls_identity {
    SSL_CTX *context;
    BIO_METHOD *method;
    uint8_t fingerprint[DTLS_FINGERPRINT_LEN];
};

// How OpenSSL reads and writes datagrams; NULL when it has no memory.
BIO_METHOD *dtls_bio_method(void);
