// The same server over TLS, with OpenSSL as the client.
#include "served.h"

#include "base/err.h"
#include "base/mem.h"
#include "net/self_signed.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct served served;
static char folder[32], cert_path[64], key_path[64];

static void start(void)
{
    snprintf(folder, sizeof folder, "/tmp/parlor-tls-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(cert_path, sizeof cert_path, "%s/cert.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    CHECK_EQ(self_signed_ensure(cert_path, key_path, &(struct self_signed_names){0}), 1);
    served_start(&served,
                 &(struct http_server_config){.tls_cert = cert_path, .tls_key = key_path});
}

static void stop(void)
{
    served_stop(&served);
    unlink(cert_path);
    unlink(key_path);
    rmdir(folder);
}

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

// Whether the handshake succeeds with at most `version`.
static bool connect_with(struct client *client, int version)
{
    client->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(client->ctx, 0);
    SSL_CTX_set_max_proto_version(client->ctx, version);
    client->ssl = SSL_new(client->ctx);
    client->fd = served_connect(&served);
    fcntl(client->fd, F_SETFL, O_NONBLOCK);
    SSL_set_fd(client->ssl, client->fd);
    for (;;) {
        int done = SSL_connect(client->ssl);
        if (done == 1)
            return true;
        int why = SSL_get_error(client->ssl, done);
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
            return false;
        served_turn(&served);
    }
}

static void disconnect(struct client *client)
{
    SSL_free(client->ssl);
    SSL_CTX_free(client->ctx);
    close(client->fd);
}

// Sends `text` and receives until `expected` is part of what came.
static void exchange(struct client *client, const char *text, const char *expected)
{
    CHECK_EQ(SSL_write(client->ssl, text, (int)strlen(text)), strlen(text));
    struct text got = {0};
    text_add(&got, "");
    while (!strstr(got.at, expected)) {
        served_turn(&served);
        char octets[4096];
        int len = SSL_read(client->ssl, octets, sizeof octets);
        if (len <= 0) {
            CHECK_EQ(SSL_get_error(client->ssl, len), SSL_ERROR_WANT_READ);
            continue;
        }
        text_add_bytes(&got, (struct bytes){(uint8_t *)octets, (size_t)len});
    }
    text_dispose(&got);
}

static const char request[] = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST(requests_and_pages_know_that_they_are_secure)
{
    start();
    struct client client;
    CHECK(connect_with(&client, TLS1_3_VERSION));
    exchange(&client, request, "connect-src 'self' wss://localhost;");
    exchange(&client, request, "GET /page");
    disconnect(&client);
    stop();
}

TEST(a_long_answer_arrives_whole)
{
    start();
    struct client client;
    CHECK(connect_with(&client, TLS1_2_VERSION));
    exchange(&client, "GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n",
             "content-length: 1000000\r\n");
    exchange(&client, request, "GET /page");
    disconnect(&client);
    stop();
}

TEST(web_sockets_open_over_tls)
{
    start();
    struct client client;
    CHECK(connect_with(&client, TLS1_3_VERSION));
    exchange(
        &client,
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    static const char hello[] = "\x81\x85\0\0\0\0hello";
    CHECK_EQ(SSL_write(client.ssl, hello, sizeof hello - 1), sizeof hello - 1);
    while (!strstr(served.log.at, "text:5:hello"))
        served_turn(&served);
    disconnect(&client);
    stop();
}

TEST(old_versions_and_plain_text_are_refused)
{
    start();
    struct client client;
    CHECK(!connect_with(&client, TLS1_1_VERSION));
    disconnect(&client);
    CHECK_EQ(served_status(&served, request), 0);
    CHECK_EQ(served.log.len, 0);
    stop();
}

// The serial number of the certificate that a new connection is shown.
static uint64_t shown_serial(void)
{
    struct client client;
    uint64_t serial = 0;
    CHECK(connect_with(&client, TLS1_3_VERSION));
    X509 *cert = SSL_get1_peer_certificate(client.ssl);
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(cert), NULL);
    uint8_t octets[32] = {0};
    BN_bn2binpad(number, octets, sizeof octets);
    serial = read_u64(octets + 24);
    BN_free(number);
    X509_free(cert);
    disconnect(&client);
    return serial;
}

TEST(a_new_certificate_is_taken_while_connections_stay)
{
    start();
    struct client held;
    CHECK(connect_with(&held, TLS1_3_VERSION));
    uint64_t first = shown_serial();
    unlink(key_path);
    CHECK_EQ(self_signed_ensure(cert_path, key_path, &(struct self_signed_names){0}), 1);
    CHECK_EQ(http_server_reload_certificate(served.server), 0);
    uint64_t second = shown_serial();
    CHECK(first != second);
    exchange(&held, request, "GET /page");

    // A pair that does not load changes nothing.
    FILE *file = fopen(cert_path, "w");
    fputs("no certificate\n", file);
    fclose(file);
    CHECK_EQ(http_server_reload_certificate(served.server), ERR_IO);
    CHECK(shown_serial() == second);
    exchange(&held, request, "GET /page");
    disconnect(&held);
    stop();
}
