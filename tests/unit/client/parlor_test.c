#include "base/jwt.h"
#include "client/parlor.h"
#include "test.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char access_key[] = "64a1b2c3d4e5f60718293a4b";
static const char secret[] = "0123456789abcdef0123456789abcdef";

static struct parlor_server server_at(const char *base_url)
{
    return (struct parlor_server){base_url, access_key, secret};
}

// A port of this machine that nobody listens on: it was ours a moment ago.
static int closed_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int s = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(s, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(getsockname(s, (struct sockaddr *)&at, &len), 0);
    close(s);
    return ntohs(at.sin_port);
}

TEST(a_management_token_is_one_that_the_server_takes)
{
    struct jwt_key key = {0};
    snprintf(key.access_key, sizeof key.access_key, "%s", access_key);
    snprintf(key.secrets[0], sizeof key.secrets[0], "%s", secret);
    struct jwt_keys keys = {&key, 1};
    struct jwt_claims claims;
    char *token = parlor_management_token(access_key, secret);
    CHECK(token != NULL);
    CHECK_EQ(jwt_verify(bytes_of(token), &keys, time(NULL), &claims), JWT_VALID);
    CHECK_EQ(claims.type, JWT_MANAGEMENT);
    CHECK_EQ(claims.expires_at_s - claims.issued_at_s, 86400);
    free(token);
}

TEST(no_token_is_made_of_a_bad_key)
{
    CHECK(parlor_management_token("short", secret) == NULL);
    CHECK(parlor_management_token(access_key, "") == NULL);
    CHECK(parlor_management_token(NULL, secret) == NULL);
    CHECK(parlor_management_token(access_key, NULL) == NULL);
}

TEST(a_closed_port_is_an_error_with_a_message)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/v2", closed_port());
    struct parlor_server server = server_at(url);
    struct parlor_room room = {.id = "untouched"};
    struct parlor_error error;
    CHECK_EQ(parlor_create_room(&server, NULL, &room, &error), -1);
    CHECK_EQ(error.status, 0);
    CHECK(strstr(error.message, url) != NULL);
    CHECK(strlen(error.message) > strlen(url) + 10);
    CHECK_TEXT(room.id, "untouched");
}

TEST(other_protocols_than_http_are_refused)
{
    struct parlor_server server = server_at("file:///etc");
    struct parlor_room room;
    struct parlor_error error;
    CHECK_EQ(parlor_create_room(&server, NULL, &room, &error), -1);
    CHECK(error.message[0] != 0);
}

TEST(what_is_missing_is_named_before_anything_is_sent)
{
    struct parlor_server server = {.base_url = "http://127.0.0.1:1/v2"};
    struct parlor_codes codes;
    struct parlor_error error;
    CHECK_EQ(parlor_get_room_codes(&server, "64a1b2c3d4e5f60718293a4b", &codes, &error), -1);
    CHECK_TEXT(error.message, "access_key is not 24 hex digits, or app_secret is missing");
    server = server_at(NULL);
    CHECK_EQ(parlor_get_room_codes(&server, "64a1b2c3d4e5f60718293a4b", &codes, &error), -1);
    CHECK_TEXT(error.message, "base_url is missing");
    CHECK_EQ(parlor_get_room_codes(&server, "../rooms", &codes, &error), -1);
    CHECK_TEXT(error.message, "the room id is not 24 hex digits");
}
