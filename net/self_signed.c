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

enum {
    VALID_S = 365 * 24 * 3600,
    RENEW_S = 30 * 24 * 3600,
    SERIAL_OCTETS = 16,
    HOST_MAX = 256
};

static bool covers(X509 *cert, const struct self_signed_names *names)
{
    char host[HOST_MAX] = "";
    if (gethostname(host, sizeof host - 1) == 0 && host[0] &&
        X509_check_host(cert, host, 0, 0, NULL) != 1)
        return false;
    if (names->host && X509_check_host(cert, names->host, 0, 0, NULL) != 1)
        return false;
    for (size_t i = 0; i < names->address_count; i++) {
        char ip[ADDR_TEXT_MAX];
        addr_format_ip(&names->addresses[i], ip);
        if (X509_check_ip_asc(cert, ip, 0) != 1)
            return false;
    }
    return true;
}

// NULL: the file is not there, or no key.
static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    return key;
}

static bool is_good(const char *cert_path, EVP_PKEY *key, const struct self_signed_names *names)
{
    FILE *file = key ? fopen(cert_path, "re") : NULL;
    X509 *cert = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    time_t soon = time(NULL) + RENEW_S;
    bool good = cert && X509_cmp_time(X509_get0_notAfter(cert), &soon) > 0 &&
                X509_check_private_key(cert, key) == 1 && covers(cert, names);
    X509_free(cert);
    return good;
}

static void alternative_names(struct text *out, const struct self_signed_names *names)
{
    char host[HOST_MAX] = "";
    text_add(out, "DNS:localhost,IP:127.0.0.1,IP:::1");
    if (gethostname(host, sizeof host - 1) == 0 && host[0])
        text_addf(out, ",DNS:%s", host);
    if (names->host)
        text_addf(out, ",DNS:%s", names->host);
    for (size_t i = 0; i < names->address_count; i++) {
        char ip[ADDR_TEXT_MAX];
        addr_format_ip(&names->addresses[i], ip);
        text_addf(out, ",IP:%s", ip);
    }
}

static int fill(X509 *cert, EVP_PKEY *key, const struct self_signed_names *names)
{
    unsigned char serial[SERIAL_OCTETS];
    if (RAND_bytes(serial, sizeof serial) != 1)
        return ERR_IO;
    serial[0] &= 0x7f; // RFC 5280 section 4.1.2.2: positive
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    struct text list = {0};
    alternative_names(&list, names);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, list.at);
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
    text_dispose(&list);
    return done ? 0 : ERR_IO;
}

// A file is replaced whole, so that whoever reads it meanwhile gets the old or the new one.
static int write_file(const char *path, X509 *cert, EVP_PKEY *key)
{
    struct text next = {0};
    text_addf(&next, "%s.new", path);
    int fd = open(next.at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool done =
        file && (cert ? PEM_write_X509(file, cert)
                      : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)) == 1;
    done = file && fclose(file) == 0 && done && rename(next.at, path) == 0;
    text_dispose(&next);
    return done ? 0 : ERR_IO;
}

static int make(const char *cert_path, EVP_PKEY *key, const struct self_signed_names *names)
{
    X509 *cert = X509_new();
    int err = cert ? fill(cert, key, names) : ERR_IO;
    if (!err)
        err = write_file(cert_path, cert, NULL);
    X509_free(cert);
    return err;
}

int self_signed_ensure(const char *cert_path, const char *key_path,
                       const struct self_signed_names *names)
{
    EVP_PKEY *key = read_key(key_path);
    if (is_good(cert_path, key, names)) {
        EVP_PKEY_free(key);
        return 0;
    }
    int err = 0;
    if (!key) {
        key = EVP_EC_gen("P-256");
        err = key ? write_file(key_path, NULL, key) : ERR_IO;
    }
    if (!err)
        err = make(cert_path, key, names);
    if (err)
        log_error("tls", "cannot make the certificate %s", cert_path);
    EVP_PKEY_free(key);
    return err ? err : 1;
}
