#include "net/certificate.h"

#include "base/err.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t seconds_of(const ASN1_TIME *moment)
{
    struct tm utc = {0};
    return ASN1_TIME_to_tm(moment, &utc) == 1 ? (int64_t)timegm(&utc) : 0;
}

// A key with a password is none, as the server would be asked for it.
static int no_password(char *to, int size, int writes, void *context)
{
    (void)to;
    (void)size;
    (void)writes;
    (void)context;
    return 0;
}

static bool is_pair(X509 *cert, const char *key_path)
{
    FILE *file = fopen(key_path, "re");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, no_password, NULL) : NULL;
    bool good = key && X509_check_private_key(cert, key) == 1;
    EVP_PKEY_free(key);
    if (file)
        fclose(file);
    return good;
}

// As a client would, that has the authorities of this machine.
static void verify(struct certificate *out, X509 *cert, STACK_OF(X509) * others)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (store && context && X509_STORE_set_default_paths(store) == 1 &&
        X509_STORE_CTX_init(context, store, cert, others) == 1) {
        X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME);
        X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
        out->is_trusted = X509_verify_cert(context) == 1;
        snprintf(out->distrust, sizeof out->distrust, "%s",
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
}

static STACK_OF(X509) * read_others(FILE *file)
{
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *each;
    while ((each = PEM_read_X509(file, NULL, no_password, NULL)))
        sk_X509_push(others, each);
    return others;
}

int certificate_read(struct certificate *out, const char *cert_path, const char *key_path,
                     const char *host)
{
    FILE *file = fopen(cert_path, "re");
    if (!file)
        return ERR_IO;
    X509 *cert = PEM_read_X509_AUX(file, NULL, no_password, NULL);
    STACK_OF(X509) *others = cert ? read_others(file) : NULL;
    fclose(file);
    if (cert) {
        *out = (struct certificate){
            .begins_at_s = seconds_of(X509_get0_notBefore(cert)),
            .ends_at_s = seconds_of(X509_get0_notAfter(cert)),
            .is_pair = is_pair(cert, key_path),
            .covers_host = !host || X509_check_host(cert, host, 0, 0, NULL) == 1,
            .is_self_issued = X509_check_issued(cert, cert) == X509_V_OK,
        };
        X509_NAME_oneline(X509_get_subject_name(cert), out->subject, sizeof out->subject);
        verify(out, cert, others);
    }
    sk_X509_pop_free(others, X509_free);
    X509_free(cert);
    ERR_clear_error(); // what was found is told by `out`
    return cert ? 0 : ERR_MALFORMED;
}
