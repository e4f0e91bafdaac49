#include "store/sessions.h"

#include "base/limits.h"
#include "store/row.h"
#include "store/where.h"

#include <string.h>

enum { TYPES_MAX = 32 };

// What the plan starts with: the narrowest of what is asked for. Each has an index that ends in
// (at, id); the other conditions are checked on the rows that it finds.
enum drive { BY_ROOM, BY_ERROR, BY_TYPE, BY_USER, BY_PEER, BY_SESSION };

static bool is_set(const char *text)
{
    return text && text[0];
}

static enum drive drive_of(const struct store_event_filter *filter)
{
    return is_set(filter->session_id) ? BY_SESSION
           : is_set(filter->peer_id)  ? BY_PEER
           : is_set(filter->user_id)  ? BY_USER
           : is_set(filter->types)    ? BY_TYPE
           : filter->is_error == 1    ? BY_ERROR
                                      : BY_ROOM;
}

// What is in JSON, of which ids of beams (letters, digits and hyphens) are a part as they are.
static void add_beam(struct where *w, const char *beam_id, struct arena *arena)
{
    struct text member = {0};
    if (!is_set(beam_id))
        return;
    text_addf(&member, "\"beam_id\":\"%s\"", beam_id);
    where_match(w, "replace(data, ?, '') <> data", arena_text(arena, text_bytes(&member)));
    text_dispose(&member);
}

// `type`: of those that are asked for, when the plan starts with them.
static void add_filter(struct where *w, const struct store_event_filter *filter,
                       const char *type, struct arena *arena)
{
    enum drive drive = drive_of(filter);
    bool by_room = drive <= BY_USER;
    where_text(w, by_room ? "room_id =" : "room_id || '' =", filter->room_id);
    where_text(w, "session_id =", filter->session_id);
    where_text(w, drive == BY_PEER ? "peer_id =" : "peer_id || '' =", filter->peer_id);
    where_text(w, drive == BY_USER ? "user_id =" : "user_id || '' =", filter->user_id);
    if (drive == BY_TYPE)
        where_text(w, "type =", type);
    else
        where_match(w, STORE_TYPE_MATCHES, filter->types);
    if (filter->is_error >= 0)
        where_literal(w, drive == BY_ERROR  ? "is_error = 1"
                         : filter->is_error ? "+is_error = 1"
                                            : "+is_error = 0");
    where_int(w, "at >=", filter->after_ms);
    add_beam(w, filter->beam_id, arena);
}

static int add_start(struct db *db, struct where *w, const char *start)
{
    int64_t at;
    bool is_gone = false;
    if (!is_set(start))
        return 0;
    int err =
        where_place(db, "SELECT at FROM session_events WHERE id = $1", start, &at, &is_gone);
    where_behind(w, "(at, id)", at, start);
    if (is_gone)
        where_text(w, "id || '' <", start);
    return err;
}

static struct store_session_event read_event(struct db_query *q, struct arena *arena)
{
    return (struct store_session_event){
        .id = row_text(arena, q, 0),
        .uuid = row_text(arena, q, 1),
        .session_id = row_text(arena, q, 2),
        .room_id = row_text(arena, q, 3),
        .peer_id = row_text(arena, q, 4),
        .user_id = row_text(arena, q, 5),
        .type = row_text(arena, q, 6),
        .is_error = db_int(q, 7),
        .at = db_int(q, 8),
        .data = row_text(arena, q, 9),
    };
}

static bool is_newer(const struct store_session_event *a, const struct store_session_event *b)
{
    return a->at != b->at ? a->at > b->at : strcmp(a->id, b->id) > 0;
}

// Both are in order, and so is what remains: the newest `limit` of them, in `into`.
static int merge(struct store_session_event *into, int count,
                 const struct store_session_event *more, int more_count, int limit)
{
    struct store_session_event merged[STORE_EVENTS_MAX];
    int a = 0, b = 0, out = 0;
    while (out < limit && (a < count || b < more_count)) {
        bool first = b == more_count || (a < count && is_newer(&into[a], &more[b]));
        merged[out++] = first ? into[a++] : more[b++];
    }
    memcpy(into, merged, (size_t)out * sizeof *merged);
    return out;
}

struct event_page {
    struct store_session_event *events;
    int count, limit;
    int64_t total;
};

// Adds those of one type, or all.
static int add_events(struct db *db, const struct store_event_filter *filter, const char *type,
                      struct arena *arena, struct event_page *page)
{
    struct store_session_event found[STORE_EVENTS_MAX];
    struct where w = {0};
    int64_t total = 0;
    int count = 0;
    add_filter(&w, filter, type, arena);
    int err = db_run_int(
        where_over(db, "SELECT COUNT(*)", "session_events", &w, "", EVENTS_COUNTED_MAX),
        &total);
    if (!err)
        err = add_start(db, &w, filter->start);
    if (err) {
        where_dispose(&w);
        return err;
    }
    struct db_query *q =
        where_query(db,
                    "SELECT id, uuid, session_id, room_id, peer_id, user_id, type, "
                    "is_error, at, data FROM session_events ",
                    &w, "ORDER BY at DESC, id DESC", page->limit, 0);
    while ((err = db_step(q)) == DB_ROW && count < page->limit)
        found[count++] = read_event(q, arena);
    db_finish(q);
    page->count = merge(page->events, page->count, found, count, page->limit);
    page->total += total;
    return err < 0 ? err : 0;
}

int store_event_list(struct db *db, const struct store_event_filter *filter,
                     struct arena *arena, struct store_session_event events[STORE_EVENTS_MAX],
                     int64_t *total)
{
    struct event_page page = {.events = events,
                              .limit = filter->limit < STORE_EVENTS_MAX ? filter->limit
                                                                        : STORE_EVENTS_MAX};
    int err = 0;
    if (drive_of(filter) != BY_TYPE)
        err = add_events(db, filter, NULL, arena, &page);
    const char *rest = drive_of(filter) == BY_TYPE ? filter->types : "";
    for (int i = 0; !err && rest[0] && rest[1] && i < TYPES_MAX; i++) {
        size_t len = strcspn(rest + 1, ",") + 1;
        char *named = arena_text(arena, (struct bytes){(const uint8_t *)rest, len + 1});
        rest += len;
        if (len == 1 || strstr(rest, named))
            continue; // it is empty, or comes once more
        named[len] = 0;
        err = add_events(db, filter, named + 1, arena, &page);
    }
    *total = page.total < EVENTS_COUNTED_MAX ? page.total : EVENTS_COUNTED_MAX;
    return err ? err : page.count;
}
