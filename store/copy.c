#include "store/copy.h"

#include "base/err.h"
#include "base/log.h"
#include "store/backend.h"
#include "store/db.h"

#include <assert.h>

enum { PAGE_ROWS = 500, KEYS_MAX = 4, TABLES_MAX = 64, PROGRESS_ROWS = 2000 };

struct table {
    const char *name;
    int keys[KEYS_MAX]; // the columns of its primary key; none: it has a row or two
    const char *key_names[KEYS_MAX];
    int key_count;
};

struct tables {
    struct table at[TABLES_MAX];
    size_t count;
};

// --- The schema ---

static bool is_file(const struct db *db)
{
    return db->backend == &db_sqlite;
}

static int read_keys(struct db *db, struct arena *arena, struct table *t)
{
    struct db_query *q =
        db_prepare(db, "SELECT cid, name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk");
    db_bind_text(q, 1, t->name);
    int err;
    while ((err = db_step(q)) == DB_ROW && t->key_count < KEYS_MAX) {
        t->keys[t->key_count] = (int)db_int(q, 0);
        t->key_names[t->key_count++] = arena_text(arena, bytes_of(db_text(q, 1)));
    }
    db_finish(q);
    return err == DB_ROW ? ERR_UNSUPPORTED : err;
}

// In the order in which they were made: what is referred to comes first. The version is that of
// the schema itself, and not copied.
static int read_tables(struct db *db, struct arena *arena, struct tables *tables)
{
    struct db_query *q =
        db_prepare(db, "SELECT name FROM sqlite_master WHERE type = 'table' AND "
                       "substr(name, 1, 7) <> 'sqlite_' AND name <> 'schema_version' "
                       "ORDER BY rowid");
    int err;
    while ((err = db_step(q)) == DB_ROW && tables->count < TABLES_MAX)
        tables->at[tables->count++] =
            (struct table){.name = arena_text(arena, bytes_of(db_text(q, 0)))};
    db_finish(q);
    if (err == DB_ROW)
        return ERR_UNSUPPORTED;
    for (size_t i = 0; !err && i < tables->count; i++)
        err = read_keys(db, arena, &tables->at[i]);
    return err;
}

// --- Rows ---

static const char *format_sql(struct arena *arena, struct text *t)
{
    const char *sql = arena_text(arena, text_bytes(t));
    text_dispose(t);
    return sql;
}

static int count_of(struct db *db, struct arena *arena, const char *table, int64_t *count)
{
    struct text sql = {0};
    text_addf(&sql, "SELECT COUNT(*) FROM %s", table);
    struct db_query *q = db_prepare(db, format_sql(arena, &sql));
    return db_run_int(q, count);
}

static void add_keys(struct text *sql, const struct table *t)
{
    for (int i = 0; i < t->key_count; i++)
        text_addf(sql, "%s%s", i ? ", " : "", t->key_names[i]);
}

// A page of rows behind the keys $1, ..., or the first one.
static const char *page_sql(struct arena *arena, const struct table *t, bool first)
{
    struct text sql = {0};
    text_addf(&sql, "SELECT * FROM %s", t->name);
    if (!first) {
        text_add(&sql, " WHERE (");
        add_keys(&sql, t);
        text_add(&sql, ") > (");
        for (int i = 0; i < t->key_count; i++)
            text_addf(&sql, "%s$%d", i ? ", " : "", i + 1);
        text_add_char(&sql, ')');
    }
    if (t->key_count) {
        text_add(&sql, " ORDER BY ");
        add_keys(&sql, t);
        text_addf(&sql, " LIMIT %d", PAGE_ROWS);
    }
    return format_sql(arena, &sql);
}

static const char *insert_sql(struct arena *arena, const struct table *t, int columns)
{
    struct text sql = {0};
    text_addf(&sql, "INSERT INTO %s VALUES (", t->name);
    for (int i = 0; i < columns; i++)
        text_addf(&sql, "%s$%d", i ? ", " : "", i + 1);
    text_add_char(&sql, ')');
    return format_sql(arena, &sql);
}

static void pass_value(struct db_query *from, int column, struct db_query *to, int at)
{
    if (db_is_int(from, column))
        db_bind_int(to, at, db_int(from, column));
    else
        db_bind_text(to, at, db_text(from, column));
}

// The key of the row at which a page ended.
struct place {
    bool is_int[KEYS_MAX];
    int64_t numbers[KEYS_MAX];
    struct text texts[KEYS_MAX];
};

static void take_place(struct db_query *q, const struct table *t, struct place *place)
{
    for (int i = 0; i < t->key_count; i++) {
        place->is_int[i] = db_is_int(q, t->keys[i]);
        text_clear(&place->texts[i]);
        if (place->is_int[i])
            place->numbers[i] = db_int(q, t->keys[i]);
        else
            text_add(&place->texts[i], db_text(q, t->keys[i]));
    }
}

static void bind_place(struct db_query *q, const struct table *t, const struct place *place)
{
    for (int i = 0; i < t->key_count; i++) {
        if (place->is_int[i])
            db_bind_int(q, i + 1, place->numbers[i]);
        else
            db_bind_text(q, i + 1, place->texts[i].at ? place->texts[i].at : "");
    }
}

struct copying {
    struct db *from, *to;
    struct store_copy *copy;
    const struct table *table;
    const char *first, *next, *insert; // SQL
    struct place place;
    int64_t rows;
};

static int copy_row(struct copying *c, struct db_query *row)
{
    int columns = db_columns(row);
    if (columns > DB_PARAMETERS_MAX)
        return ERR_UNSUPPORTED;
    if (!c->insert)
        c->insert = insert_sql(&c->copy->arena, c->table, columns);
    struct db_query *q = db_prepare(c->to, c->insert);
    for (int i = 0; i < columns; i++)
        pass_value(row, i, q, i + 1);
    if (++c->rows % PROGRESS_ROWS == 0 && c->copy->progress)
        c->copy->progress(c->table->name, c->rows);
    return db_run_later(q);
}

// How many rows the page had, or ERR_*.
static int copy_page(struct copying *c, bool first)
{
    int count = 0, err;
    struct db_query *q = db_prepare(c->from, first ? c->first : c->next);
    if (!first)
        bind_place(q, c->table, &c->place);
    while ((err = db_step(q)) == DB_ROW) {
        take_place(q, c->table, &c->place);
        err = copy_row(c, q);
        if (err)
            break;
        count++;
    }
    db_finish(q);
    return err ? err : count;
}

static int copy_table(struct db *from, struct db *to, struct store_copy *copy,
                      const struct table *t)
{
    struct copying c = {.from = from,
                        .to = to,
                        .copy = copy,
                        .table = t,
                        .first = page_sql(&copy->arena, t, true),
                        .next = page_sql(&copy->arena, t, false)};
    int count = copy_page(&c, true);
    while (t->key_count && count == PAGE_ROWS)
        count = copy_page(&c, false);
    for (int i = 0; i < KEYS_MAX; i++)
        text_dispose(&c.place.texts[i]);
    if (count < 0)
        return count;
    int64_t there = -1;
    int err = count_of(to, &copy->arena, t->name, &there);
    if (!err && there != c.rows) {
        log_error("store", "%s: %lld rows were copied and %lld are there", t->name,
                  (long long)c.rows, (long long)there);
        err = ERR_IO;
    }
    copy->tables[copy->count++] = (struct store_copied){t->name, c.rows};
    return err;
}

// --- Everything ---

struct copy_job {
    struct db_job job; // first
    struct db *from;
    struct store_copy *copy;
    struct tables tables;
    bool replace;
};

// A database that nobody has used: the epoch has its row from the beginning.
static int check_empty(struct db *db, struct copy_job *j)
{
    for (size_t i = 0; i < j->tables.count; i++) {
        const struct table *t = &j->tables.at[i];
        int64_t count;
        int err = t->key_count ? count_of(db, &j->copy->arena, t->name, &count) : 0;
        if (err || (t->key_count && count > 0))
            return err ? err : ERR_EXISTS;
    }
    return 0;
}

static int empty_table(struct db *db, struct arena *arena, const struct table *t)
{
    struct text sql = {0};
    text_addf(&sql, "DELETE FROM %s", t->name);
    return db_run(db_prepare(db, format_sql(arena, &sql)));
}

static int run_copy(struct db_job *job, struct db *to)
{
    struct copy_job *j = (struct copy_job *)job;
    int err = j->replace ? 0 : check_empty(to, j);
    for (size_t i = j->tables.count; !err && i > 0; i--)
        err = empty_table(to, &j->copy->arena, &j->tables.at[i - 1]);
    for (size_t i = 0; !err && i < j->tables.count; i++) {
        err = copy_table(j->from, to, j->copy, &j->tables.at[i]);
        if (err)
            j->copy->failed = j->tables.at[i].name;
    }
    // That there is something already was found out before.
    return j->copy->failed && err == ERR_EXISTS ? ERR_REFUSED : err;
}

// Without a look at what came in, PostgreSQL plans as if there were nothing, until it looks by
// itself.
static int look_at_tables(struct db *db, const struct tables *tables)
{
    struct text sql = {0};
    for (size_t i = 0; i < tables->count; i++)
        text_addf(&sql, "ANALYZE %s;", tables->at[i].name);
    int err = db->backend->execute(db, sql.at);
    text_dispose(&sql);
    return err;
}

int store_copy(struct db *from, struct db *to, bool replace, struct store_copy *copy)
{
    struct copy_job job = {.job.run = run_copy, .from = from, .copy = copy, .replace = replace};
    assert(is_file(from) || is_file(to));
    int err = read_tables(is_file(from) ? from : to, &copy->arena, &job.tables);
    if (!err)
        err = db_begin_snapshot(from);
    if (err)
        return err;
    copy->tables = arena_alloc(&copy->arena, TABLES_MAX * sizeof *copy->tables);
    db_run_jobs(to, (struct db_job *[]){&job.job}, 1);
    db_end(from);
    if (!job.job.err && !is_file(to) && look_at_tables(to, &job.tables) != 0)
        log_warn("store", "%s: what came in was not looked at: requests may be slow at first",
                 to->name.at);
    return job.job.err;
}

int store_copy_count(struct db *db, struct store_copy *copy)
{
    struct tables tables = {0};
    int err = read_tables(db, &copy->arena, &tables);
    copy->tables = arena_alloc(&copy->arena, TABLES_MAX * sizeof *copy->tables);
    for (size_t i = 0; !err && i < tables.count; i++) {
        struct store_copied *counted = &copy->tables[copy->count++];
        counted->table = tables.at[i].name;
        err = count_of(db, &copy->arena, counted->table, &counted->rows);
    }
    return err;
}

void store_copy_dispose(struct store_copy *copy)
{
    arena_dispose(&copy->arena);
}
