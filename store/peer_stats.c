#include "store/peer_stats.h"

#include "base/json.h"
#include "base/limits.h"
#include "store/row.h"

#include <string.h>

// --- Documents: [{"id","type","rid"?,"samples":[[...],...]}], null for what is not known ---

static void put_track(struct json_out *j, const struct report_track *track)
{
    json_open(j, '{');
    json_member_string(j, "id", track->id);
    json_member_int(j, "type", track->type);
    if (track->rid)
        json_member_string(j, "rid", (char[]){track->rid, 0});
    json_key(j, "samples");
    json_open(j, '[');
    for (size_t i = 0; i < track->sample_count; i++) {
        json_open(j, '[');
        for (int column = 0; column < REPORT_COLUMN_COUNT; column++) {
            int64_t value = track->samples[i].of[column];
            if (value == REPORT_UNKNOWN)
                json_put_null(j);
            else
                json_put_int(j, value);
        }
        json_close(j, ']');
    }
    json_close(j, ']');
    json_close(j, '}');
}

void store_stats_write(const struct report_track *tracks, size_t count, struct text *document)
{
    struct json_out j = json_out_on(document);
    json_open(&j, '[');
    for (size_t i = 0; i < count; i++)
        put_track(&j, &tracks[i]);
    json_close(&j, ']');
}

static struct report_track read_track(const json_t *from, struct arena *arena)
{
    const json_t *list = json_get_array(from, "samples");
    size_t count = json_array_size(list);
    struct report_sample *samples = arena_alloc(arena, count * sizeof *samples);
    for (size_t i = 0; i < count; i++) {
        for (size_t column = 0; column < REPORT_COLUMN_COUNT; column++) {
            const json_t *value = json_array_get(json_array_get(list, i), column);
            samples[i].of[column] =
                json_is_integer(value) ? json_integer_value(value) : REPORT_UNKNOWN;
        }
    }
    return (struct report_track){
        .id = arena_text(arena, bytes_of(json_get_text(from, "id", ""))),
        .type = json_get_int(from, "type", 0) == TRACK_VIDEO ? TRACK_VIDEO : TRACK_AUDIO,
        .rid = json_get_text(from, "rid", "")[0],
        .samples = samples,
        .sample_count = count,
    };
}

struct report_track *store_stats_read(const char *document, struct arena *arena, size_t *count)
{
    json_t *list = json_loads(document, 0, NULL);
    *count = json_array_size(list);
    struct report_track *tracks = arena_alloc(arena, *count * sizeof *tracks);
    for (size_t i = 0; i < *count; i++)
        tracks[i] = read_track(json_array_get(list, i), arena);
    json_decref(list);
    return tracks;
}

// --- Rows ---

int store_stats_put(struct db *db, const struct store_stats *stats)
{
    int64_t size = 0;
    struct db_query *q = db_prepare(db, "SELECT COALESCE(SUM(size), 0) FROM peer_stats WHERE "
                                        "session_id = $1 AND peer_id = $2");
    db_bind_text(q, 1, stats->session_id);
    db_bind_text(q, 2, stats->peer_id);
    int err = db_run_int(q, &size);
    if (err || size >= STATS_SIZE_MAX)
        return err;
    q = db_prepare(db,
                   "INSERT INTO peer_stats (id, session_id, peer_id, subscribes, at, size, "
                   "document) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING");
    db_bind_text(q, 1, stats->id);
    db_bind_text(q, 2, stats->session_id);
    db_bind_text(q, 3, stats->peer_id);
    db_bind_int(q, 4, stats->subscribes);
    db_bind_int(q, 5, stats->at);
    db_bind_int(q, 6, (int64_t)strlen(stats->document));
    db_bind_text(q, 7, stats->document);
    return db_run(q);
}

int store_stats_list(struct db *db, const char *session_id, const char *peer_id,
                     struct arena *arena, struct store_stats **list, size_t *count)
{
    int64_t most = 0;
    struct db_query *q = db_prepare(
        db, "SELECT COUNT(*) FROM peer_stats WHERE session_id = $1 AND peer_id = $2");
    db_bind_text(q, 1, session_id);
    db_bind_text(q, 2, peer_id);
    int err = db_run_int(q, &most);
    *count = 0;
    *list = arena_alloc(arena, (size_t)most * sizeof **list);
    if (err)
        return err;
    q = db_prepare(db, "SELECT id, subscribes, at, document FROM peer_stats WHERE "
                       "session_id = $1 AND peer_id = $2 ORDER BY id");
    db_bind_text(q, 1, session_id);
    db_bind_text(q, 2, peer_id);
    while ((err = db_step(q)) == DB_ROW && *count < (size_t)most)
        (*list)[(*count)++] = (struct store_stats){
            .id = row_text(arena, q, 0),
            .session_id = session_id,
            .peer_id = peer_id,
            .subscribes = db_int(q, 1),
            .at = db_int(q, 2),
            .document = row_text(arena, q, 3),
        };
    db_finish(q);
    return err < 0 ? err : 0;
}

int store_stats_age(struct db *db, int64_t before_ms, int most)
{
    int64_t count = 0;
    struct db_query *q = db_prepare(
        db, "SELECT COUNT(*) FROM (SELECT id FROM peer_stats WHERE at < $1 LIMIT $2) old");
    db_bind_int(q, 1, before_ms);
    db_bind_int(q, 2, most);
    int err = db_run_int(q, &count);
    if (err || !count)
        return err;
    q = db_prepare(db, "DELETE FROM peer_stats WHERE id IN (SELECT id FROM peer_stats WHERE "
                       "at < $1 ORDER BY at LIMIT $2)");
    db_bind_int(q, 1, before_ms);
    db_bind_int(q, 2, most);
    err = db_run(q);
    return err ? err : (int)count;
}
