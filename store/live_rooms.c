#include "store/live_rooms.h"

#include "base/err.h"
#include "base/text.h"
#include "store/row.h"

#include <string.h>

static int read_epoch(struct db *db, int64_t *epoch)
{
    return db_run_int(db_prepare(db, "SELECT number FROM live_epoch"), epoch);
}

int store_live_begin(struct db *db, int64_t *epoch)
{
    int err = db_run(db_prepare(db, "UPDATE live_epoch SET number = number + 1"));
    if (!err)
        err = db_run(db_prepare(db, "DELETE FROM live_parts WHERE session_id NOT IN "
                                    "(SELECT session_id FROM live_rooms)"));
    return err ? err : read_epoch(db, epoch);
}

static int check_epoch(struct db *db, int64_t epoch)
{
    int64_t now;
    int err = read_epoch(db, &now);
    if (!err && now != epoch)
        err = ERR_EXPIRED;
    return err;
}

static int remove_parts(struct db *db, const char *session_id)
{
    struct db_query *q = db_prepare(db, "DELETE FROM live_parts WHERE session_id = $1");
    db_bind_text(q, 1, session_id);
    return db_run_later(q);
}

static int put_part(struct db *db, const char *session_id, const struct snapshot_part *part)
{
    struct db_query *q =
        part->document
            ? db_prepare(db, "INSERT INTO live_parts (session_id, part, document) VALUES ($1, "
                             "$2, $3) ON CONFLICT (session_id, part) DO UPDATE SET document = "
                             "excluded.document")
            : db_prepare(db, "DELETE FROM live_parts WHERE session_id = $1 AND part = $2");
    db_bind_text(q, 1, session_id);
    db_bind_text(q, 2, part->name);
    if (part->document)
        db_bind_text(q, 3, part->document);
    return db_run_later(q);
}

int store_live_put(struct db *db, const struct store_live_room *room,
                   const struct snapshot *snapshot, int64_t epoch, int64_t now_ms)
{
    int err = check_epoch(db, epoch);
    if (!err && snapshot->is_whole)
        err = remove_parts(db, room->session_id);
    for (size_t i = 0; !err && i < snapshot->count; i++)
        err = put_part(db, room->session_id, &snapshot->parts[i]);
    if (err)
        return err;
    struct db_query *q =
        db_prepare(db, "INSERT INTO live_rooms (room_id, session_id, epoch, document, "
                       "written_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (room_id) DO "
                       "UPDATE SET session_id = excluded.session_id, epoch = excluded.epoch, "
                       "document = excluded.document, written_at = excluded.written_at");
    db_bind_text(q, 1, room->room_id);
    db_bind_text(q, 2, room->session_id);
    db_bind_int(q, 3, epoch);
    db_bind_text(q, 4, snapshot->head);
    db_bind_int(q, 5, now_ms);
    return db_run(q);
}

int store_live_remove(struct db *db, const char *room_id, const char *session_id, int64_t epoch)
{
    int err = check_epoch(db, epoch);
    if (err)
        return err;
    err = remove_parts(db, session_id);
    if (err)
        return err;
    struct db_query *q =
        db_prepare(db, "DELETE FROM live_rooms WHERE room_id = $1 AND session_id = $2");
    db_bind_text(q, 1, room_id);
    db_bind_text(q, 2, session_id);
    return db_run(q);
}

// Puts the parts to the head that the room has so far.
static int read_parts(struct db *db, struct store_live_room *room, struct arena *arena)
{
    struct arena rows = {0};
    struct snapshot_part *parts = NULL;
    size_t count = 0, cap = 0;
    struct db_query *q =
        db_prepare(db, "SELECT part, document FROM live_parts WHERE session_id = $1");
    db_bind_text(q, 1, room->session_id);
    int err;
    while ((err = db_step(q)) == DB_ROW) {
        if (count == cap) {
            cap = cap ? 2 * cap : 64;
            parts = mem_resize(parts, cap * sizeof *parts);
        }
        parts[count++] = (struct snapshot_part){row_text(&rows, q, 0), row_text(&rows, q, 1)};
    }
    db_finish(q);
    struct text document = {0};
    store_snapshot_join(room->document, parts, count, &document);
    room->document = arena_text(arena, text_bytes(&document));
    text_dispose(&document);
    mem_free(parts);
    arena_dispose(&rows);
    return err;
}

int store_live_list(struct db *db, struct arena *arena, struct store_live_room **list,
                    size_t *count)
{
    int64_t most = 0;
    *count = 0;
    int err = db_run_int(db_prepare(db, "SELECT COUNT(*) FROM live_rooms"), &most);
    if (err)
        return err;
    *list = arena_alloc(arena, (size_t)most * sizeof **list);
    struct db_query *q =
        db_prepare(db, "SELECT room_id, session_id, document FROM live_rooms ORDER BY room_id");
    while ((err = db_step(q)) == DB_ROW && *count < (size_t)most)
        (*list)[(*count)++] = (struct store_live_room){
            .room_id = row_text(arena, q, 0),
            .session_id = row_text(arena, q, 1),
            .document = row_text(arena, q, 2),
        };
    db_finish(q);
    for (size_t i = 0; !err && i < *count; i++)
        err = read_parts(db, &(*list)[i], arena);
    return err;
}
