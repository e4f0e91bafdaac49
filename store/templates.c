#include "store/templates.h"

#include "base/err.h"
#include "store/row.h"
#include "store/where.h"

#define COLUMNS "SELECT id, name, is_default, document, created_at, updated_at FROM templates "

static struct store_template read_row(struct db_query *q, struct arena *arena)
{
    return (struct store_template){
        .id = row_text(arena, q, 0),
        .name = row_text(arena, q, 1),
        .is_default = db_int(q, 2) != 0,
        .document = row_text(arena, q, 3),
        .created_at_ms = db_int(q, 4),
        .updated_at_ms = db_int(q, 5),
    };
}

static struct store_template read_name(struct db_query *q, struct arena *arena)
{
    return (struct store_template){.id = row_text(arena, q, 0), .name = row_text(arena, q, 1)};
}

ROW_READ_ONE(get_one, store_template, read_row)
ROW_READ_ONE(get_name, store_template, read_name)
ROW_READ_ALL(get_all, store_template, read_row)

int store_template_get(struct db *db, const char *id, struct arena *arena,
                       struct store_template *found)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE id = $1");
    db_bind_text(q, 1, id);
    return get_one(q, arena, found);
}

int store_template_default(struct db *db, struct arena *arena, struct store_template *found)
{
    struct db_query *q = db_prepare(
        db, "SELECT id, name FROM templates WHERE is_default = 1 ORDER BY id DESC LIMIT 1");
    return get_name(q, arena, found);
}

int store_template_named(struct db *db, const char *name, struct arena *arena,
                         struct store_template *found)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE name = $1");
    db_bind_text(q, 1, name);
    return get_one(q, arena, found);
}

int store_template_update(struct db *db, const struct store_template *row)
{
    struct db_query *q = db_prepare(db, "UPDATE templates SET name = $1, document = $2, "
                                        "updated_at = $3 WHERE id = $4");
    db_bind_text(q, 1, row->name);
    db_bind_text(q, 2, row->document);
    db_bind_int(q, 3, row->updated_at_ms);
    db_bind_text(q, 4, row->id);
    return db_run(q);
}

int store_template_insert(struct db *db, const struct store_template *row)
{
    struct db_query *q =
        db_prepare(db, "INSERT INTO templates (id, name, is_default, document, created_at, "
                       "updated_at) VALUES ($1, $2, $3, $4, $5, $6)");
    db_bind_text(q, 1, row->id);
    db_bind_text(q, 2, row->name);
    db_bind_int(q, 3, row->is_default);
    db_bind_text(q, 4, row->document);
    db_bind_int(q, 5, row->created_at_ms);
    db_bind_int(q, 6, row->updated_at_ms);
    return db_run(q);
}

int store_template_delete(struct db *db, const char *id)
{
    struct db_query *q = db_prepare(db, "SELECT id FROM rooms WHERE template_id = $1 LIMIT 1");
    db_bind_text(q, 1, id);
    int err = db_step(q);
    db_finish(q);
    if (err)
        return err == DB_ROW ? ERR_EXISTS : err;
    q = db_prepare(db, "DELETE FROM templates WHERE id = $1");
    db_bind_text(q, 1, id);
    return db_run(q);
}

int store_template_list(struct db *db, const struct store_template_filter *filter,
                        struct arena *arena, struct store_template rows[STORE_TEMPLATES_MAX])
{
    struct where w = {0};
    where_text(&w, "name =", filter->name);
    if (filter->is_default >= 0)
        where_literal(&w, filter->is_default ? "is_default = 1" : "is_default = 0");
    where_text(&w, "id <", filter->start && filter->start[0] ? filter->start : "~");
    struct db_query *q = where_query(
        db, COLUMNS, &w, "ORDER BY id DESC",
        filter->limit < STORE_TEMPLATES_MAX ? filter->limit : STORE_TEMPLATES_MAX, 0);
    return get_all(q, arena, rows);
}
