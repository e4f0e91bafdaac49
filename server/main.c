// The program: `parlor SUBCOMMAND`.
#include "base/err.h"
#include "base/jwt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include "server/clock.h"
#include "server/config.h"
#include "server/serve.h"
#include "store/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: parlor COMMAND [OPTION...]\n"
    "\n"
    "  serve              the server; parlor serve --help lists its options\n"
    "  token management   prints a token for the REST API, good for a day\n"
    "  key show           prints the access key, its secret and the default template\n"
    "\n"
    "  --help, --version\n";

static const char token_usage[] =
    "Usage: parlor token management [--data FOLDER]\n"
    "\n"
    "Prints a management token, signed with the secret in FOLDER (data), good for a day:\n"
    "curl -H \"Authorization: Bearer $(parlor token management)\" "
    "http://localhost:8080/v2/rooms\n";

static const char key_usage[] = "Usage: parlor key show [--data FOLDER] [--json]\n"
                                "\n"
                                "Prints access_key, app_secret and template_id of the default "
                                "workspace as JSON, to who may\n"
                                "read FOLDER (data).\n";

static int complain(const char *what, const char *which)
{
    fprintf(stderr, "parlor: %s%s%.100s (parlor --help)\n", what, which ? ": " : "",
            which ? which : "");
    return EXIT_USAGE;
}

// Options of the small commands: --data FOLDER, --json, --help.
struct options {
    const char *data;
    bool help;
};

static int read_options(struct options *options, int count, char **arguments)
{
    const char *from_environment = getenv("PARLOR_DATA");
    options->data = from_environment ? from_environment : "data";
    options->help = false;
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--help") == 0)
            options->help = true;
        else if (strcmp(arguments[i], "--data") == 0 && i + 1 < count)
            options->data = arguments[++i];
        else if (strncmp(arguments[i], "--data=", 7) == 0)
            options->data = arguments[i] + 7;
        else if (strcmp(arguments[i], "--json") != 0) // there is no other form
            return complain("unknown option", arguments[i]);
    }
    return 0;
}

static int load_keys(struct keys *keys, const char *folder)
{
    int err = keys_read(keys, folder);
    if (err == ERR_NOT_FOUND)
        fprintf(stderr,
                "parlor: no keys in %.200s: they are made when the server first starts\n",
                folder);
    else if (err)
        fprintf(stderr, "parlor: the keys in %.200s cannot be used: %s\n", folder,
                err_name(err));
    return err;
}

static int run_token(int count, char **arguments)
{
    if (count > 0 && strcmp(arguments[0], "--help") == 0) {
        fputs(token_usage, stdout);
        return EXIT_OK;
    }
    if (count == 0 || strcmp(arguments[0], "management") != 0)
        return complain("the kind of token", count ? arguments[0] : "is missing");
    struct options options;
    if (read_options(&options, count - 1, arguments + 1) != 0)
        return EXIT_USAGE;
    if (options.help) {
        fputs(token_usage, stdout);
        return EXIT_OK;
    }
    struct keys keys;
    if (load_keys(&keys, options.data) != 0)
        return EXIT_FAILED;
    struct rng rng = {0}; // of the kernel
    struct jwt_claims claims = {.type = JWT_MANAGEMENT, .issued_at_s = clock_wall_ms() / 1000};
    claims.expires_at_s = claims.issued_at_s + TOKEN_LIFETIME_S;
    memcpy(claims.access_key, keys.key.access_key, sizeof claims.access_key);
    id_uuid(&rng, claims.jti);
    struct text token = {0};
    jwt_sign(&claims, keys.key.secrets[0], &token);
    puts(token.at);
    text_dispose(&token);
    keys_wipe(&keys);
    return EXIT_OK;
}

static int run_key(int count, char **arguments)
{
    if (count > 0 && strcmp(arguments[0], "--help") == 0) {
        fputs(key_usage, stdout);
        return EXIT_OK;
    }
    if (count == 0 || strcmp(arguments[0], "show") != 0)
        return complain("what to do with the key", count ? arguments[0] : "is missing");
    struct options options;
    if (read_options(&options, count - 1, arguments + 1) != 0)
        return EXIT_USAGE;
    if (options.help) {
        fputs(key_usage, stdout);
        return EXIT_OK;
    }
    struct keys keys;
    if (load_keys(&keys, options.data) != 0)
        return EXIT_FAILED;
    struct text shown = {0};
    keys_show(&keys, &shown);
    puts(shown.at);
    mem_wipe(shown.at, shown.len);
    text_dispose(&shown);
    keys_wipe(&keys);
    return EXIT_OK;
}

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

int main(int count, char **arguments)
{
    const char *command = count > 1 ? arguments[1] : "";
    if (strcmp(command, "serve") == 0)
        return run_serve(count - 2, arguments + 2);
    if (strcmp(command, "token") == 0)
        return run_token(count - 2, arguments + 2);
    if (strcmp(command, "key") == 0)
        return run_key(count - 2, arguments + 2);
    if (strcmp(command, "--version") == 0) {
        puts("parlor " PARLOR_VERSION);
        return EXIT_OK;
    }
    if (strcmp(command, "--help") == 0 || strcmp(command, "help") == 0) {
        fputs(usage, stdout);
        return EXIT_OK;
    }
    if (!command[0]) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return complain("unknown command", command);
}
