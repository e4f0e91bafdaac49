#include "store/backup.h"

#include "base/err.h"
#include "base/log.h"
#include "store/backend.h"
#include "store/db.h"
#include "store/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_OCTETS = 64 * 1024 };

// --- Files ---

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int fail(const char *path)
{
    log_error("store", "%s: %s", path, strerror(errno));
    return errno == ENOENT ? ERR_NOT_FOUND : errno == ENOSPC ? ERR_FULL : ERR_IO;
}

static void remove_database(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct text name = {0};
        text_addf(&name, "%s%s", path, ends[i]);
        unlink(name.at);
        text_dispose(&name);
    }
}

// The folder that a path is in.
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_text(".");
    return mem_text_of((struct bytes){(const uint8_t *)path, (size_t)(slash - path) + 1});
}

static int sync_path(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC);
    bool good = file >= 0 && fsync(file) == 0;
    int err = good ? 0 : fail(path);
    if (file >= 0)
        close(file);
    return err;
}

// Gives a file that is whole its name, so that a crash leaves the old one or the new one.
static int put_in_place(const char *part, const char *path)
{
    char *folder = folder_of(path);
    int err = sync_path(part, O_RDONLY);
    if (!err && rename(part, path) != 0)
        err = fail(path);
    if (!err)
        err = sync_path(folder, O_RDONLY | O_DIRECTORY);
    mem_free(folder);
    return err;
}

static int make_private(const char *path)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return file >= 0 && fchmod(file, 0600) == 0 ? file : -1;
}

static int copy_octets(int from, int to)
{
    char chunk[CHUNK_OCTETS];
    ssize_t len;
    while ((len = read(from, chunk, sizeof chunk)) > 0) {
        for (ssize_t done = 0, n; done < len; done += n) {
            n = write(to, chunk + done, (size_t)(len - done));
            if (n <= 0)
                return -1;
        }
    }
    return len < 0 ? -1 : 0;
}

static int copy_file(const char *from, const char *to)
{
    int err = 0;
    int source = open(from, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        return fail(from);
    remove_database(to);
    int target = make_private(to);
    if (target < 0 || copy_octets(source, target) != 0)
        err = fail(to);
    close(source);
    if (target >= 0)
        close(target);
    return err;
}

// Root restores for the owner of the folder, who runs the server.
static int give_to_owner(const char *path, const char *folder)
{
    struct stat info;
    if (geteuid() != 0)
        return 0;
    if (stat(folder, &info) != 0 || chown(path, info.st_uid, info.st_gid) != 0)
        return fail(path);
    return 0;
}

// --- A backup ---

// One file, without a log beside it.
static int settle_file(struct db *db)
{
    return db->backend->execute(db, "PRAGMA journal_mode = DELETE");
}

static int put_keys(struct db *db, const struct keys *keys, int64_t wall_ms)
{
    struct text document = {0};
    int err = db->backend->execute(
        db, "CREATE TABLE backup (made_at BIGINT NOT NULL, keys TEXT NOT NULL)");
    if (err)
        return err;
    keys_write(keys, &document);
    struct db_query *q = db_prepare(db, "INSERT INTO backup (made_at, keys) VALUES ($1, $2)");
    db_bind_int(q, 1, wall_ms);
    db_bind_text(q, 2, document.at);
    err = db_run(q);
    mem_wipe(document.at, document.len);
    text_dispose(&document);
    return err;
}

// With the schema that `from` has, which may be one of the past.
static int fill(const char *part, struct db *from, const struct keys *keys, int64_t wall_ms,
                struct store_copy *copy)
{
    struct db *to;
    int64_t schema = 0;
    int file = make_private(part);
    if (file < 0)
        return fail(part);
    close(file);
    int err = db_schema(from, &schema);
    if (!err)
        err = db_create(&to, part, schema);
    if (err)
        return err;
    err = store_copy(from, to, false, copy);
    if (!err)
        err = put_keys(to, keys, wall_ms);
    if (!err)
        err = settle_file(to);
    db_close(to);
    return err;
}

static int check_file(const char *path)
{
    struct db *db;
    int err = db_open_as(&db, path, DB_AS_IS); // checks its pages
    if (!err)
        db_close(db);
    return err;
}

int store_backup(const char *folder, const char *database, const char *file, bool force,
                 int64_t wall_ms, struct store_copy *copy)
{
    struct keys keys;
    struct db *from;
    struct text part = {0};
    if (!force && exists(file))
        return ERR_EXISTS;
    int err = keys_read(&keys, folder);
    if (err)
        return err;
    err = db_open_as(&from, database, DB_AS_IS);
    if (!err) {
        text_addf(&part, "%s.part", file);
        remove_database(part.at);
        err = fill(part.at, from, &keys, wall_ms, copy);
        db_close(from);
        if (!err)
            err = check_file(part.at);
        if (!err)
            err = put_in_place(part.at, file);
        if (err)
            remove_database(part.at);
        text_dispose(&part);
    }
    keys_wipe(&keys);
    return err;
}

// --- And back ---

static int take_keys(struct db *db, struct keys *keys, int64_t *made_at_ms)
{
    struct db_query *q = db_prepare(db, "SELECT made_at, keys FROM backup");
    int err = db_step(q) == DB_ROW ? 0 : ERR_MALFORMED;
    if (!err) {
        *made_at_ms = db_int(q, 0);
        err = keys_parse(keys, bytes_of(db_text(q, 1)));
    }
    db_finish(q);
    // Nothing of the secrets stays in its pages.
    return err ? err : db->backend->execute(db, "PRAGMA secure_delete = ON; DROP TABLE backup");
}

// A database that is damaged may well be overwritten; one that a server uses may not.
static int check_idle(const char *path)
{
    struct db *db;
    if (!exists(path))
        return 0;
    int err = db_open_as(&db, path, DB_ALONE);
    if (!err)
        db_close(db);
    return err == ERR_BUSY ? err : 0;
}

static int replace_file(struct db *staged, const char *stage, const char *path,
                        struct store_copy *copy)
{
    int err = store_copy_count(staged, copy);
    if (!err)
        err = settle_file(staged);
    db_close(staged);
    if (!err)
        err = check_idle(path);
    if (err)
        return err;
    remove_database(path);
    return put_in_place(stage, path);
}

static int fill_server(struct db *staged, const char *url, bool force, struct store_copy *copy)
{
    struct db *to;
    int err = db_open_as(&to, url, DB_ALONE);
    if (!err) {
        err = store_copy(staged, to, force, copy);
        db_close(to);
    }
    db_close(staged);
    return err;
}

// Takes what is in the backup to where it belongs. `stage` is a copy of it.
static int restore_from(const char *stage, const char *folder, const char *database, bool force,
                        int64_t *made_at_ms, struct store_copy *copy)
{
    struct keys keys = {0};
    struct db *staged;
    int err = db_open_as(&staged, stage, DB_ALONE); // checked, and brought up to date
    if (err)
        return err;
    err = take_keys(staged, &keys, made_at_ms);
    if (err) {
        log_error("store", "the file is no backup of Parlor's");
        db_close(staged);
    } else if (db_is_url(database)) {
        err = fill_server(staged, database, force, copy);
    } else {
        err = give_to_owner(stage, folder);
        if (!err)
            err = replace_file(staged, stage, database, copy);
        else
            db_close(staged);
    }
    if (!err)
        err = keys_save(&keys, folder);
    if (!err) {
        struct text path = {0};
        text_addf(&path, "%s/keys.json", folder);
        err = give_to_owner(path.at, folder);
        text_dispose(&path);
    }
    keys_wipe(&keys);
    return err;
}

// Whether something would be lost.
static bool is_taken(const char *folder, const char *database)
{
    struct text path = {0};
    text_addf(&path, "%s/keys.json", folder);
    bool taken = exists(path.at) || (!db_is_url(database) && exists(database));
    text_dispose(&path);
    return taken;
}

int store_restore(const char *folder, const char *database, const char *file, bool force,
                  int64_t *made_at_ms, struct store_copy *copy)
{
    struct text stage = {0};
    if (!force && is_taken(folder, database))
        return ERR_EXISTS;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return fail(folder);
    // Beside what it will become.
    if (db_is_url(database))
        text_addf(&stage, "%s/backup.restored", folder);
    else
        text_addf(&stage, "%s.restored", database);
    int err = copy_file(file, stage.at);
    if (!err)
        err = restore_from(stage.at, folder, database, force, made_at_ms, copy);
    remove_database(stage.at);
    text_dispose(&stage);
    return err;
}

// --- From one store to another ---

int store_migrate(const char *from, const char *to, struct store_copy *copy)
{
    struct db *source, *target;
    if (!db_is_url(from) && !exists(from))
        return ERR_NOT_FOUND;
    int err = db_open_as(&source, from, DB_ALONE);
    if (err)
        return err;
    err = db_open_as(&target, to, DB_ALONE);
    if (!err) {
        err = store_copy(source, target, false, copy);
        db_close(target);
    }
    db_close(source);
    return err;
}
