// parlor room, parlor template: rooms and templates of a running server.
#include "server/command.h"

#include "base/id.h"
#include "base/json.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_OCTETS = 1024 * 1024 };

static const char *name, *template_id, *description, *size, *limit, *reason;
static bool lock;

// --- Paths ---

// Percent-encoded: RFC 3986 section 2.1.
static void add_encoded(struct text *path, const char *value)
{
    for (; *value; value++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~",
                   *value))
            text_add_char(path, *value);
        else
            text_addf(path, "%%%02X", (unsigned char)*value);
    }
}

static int call_and_print(const char *method, const char *path, const char *body)
{
    int exit_code;
    char *answer = command_call(method, path, body, &exit_code);
    if (answer && answer[0])
        puts(answer);
    free(answer);
    return exit_code;
}

// An id as given, or that of the object with this name. Complains itself.
static int find(const char *noun, const char *given, char id[OBJECT_ID_LEN + 1])
{
    struct text path = {0};
    int exit_code;
    if (id_is_object(given)) {
        memcpy(id, given, OBJECT_ID_LEN + 1);
        return EXIT_OK;
    }
    text_addf(&path, "/%s?name=", noun);
    add_encoded(&path, given);
    char *answer = command_call("GET", path.at, NULL, &exit_code);
    text_dispose(&path);
    if (!answer)
        return exit_code;
    json_t *page = json_loads(answer, 0, NULL);
    const json_t *first = json_array_get(json_get_array(page, "data"), 0);
    snprintf(id, OBJECT_ID_LEN + 1, "%s", json_get_text(first, "id", ""));
    json_decref(page);
    free(answer);
    if (id[0])
        return EXIT_OK;
    fprintf(stderr, "parlor: no such name: %.100s\n", given);
    return EXIT_NOT_FOUND;
}

static int on_one(const char *noun, const char *given, const char *method, const char *format,
                  const char *body)
{
    char id[OBJECT_ID_LEN + 1], path[120];
    int exit_code = find(noun, given, id);
    if (exit_code)
        return exit_code;
    snprintf(path, sizeof path, format, id);
    return call_and_print(method, path, body);
}

// --- Lists ---

static void put_line(const json_t *one, bool is_room)
{
    printf("%s  %-40s %s\n", json_get_text(one, "id", ""), json_get_text(one, "name", ""),
           is_room ? json_get_bool(one, "enabled", true) ? "" : "disabled"
           : json_get_bool(one, "default", false) ? "default"
                                                  : "");
}

static int list_of(const char *noun, bool is_room)
{
    char path[64];
    int exit_code;
    snprintf(path, sizeof path, "/%s?limit=%.10s", noun, limit ? limit : "100");
    char *answer = command_call("GET", path, NULL, &exit_code);
    if (!answer)
        return exit_code;
    if (command.json) {
        puts(answer);
    } else {
        json_t *page = json_loads(answer, 0, NULL), *one;
        size_t i;
        json_array_foreach(json_object_get(page, "data"), i, one)
        {
            put_line(one, is_room);
        }
        json_decref(page);
    }
    free(answer);
    return exit_code;
}

// --- Rooms ---

static int room_create(const char *const *arguments)
{
    (void)arguments;
    struct text body = {0};
    struct json_out j = json_out_on(&body);
    json_open(&j, '{');
    if (name)
        json_member_string(&j, "name", name);
    if (template_id)
        json_member_string(&j, "template_id", template_id);
    if (description)
        json_member_string(&j, "description", description);
    if (size)
        json_member_int(&j, "size", strtoll(size, NULL, 10));
    json_close(&j, '}');
    int exit_code;
    char *answer = command_call("POST", "/rooms", body.at, &exit_code);
    text_dispose(&body);
    if (!answer)
        return exit_code;
    json_t *room = json_loads(answer, 0, NULL);
    puts(command.json ? answer : json_get_text(room, "id", ""));
    json_decref(room);
    free(answer);
    return exit_code;
}

static int room_list(const char *const *arguments)
{
    (void)arguments;
    return list_of("rooms", true);
}

static int room_show(const char *const *arguments)
{
    return on_one("rooms", arguments[0], "GET", "/rooms/%s", NULL);
}

static int room_end(const char *const *arguments)
{
    struct text body = {0};
    struct json_out j = json_out_on(&body);
    json_open(&j, '{');
    json_member_string(&j, "reason", reason ? reason : "");
    json_member_bool(&j, "lock", lock);
    json_close(&j, '}');
    int exit_code = on_one("rooms", arguments[0], "POST", "/active-rooms/%s/end-room", body.at);
    text_dispose(&body);
    return exit_code;
}

static int room_delete(const char *const *arguments)
{
    return on_one("rooms", arguments[0], "DELETE", "/rooms/%s", NULL);
}

static int room_codes(const char *const *arguments)
{
    char id[OBJECT_ID_LEN + 1], path[80];
    int exit_code = find("rooms", arguments[0], id);
    if (exit_code)
        return exit_code;
    snprintf(path, sizeof path, "/room-codes/room/%s", id);
    char *answer = command_call("POST", path, "", &exit_code);
    if (!answer)
        return exit_code;
    json_t *codes = json_loads(answer, 0, NULL), *one;
    size_t i;
    if (command.json)
        puts(answer);
    else
        json_array_foreach(json_object_get(codes, "data"), i, one)
        {
            printf("%-20s %s  %s/m/%s\n", json_get_text(one, "role", ""),
                   json_get_text(one, "code", ""), command.server,
                   json_get_text(one, "code", ""));
        }
    json_decref(codes);
    free(answer);
    return exit_code;
}

int command_room(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"create",
         "Usage: parlor room create [--name NAME] [--template ID] [--description TEXT] [--size "
         "N]\n"
         "  Makes a room, or updates the one of that name, and prints its id.\n",
         0,
         room_create,
         {{"name", &name, NULL},
          {"template", &template_id, NULL},
          {"description", &description, NULL},
          {"size", &size, NULL}}},
        {"list",
         "Usage: parlor room list [--limit N]\n  The newest rooms, 100 at most.\n",
         0,
         room_list,
         {{"limit", &limit, NULL}}},
        {"show", "Usage: parlor room show ID|NAME\n  The room as JSON.\n", 1, room_show, {{0}}},
        {"codes",
         "Usage: parlor room codes ID|NAME\n"
         "  A code for each role of the room, made where there is none, and its link.\n",
         1,
         room_codes,
         {{0}}},
        {"end",
         "Usage: parlor room end ID|NAME [--reason TEXT] [--lock]\n"
         "  Ends the meeting for all; --lock disables the room too.\n",
         1,
         room_end,
         {{"reason", &reason, NULL}, {"lock", NULL, &lock}}},
        {"delete",
         "Usage: parlor room delete ID|NAME\n"
         "  Deletes the room and its codes; not while somebody is in it (status 4).\n",
         1,
         room_delete,
         {{0}}},
    };
    return command_run("room", verbs, sizeof verbs / sizeof *verbs, argc, argv);
}

// --- Templates ---

static int template_list(const char *const *arguments)
{
    (void)arguments;
    return list_of("templates", false);
}

static int template_show(const char *const *arguments)
{
    return on_one("templates", arguments[0], "GET", "/templates/%s", NULL);
}

static int template_apply(const char *const *arguments)
{
    static char content[FILE_MAX_OCTETS];
    FILE *file = strcmp(arguments[0], "-") == 0 ? stdin : fopen(arguments[0], "r");
    if (!file) {
        perror(arguments[0]);
        return EXIT_FAILED;
    }
    size_t len = fread(content, 1, sizeof content - 1, file);
    if (file != stdin)
        fclose(file);
    json_t *read;
    json_error_t why;
    read = json_loadb(content, len, 0, &why);
    if (!json_is_object(read)) {
        fprintf(stderr, "parlor: %.100s: line %d: %s\n", arguments[0], why.line,
                read ? "not an object" : why.text);
        json_decref(read);
        return EXIT_FAILED;
    }
    json_decref(read);
    content[len] = 0;
    int exit_code;
    char *answer = command_call("POST", "/templates", content, &exit_code);
    if (!answer)
        return exit_code;
    json_t *made = json_loads(answer, 0, NULL);
    puts(command.json ? answer : json_get_text(made, "id", ""));
    json_decref(made);
    free(answer);
    return exit_code;
}

int command_template(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"list",
         "Usage: parlor template list [--limit N]\n  The newest templates.\n",
         0,
         template_list,
         {{"limit", &limit, NULL}}},
        {"show",
         "Usage: parlor template show ID|NAME\n  The template as JSON.\n",
         1,
         template_show,
         {{0}}},
        {"apply",
         "Usage: parlor template apply FILE\n"
         "  Makes the template that FILE (JSON; - is standard input) describes, or overwrites "
         "the "
         "one of\n  that name, and prints its id.\n",
         1,
         template_apply,
         {{0}}},
    };
    return command_run("template", verbs, sizeof verbs / sizeof *verbs, argc, argv);
}
