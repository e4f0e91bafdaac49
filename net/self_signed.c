#include "net/self_signed.h"

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

enum { VALID_S = 365 * 24 * 3600, RENEW_S = 30 * 24 * 3600, SERIAL_OCTETS = 16 };

static bool is_good(const char *cert_path, const char *key_path)
{
    FILE *file = access(key_path, R_OK) == 0 ? fopen(cert_path, "re") : NULL;
    X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    time_t soon = time(NULL) + RENEW_S;
    bool good = cert && X509_cmp_time(X509_get0_notAfter(cert), &soon) > 0;
    X509_free(cert);
    return good;
}

static void alternative_names(struct text *names, const struct addr *addresses, size_t count)
{
    char host[256] = "";
    text_add(names, "DNS:localhost,IP:127.0.0.1,IP:::1");
    if (gethostname(host, sizeof host - 1) == 0 && host[0])
        text_addf(names, ",DNS:%s", host);
    for (size_t i = 0; i < count; i++) {
        char ip[ADDR_TEXT_MAX];
        addr_format_ip(&addresses[i], ip);
        text_addf(names, ",IP:%s", ip);
    }
}

static int fill(X509 *cert, EVP_PKEY *key, const struct addr *addresses, size_t count)
{
    unsigned char serial[SERIAL_OCTETS];
    if (RAND_bytes(serial, sizeof serial) != 1)
        return ERR_IO;
    serial[0] &= 0x7f; // RFC 5280 section 4.1.2.2: positive
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    struct text names = {0};
    alternative_names(&names, addresses, count);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names.at);
    bool done = number && extension &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) &&
                X509_set_version(cert, X509_VERSION_3) &&
                X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
                X509_gmtime_adj(X509_getm_notAfter(cert), VALID_S) &&
                X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                           (const unsigned char *)"parlor", -1, -1, 0) &&
                X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
                X509_add_ext(cert, extension, -1) && X509_sign(cert, key, EVP_sha256());
    X509_EXTENSION_free(extension);
    BN_free(number);
    text_dispose(&names);
    return done ? 0 : ERR_IO;
}

static FILE *create(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static int write_pair(const char *cert_path, const char *key_path, X509 *cert, EVP_PKEY *key)
{
    FILE *key_file = create(key_path);
    FILE *cert_file = create(cert_path);
    bool done = key_file && cert_file &&
                PEM_write_PrivateKey(key_file, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                PEM_write_X509(cert_file, cert) == 1;
    done = key_file && fclose(key_file) == 0 && done;
    done = cert_file && fclose(cert_file) == 0 && done;
    return done ? 0 : ERR_IO;
}

int self_signed_ensure(const char *cert_path, const char *key_path,
                       const struct addr *addresses, size_t address_count)
{
    if (is_good(cert_path, key_path))
        return 0;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    int err = key && cert ? fill(cert, key, addresses, address_count) : ERR_IO;
    if (!err)
        err = write_pair(cert_path, key_path, cert, key);
    if (err)
        log_error("tls", "cannot make the certificate %s", cert_path);
    X509_free(cert);
    EVP_PKEY_free(key);
    return err;
}
