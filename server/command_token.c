// parlor token: tokens for the REST API and for joining, signed with the secret in the data
// folder. No server is asked.
#include "server/command.h"

#include "base/jwt.h"
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, HOURS_MAX = 24 * 366 };

static const char *room, *role, *user, *hours;
static bool curl;

static int read_hours(long *seconds)
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

static int print(struct parlor_token_options *wish, const char *path)
{
    struct keys keys;
    int err = read_hours(&wish->lifetime_s);
    if (err)
        return err;
    if (command_keys(&keys) != 0)
        return EXIT_FAILED;
    char *token = parlor_token(keys.key.access_key, keys.key.secrets[0], wish);
    keys_wipe(&keys);
    if (!token)
        return command_complain("that makes no token", wish->role);
    if (curl)
        printf("curl -H 'Authorization: Bearer %s' '%s%s'\n", token, command.server, path);
    else if (command.json)
        printf("{\"token\":\"%s\"}\n", token);
    else
        puts(token);
    free(token);
    return EXIT_OK;
}

static int management(const char *const *arguments)
{
    (void)arguments;
    return print(&(struct parlor_token_options){0}, "/v2/rooms");
}

static int app(const char *const *arguments)
{
    (void)arguments;
    if (!room || !id_is_object(room))
        return command_complain("--room is an id of 24 hex digits", room);
    if (!role || !role[0] || strlen(role) > JWT_TEXT_MAX)
        return command_complain("--role is missing", role);
    if (user && strlen(user) > JWT_TEXT_MAX)
        return command_complain("--user is too long", user);
    return print(&(struct parlor_token_options){.room_id = room, .role = role, .user_id = user},
                 "/init?peer_id=me");
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
