// parlor key: the access key of the workspace and its secrets, in the data folder. Two secrets
// are good at once, so that one can be replaced while back ends still sign with the other.
#include "server/command.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>

static int show(const char *const *arguments)
{
    (void)arguments;
    struct keys keys;
    struct text shown = {0};
    if (command_keys(&keys) != 0)
        return EXIT_FAILED;
    keys_show(&keys, &shown);
    puts(shown.at);
    mem_wipe(shown.at, shown.len);
    text_dispose(&shown);
    keys_wipe(&keys);
    return EXIT_OK;
}

static int show_webhook(const char *const *arguments)
{
    (void)arguments;
    struct keys keys;
    if (command_keys(&keys) != 0)
        return EXIT_FAILED;
    bool is_there = keys.webhook_secret[0];
    if (is_there)
        puts(keys.webhook_secret);
    else
        fputs("parlor: there is none yet: the server makes it when it starts\n", stderr);
    keys_wipe(&keys);
    return is_there ? EXIT_OK : EXIT_FAILED;
}

// Which secrets there are, without showing them.
static int list(const char *const *arguments)
{
    (void)arguments;
    struct keys keys;
    if (command_keys(&keys) != 0)
        return EXIT_FAILED;
    int secrets = keys.key.secrets[1][0] ? 2 : 1;
    if (command.json)
        printf("[{\"access_key\":\"%s\",\"secrets\":%d}]\n", keys.key.access_key, secrets);
    else
        printf("%s  %s\n", keys.key.access_key,
               secrets == 2 ? "two secrets: the new one signs, the old one is still good"
                            : "one secret");
    keys_wipe(&keys);
    return EXIT_OK;
}

static int save(struct keys *keys, const char *done)
{
    int err = keys_save(keys, command.data);
    keys_wipe(keys);
    if (err) {
        fprintf(stderr, "parlor: keys.json in %.200s could not be written\n", command.data);
        return EXIT_FAILED;
    }
    fprintf(stderr,
            "parlor: %s, once a server that runs is told: kill -HUP, systemctl reload\n", done);
    return EXIT_OK;
}

static int create(const char *const *arguments)
{
    (void)arguments;
    struct keys keys;
    struct rng rng = {0}; // of the kernel
    if (command_keys(&keys) != 0)
        return EXIT_FAILED;
    if (keys.key.secrets[1][0]) {
        keys_wipe(&keys);
        fputs(
            "parlor: there are two secrets already: parlor key revoke takes the old one away\n",
            stderr);
        return EXIT_CONFLICT;
    }
    keys_rotate(&keys, &rng);
    return save(&keys, "a new secret signs, and the old one stays good; parlor key show prints "
                       "the new one");
}

static int revoke(const char *const *arguments)
{
    (void)arguments;
    struct keys keys;
    if (command_keys(&keys) != 0)
        return EXIT_FAILED;
    if (!keys_revoke(&keys)) {
        keys_wipe(&keys);
        fputs("parlor: there is one secret only: parlor key create makes another first\n",
              stderr);
        return EXIT_CONFLICT;
    }
    return save(&keys, "the old secret is no longer good");
}

int command_key(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"show",
         "Usage: parlor key show\n"
         "  Prints access_key, app_secret and template_id as JSON, to who may read the "
         "folder.\n",
         0,
         show,
         {{0}}},
        {"list",
         "Usage: parlor key list\n"
         "  Prints the access key, and whether it has an old secret beside the new one.\n",
         0,
         list,
         {{0}}},
        {"webhook",
         "Usage: parlor key webhook\n"
         "  Prints the secret that webhooks are signed with, to who may read the folder.\n",
         0,
         show_webhook,
         {{0}}},
        {"create",
         "Usage: parlor key create\n"
         "  Makes a new secret. The old one stays good until it is revoked.\n",
         0,
         create,
         {{0}}},
        {"revoke",
         "Usage: parlor key revoke\n"
         "  Takes the old secret away.\n",
         0,
         revoke,
         {{0}}},
    };
    return command_run("key", verbs, sizeof verbs / sizeof *verbs, argc, argv);
}
