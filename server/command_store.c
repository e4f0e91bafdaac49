// parlor backup, parlor restore, parlor migrate: all that is stored, in a file and elsewhere.
#include "server/command.h"

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "server/clock.h"
#include "server/config.h"
#include "store/backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PROGRESS_MS = 2000 };

static const char *config_file, *database, *target;
static bool force;

// --- What is told ---

static int64_t told_at_us;

static void tell_progress(const char *table, int64_t rows)
{
    int64_t now_us = clock_mono_us();
    if (!told_at_us)
        told_at_us = now_us;
    if (now_us - told_at_us < PROGRESS_MS * 1000)
        return;
    told_at_us = now_us;
    fprintf(stderr, "parlor: %s: %" PRId64 " rows so far\n", table, rows);
}

static int64_t sum_of(const struct store_copy *copy)
{
    int64_t sum = 0;
    for (size_t i = 0; i < copy->count; i++)
        sum += copy->tables[i].rows;
    return sum;
}

// Nobody pays attention to a table that is empty.
static void tell_tables(const struct store_copy *copy, const char *verb, const char *where)
{
    for (size_t i = 0; i < copy->count; i++) {
        if (copy->tables[i].rows)
            printf("%10" PRId64 "  %s\n", copy->tables[i].rows, copy->tables[i].table);
    }
    printf("%10" PRId64 "  rows %s %s\n", sum_of(copy), verb, where);
}

static void tell_json(const struct store_copy *copy, const char *where)
{
    struct text line = {0};
    struct json_out j = json_out_on(&line);
    json_open(&j, '{');
    json_member_string(&j, "to", where);
    json_member_int(&j, "rows", sum_of(copy));
    json_key(&j, "tables");
    json_open(&j, '{');
    for (size_t i = 0; i < copy->count; i++)
        json_member_int(&j, copy->tables[i].table, copy->tables[i].rows);
    json_close(&j, '}');
    json_close(&j, '}');
    puts(line.at);
    text_dispose(&line);
}

static void tell_rows(const struct store_copy *copy, const char *verb, const char *where)
{
    if (command.json)
        tell_json(copy, where);
    else
        tell_tables(copy, verb, where);
}

// What `err` means to a script; why it is so was said.
static int exit_code_of(int err)
{
    switch (err) {
    case 0:
        return EXIT_OK;
    case ERR_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case ERR_EXISTS:
    case ERR_BUSY:
        return EXIT_CONFLICT;
    default:
        return EXIT_FAILED;
    }
}

static int fail(int err, const char *what, const char *which, const struct store_copy *copy)
{
    fprintf(stderr, "parlor: %s%.200s", what, which);
    if (copy->failed)
        fprintf(stderr, " (table %s)", copy->failed);
    if (err != ERR_EXISTS && err != ERR_NOT_FOUND)
        fprintf(stderr, ": %s", err_name(err));
    fputc('\n', stderr);
    return exit_code_of(err);
}

// --- Where things are ---

// As the server would find them: flags, environment, configuration file.
static struct config config;

static int find_database(struct text *location)
{
    const char *flags[6];
    int count = 0;
    struct text why = {0};
    const struct {
        const char *name, *value;
    } given[] = {{"--config", config_file},
                 {"--data", command.data_is_given ? command.data : NULL},
                 {"--database", database}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i].value) {
            flags[count++] = given[i].name;
            flags[count++] = given[i].value;
        }
    }
    if (config_read(&config, count, (char *const *)flags, environ, &why) != 0) {
        fprintf(stderr, "parlor: %s\n", why.at);
        text_dispose(&why);
        return EXIT_USAGE;
    }
    command.data = config.data;
    config_database(config.data, config.database, location);
    return EXIT_OK;
}

static char *shown(const char *location)
{
    struct text t = {0};
    db_show_location(location, &t);
    return text_take(&t);
}

// --- The commands ---

static int backup(const char *const *arguments)
{
    struct store_copy copy = {.progress = tell_progress};
    struct text from = {0};
    if (find_database(&from))
        return EXIT_USAGE;
    int err = store_backup(command.data, from.at, arguments[0], force, clock_wall_ms(), &copy);
    if (!err)
        tell_rows(&copy, "saved in", arguments[0]);
    else if (err == ERR_EXISTS)
        fail(err, "it is there already, --force replaces it: ", arguments[0], &copy);
    else if (err == ERR_NOT_FOUND)
        fail(err, "no keys in ", command.data, &copy);
    else
        fail(err, "nothing was saved in ", arguments[0], &copy);
    text_dispose(&from);
    store_copy_dispose(&copy);
    return exit_code_of(err);
}

static void tell_time(int64_t wall_ms)
{
    char text[32];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (!command.json)
        printf("The backup is of %s.\n", text);
}

static int restore(const char *const *arguments)
{
    struct store_copy copy = {.progress = tell_progress};
    struct text to = {0};
    int64_t made_at_ms = 0;
    if (find_database(&to))
        return EXIT_USAGE;
    char *where = shown(to.at);
    int err = store_restore(command.data, to.at, arguments[0], force, &made_at_ms, &copy);
    if (!err) {
        tell_time(made_at_ms);
        tell_rows(&copy, "restored to", where);
    } else if (err == ERR_EXISTS) {
        fprintf(stderr,
                "parlor: there is something in %.200s or %.200s already: --force replaces it\n",
                command.data, where);
    } else if (err == ERR_NOT_FOUND) {
        fail(err, "no such file: ", arguments[0], &copy);
    } else {
        fail(err, "nothing was restored to ", where, &copy);
    }
    mem_free(where);
    text_dispose(&to);
    store_copy_dispose(&copy);
    return exit_code_of(err);
}

static int migrate(const char *const *arguments)
{
    (void)arguments;
    struct store_copy copy = {.progress = tell_progress};
    struct text from = {0};
    if (!target || !db_is_url(target) || !db_is_location(target))
        return command_complain("--to wants an URL: postgresql://USER@HOST/NAME", NULL);
    // What is in the folder, also when the settings know already where it goes.
    text_addf(&from, "%s/parlor.db", command.data);
    char *where = shown(target);
    int err = store_migrate(from.at, target, &copy);
    if (!err) {
        tell_rows(&copy, "moved to", where);
        fprintf(stderr,
                "parlor: %s stays as it is, and is not used any more with database = %s\n",
                from.at, where);
    } else if (err == ERR_EXISTS) {
        fail(err, "it is not empty, nothing was moved: ", where, &copy);
    } else if (err == ERR_NOT_FOUND) {
        fail(err, "no such file: ", from.at, &copy);
    } else {
        fail(err, "nothing was moved to ", where, &copy);
    }
    mem_free(where);
    text_dispose(&from);
    store_copy_dispose(&copy);
    return exit_code_of(err);
}

static int run_privately(const struct verb *verb, int argc, char **argv)
{
    umask(077);
    int exit_code = command_run_verb(verb, argc, argv);
    config_dispose(&config);
    return exit_code;
}

int command_backup(int argc, char **argv)
{
    static const struct verb verb = {
        "backup",
        "Usage: parlor backup [--config FILE] [--data FOLDER] [--database FILE|URL] [--force] "
        "FILE\n"
        "  Writes everything that is stored, and the keys, into a new file that only its owner "
        "may read.\n"
        "  The server may run: all of it is of one moment. A file that is there stays, without "
        "--force.\n",
        1,
        backup,
        {{"config", &config_file, NULL},
         {"database", &database, NULL},
         {"force", NULL, &force}}};
    return run_privately(&verb, argc, argv);
}

int command_restore(int argc, char **argv)
{
    static const struct verb verb = {
        "restore",
        "Usage: parlor restore [--config FILE] [--data FOLDER] [--database FILE|URL] [--force] "
        "FILE\n"
        "  Checks a backup and puts it in place: into a folder, or with --database into an "
        "empty "
        "PostgreSQL\n"
        "  database. --force replaces what is there. The server must not run meanwhile (status "
        "4).\n",
        1,
        restore,
        {{"config", &config_file, NULL},
         {"database", &database, NULL},
         {"force", NULL, &force}}};
    return run_privately(&verb, argc, argv);
}

int command_migrate(int argc, char **argv)
{
    static const struct verb verb = {
        "migrate",
        "Usage: parlor migrate [--data FOLDER] --to URL\n"
        "  Copies everything that is stored in a data folder into an empty PostgreSQL "
        "database, "
        "all of it or\n"
        "  nothing, and says what it was. The server must not run meanwhile (status 4). The "
        "keys "
        "stay in the\n"
        "  folder: start the server with --data FOLDER --database URL then.\n",
        0,
        migrate,
        {{"to", &target, NULL}}};
    return run_privately(&verb, argc, argv);
}
