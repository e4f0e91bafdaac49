// db.h on SQLite 3.

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/backend.h"
#include "store/db.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUSY_TIMEOUT_MS = 5000,
    BUSY_TIMEOUT_ALONE_MS = 200,
    STEPS_BETWEEN_LOOKS = 10000, // of SQLite's machine, some 100 us
    PAGES_TO_CHECKPOINT = 1000,  // SQLite's own default
    MARK_PAUSE_MS = 20,          // longer than the times of files are apart
};

struct sqlite_query {
    struct db_query q; // first
    sqlite3_stmt *statement;
    int positions[DB_PARAMETERS_MAX + 1]; // of $1, $2, ...: to SQLite these are names, which it
                                          // numbers in the order of their first use
};

// What every transaction says.
enum step { STEP_READ, STEP_WRITE, STEP_COMMIT, STEP_JOB, STEP_UNDO_JOB, STEP_KEEP_JOB };
enum { STEP_COUNT = STEP_KEEP_JOB + 1 };

static const char *const step_texts[] = {
    [STEP_READ] = "BEGIN",
    [STEP_WRITE] = "BEGIN IMMEDIATE",
    [STEP_COMMIT] = "COMMIT",
    [STEP_JOB] = "SAVEPOINT job",
    [STEP_UNDO_JOB] = "ROLLBACK TO job",
    [STEP_KEEP_JOB] = "RELEASE job",
};

struct sqlite {
    struct db db; // first
    sqlite3 *handle;
    sqlite3_stmt *steps[STEP_COUNT]; // NULL until it is first taken
    enum db_use use;
    bool is_damaged;            // it was told
    const atomic_bool *is_over; // the check's
};

static struct sqlite *sqlite_of(struct db *db)
{
    return (struct sqlite *)db;
}

static sqlite3_stmt *statement_of(struct db_query *q)
{
    return ((struct sqlite_query *)q)->statement;
}

// Nothing is written any more: what the disk holds is not known, and the file is checked next
// time.
static void stop_writing(struct db *db, const char *why)
{
    if (!db->read_only)
        log_error("store", "%s: the storage is read-only until a restart", why);
    db->read_only = true;
}

static void tell_damage(struct db *db)
{
    if (!sqlite_of(db)->is_damaged)
        log_error("store",
                  "%s is damaged. To restore: stop every parlor that uses it, then `parlor "
                  "restore --force FILE` with the last backup, start again",
                  db->name.at);
    sqlite_of(db)->is_damaged = true;
}

static int err_of(struct db *db, int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
        return DB_DONE;
    case SQLITE_ROW:
        return DB_ROW;
    case SQLITE_FULL:
        if (!db->full)
            log_error("store", "the disk is full: writes are refused until there is space");
        db->full = true;
        return ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
        return ERR_MALFORMED;
    case SQLITE_INTERRUPT:
        return ERR_TOO_LONG;
    case SQLITE_READONLY:
        return ERR_WRONG_STATE;
    case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
            return ERR_EXISTS;
        return ERR_REFUSED;
    default:
        log_error("store", "database: %s (%d)", sqlite3_errmsg(sqlite_of(db)->handle), code);
        if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
            stop_writing(db, "an fsync failed");
        if ((code & 0xff) == SQLITE_CORRUPT) {
            tell_damage(db);
            stop_writing(db, "a page is damaged");
        }
        return ERR_IO;
    }
}

// --- Statements ---

static void sqlite_prepare(struct db_query *q)
{
    struct sqlite_query *own = (struct sqlite_query *)q;
    int code = sqlite3_prepare_v3(sqlite_of(q->db)->handle, q->sql, -1,
                                  SQLITE_PREPARE_PERSISTENT, &own->statement, NULL);
    if (code != SQLITE_OK)
        err_of(q->db, code); // logs; the steps return ERR_IO
    int count = sqlite3_bind_parameter_count(own->statement);
    assert(count <= DB_PARAMETERS_MAX);
    for (int i = 1; i <= count; i++) {
        char name[8];
        snprintf(name, sizeof name, "$%d", i);
        own->positions[i] = sqlite3_bind_parameter_index(own->statement, name);
    }
}

static void sqlite_bind_text(struct db_query *q, int at, const char *value)
{
    int position = ((struct sqlite_query *)q)->positions[at];
    if (value)
        sqlite3_bind_text(statement_of(q), position, value, -1, SQLITE_TRANSIENT);
    else
        sqlite3_bind_null(statement_of(q), position);
}

static void sqlite_bind_int(struct db_query *q, int at, int64_t value)
{
    sqlite3_bind_int64(statement_of(q), ((struct sqlite_query *)q)->positions[at], value);
}

static int sqlite_step(struct db_query *q)
{
    if (!statement_of(q))
        return ERR_IO;
    int err = err_of(q->db, sqlite3_step(statement_of(q)));
    q->db->changes = (uint64_t)sqlite3_total_changes64(sqlite_of(q->db)->handle);
    return err;
}

// Nothing is waited for in between anyway.
static int sqlite_run_later(struct db_query *q)
{
    int err;
    do {
        err = sqlite_step(q);
    } while (err == DB_ROW);
    return err;
}

static int sqlite_columns(struct db_query *q)
{
    return sqlite3_column_count(statement_of(q));
}

static bool sqlite_is_int(struct db_query *q, int column)
{
    return sqlite3_column_type(statement_of(q), column) == SQLITE_INTEGER;
}

static const char *sqlite_text(struct db_query *q, int column)
{
    const unsigned char *text = sqlite3_column_text(statement_of(q), column);
    return text ? (const char *)text : "";
}

static int64_t sqlite_integer(struct db_query *q, int column)
{
    return sqlite3_column_int64(statement_of(q), column);
}

static bool sqlite_reset(struct db_query *q)
{
    if (!statement_of(q))
        return false;
    sqlite3_reset(statement_of(q));
    sqlite3_clear_bindings(statement_of(q));
    return true;
}

static void sqlite_discard(struct db_query *q)
{
    sqlite3_finalize(statement_of(q));
    mem_free(q);
}

static int sqlite_execute(struct db *db, const char *sql)
{
    return err_of(db, sqlite3_exec(sqlite_of(db)->handle, sql, NULL, NULL, NULL));
}

// --- Transactions ---

// A job takes two, so they are read once: that costs more than what most of them do.
static int take_step(struct db *db, enum step step)
{
    sqlite3_stmt **statement = &sqlite_of(db)->steps[step];
    int code = SQLITE_OK;
    if (!*statement)
        code = sqlite3_prepare_v3(sqlite_of(db)->handle, step_texts[step], -1,
                                  SQLITE_PREPARE_PERSISTENT, statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(*statement);
    int err = err_of(db, code);
    sqlite3_reset(*statement);
    return err;
}

// Taking the write lock at once means that no job fails half-way for want of it. Readers of
// other connections are not stopped by it.
static int sqlite_begin(struct db *db, enum db_purpose purpose)
{
    return take_step(db, purpose == DB_WRITE ? STEP_WRITE : STEP_READ);
}

static int sqlite_open_job(struct db *db)
{
    return take_step(db, STEP_JOB);
}

static int sqlite_close_job(struct db *db, bool keep)
{
    if (!keep)
        take_step(db, STEP_UNDO_JOB);
    return take_step(db, STEP_KEEP_JOB);
}

// A full disk or a failed read makes SQLite undo the whole transaction.
static bool sqlite_is_lost(struct db *db)
{
    return sqlite3_get_autocommit(sqlite_of(db)->handle);
}

static void sqlite_roll_back(struct db *db)
{
    if (!sqlite_is_lost(db))
        sqlite3_exec(sqlite_of(db)->handle, "ROLLBACK", NULL, NULL, NULL);
}

static int sqlite_commit(struct db *db)
{
    int err = take_step(db, STEP_COMMIT);
    if (!err)
        return 0;
    sqlite_roll_back(db);
    if (err == ERR_IO)
        stop_writing(db, "a commit failed");
    return err;
}

static int sqlite_fd(struct db *db)
{
    (void)db;
    return -1;
}

static void sqlite_tend(struct db *db)
{
    (void)db;
}

// --- Opening ---

static int report_open(const struct db *db, int code, const char *reason, enum db_use use)
{
    bool busy = (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
    bool damaged = (code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT;
    if (busy && use == DB_ALONE)
        log_error("store", "%s is in use: stop the server first", db->name.at);
    else
        log_error("store", "%s: %s", db->name.at, reason);
    return busy ? ERR_BUSY : damaged ? ERR_MALFORMED : ERR_IO;
}

static int pragma_text(struct db *db, const char *sql, const char *expected, enum db_use use)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sqlite_of(db)->handle, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    int err = 0;
    if (code != SQLITE_ROW) {
        err = report_open(db, code, sqlite3_errmsg(sqlite_of(db)->handle), use);
    } else if (strcmp((const char *)sqlite3_column_text(statement, 0), expected) != 0) {
        struct text finding = {0};
        text_add_escaped(&finding, bytes_of((const char *)sqlite3_column_text(statement, 0)));
        log_error("store", "%s: %s says: %s", db->name.at, sql, finding.at);
        text_dispose(&finding);
        err = ERR_MALFORMED;
    }
    sqlite3_finalize(statement);
    return err;
}

static int is_over_time(void *db)
{
    const atomic_bool *is_over = sqlite_of(db)->is_over;
    return db_is_over_time(db) || (is_over && atomic_load(is_over));
}

// SQLite does not say when writing back from its journal fails, and would try the fsync again.
static int on_committed(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct db *db = context;
    if (pages < PAGES_TO_CHECKPOINT || db->read_only)
        return SQLITE_OK;
    int code = sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if ((code & 0xff) == SQLITE_IOERR) {
        log_error("store", "database: %s (%d)", sqlite3_errmsg(handle), code);
        stop_writing(db, "writing back from the journal failed");
    }
    return SQLITE_OK;
}

// --- Whether it was closed in order ---

static void add_file_name(const struct db *db, const char *suffix, struct text *t)
{
    text_addf(t, "%s%s", db->name.at, suffix);
}

// What says that the file is the one that was closed.
static bool describe_file(const struct db *db, char *line, size_t cap)
{
    struct stat file;
    if (stat(db->name.at, &file) != 0)
        return false;
    snprintf(line, cap, "%ju %jd %jd.%09ld\n", (uintmax_t)file.st_ino, (intmax_t)file.st_size,
             (intmax_t)file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
    return true;
}

static bool is_empty(const struct db *db)
{
    struct stat file;
    return stat(db->name.at, &file) != 0 || file.st_size == 0;
}

// `takes` it away: from now on it is not in order, until it is closed again.
static bool was_closed_in_order(const struct db *db, bool takes)
{
    struct text path = {0};
    char now[128], then[128] = "";
    add_file_name(db, "-clean", &path);
    int file = open(path.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t len = file >= 0 ? read(file, then, sizeof then - 1) : 0;
    if (file >= 0)
        close(file);
    if (file >= 0 && takes)
        unlink(path.at);
    text_dispose(&path);
    return len > 0 && describe_file(db, now, sizeof now) && strcmp(now, then) == 0;
}

// After the last connection closed: nobody writes, and the journal is gone. Something that
// writes later gives the file another time.
static void mark_closed(const struct db *db)
{
    struct text path = {0}, journal = {0};
    char line[128];
    add_file_name(db, "-clean", &path);
    add_file_name(db, "-wal", &journal);
    poll(NULL, 0, MARK_PAUSE_MS);
    if (access(journal.at, F_OK) != 0 && describe_file(db, line, sizeof line)) {
        int file = open(path.at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file >= 0 && write(file, line, strlen(line)) != (ssize_t)strlen(line))
            unlink(path.at);
        if (file >= 0)
            close(file);
    }
    text_dispose(&path);
    text_dispose(&journal);
}

static int sqlite_check(struct db *db, const atomic_bool *is_over)
{
    sqlite_of(db)->is_over = is_over;
    sqlite3_progress_handler(sqlite_of(db)->handle, STEPS_BETWEEN_LOOKS, is_over_time, db);
    int err = pragma_text(db, "PRAGMA quick_check", "ok", sqlite_of(db)->use);
    if (is_over && atomic_load(is_over))
        return ERR_BUSY;
    if (err == ERR_MALFORMED)
        tell_damage(db);
    return err;
}

// The file was checked when it was opened for the first time, or is.
static int configure_beside(struct db *db)
{
    sqlite3_busy_timeout(sqlite_of(db)->handle, BUSY_TIMEOUT_MS);
    sqlite3_progress_handler(sqlite_of(db)->handle, STEPS_BETWEEN_LOOKS, is_over_time, db);
    return sqlite_execute(db, "PRAGMA query_only = ON");
}

static int configure(struct db *db, enum db_use use)
{
    if (use == DB_BESIDE || use == DB_LOOKED_AT)
        return configure_beside(db);
    bool alone = use == DB_ALONE;
    bool is_new = is_empty(db);
    bool in_order = was_closed_in_order(db, use != DB_AS_IS) || is_new;
    int err = 0;
    sqlite3_busy_timeout(sqlite_of(db)->handle,
                         alone ? BUSY_TIMEOUT_ALONE_MS : BUSY_TIMEOUT_MS);
    // In effect from the first look into the file, which fails while somebody has it open.
    if (alone)
        err = pragma_text(db, "PRAGMA locking_mode = EXCLUSIVE", "exclusive", use);
    db->unchecked = !in_order && use == DB_SERVED;
    if (!err && !in_order && use != DB_SERVED)
        err = pragma_text(db, "PRAGMA quick_check", "ok", use);
    if (!err && use != DB_AS_IS)
        err = pragma_text(db, "PRAGMA journal_mode = WAL", "wal", use);
    if (err == ERR_MALFORMED && (use == DB_SHARED || use == DB_SERVED))
        tell_damage(db);
    if (!err)
        err = sqlite_execute(db, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
    if (!err && use != DB_AS_IS)
        sqlite3_wal_hook(sqlite_of(db)->handle, on_committed, db);
    return err;
}

// A reader of a journal makes the index beside it, which would be of whoever looks. Without an
// index nobody has the file open, and it is read alone, as it is.
static void add_uri(const char *path, struct text *uri)
{
    struct text index = {0};
    text_addf(&index, "%s-shm", path);
    text_add(uri, "file:");
    for (const char *p = path; *p; p++) {
        if (*p == '%' || *p == '?' || *p == '#')
            text_addf(uri, "%%%02x", (unsigned)*p);
        else
            text_add_char(uri, *p);
    }
    text_add(uri, access(index.at, F_OK) == 0 ? "?mode=ro" : "?immutable=1");
    text_dispose(&index);
}

static int open_handle(sqlite3 **handle, const char *path, enum db_use use)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (use != DB_LOOKED_AT) {
        flags |= SQLITE_OPEN_READWRITE | (db_only_reads(use) ? 0 : SQLITE_OPEN_CREATE);
        return sqlite3_open_v2(path, handle, flags, NULL);
    }
    struct text uri = {0};
    add_uri(path, &uri);
    int code =
        sqlite3_open_v2(uri.at, handle, flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    text_dispose(&uri);
    return code;
}

static int sqlite_open(struct db **db, const char *path, enum db_use use)
{
    struct sqlite *opened = mem_alloc(sizeof *opened);
    *db = &opened->db;
    opened->db.backend = &db_sqlite;
    opened->use = use;
    text_add(&opened->db.name, path);
    if (open_handle(&opened->handle, path, use) != SQLITE_OK) {
        log_error("store", "%s: %s", path, sqlite3_errmsg(opened->handle));
        return ERR_IO;
    }
    return configure(&opened->db, use);
}

// What is not whole, or may not be, keeps its journal, and is checked next time.
static void sqlite_close(struct db *db)
{
    bool is_good = !db->read_only && !db->unchecked && !sqlite_of(db)->is_damaged;
    for (size_t i = 0; i < STEP_COUNT; i++)
        sqlite3_finalize(sqlite_of(db)->steps[i]);
    if (!is_good && sqlite_of(db)->use != DB_BESIDE)
        sqlite3_db_config(sqlite_of(db)->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_close(sqlite_of(db)->handle);
    if (is_good && sqlite_of(db)->use == DB_SERVED)
        mark_closed(db);
    text_dispose(&db->name);
    mem_free(db);
}

// Any path that is no URL.
static bool sqlite_owns(const char *location)
{
    return !db_postgres.owns(location);
}

const struct db_backend db_sqlite = {
    .query_size = sizeof(struct sqlite_query),
    .owns = sqlite_owns,
    .open = sqlite_open,
    .close = sqlite_close,
    .check = sqlite_check,
    .prepare = sqlite_prepare,
    .bind_text = sqlite_bind_text,
    .bind_int = sqlite_bind_int,
    .step = sqlite_step,
    .run_later = sqlite_run_later,
    .columns = sqlite_columns,
    .is_int = sqlite_is_int,
    .text = sqlite_text,
    .integer = sqlite_integer,
    .reset = sqlite_reset,
    .discard = sqlite_discard,
    .execute = sqlite_execute,
    .begin = sqlite_begin,
    .open_job = sqlite_open_job,
    .close_job = sqlite_close_job,
    .is_lost = sqlite_is_lost,
    .commit = sqlite_commit,
    .roll_back = sqlite_roll_back,
    .fd = sqlite_fd,
    .tend = sqlite_tend,
};
