// Where the data lies: space, who may read what is secret, and the database.
#include "server/doctor_parts.h"

#include "base/err.h"
#include "store/db.h"
#include "store/keys.h"
#include "store/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    MIB = 1024 * 1024,
    FREE_LEAST_MIB = 64,    // a day of a small server's sessions
    FREE_WANTED_MIB = 1024, // weeks, and a backup beside
    FILES_LEAST = 16,       // a database has a handful beside it
};

void doctor_judge_disk(const char *where, uint64_t free_octets, uint64_t free_files,
                       struct doctor_report *r)
{
    uint64_t mib = free_octets / MIB;
    if (free_files < FILES_LEAST) {
        doctor_add(r, "disk", DOCTOR_ERROR, "%s: no file can be made (no inodes)", where);
        doctor_advise(r, "df -i %s, and delete what has many files", where);
    } else if (mib < FREE_WANTED_MIB) {
        doctor_add(r, "disk", mib < FREE_LEAST_MIB ? DOCTOR_ERROR : DOCTOR_WARNING,
                   "%s: %" PRIu64 " MiB free", where, mib);
        doctor_advise(r, "make room: df -h %s; --session-days and --log-days keep less", where);
    } else {
        doctor_add(r, "disk", DOCTOR_OK, "%s: %" PRIu64 " MiB free", where, mib);
    }
}

// The folder, or the nearest above it when it is not made yet.
static void look_at_disk(const char *path, struct doctor_report *r)
{
    char where[CONFIG_PATH_MAX];
    struct statvfs disk;
    snprintf(where, sizeof where, "%s", path);
    while (statvfs(where, &disk) != 0) {
        char *slash = strrchr(where, '/');
        if (errno != ENOENT || strcmp(where, "/") == 0 || strcmp(where, ".") == 0) {
            doctor_add(r, "disk", DOCTOR_ERROR, "%s: %s", path, strerror(errno));
            doctor_advise(r, "--data names a folder that the server's user can write");
            return;
        }
        if (slash)
            slash[slash == where] = 0;
        else
            snprintf(where, sizeof where, ".");
    }
    uint64_t files = disk.f_files ? disk.f_favail : FILES_LEAST; // some count none
    doctor_judge_disk(where, (uint64_t)disk.f_bavail * disk.f_frsize, files, r);
}

void doctor_disk(const struct config *config, struct doctor_report *r)
{
    look_at_disk(config->data, r);
    if (config->database[0] && !db_is_url(config->database))
        look_at_disk(config->database, r);
}

// --- Secrets ---

void doctor_judge_mode(const char *path, unsigned mode, unsigned refused,
                       struct doctor_report *r)
{
    if (!(mode & refused)) {
        doctor_add(r, "secrets", DOCTOR_OK, "%s: mode %03o", path, mode & 0777);
        return;
    }
    doctor_add(r, "secrets", DOCTOR_ERROR, "%s: others may %s it (mode %03o)", path,
               S_ISDIR(mode) ? "write in" : "use", mode & 0777);
    doctor_advise(r, "chmod %03o %s", mode & 0777 & ~refused, path);
}

static void look_at_mode(const char *path, unsigned refused, struct doctor_report *r)
{
    struct stat file;
    if (stat(path, &file) == 0) {
        doctor_judge_mode(path, file.st_mode, refused, r);
    } else if (errno != ENOENT) {
        doctor_add(r, "secrets", DOCTOR_ERROR, "%s: %s", path, strerror(errno));
        doctor_advise(r, "run it as the server's user");
    }
}

static void look_at_keys(const struct config *config, struct doctor_report *r)
{
    struct keys keys;
    int err = keys_read(&keys, config->data);
    if (err == ERR_NOT_FOUND) {
        doctor_add(r, "keys", DOCTOR_SKIPPED, "the server makes them when it first starts");
    } else if (err) {
        doctor_add(r, "keys", DOCTOR_ERROR, "%s/keys.json cannot be used: %s", config->data,
                   err_name(err));
        doctor_advise(r, "run it as the server's user; else parlor restore puts them back from "
                         "a backup");
    } else {
        doctor_add(r, "keys", DOCTOR_OK, "access key %s", keys.key.access_key);
        keys_wipe(&keys);
    }
}

void doctor_secrets(const struct config *config, struct doctor_report *r)
{
    char path[CONFIG_PATH_MAX];
    struct text database = {0};
    look_at_mode(config->data, S_IWGRP | S_IWOTH, r);
    snprintf(path, sizeof path, "%s/keys.json", config->data);
    look_at_mode(path, S_IRWXG | S_IRWXO, r);
    config_database(config->data, config->database, &database);
    if (!db_is_url(database.at))
        look_at_mode(database.at, S_IRWXG | S_IRWXO, r);
    // A group of those who may read keys is custom.
    if (config->tls_key[0])
        look_at_mode(config->tls_key, S_IWGRP | S_IRWXO, r);
    look_at_keys(config, r);
    text_dispose(&database);
}

// --- The database ---

static void judge_schema(struct db *db, const char *where, struct doctor_report *r)
{
    int64_t version = 0;
    int64_t known = (int64_t)store_migration_count;
    if (db_schema(db, &version) != 0) {
        doctor_add(r, "database", DOCTOR_ERROR, "%s cannot be read", where);
        doctor_advise(r, "parlor restore --force with the last backup");
    } else if (version < known) {
        doctor_add(r, "database", DOCTOR_OK,
                   "%s: schema %" PRId64 ", which the next start brings to %" PRId64, where,
                   version, known);
        doctor_advise(r, "parlor backup before: an older server does not open it then");
    } else {
        doctor_add(r, "database", DOCTOR_OK, "%s: schema %" PRId64, where, version);
    }
}

static void judge_failure(int err, const char *where, struct doctor_report *r)
{
    doctor_add(r, "database", DOCTOR_ERROR, "%s: %s", where,
               err == ERR_UNSUPPORTED ? "of a newer parlor, or a server that is too old"
               : err == ERR_MALFORMED ? "no database of Parlor, or damaged"
                                      : "it does not open; what it says stands above");
    doctor_advise(r, err == ERR_UNSUPPORTED ? "upgrade parlor"
                     : err == ERR_MALFORMED
                         ? "parlor restore --force with the last backup"
                         : "look at --database, at its server, and at whose the file is");
}

void doctor_database(const struct config *config, struct doctor_report *r)
{
    struct text location = {0}, where = {0};
    struct db *db;
    config_database(config->data, config->database, &location);
    db_show_location(location.at, &where);
    if (!db_is_url(location.at) && access(location.at, F_OK) != 0 && errno == ENOENT) {
        doctor_add(r, "database", DOCTOR_SKIPPED, "the server makes %s when it first starts",
                   where.at);
    } else {
        int err = db_open_as(&db, location.at, DB_LOOKED_AT);
        if (err)
            judge_failure(err, where.at, r);
        else
            judge_schema(db, where.at, r);
        if (!err)
            db_close(db);
    }
    text_dispose(&location);
    text_dispose(&where);
}
