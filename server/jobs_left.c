#include "server/jobs_left.h"

#include "server/job_run.h"
#include "store/document.h"
#include "store/live_rooms.h"
#include "store/sessions.h"

#include <stdio.h>
#include <string.h>

static struct jobs_live *find_live(struct jobs_left *left, const char *session_id)
{
    for (size_t i = 0; i < left->count; i++) {
        if (strcmp(left->list[i].session_id, session_id) == 0)
            return &left->list[i];
    }
    return NULL;
}

int jobs_left_load(struct jobs_left *left, struct db *db)
{
    struct store_live_room *rooms;
    struct store_session *open;
    size_t room_count, open_count;
    int err = store_live_list(db, &left->arena, &rooms, &room_count);
    if (!err)
        err = store_session_unfinished(db, &left->arena, &open, &open_count);
    if (err)
        return err;
    left->list = arena_alloc(&left->arena, (room_count + open_count) * sizeof *left->list);
    for (size_t i = 0; i < room_count; i++)
        left->list[left->count++] = (struct jobs_live){.room_id = rooms[i].room_id,
                                                       .session_id = rooms[i].session_id,
                                                       .document = rooms[i].document};
    for (size_t i = 0; !err && i < open_count; i++) {
        struct jobs_live *live = find_live(left, open[i].id);
        if (!live) {
            live = &left->list[left->count++];
            *live = (struct jobs_live){.room_id = open[i].room_id, .session_id = open[i].id};
        }
        live->is_logged = true;
        live->started_at = open[i].started_at;
        live->heard_at = open[i].updated_at;
        struct store_visit *visits;
        err =
            store_visits_open(db, live->session_id, &left->arena, &visits, &live->visit_count);
        live->visits = visits;
    }
    for (size_t i = 0; i < left->count; i++) {
        struct jobs_live *live = &left->list[i];
        job_load_room(db, live->room_id, &live->record, &live->template, &live->polls,
                      &live->codes);
        if (live->template)
            snprintf(live->template_id, sizeof live->template_id, "%s", live->template->id);
    }
    return err;
}

struct jobs_live *jobs_left_next(struct jobs_left *left)
{
    return left->taken < left->count ? &left->list[left->taken++] : NULL;
}

void jobs_left_dispose(struct jobs_left *left)
{
    for (size_t i = 0; i < left->count; i++) {
        template_free(left->list[i].template);
        linked_polls_free(left->list[i].polls);
        room_codes_free(left->list[i].codes);
    }
    arena_dispose(&left->arena);
}
