#include "store/copy.h"

#include "base/err.h"
#include "fixture.h"
#include "store/schema.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

// The names of the tables, as the schema has them, without its version.
struct names {
    char at[64][64];
    size_t count;
};

static struct names tables_of(struct db *db)
{
    struct names names = {0};
    struct db_query *q = db_prepare(
        db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version' "
            "ORDER BY rowid");
    while (db_step(q) == DB_ROW)
        snprintf(names.at[names.count++], 64, "%s", db_text(q, 0));
    db_finish(q);
    return names;
}

// A statement whose texts are all `text` and whose numbers are all `row`.
static int insert_row(struct db *db, const char *table, const char *text, int row,
                      struct arena *arena)
{
    struct text sql = {0};
    bool is_int[40];
    int columns = 0;
    struct db_query *q = db_prepare(db, "SELECT type FROM pragma_table_info($1) ORDER BY cid");
    db_bind_text(q, 1, table);
    text_addf(&sql, "INSERT INTO %s VALUES (", table);
    while (db_step(q) == DB_ROW) {
        is_int[columns++] = strcmp(db_text(q, 0), "TEXT") != 0;
        text_addf(&sql, "%s$%d", columns > 1 ? ", " : "", columns);
    }
    db_finish(q);
    text_add_char(&sql, ')');
    q = db_prepare(db, arena_text(arena, text_bytes(&sql)));
    text_dispose(&sql);
    for (int i = 0; i < columns; i++) {
        if (is_int[i])
            db_bind_int(q, i + 1, row);
        else
            db_bind_text(q, i + 1, text);
    }
    return db_run(q);
}

// Every text of row i is the same, so what refers to another row finds it.
struct fill_job {
    struct db_job job; // first
    struct arena *arena;
    int rows;
};

static int run_fill(struct db_job *job, struct db *db)
{
    struct fill_job *fill = (struct fill_job *)job;
    struct names names = tables_of(db);
    for (size_t i = 0; i < names.count; i++) {
        for (int row = 0; row < fill->rows; row++) {
            char text[32];
            snprintf(text, sizeof text, "%c-%d-\xc3\xa4'", row % 2 ? 'a' : 'B', row);
            CHECK_EQ(insert_row(db, names.at[i], text, row, fill->arena), 0);
        }
    }
    return 0;
}

static void fill(struct db *db, struct arena *arena, int rows)
{
    struct fill_job job = {.job.run = run_fill, .arena = arena, .rows = rows};
    db_run_jobs(db, (struct db_job *[]){&job.job}, 1);
    CHECK_EQ(job.job.err, 0);
}

// Cell by cell.
static void check_same(struct db *a, struct db *b, const struct names *names,
                       struct arena *arena)
{
    for (size_t i = 0; i < names->count; i++) {
        struct text sql = {0};
        text_addf(&sql, "SELECT * FROM %s ORDER BY 1, 2", names->at[i]);
        if (strcmp(names->at[i], "live_epoch") == 0)
            sql.at[strlen(sql.at) - 3] = 0;
        const char *kept = arena_text(arena, bytes_of(sql.at));
        text_dispose(&sql);
        struct db_query *left = db_prepare(a, kept), *right = db_prepare(b, kept);
        int err;
        while ((err = db_step(left)) == DB_ROW) {
            CHECK_EQ(db_step(right), DB_ROW);
            CHECK_EQ(db_columns(left), db_columns(right));
            for (int column = 0; column < db_columns(left); column++)
                CHECK_TEXT(db_text(left, column), db_text(right, column));
        }
        CHECK_EQ(err, DB_DONE);
        CHECK_EQ(db_step(right), DB_DONE);
        db_finish(left);
        db_finish(right);
    }
}

struct world {
    struct scratch scratch;
    struct db *from, *to; // a file; of the store under test
    struct arena arena;
    struct store_copy copy;
};

static struct world world_new(int rows)
{
    struct world w = {.scratch = scratch_new()};
    CHECK_EQ(db_open(&w.from, scratch_path(&w.scratch, "source.db")), 0);
    w.to = open_in(&w.scratch);
    fill(w.from, &w.arena, rows);
    return w;
}

static void world_dispose(struct world *w)
{
    db_close(w->from);
    db_close(w->to);
    store_copy_dispose(&w->copy);
    arena_dispose(&w->arena);
    scratch_remove(&w->scratch);
}

TEST(every_table_of_the_schema_is_copied_whole)
{
    struct world w = world_new(1203); // some pages
    struct names names = tables_of(w.from);
    CHECK(names.count > 10);
    CHECK_EQ(store_copy(w.from, w.to, false, &w.copy), 0);
    CHECK_EQ(w.copy.count, names.count);
    for (size_t i = 0; i < names.count; i++) {
        CHECK_TEXT(w.copy.tables[i].table, names.at[i]);
        CHECK_EQ(w.copy.tables[i].rows, strcmp(names.at[i], "live_epoch") == 0 ? 1204 : 1203);
    }
    check_same(w.from, w.to, &names, &w.arena);
    world_dispose(&w);
}

TEST(what_was_copied_is_copied_back)
{
    struct world w = world_new(501);
    struct db *back;
    struct store_copy again = {0};
    struct names names = tables_of(w.from);
    CHECK_EQ(store_copy(w.from, w.to, false, &w.copy), 0);
    CHECK_EQ(db_open(&back, scratch_path(&w.scratch, "back.db")), 0);
    CHECK_EQ(store_copy(w.to, back, false, &again), 0);
    check_same(w.from, back, &names, &w.arena);
    db_close(back);
    store_copy_dispose(&again);
    world_dispose(&w);
}

TEST(a_page_that_is_full_is_not_the_last)
{
    struct world w = world_new(500);
    CHECK_EQ(store_copy(w.from, w.to, false, &w.copy), 0);
    CHECK_EQ(count_rows(w.to), 500);
    world_dispose(&w);
}

TEST(what_is_there_stays_unless_it_is_to_be_replaced)
{
    struct world w = world_new(3);
    CHECK_EQ(insert_template(w.to, "mine"), 0);
    CHECK_EQ(store_copy(w.from, w.to, false, &w.copy), ERR_EXISTS);
    CHECK(w.copy.failed == NULL);
    CHECK_EQ(count_rows(w.to), 1);
    struct store_copy again = {0};
    CHECK_EQ(store_copy(w.from, w.to, true, &again), 0);
    CHECK_EQ(count_rows(w.to), 3);
    store_copy_dispose(&again);
    world_dispose(&w);
}

TEST(a_row_that_is_refused_leaves_nothing_of_the_others)
{
    struct world w = world_new(3);
    scratch_sql(&w.scratch, "CREATE UNIQUE INDEX one_at_a_time ON streams (kind); INSERT INTO "
                            "live_rooms VALUES ('r', 's', 1, 'd', 1)");
    scratch_sql(&w.scratch, "DELETE FROM live_rooms");
    CHECK_EQ(db_run(db_prepare(w.from, "UPDATE streams SET kind = 1")), 0);
    CHECK_EQ(store_copy(w.from, w.to, false, &w.copy), ERR_REFUSED);
    CHECK_TEXT(w.copy.failed, "streams");
    CHECK_EQ(count_rows(w.to), 0);
    world_dispose(&w);
}

TEST(a_schema_of_the_past_is_copied_as_it_was)
{
    struct scratch s = scratch_new();
    struct arena arena = {0};
    struct db *from, *to;
    struct store_copy copy = {0};
    int64_t schema = 0;
    CHECK_EQ(db_create(&from, scratch_path(&s, "old.db"), 1), 0);
    fill(from, &arena, 4);
    CHECK_EQ(db_create(&to, scratch_path(&s, "copy.db"), 1), 0);
    CHECK_EQ(store_copy(from, to, false, &copy), 0);
    CHECK_EQ(copy.count, 3); // templates, rooms, codes
    db_close(from);
    db_close(to);
    CHECK_EQ(db_open(&to, scratch_path(&s, "copy.db")), 0); // brought up to date
    CHECK_EQ(db_schema(to, &schema), 0);
    CHECK_EQ(schema, store_migration_count);
    CHECK_EQ(count_rows(to), 4);
    db_close(to);
    store_copy_dispose(&copy);
    arena_dispose(&arena);
    scratch_remove(&s);
}

// What store/copy relies on, and what the two stores have in common.
TEST(columns_are_texts_and_numbers_that_are_always_there)
{
    struct scratch s = scratch_new();
    struct db *db;
    CHECK_EQ(db_open(&db, scratch_path(&s, "schema.db")), 0);
    struct names names = tables_of(db);
    for (size_t i = 0; i < names.count; i++) {
        struct db_query *q =
            db_prepare(db, "SELECT type, \"notnull\" > 0 OR pk > 0 FROM pragma_table_info($1)");
        db_bind_text(q, 1, names.at[i]);
        while (db_step(q) == DB_ROW) {
            CHECK(strcmp(db_text(q, 0), "TEXT") == 0 || strcmp(db_text(q, 0), "BIGINT") == 0);
            CHECK(db_int(q, 1));
        }
        db_finish(q);
    }
    db_close(db);
    scratch_remove(&s);
}
