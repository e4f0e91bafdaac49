#include "store/codes.h"

#include "base/err.h"
#include "store/row.h"

#include <stdio.h>

#define COLUMNS                                                                                \
    "SELECT c.id, c.code, c.room_id, c.role, c.enabled, c.created_at, c.updated_at "           \
    "FROM room_codes c "

static struct store_code read_row(struct db_query *q, struct arena *arena)
{
    struct store_code row = {
        .role = row_text(arena, q, 3),
        .enabled = db_int(q, 4) != 0,
        .created_at_ms = db_int(q, 5),
        .updated_at_ms = db_int(q, 6),
    };
    snprintf(row.id, sizeof row.id, "%s", db_text(q, 0));
    snprintf(row.code, sizeof row.code, "%s", db_text(q, 1));
    snprintf(row.room_id, sizeof row.room_id, "%s", db_text(q, 2));
    return row;
}

ROW_READ_ONE(get_one, store_code, read_row)
ROW_READ_ALL(get_all, store_code, read_row)

int store_code_get(struct db *db, const char *code, struct arena *arena,
                   struct store_code *found)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE c.code = $1");
    db_bind_text(q, 1, code);
    return get_one(q, arena, found);
}

int store_code_of_role(struct db *db, const char *room_id, const char *role,
                       struct arena *arena, struct store_code *found)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE c.room_id = $1 AND c.role = $2 "
                                                "AND c.enabled = 1 ORDER BY c.id LIMIT 1");
    db_bind_text(q, 1, room_id);
    db_bind_text(q, 2, role);
    return get_one(q, arena, found);
}

int store_codes_of_room(struct db *db, const char *room_id, struct room_codes *codes)
{
    struct db_query *q =
        db_prepare(db, "SELECT id, code, role, enabled FROM room_codes WHERE room_id = $1 "
                       "LIMIT $2");
    db_bind_text(q, 1, room_id);
    db_bind_int(q, 2, CODES_PER_ROOM_MAX);
    int err;
    while ((err = db_step(q)) == DB_ROW)
        room_codes_add(codes, db_text(q, 0), db_text(q, 1), db_text(q, 2), !db_int(q, 3));
    db_finish(q);
    return err;
}

int store_code_is_disabled(struct db *db, const char *room_id, const char *id,
                           bool *is_disabled)
{
    *is_disabled = false;
    if (!id[0])
        return 0;
    struct db_query *q = db_prepare(
        db, "SELECT 1 FROM room_codes WHERE room_id = $1 AND id = $2 AND enabled = 0");
    db_bind_text(q, 1, room_id);
    db_bind_text(q, 2, id);
    int err = db_step(q);
    *is_disabled = err == DB_ROW;
    db_finish(q);
    return err == DB_ROW ? 0 : err;
}

int store_code_insert(struct db *db, const struct store_code *code)
{
    struct db_query *q =
        db_prepare(db, "INSERT INTO room_codes (id, code, room_id, role, enabled, created_at, "
                       "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    db_bind_text(q, 1, code->id);
    db_bind_text(q, 2, code->code);
    db_bind_text(q, 3, code->room_id);
    db_bind_text(q, 4, code->role);
    db_bind_int(q, 5, code->enabled);
    db_bind_int(q, 6, code->created_at_ms);
    db_bind_int(q, 7, code->updated_at_ms);
    return db_run(q);
}

int store_code_enable(struct db *db, const char *code, bool enabled, int64_t wall_ms)
{
    struct db_query *q =
        db_prepare(db, "UPDATE room_codes SET enabled = $2, updated_at = $3 WHERE code = $1");
    db_bind_text(q, 1, code);
    db_bind_int(q, 2, enabled);
    db_bind_int(q, 3, wall_ms);
    return db_run(q);
}

int store_code_count(struct db *db, const char *room_id, int64_t *count)
{
    struct db_query *q = db_prepare(db, "SELECT COUNT(*) FROM room_codes WHERE room_id = $1");
    db_bind_text(q, 1, room_id);
    return db_run_int(q, count);
}

int store_code_list(struct db *db, const struct store_code_filter *filter, struct arena *arena,
                    struct store_code codes[STORE_CODES_MAX])
{
    struct db_query *q =
        db_prepare(db, COLUMNS
                   "WHERE c.room_id = $1 AND ($2 = '' OR c.role = $2) "
                   "AND ($3 < 0 OR c.enabled = $3) "
                   "AND c.id > COALESCE((SELECT s.id FROM room_codes s WHERE s.code = $4), '') "
                   "ORDER BY c.id LIMIT $5");
    db_bind_text(q, 1, filter->room_id);
    db_bind_text(q, 2, or_empty(filter->role));
    db_bind_int(q, 3, filter->enabled);
    db_bind_text(q, 4, or_empty(filter->start));
    db_bind_int(q, 5, filter->limit < STORE_CODES_MAX ? filter->limit : STORE_CODES_MAX);
    return get_all(q, arena, codes);
}

#define ROLE_OF_TEMPLATE                                                                       \
    "WHERE role = $2 AND room_id IN (SELECT id FROM rooms WHERE template_id = $3)"

int store_codes_disable_role(struct db *db, const char *template_id, const char *role,
                             int64_t wall_ms)
{
    struct db_query *q =
        db_prepare(db, "UPDATE room_codes SET enabled = 0, updated_at = $1 " ROLE_OF_TEMPLATE
                       " AND enabled = 1");
    db_bind_int(q, 1, wall_ms);
    db_bind_text(q, 2, role);
    db_bind_text(q, 3, template_id);
    return db_run(q);
}

int store_codes_rename_role(struct db *db, const char *template_id, const char *role,
                            const char *name, int64_t wall_ms)
{
    struct db_query *q =
        db_prepare(db, "UPDATE room_codes SET role = $4, updated_at = $1 " ROLE_OF_TEMPLATE);
    db_bind_int(q, 1, wall_ms);
    db_bind_text(q, 2, role);
    db_bind_text(q, 3, template_id);
    db_bind_text(q, 4, name);
    return db_run(q);
}
