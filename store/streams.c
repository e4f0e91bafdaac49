#include "store/streams.h"

#include "store/row.h"
#include "store/where.h"

// --- Stream keys ---

int store_stream_key_of(struct db *db, const char *room_id, struct arena *arena,
                        struct store_stream_key *key)
{
    struct db_query *q =
        db_prepare(db, "SELECT id, room_id, secret, enabled, created_at, updated_at FROM "
                       "stream_keys WHERE room_id = $1 AND enabled = 1");
    db_bind_text(q, 1, room_id);
    int err = db_step(q);
    if (err == DB_ROW)
        *key = (struct store_stream_key){.id = row_text(arena, q, 0),
                                         .room_id = row_text(arena, q, 1),
                                         .key = row_text(arena, q, 2),
                                         .enabled = db_int(q, 3),
                                         .created_at = db_int(q, 4),
                                         .updated_at = db_int(q, 5)};
    db_finish(q);
    return row_found(err);
}

int store_stream_key_insert(struct db *db, const struct store_stream_key *key)
{
    struct db_query *q =
        db_prepare(db, "INSERT INTO stream_keys (id, room_id, secret, enabled, created_at, "
                       "updated_at) VALUES ($1, $2, $3, $4, $5, $6)");
    db_bind_text(q, 1, key->id);
    db_bind_text(q, 2, key->room_id);
    db_bind_text(q, 3, key->key);
    db_bind_int(q, 4, key->enabled);
    db_bind_int(q, 5, key->created_at);
    db_bind_int(q, 6, key->updated_at);
    return db_run(q);
}

int store_stream_key_disable(struct db *db, const char *room_id, int64_t wall_ms)
{
    struct db_query *q = db_prepare(db, "UPDATE stream_keys SET enabled = 0, updated_at = $2 "
                                        "WHERE room_id = $1 AND enabled = 1");
    db_bind_text(q, 1, room_id);
    db_bind_int(q, 2, wall_ms);
    return db_run(q);
}

// --- Jobs and assets ---

#define COLUMNS "id, room_id, session_id, status, document, created_at, updated_at"

static struct store_stream read_row(struct db_query *q, struct arena *arena)
{
    return (struct store_stream){
        .id = row_text(arena, q, 0),
        .room_id = row_text(arena, q, 1),
        .session_id = row_text(arena, q, 2),
        .status = row_text(arena, q, 3),
        .document = row_text(arena, q, 4),
        .created_at = db_int(q, 5),
        .updated_at = db_int(q, 6),
    };
}

int store_stream_insert(struct db *db, enum store_stream_kind kind,
                        const struct store_stream *stream)
{
    struct db_query *q = db_prepare(db, "INSERT INTO streams (" COLUMNS
                                        ", kind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    db_bind_text(q, 1, stream->id);
    db_bind_text(q, 2, stream->room_id);
    db_bind_text(q, 3, stream->session_id);
    db_bind_text(q, 4, stream->status);
    db_bind_text(q, 5, stream->document);
    db_bind_int(q, 6, stream->created_at);
    db_bind_int(q, 7, stream->updated_at);
    db_bind_int(q, 8, kind);
    return db_run(q);
}

int store_stream_get(struct db *db, enum store_stream_kind kind, const char *id,
                     struct arena *arena, struct store_stream *stream)
{
    struct db_query *q =
        db_prepare(db, "SELECT " COLUMNS " FROM streams WHERE id = $1 AND kind = $2");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, kind);
    int err = db_step(q);
    if (err == DB_ROW)
        *stream = read_row(q, arena);
    db_finish(q);
    return row_found(err);
}

int store_stream_list(struct db *db, const struct store_stream_filter *filter,
                      struct arena *arena, struct store_stream streams[STORE_STREAMS_MAX])
{
    struct where w = {0};
    where_int(&w, "kind =", filter->kind);
    // A session is of one room.
    where_text(&w, filter->session_id ? "room_id || '' =" : "room_id =", filter->room_id);
    where_text(&w, "session_id =", filter->session_id);
    where_text(&w, "status =", filter->status);
    where_text(&w, "id <", filter->start && filter->start[0] ? filter->start : "~");
    struct db_query *q =
        where_query(db, "SELECT " COLUMNS " FROM streams ", &w, "ORDER BY id DESC",
                    filter->limit < STORE_STREAMS_MAX ? filter->limit : STORE_STREAMS_MAX, 0);
    int count = 0;
    int err;
    while ((err = db_step(q)) == DB_ROW)
        streams[count++] = read_row(q, arena);
    db_finish(q);
    return err ? err : count;
}
