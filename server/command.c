#include "server/command.h"

#include "base/err.h"
#include "base/text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command_settings command;

int command_complain(const char *what, const char *which)
{
    fprintf(stderr, "parlor: %s%s%.100s (parlor --help)\n", what, which ? ": " : "",
            which ? which : "");
    return EXIT_USAGE;
}

// Whether the word is the option; its value may come behind "=" or as the next word.
static bool is_option(const char *word, const char *name, const char **value)
{
    size_t len = strlen(name);
    *value = NULL;
    if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, len) != 0)
        return false;
    if (word[2 + len] == '=')
        *value = word + 2 + len + 1;
    return !word[2 + len] || *value;
}

static const struct option *find_option(const struct verb *verb, const char *word,
                                        const char **value)
{
    static const struct option common[] = {{"data", &command.data, NULL},
                                           {"server", &command.server, NULL},
                                           {"json", NULL, &command.json}};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        if (is_option(word, common[i].name, value))
            return &common[i];
    }
    for (size_t i = 0; i < OPTIONS_MAX && verb->options[i].name; i++) {
        if (is_option(word, verb->options[i].name, value))
            return &verb->options[i];
    }
    return NULL;
}

static const char *or_default(const char *variable, const char *fallback)
{
    const char *value = getenv(variable);
    return value && value[0] ? value : fallback;
}

int command_run_verb(const struct verb *verb, int argc, char **argv)
{
    const char *arguments[ARGUMENTS_MAX] = {0};
    size_t count = 0;
    command.data = NULL;
    command.server = or_default("PARLOR_SERVER", "http://127.0.0.1:8080");
    for (int i = 0; i < argc; i++) {
        const char *value;
        if (strcmp(argv[i], "--help") == 0) {
            fputs(verb->usage, stdout);
            return EXIT_OK;
        }
        if (strncmp(argv[i], "--", 2) != 0) {
            if (count == verb->arguments)
                return command_complain("one word too many", argv[i]);
            arguments[count++] = argv[i];
            continue;
        }
        const struct option *option = find_option(verb, argv[i], &value);
        if (!option || (option->flag && value))
            return command_complain("unknown option", argv[i]);
        if (!option->flag && !value && i + 1 == argc)
            return command_complain("a value is missing", argv[i]);
        if (option->flag)
            *option->flag = true;
        else
            *option->value = value ? value : argv[++i];
    }
    command.data_is_given = command.data;
    if (!command.data)
        command.data = or_default("PARLOR_DATA", "data");
    if (count < verb->arguments) {
        fputs(verb->usage, stderr);
        return EXIT_USAGE;
    }
    return verb->run(arguments);
}

static void put_usages(const struct verb *verbs, size_t count, FILE *to)
{
    for (size_t i = 0; i < count; i++)
        fprintf(to, "%s%s", i ? "\n" : "", verbs[i].usage);
    fputs("\nOptions of all: --data FOLDER (data, or $PARLOR_DATA), --server URL "
          "(http://127.0.0.1:8080, or\n$PARLOR_SERVER), --json, --help.\n"
          "Exit status: 0 done, 1 failed, 2 not understood, 3 not found, 4 not now.\n",
          to);
}

int command_run(const char *name, const struct verb *verbs, size_t count, int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], "--help") == 0) {
        put_usages(verbs, count, stdout);
        return EXIT_OK;
    }
    for (size_t i = 0; argc > 0 && i < count; i++) {
        if (strcmp(verbs[i].name, argv[0]) == 0)
            return command_run_verb(&verbs[i], argc - 1, argv + 1);
    }
    if (argc > 0)
        return command_complain("unknown word", argv[0]);
    fprintf(stderr, "parlor %s: what to do is missing\n\n", name);
    put_usages(verbs, count, stderr);
    return EXIT_USAGE;
}

int command_keys(struct keys *keys)
{
    int err = keys_read(keys, command.data);
    if (err == ERR_NOT_FOUND)
        fprintf(stderr,
                "parlor: no keys in %.200s: they are made when the server first starts\n",
                command.data);
    else if (err)
        fprintf(stderr, "parlor: the keys in %.200s cannot be used: %s\n", command.data,
                err_name(err));
    return err;
}

int command_connect(struct command_link *link)
{
    *link = (struct command_link){0};
    if (command_keys(&link->keys) != 0)
        return EXIT_FAILED;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    text_addf(&link->base_url, "%s/v2", command.server);
    link->server = (struct parlor_server){.base_url = link->base_url.at,
                                          .access_key = link->keys.key.access_key,
                                          .app_secret = link->keys.key.secrets[0]};
    return EXIT_OK;
}

// What the server said no with.
static int complain_of(const struct parlor_error *error)
{
    fprintf(stderr, "parlor: %s\n", error->message);
    if (error->status == 404)
        return EXIT_NOT_FOUND;
    if (error->status == 409)
        return EXIT_CONFLICT;
    if (error->status == 0)
        fputs("parlor: is the server running? --server URL says where it is\n", stderr);
    return EXIT_FAILED;
}

int command_disconnect(struct command_link *link, bool good)
{
    keys_wipe(&link->keys);
    text_dispose(&link->base_url);
    return good ? EXIT_OK : complain_of(&link->error);
}
