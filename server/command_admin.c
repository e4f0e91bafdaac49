// parlor admin: the way in to the dashboard, for who may read the data folder.
#include "server/command.h"

#include "api/admin_link.h"
#include "base/err.h"
#include "base/jwt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "server/clock.h"
#include "server/config.h"
#include "store/accounts.h"

#include <stdio.h>
#include <unistd.h>

static const char *database;
static bool if_none;

// How many accounts there are; -1 when nobody can tell.
static int64_t count_accounts(void)
{
    struct text location = {0};
    struct db *db;
    int64_t count = -1;
    config_database(command.data, database ? database : "", &location);
    bool is_new = !db_is_url(location.at) && access(location.at, F_OK) != 0;
    if (is_new)
        count = 0;
    else if (db_open_as(&db, location.at, DB_AS_IS) == 0) {
        if (store_account_count(db, &count) != 0)
            count = -1;
        db_close(db);
    }
    text_dispose(&location);
    return count;
}

static void print(const char *token, int64_t accounts)
{
    if (command.json) {
        printf("{\"url\":\"%s/admin/#link=%s\",\"expires_in\":%d,\"first\":%s}\n",
               command.server, token, ADMIN_LINK_S,
               accounts < 0    ? "null"
               : accounts == 0 ? "true"
                               : "false");
        return;
    }
    printf("%s/admin/#link=%s\n", command.server, token);
    fprintf(stderr, "parlor: once, within %d minutes: %s\n", ADMIN_LINK_S / 60,
            accounts == 0  ? "it makes the first account, an owner"
            : accounts > 0 ? "it gives an owner another password"
                           : "it makes the first account, or gives an owner another password");
}

// Before the first start there are none: they are made as the server makes them, in a folder
// that is there.
static int read_keys(struct keys *keys, struct rng *rng)
{
    int err = keys_read(keys, command.data);
    if (err == ERR_NOT_FOUND && access(command.data, F_OK) == 0)
        return keys_load(keys, command.data, rng, clock_wall_ms());
    return err ? command_keys(keys) : 0;
}

static int make_link(const char *const *arguments)
{
    (void)arguments;
    struct keys keys;
    struct rng rng = {0}; // of the kernel
    struct text token = {0};
    if (read_keys(&keys, &rng) != 0)
        return EXIT_FAILED;
    int64_t accounts = count_accounts();
    if (!if_none || accounts == 0) {
        admin_link_make(keys.key.secrets[0], clock_wall_ms() / 1000, &rng, &token);
        print(token.at, accounts);
        mem_wipe(token.at, token.len);
        text_dispose(&token);
    }
    keys_wipe(&keys);
    return EXIT_OK;
}

int command_admin(int argc, char **argv)
{
    static const struct verb verbs[] = {
        {"link",
         "Usage: parlor admin link [--database URL] [--if-none]\n"
         "  Prints a link to the dashboard that is good once, for ten minutes: the first one\n"
         "  makes the first account, a later one gives an owner another password. The server\n"
         "  need not run yet, and need not be told. --server is how browsers reach it;\n"
         "  --if-none: only while there is no account.\n",
         0,
         make_link,
         {{"database", &database, NULL}, {"if-none", NULL, &if_none}}},
    };
    return command_run("admin", verbs, sizeof verbs / sizeof *verbs, argc, argv);
}
