#include "store/rooms.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/row.h"
#include "store/where.h"

#include <string.h>

// A large room may be bigger than this, but only when its size says how big.

const char *const store_regions[] = {"auto", "in", "us", "eu", NULL};

#define COLUMNS                                                                                \
    "SELECT r.id, r.name, r.enabled, r.description, r.template_id, (SELECT t.name FROM "       \
    "templates t WHERE t.id = r.template_id), r.region, "                                      \
    "r.large_room, r.size, r.max_duration_seconds, r.recording_info, r.webhook, "              \
    "r.created_at, r.updated_at, r.chat_history, r.is_meeting, r.polls FROM rooms r "

static struct store_room read_row(struct db_query *q, struct arena *arena)
{
    return (struct store_room){
        .id = row_text(arena, q, 0),
        .name = row_text(arena, q, 1),
        .enabled = db_int(q, 2) != 0,
        .description = row_text(arena, q, 3),
        .template_id = row_text(arena, q, 4),
        .template_name = row_text(arena, q, 5),
        .region = row_text(arena, q, 6),
        .large_room = db_int(q, 7) != 0,
        .size = db_int(q, 8),
        .max_duration_seconds = db_int(q, 9),
        .recording_info = row_text(arena, q, 10),
        .webhook = row_text(arena, q, 11),
        .created_at_ms = db_int(q, 12),
        .updated_at_ms = db_int(q, 13),
        .chat_history = db_int(q, 14),
        .is_meeting = db_int(q, 15) != 0,
        .polls = row_text(arena, q, 16),
    };
}

// The name as it is compared. Names are ASCII: api/rooms checks them.
static const char *fold(struct arena *arena, const char *name)
{
    char *folded = arena_text(arena, bytes_of(name));
    for (char *c = folded; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return folded;
}

ROW_READ_ONE(get_one, store_room, read_row)
ROW_READ_ALL(get_all, store_room, read_row)

int store_room_get(struct db *db, const char *id, struct arena *arena, struct store_room *room)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE r.id = $1");
    db_bind_text(q, 1, id);
    return get_one(q, arena, room);
}

int store_room_by_name(struct db *db, const char *name, struct arena *arena,
                       struct store_room *room)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE r.name_key = $1");
    db_bind_text(q, 1, fold(arena, name));
    return get_one(q, arena, room);
}

static int write_row(struct db *db, const char *sql, const struct store_room *room)
{
    struct arena folded = {0};
    struct db_query *q = db_prepare(db, sql);
    db_bind_text(q, 1, room->id);
    db_bind_text(q, 2, room->name);
    db_bind_text(q, 3, fold(&folded, room->name));
    db_bind_int(q, 4, room->enabled);
    db_bind_text(q, 5, room->description);
    db_bind_text(q, 6, room->template_id);
    db_bind_text(q, 7, room->region);
    db_bind_int(q, 8, room->large_room);
    db_bind_int(q, 9, room->size);
    db_bind_int(q, 10, room->max_duration_seconds);
    db_bind_text(q, 11, room->recording_info);
    db_bind_text(q, 12, room->webhook);
    db_bind_int(q, 13, room->created_at_ms);
    db_bind_int(q, 14, room->updated_at_ms);
    db_bind_int(q, 15, room->chat_history);
    db_bind_int(q, 16, room->is_meeting);
    db_bind_text(q, 17, or_empty(room->polls));
    int err = db_run(q);
    arena_dispose(&folded);
    return err;
}

int store_room_insert(struct db *db, const struct store_room *room)
{
    return write_row(
        db,
        "INSERT INTO rooms (id, name, name_key, enabled, description, template_id, "
        "region, large_room, size, max_duration_seconds, recording_info, webhook, "
        "created_at, updated_at, chat_history, is_meeting, polls) VALUES ($1, $2, $3, $4, $5, "
        "$6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        room);
}

int store_room_update(struct db *db, const struct store_room *room)
{
    return write_row(db,
                     "UPDATE rooms SET name = $2, name_key = $3, enabled = $4, "
                     "description = $5, template_id = $6, region = $7, large_room = $8, "
                     "size = $9, max_duration_seconds = $10, recording_info = $11, "
                     "webhook = $12, created_at = $13, updated_at = $14, "
                     "chat_history = $15, is_meeting = $16, polls = $17 WHERE id = $1",
                     room);
}

int store_room_disable(struct db *db, const char *id, int64_t wall_ms)
{
    struct db_query *q =
        db_prepare(db, "UPDATE rooms SET enabled = 0, updated_at = $2 WHERE id = $1");
    db_bind_text(q, 1, id);
    db_bind_int(q, 2, wall_ms);
    return db_run(q);
}

int store_room_delete(struct db *db, const char *id)
{
    static const char *const statements[] = {
        "DELETE FROM stream_keys WHERE room_id = $1",
        "DELETE FROM room_codes WHERE room_id = $1",
        "DELETE FROM rooms WHERE id = $1",
    };
    int err = 0;
    for (size_t i = 0; !err && i < sizeof statements / sizeof *statements; i++) {
        struct db_query *q = db_prepare(db, statements[i]);
        db_bind_text(q, 1, id);
        err = db_run(q);
    }
    return err;
}

int store_room_forget_meetings(struct db *db, int64_t before_ms, int most)
{
    struct arena arena = {0};
    const char **ids = arena_alloc(&arena, (size_t)most * sizeof *ids);
    int count = 0;
    struct db_query *q = db_prepare(
        db, "SELECT id FROM rooms WHERE is_meeting = 1 AND created_at < $1 AND id NOT "
            "IN (SELECT room_id FROM live_rooms) AND NOT EXISTS (SELECT 1 FROM sessions "
            "WHERE sessions.room_id = rooms.id AND (ended_at = 0 OR ended_at >= $1)) "
            "ORDER BY created_at LIMIT $2");
    db_bind_int(q, 1, before_ms);
    db_bind_int(q, 2, most);
    int err;
    while ((err = db_step(q)) == DB_ROW && count < most)
        ids[count++] = row_text(&arena, q, 0);
    db_finish(q);
    err = err == DB_ROW ? 0 : err;
    for (int i = 0; !err && i < count; i++)
        err = store_room_delete(db, ids[i]);
    arena_dispose(&arena);
    return err ? err : count;
}

// Disabled ones are few, and have indexes of their own, whose condition has to be literal.
static int list_where(struct db *db, const struct store_room_filter *filter,
                      struct arena *arena, struct where *w)
{
    int64_t at;
    bool is_gone = false;
    if (filter->name)
        where_text(w, "r.name_key =", fold(arena, filter->name));
    where_text(w, "r.template_id =", filter->template_id);
    if (filter->enabled >= 0)
        where_literal(w, filter->enabled ? "r.enabled = 1" : "r.enabled = 0");
    where_int(w, "r.created_at >=", filter->after_ms);
    where_int(w, "r.created_at <=", filter->before_ms);
    if (!filter->start || !filter->start[0])
        return 0;
    int err = where_place(db, "SELECT created_at FROM rooms WHERE id = $1", filter->start, &at,
                          &is_gone);
    where_behind(w, "(r.created_at, r.id)", at, filter->start);
    if (is_gone)
        where_text(w, "r.id <", filter->start);
    return err;
}

int store_room_list(struct db *db, const struct store_room_filter *filter, struct arena *arena,
                    struct store_room rooms[STORE_PAGE_MAX])
{
    struct where w = {0};
    int err = list_where(db, filter, arena, &w);
    if (err) {
        where_dispose(&w);
        return err;
    }
    struct db_query *q =
        where_query(db, COLUMNS, &w, "ORDER BY r.created_at DESC, r.id DESC",
                    filter->limit < STORE_PAGE_MAX ? filter->limit : STORE_PAGE_MAX, 0);
    return get_all(q, arena, rooms);
}

void store_room_record(const struct store_room *room, struct room_record *record)
{
    *record = (struct room_record){.enabled = room->enabled,
                                   .large = room->large_room,
                                   .size = (int)room->size,
                                   .chat_history = (int)room->chat_history,
                                   .max_duration_s = room->max_duration_seconds};
    strncpy(record->id, room->id, sizeof record->id - 1);
    strncpy(record->name, room->name, sizeof record->name - 1);
    strncpy(record->description, room->description, sizeof record->description - 1);
}
