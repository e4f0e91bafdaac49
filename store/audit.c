#include "store/audit.h"

#include "store/row.h"
#include "store/where.h"

#include <inttypes.h>
#include <stdio.h>

enum { SECONDS_LEN = 8 }; // of an id: the time that it was made at, in hex

// What the ids of this second begin with, as a text that none of them is before.
static void write_second(int64_t ms, char out[SECONDS_LEN + 1])
{
    int64_t s = ms < 0 ? 0 : ms / 1000;
    snprintf(out, SECONDS_LEN + 1, "%08" PRIx32, s > UINT32_MAX ? UINT32_MAX : (uint32_t)s);
}

static struct store_audit read_row(struct db_query *q, struct arena *arena)
{
    return (struct store_audit){
        .id = row_text(arena, q, 0),
        .at = db_int(q, 1),
        .account_id = row_text(arena, q, 2),
        .account = row_text(arena, q, 3),
        .method = row_text(arena, q, 4),
        .path = row_text(arena, q, 5),
        .target = row_text(arena, q, 6),
        .from = row_text(arena, q, 7),
        .status = (int)db_int(q, 8),
    };
}

ROW_READ_ALL(read_all, store_audit, read_row)

int store_audit_put(struct db *db, const struct store_audit *row)
{
    char before[SECONDS_LEN + 1];
    write_second(row->at - AUDIT_MS, before);
    struct db_query *q = db_prepare(db, "DELETE FROM audit WHERE id < $1");
    db_bind_text(q, 1, before);
    int err = db_run(q);
    if (err)
        return err;
    q = db_prepare(db, "INSERT INTO audit (id, at, account_id, account, method, path, target, "
                       "from_ip, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    db_bind_text(q, 1, row->id);
    db_bind_int(q, 2, row->at);
    db_bind_text(q, 3, row->account_id);
    db_bind_text(q, 4, row->account);
    db_bind_text(q, 5, row->method);
    db_bind_text(q, 6, row->path);
    db_bind_text(q, 7, row->target);
    db_bind_text(q, 8, row->from);
    db_bind_int(q, 9, row->status);
    return db_run(q);
}

int store_audit_list(struct db *db, const struct store_audit_filter *filter,
                     struct arena *arena, struct store_audit rows[AUDIT_ROWS_MAX])
{
    struct where w = {0};
    char after[SECONDS_LEN + 1], before[SECONDS_LEN + 1];
    where_text(&w, "account =", filter->account);
    // The second by the id, so that it is found at once; and what of it.
    if (filter->after_ms > 0) {
        write_second(filter->after_ms, after);
        where_text(&w, "id >=", after);
        where_int(&w, "+at >=", filter->after_ms);
    }
    if (filter->before_ms < INT64_MAX - 1000) {
        write_second(filter->before_ms + 1000, before);
        where_text(&w, "id <", before);
        where_int(&w, "+at <=", filter->before_ms);
    }
    if (filter->is_refused >= 0)
        where_literal(&w, filter->is_refused ? "status >= 400" : "status < 400");
    // Texts are looked for as they are, by both stores, and so in no other way of case.
    if (filter->search && filter->search[0])
        where_match(&w,
                    "(replace(path, ?, '') <> path OR replace(target, ?, '') <> target OR "
                    "replace(account, ?, '') <> account)",
                    filter->search);
    where_text(&w, "id <", filter->start && filter->start[0] ? filter->start : "~");
    struct db_query *q = where_query(
        db,
        "SELECT id, at, account_id, account, method, path, target, from_ip, status FROM audit ",
        &w, "ORDER BY id DESC", filter->limit < AUDIT_ROWS_MAX ? filter->limit : AUDIT_ROWS_MAX,
        0);
    return read_all(q, arena, rows);
}
