// GET /v2/active-rooms/<id>/media: whose connections are asked how they do. The media workers
// know, and are asked by the control thread.

#include "api/context.h"

#include "base/err.h"
#include "base/limits.h"
#include "room/roster.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *copy(struct api_context *c, const char *text)
{
    return arena_text(c->arena, bytes_of(text));
}

static struct api_look *new_look(struct api_context *c, const struct room *room)
{
    struct api_look *look = arena_alloc(c->arena, sizeof *look);
    *look = (struct api_look){
        .room_id = copy(c, room->record.id),
        .session_id = copy(c, room->session_id),
        .last = "",
    };
    return look;
}

// The number of the last person of the page before.
static int take_start(struct api_context *c, uint64_t *after)
{
    const char *start = api_query(c, "start");
    *after = 0;
    if (!start)
        return 0;
    size_t digits = strspn(start, "0123456789");
    if (start[digits] || digits > 18)
        return api_fail_query(c, "start");
    for (size_t i = 0; i < digits; i++)
        *after = *after * 10 + (uint64_t)(start[i] - '0');
    return 0;
}

int api_live_media(struct api_context *c)
{
    struct room *room;
    struct roster_query query = {0};
    int limit;
    int err = api_find_live_room(c, &room);
    if (!err)
        err = take_start(c, &query.after);
    if (!err)
        err = api_query_limit(c, FIGURES_PEERS_DEFAULT, &limit);
    if (err)
        return err;
    if (limit > FIGURES_PEERS_MAX)
        limit = FIGURES_PEERS_MAX;
    query.limit = (size_t)limit;
    struct roster_page page = roster_find(room, NULL, &query, c->arena);
    uint64_t *peers = arena_alloc(c->arena, (page.count + 1) * sizeof *peers);
    for (size_t i = 0; i < page.count; i++)
        peers[i] = page.peers[i]->number;
    struct api_look *look = new_look(c, room);
    look->peers = peers;
    look->peer_count = page.count;
    look->limit = limit;
    if (!page.is_complete) {
        char last[24];
        snprintf(last, sizeof last, "%" PRIu64, page.last);
        look->last = copy(c, last);
    }
    c->call->look = look;
    return 0;
}

int api_live_peer_media(struct api_context *c)
{
    struct peer *peer;
    int err = api_find_live_peer(c, &peer);
    if (err)
        return err;
    struct api_look *look = new_look(c, peer->room);
    uint64_t *number = arena_alloc(c->arena, sizeof *number);
    *number = peer->number;
    look->peers = number;
    look->peer_count = 1;
    look->is_one = true;
    c->call->look = look;
    return 0;
}
