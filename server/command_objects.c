// parlor room, parlor template: rooms and templates of a running server.
#include "server/command.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX_OCTETS = 1024 * 1024 };

static const char *name, *template_id, *description, *size, *limit, *reason;
static bool lock;

// --- What both have ---

typedef int finder(const struct parlor_server *server, const char *given, char *id,
                   struct parlor_error *error);
typedef char *getter(const struct parlor_server *server, const char *id,
                     struct parlor_error *error);
typedef char *lister(const struct parlor_server *server, int limit, const char *start,
                     struct parlor_error *error);

static int show(finder *find, getter *get, const char *given)
{
    struct command_link link;
    char id[PARLOR_ID_LEN + 1], *answer = NULL;
    if (command_connect(&link))
        return EXIT_FAILED;
    if (!find(&link.server, given, id, &link.error))
        answer = get(&link.server, id, &link.error);
    if (answer)
        puts(answer);
    free(answer);
    return command_disconnect(&link, answer);
}

static void put_line(const json_t *one, bool is_room)
{
    printf("%s  %-40s %s\n", json_get_text(one, "id", ""), json_get_text(one, "name", ""),
           is_room ? json_get_bool(one, "enabled", true) ? "" : "disabled"
           : json_get_bool(one, "default", false) ? "default"
                                                  : "");
}

static void put_lines(const char *answer, bool is_room)
{
    json_t *page = json_loads(answer, 0, NULL), *one;
    size_t i;
    json_array_foreach(json_object_get(page, "data"), i, one)
    {
        put_line(one, is_room);
    }
    json_decref(page);
}

// A number from 1 to `most`, or that of NULL. -1 after a complaint.
static int read_number(const char *option, const char *value, int most, int fallback)
{
    char *end;
    long number = value ? strtol(value, &end, 10) : fallback;
    if (!value || (value[0] && !*end && number >= 1 && number <= most))
        return (int)number;
    fprintf(stderr, "parlor: --%s is a number from 1 to %d: %.100s\n", option, most, value);
    return -1;
}

static int list(lister *get, bool is_room)
{
    struct command_link link;
    int count = read_number("limit", limit, 100, 100);
    if (count < 0)
        return EXIT_USAGE;
    if (command_connect(&link))
        return EXIT_FAILED;
    char *answer = get(&link.server, count, NULL, &link.error);
    if (answer && command.json)
        puts(answer);
    else if (answer)
        put_lines(answer, is_room);
    free(answer);
    return command_disconnect(&link, answer);
}

// --- Rooms ---

static int room_create(const char *const *arguments)
{
    (void)arguments;
    struct command_link link;
    struct parlor_room room;
    int people = read_number("size", size, 20000, 0);
    if (people < 0)
        return EXIT_USAGE;
    struct parlor_room_options wish = {name, description, template_id, people};
    char *shown = NULL;
    if (command_connect(&link))
        return EXIT_FAILED;
    bool good = !parlor_create_room(&link.server, &wish, &room, &link.error);
    if (good && command.json) {
        shown = parlor_get_room(&link.server, room.id, &link.error);
        good = shown;
    }
    if (good)
        puts(shown ? shown : room.id);
    free(shown);
    return command_disconnect(&link, good);
}

static int room_list(const char *const *arguments)
{
    (void)arguments;
    return list(parlor_list_rooms, true);
}

static int room_show(const char *const *arguments)
{
    return show(parlor_find_room, parlor_get_room, arguments[0]);
}

static int room_end(const char *const *arguments)
{
    struct command_link link;
    char id[PARLOR_ID_LEN + 1];
    if (command_connect(&link))
        return EXIT_FAILED;
    bool good = !parlor_find_room(&link.server, arguments[0], id, &link.error) &&
                !parlor_end_room(&link.server, id, reason, lock, &link.error);
    if (good)
        puts(command.json ? "{\"message\":\"session is ending\"}" : "session is ending");
    return command_disconnect(&link, good);
}

static int room_delete(const char *const *arguments)
{
    struct command_link link;
    char id[PARLOR_ID_LEN + 1];
    if (command_connect(&link))
        return EXIT_FAILED;
    bool good = !parlor_find_room(&link.server, arguments[0], id, &link.error) &&
                !parlor_delete_room(&link.server, id, &link.error);
    if (good && command.json)
        printf("{\"id\":\"%s\",\"deleted\":true}\n", id);
    return command_disconnect(&link, good);
}

static void put_codes(const char *answer)
{
    json_t *codes = json_loads(answer, 0, NULL), *one;
    size_t i;
    json_array_foreach(json_object_get(codes, "data"), i, one)
    {
        const char *code = json_get_text(one, "code", "");
        printf("%-20s %s  %s/m/%s\n", json_get_text(one, "role", ""), code, command.server,
               code);
    }
    json_decref(codes);
}

static int room_codes(const char *const *arguments)
{
    struct command_link link;
    char id[PARLOR_ID_LEN + 1], *answer = NULL;
    if (command_connect(&link))
        return EXIT_FAILED;
    if (!parlor_find_room(&link.server, arguments[0], id, &link.error))
        answer = parlor_list_room_codes(&link.server, id, &link.error);
    if (answer && command.json)
        puts(answer);
    else if (answer)
        put_codes(answer);
    free(answer);
    return command_disconnect(&link, answer);
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
    return list(parlor_list_templates, false);
}

static int template_show(const char *const *arguments)
{
    return show(parlor_find_template, parlor_get_template, arguments[0]);
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
    struct command_link link;
    if (command_connect(&link))
        return EXIT_FAILED;
    char *answer = parlor_apply_template(&link.server, content, &link.error);
    if (answer) {
        json_t *made = json_loads(answer, 0, NULL);
        puts(command.json ? answer : json_get_text(made, "id", ""));
        json_decref(made);
    }
    free(answer);
    return command_disconnect(&link, answer);
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
