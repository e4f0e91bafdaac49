// parlor token: tokens for the REST API and for joining, signed with the secret in the data
// folder. No server is asked.
#include "server/command.h"

#include "base/jwt.h"
#include "base/limits.h"
#include "base/text.h"
#include "server/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, HOURS_MAX = 24 * 366 };

static const char *room, *role, *user, *hours;
static bool curl;

static int read_hours(int64_t *seconds)
{
    *seconds = TOKEN_LIFETIME_S;
    if (!hours)
        return 0;
    char *end;
    long value = strtol(hours, &end, 10);
    if (!hours[0] || *end || value < 1 || value > HOURS_MAX)
        return command_complain("--hours is a number from 1 to 8784", hours);
    *seconds = value * HOUR_S;
    return 0;
}

static int print(struct jwt_claims *claims, const char *path)
{
    struct keys keys;
    int64_t lifetime_s;
    int err = read_hours(&lifetime_s);
    if (err)
        return err;
    if (command_keys(&keys) != 0)
        return EXIT_FAILED;
    struct rng rng = {0}; // of the kernel
    claims->issued_at_s = clock_wall_ms() / 1000;
    claims->expires_at_s = claims->issued_at_s + lifetime_s;
    memcpy(claims->access_key, keys.key.access_key, sizeof claims->access_key);
    id_uuid(&rng, claims->jti);
    struct text token = {0};
    jwt_sign(claims, keys.key.secrets[0], &token);
    keys_wipe(&keys);
    if (curl)
        printf("curl -H 'Authorization: Bearer %s' '%s%s'\n", token.at, command.server, path);
    else if (command.json)
        printf("{\"token\":\"%s\"}\n", token.at);
    else
        puts(token.at);
    text_dispose(&token);
    return EXIT_OK;
}

static int management(const char *const *arguments)
{
    (void)arguments;
    struct jwt_claims claims = {.type = JWT_MANAGEMENT};
    return print(&claims, "/v2/rooms");
}

static int app(const char *const *arguments)
{
    (void)arguments;
    struct jwt_claims claims = {.type = JWT_APP};
    struct rng rng = {0};
    if (!room || !id_is_object(room))
        return command_complain("--room is an id of 24 hex digits", room);
    if (!role || !role[0] || strlen(role) > JWT_TEXT_MAX)
        return command_complain("--role is missing", role);
    if (user && strlen(user) > JWT_TEXT_MAX)
        return command_complain("--user is too long", user);
    snprintf(claims.room_id, sizeof claims.room_id, "%s", room);
    snprintf(claims.role, sizeof claims.role, "%s", role);
    if (user)
        snprintf(claims.user_id, sizeof claims.user_id, "%s", user);
    else
        id_uuid(&rng, claims.user_id);
    return print(&claims, "/init?peer_id=me");
}

int command_token(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"management",
         "Usage: parlor token management [--hours N] [--curl]\n"
         "  Prints a token for the REST API, good for N hours (24); --curl: a command with "
         "it.\n"
         "  curl -H \"Authorization: Bearer $(parlor token management)\" "
         "http://localhost:8080/v2/rooms\n",
         0,
         management,
         {{"hours", &hours, NULL}, {"curl", NULL, &curl}}},
        {"app",
         "Usage: parlor token app --room ID --role ROLE [--user ID] [--hours N] [--curl]\n"
         "  Prints a token to join a room with.\n",
         0,
         app,
         {{"room", &room, NULL},
          {"role", &role, NULL},
          {"user", &user, NULL},
          {"hours", &hours, NULL},
          {"curl", NULL, &curl}}},
    };
    return command_run("token", verbs, sizeof verbs / sizeof *verbs, argc, argv);
}
