#include "store/live_rooms.h"

#include "base/err.h"
#include "store/row.h"

#include <string.h>

static int read_epoch(struct db *db, int64_t *epoch)
{
    return db_run_int(db_prepare(db, "SELECT number FROM live_epoch"), epoch);
}

int store_live_begin(struct db *db, int64_t *epoch)
{
    int err = db_run(db_prepare(db, "UPDATE live_epoch SET number = number + 1"));
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

int store_live_put(struct db *db, const struct store_live_room *room, int64_t epoch,
                   int64_t now_ms)
{
    int err = check_epoch(db, epoch);
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
    db_bind_text(q, 4, room->document);
    db_bind_int(q, 5, now_ms);
    return db_run(q);
}

int store_live_remove(struct db *db, const char *room_id, const char *session_id, int64_t epoch)
{
    int err = check_epoch(db, epoch);
    if (err)
        return err;
    struct db_query *q =
        db_prepare(db, "DELETE FROM live_rooms WHERE room_id = $1 AND session_id = $2");
    db_bind_text(q, 1, room_id);
    db_bind_text(q, 2, session_id);
    return db_run(q);
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
    return err;
}
