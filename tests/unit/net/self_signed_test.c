#include "base/err.h"
#include "net/self_signed.h"
#include "test.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/parlor-tls-XXXXXX";
static char cert_path[64], key_path[64];

// What must be covered: `ip` and `host`, where they are not NULL.
static int ensure(const char *ip, const char *host)
{
    struct addr address;
    if (ip)
        CHECK_EQ(addr_parse_ip(&address, ip, 0), 0);
    struct self_signed_names names = {
        .addresses = &address, .address_count = ip != NULL, .host = host};
    return self_signed_ensure(cert_path, key_path, &names);
}

static void make(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(cert_path, sizeof cert_path, "%s/cert.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    CHECK_EQ(ensure("192.0.2.7", NULL), 1);
}

static X509 *read_cert(void)
{
    FILE *file = fopen(cert_path, "r");
    CHECK(file != NULL);
    X509 *cert = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    CHECK(cert != NULL);
    return cert;
}

TEST(names_this_machine_and_fits_its_key)
{
    make();
    X509 *cert = read_cert();
    CHECK_EQ(X509_check_host(cert, "localhost", 0, 0, NULL), 1);
    CHECK_EQ(X509_check_ip_asc(cert, "127.0.0.1", 0), 1);
    CHECK_EQ(X509_check_ip_asc(cert, "192.0.2.7", 0), 1);
    CHECK_EQ(X509_check_ip_asc(cert, "192.0.2.8", 0), 0);
    CHECK_EQ(X509_cmp_time(X509_get0_notBefore(cert), NULL), -1);
    X509_free(cert);

    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    CHECK_EQ(SSL_CTX_use_certificate_chain_file(ctx, cert_path), 1);
    CHECK_EQ(SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM), 1);
    CHECK_EQ(SSL_CTX_check_private_key(ctx), 1);
    SSL_CTX_free(ctx);
    struct stat key;
    CHECK_EQ(stat(key_path, &key), 0);
    CHECK_EQ(key.st_mode & 0777, 0600);
}

TEST(a_good_pair_is_kept)
{
    X509 *before = read_cert();
    CHECK_EQ(ensure("192.0.2.7", NULL), 0);
    CHECK_EQ(ensure(NULL, NULL), 0); // an address that is gone does no harm
    X509 *after = read_cert();
    CHECK_EQ(X509_cmp(before, after), 0);
    X509_free(before);
    X509_free(after);
}

TEST(an_address_or_a_name_that_is_new_makes_another_certificate_of_the_same_key)
{
    X509 *before = read_cert();
    CHECK_EQ(ensure("192.0.2.8", NULL), 1);
    X509 *after = read_cert();
    CHECK_EQ(X509_check_ip_asc(after, "192.0.2.8", 0), 1);
    CHECK_EQ(X509_check_ip_asc(after, "127.0.0.1", 0), 1);
    CHECK_EQ(EVP_PKEY_eq(X509_get0_pubkey(before), X509_get0_pubkey(after)), 1);
    CHECK_EQ(ensure("192.0.2.8", NULL), 0);
    X509_free(before);
    X509_free(after);

    CHECK_EQ(ensure("2001:db8::1", "meet.example.org"), 1);
    CHECK_EQ(ensure("2001:db8::1", "meet.example.org"), 0);
    after = read_cert();
    CHECK_EQ(X509_check_host(after, "meet.example.org", 0, 0, NULL), 1);
    CHECK_EQ(X509_check_ip_asc(after, "2001:db8::1", 0), 1);
    X509_free(after);
}

TEST(a_certificate_of_another_key_is_made_anew)
{
    char other[80];
    snprintf(other, sizeof other, "%s.other", key_path);
    CHECK_EQ(rename(key_path, other), 0);
    X509 *before = read_cert();
    CHECK_EQ(ensure("192.0.2.7", NULL), 1);
    CHECK_EQ(rename(other, key_path), 0); // the first key, and the certificate of the second
    CHECK_EQ(ensure("192.0.2.7", NULL), 1);
    X509 *after = read_cert();
    CHECK_EQ(EVP_PKEY_eq(X509_get0_pubkey(before), X509_get0_pubkey(after)), 1);
    X509_free(before);
    X509_free(after);
}

TEST(without_its_key_the_pair_is_made_anew)
{
    X509 *before = read_cert();
    CHECK_EQ(unlink(key_path), 0);
    CHECK_EQ(ensure(NULL, NULL), 1);
    X509 *after = read_cert();
    CHECK(X509_cmp(before, after) != 0);
    X509_free(before);
    X509_free(after);
}

TEST(a_folder_that_is_not_there_is_an_error)
{
    struct self_signed_names none = {0};
    CHECK_EQ(self_signed_ensure("/nonexistent/cert.pem", "/nonexistent/key.pem", &none),
             ERR_IO);
    unlink(cert_path);
    unlink(key_path);
    rmdir(folder);
}
