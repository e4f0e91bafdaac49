#include "store/backup.h"

#include "base/err.h"
#include "fixture.h"
#include "store/keys.h"
#include "store/schema.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MADE_AT_MS = 1234567 };

// A data folder with keys and a database of one template, and a backup of it.
struct world {
    struct scratch scratch;
    struct scratch target; // where it is restored to
    struct keys keys;
    char file[600];
};

static int back_up(struct world *w, bool force)
{
    struct store_copy copy = {0};
    int err =
        store_backup(w->scratch.folder, w->scratch.database, w->file, force, MADE_AT_MS, &copy);
    store_copy_dispose(&copy);
    return err;
}

static int restore(struct world *w, bool force)
{
    struct store_copy copy = {0};
    int64_t made_at_ms = 0;
    int err =
        store_restore(w->target.folder, w->target.database, w->file, force, &made_at_ms, &copy);
    if (!err) {
        CHECK_EQ(made_at_ms, MADE_AT_MS);
        CHECK_TEXT(copy.tables[0].table, "templates");
    }
    store_copy_dispose(&copy);
    return err;
}

static struct world world_new(void)
{
    struct world w = {.scratch = scratch_new(), .target = scratch_new()};
    struct rng rng = rng_seeded(1);
    CHECK_EQ(keys_load(&w.keys, w.scratch.folder, &rng, 1700000000000), 0);
    struct db *db = open_in(&w.scratch);
    CHECK_EQ(insert_template(db, "kept"), 0);
    db_close(db);
    snprintf(w.file, sizeof w.file, "%s", scratch_path(&w.scratch, "backup"));
    return w;
}

static void world_dispose(struct world *w)
{
    scratch_remove(&w->scratch);
    scratch_remove(&w->target);
}

static int64_t restored_rows(struct world *w)
{
    struct db *db = open_in(&w->target);
    int64_t count = count_rows(db);
    db_close(db);
    return count;
}

TEST(what_was_saved_is_restored_with_its_keys)
{
    struct world w = world_new();
    struct keys keys;
    CHECK_EQ(back_up(&w, false), 0);
    CHECK_EQ(restore(&w, false), 0);
    CHECK_EQ(restored_rows(&w), 1);
    CHECK_EQ(keys_read(&keys, w.target.folder), 0);
    CHECK_EQ(memcmp(&keys, &w.keys, sizeof keys), 0);
    world_dispose(&w);
}

TEST(a_backup_is_one_file_that_its_owner_alone_may_read)
{
    struct world w = world_new();
    struct stat info;
    umask(0);
    CHECK_EQ(back_up(&w, false), 0);
    umask(022);
    CHECK_EQ(stat(w.file, &info), 0);
    CHECK_EQ(info.st_mode & 0777, 0600);
    CHECK(access(scratch_path(&w.scratch, "backup.part"), F_OK) != 0);
    CHECK(access(scratch_path(&w.scratch, "backup-wal"), F_OK) != 0);
    world_dispose(&w);
}

TEST(a_backup_is_made_while_the_database_is_in_use)
{
    struct world w = world_new();
    struct db *db = open_in(&w.scratch);
    CHECK_EQ(insert_template(db, "second"), 0);
    CHECK_EQ(back_up(&w, false), 0);
    CHECK_EQ(insert_template(db, "third"), 0);
    db_close(db);
    CHECK_EQ(restore(&w, false), 0);
    CHECK_EQ(restored_rows(&w), 2);
    world_dispose(&w);
}

TEST(nothing_is_overwritten_unless_told)
{
    struct world w = world_new();
    CHECK_EQ(back_up(&w, false), 0);
    CHECK_EQ(back_up(&w, false), ERR_EXISTS);
    CHECK_EQ(back_up(&w, true), 0);
    struct db *db = open_in(&w.target);
    CHECK_EQ(insert_template(db, "a"), 0);
    CHECK_EQ(insert_template(db, "b"), 0);
    db_close(db);
    CHECK_EQ(restore(&w, false), ERR_EXISTS);
    CHECK_EQ(restored_rows(&w), 2);
    CHECK_EQ(restore(&w, true), 0);
    CHECK_EQ(restored_rows(&w), 1);
    CHECK_EQ(restore(&w, false), ERR_EXISTS); // keys, at least
    world_dispose(&w);
}

TEST(nothing_is_restored_under_a_server)
{
    struct world w = world_new();
    CHECK_EQ(back_up(&w, false), 0);
    struct db *db = open_in(&w.target);
    CHECK_EQ(restore(&w, true), ERR_BUSY);
    CHECK_EQ(count_rows(db), 0);
    db_close(db);
    world_dispose(&w);
}

TEST(without_keys_there_is_no_backup)
{
    struct world w = world_new();
    unlink(scratch_path(&w.scratch, "keys.json"));
    CHECK_EQ(back_up(&w, false), ERR_NOT_FOUND);
    CHECK(access(w.file, F_OK) != 0);
    world_dispose(&w);
}

static void overwrite(const char *path, off_t at, size_t len)
{
    char garbage[4096];
    memset(garbage, 0x5a, sizeof garbage);
    int file = open(path, O_WRONLY);
    CHECK_EQ(pwrite(file, garbage, len, at), (ssize_t)len);
    close(file);
}

TEST(a_damaged_backup_changes_nothing)
{
    struct world w = world_new();
    CHECK_EQ(back_up(&w, false), 0);
    overwrite(w.file, 2 * 4096, 2048);
    CHECK_EQ(restore(&w, false), ERR_MALFORMED);
    overwrite(w.file, 0, 100);
    CHECK_EQ(restore(&w, false), ERR_MALFORMED);
    CHECK(access(scratch_path(&w.target, "keys.json"), F_OK) != 0);
    CHECK_EQ(restored_rows(&w), 0);
    world_dispose(&w);
}

TEST(what_is_no_backup_is_refused)
{
    struct world w = world_new();
    struct db *db;
    CHECK_EQ(restore(&w, false), ERR_NOT_FOUND);
    CHECK_EQ(db_open(&db, w.file), 0); // a database of ours, without keys
    db_close(db);
    CHECK_EQ(restore(&w, false), ERR_MALFORMED);
    world_dispose(&w);
}

TEST(a_backup_of_a_newer_version_is_refused)
{
    struct world w = world_new();
    struct db *db;
    CHECK_EQ(back_up(&w, false), 0);
    CHECK_EQ(db_open(&db, w.file), 0);
    struct db_query *q = db_prepare(db, "INSERT INTO schema_version (version) VALUES ($1)");
    db_bind_int(q, 1, (int64_t)store_migration_count + 1);
    CHECK_EQ(db_run(q), 0);
    db_close(db);
    CHECK_EQ(restore(&w, false), ERR_UNSUPPORTED);
    world_dispose(&w);
}

TEST(secrets_do_not_stay_in_the_restored_database)
{
    struct world w = world_new();
    if (!scratch_is_remote()) {
        CHECK_EQ(back_up(&w, false), 0);
        struct bytes saved = test_file(w.file);
        CHECK(memmem(saved.at, saved.len, w.keys.key.secrets[0], 40) != NULL);
        CHECK_EQ(restore(&w, false), 0);
        struct bytes restored = test_file(w.target.database);
        CHECK(memmem(restored.at, restored.len, w.keys.key.secrets[0], 40) == NULL);
    }
    world_dispose(&w);
}

TEST(a_folder_is_migrated_once_and_only_while_nobody_uses_it)
{
    struct world w = world_new();
    char source[600];
    struct db *db;
    struct store_copy busy = {0}, first = {0}, second = {0}, none = {0};
    snprintf(source, sizeof source, "%s", scratch_path(&w.scratch, "source.db"));
    CHECK_EQ(store_migrate(source, w.target.database, &none), ERR_NOT_FOUND);
    CHECK_EQ(db_open(&db, source), 0);
    CHECK_EQ(insert_template(db, "a"), 0);
    CHECK_EQ(store_migrate(source, w.target.database, &busy), ERR_BUSY);
    db_close(db);
    CHECK_EQ(store_migrate(source, w.target.database, &first), 0);
    CHECK_EQ(restored_rows(&w), 1);
    CHECK_EQ(store_migrate(source, w.target.database, &second), ERR_EXISTS);
    CHECK_EQ(restored_rows(&w), 1);
    struct store_copy *copies[] = {&busy, &first, &second, &none};
    for (size_t i = 0; i < 4; i++)
        store_copy_dispose(copies[i]);
    world_dispose(&w);
}
