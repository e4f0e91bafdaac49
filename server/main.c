// The program: `parlor SUBCOMMAND`.
#include "base/text.h"
#include "server/command.h"
#include "server/config.h"
#include "server/serve.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "Usage: parlor COMMAND [OPTION...]\n"
    "\n"
    "  serve              the server; parlor serve --help lists its options\n"
    "  token management   prints a token for the REST API, token app one to join with\n"
    "  key show           prints the access key and its secret; list, create, revoke\n"
    "  room create        makes a room; list, show, codes, end, delete\n"
    "  admin link         prints a link to the dashboard, good once\n"
    "  template apply     makes a template from a file; list, show\n"
    "  backup             saves everything in a file, while the server runs\n"
    "  restore            puts a backup in place\n"
    "  doctor             what is wrong with this host or its settings, and what to do\n"
    "  migrate            moves a data folder's database into PostgreSQL\n"
    "\n"
    "  --help, --version\n";

static int run_serve(int count, char **arguments)
{
    struct config config;
    struct text text = {0};
    int status = EXIT_OK;
    if (config_read(&config, count, arguments, environ, &text) != 0 && !config.help_only) {
        fprintf(stderr, "parlor: %s\n", text.at);
        status = EXIT_USAGE;
    } else if (config.help_only) {
        text_clear(&text);
        text_add(&text, "Usage: parlor serve [OPTION...]\n\n");
        config_help(&text);
        text_add(&text, "  --config FILE                      settings as \"name = value\"\n"
                        "  --print-config                     the settings in effect\n\n"
                        "Each is also read from the environment, --media-port from "
                        "PARLOR_MEDIA_PORT.\n");
        fputs(text.at, stdout);
    } else if (config.print_only) {
        config_print(&config, &text);
        fputs(text.at, stdout);
    } else {
        status = serve(&config);
    }
    text_dispose(&text);
    config_dispose(&config);
    return status;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"serve", run_serve},         {"token", command_token},       {"key", command_key},
    {"room", command_room},       {"template", command_template}, {"backup", command_backup},
    {"restore", command_restore}, {"migrate", command_migrate},   {"admin", command_admin},
    {"doctor", command_doctor},
};

int main(int count, char **arguments)
{
    const char *word = count > 1 ? arguments[1] : "";
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(count - 2, arguments + 2);
    }
    if (strcmp(word, "--version") == 0) {
        puts("parlor " PARLOR_VERSION);
        return EXIT_OK;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (!word[0]) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return command_complain("unknown command", word);
}
