#include "room/roster.h"

#include "base/words.h"
#include "room/group.h"
#include "room/permit.h"

#include <stdlib.h>
#include <string.h>

static bool is_listed(const struct roster_query *query, const char *peer_id)
{
    return !query->peer_id_count ||
           words_contain(query->peer_ids, query->peer_id_count, peer_id);
}

static bool fits(const struct peer *peer, const struct roster_query *query)
{
    return (!query->role || strcmp(query->role, peer->role->name) == 0) &&
           (!query->group || group_has(peer, query->group)) && is_listed(query, peer->id);
}

static struct roster_page page_of(const struct peer **all, size_t count, size_t skipped,
                                  size_t limit)
{
    size_t left = count - skipped;
    struct roster_page page = {
        .peers = all + skipped,
        .count = left < limit ? left : limit,
        .total = count,
        .is_complete = left <= limit,
    };
    if (page.count)
        page.last = page.peers[page.count - 1]->number;
    return page;
}

struct roster_page roster_find(const struct room *room, const struct peer *by,
                               const struct roster_query *query, struct arena *arena)
{
    const struct peer **all = arena_alloc(arena, room->peers.count * sizeof *all), *peer;
    size_t count = 0, skipped = 0, at = 0;
    while ((peer = map_next(&room->peers, &at))) {
        if (room_sees(by, peer) && fits(peer, query))
            all[count++] = peer;
    }
    qsort(all, count, sizeof *all, peer_by_number);
    while (skipped < count && all[skipped]->number <= query->after)
        skipped++;
    struct roster_page page = page_of(all, count, skipped, query->limit);
    if (page.count == 0)
        page.last = query->after;
    return page;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts_with(const char *name, const char *text)
{
    while (*text && lower(*name) == lower(*text)) {
        name++;
        text++;
    }
    return !*text;
}

static bool contains(const char *name, const char *text)
{
    do {
        if (starts_with(name, text))
            return true;
    } while (*name++);
    return false;
}

struct roster_page roster_search(const struct room *room, const struct peer *by,
                                 const char *text, size_t offset, size_t limit,
                                 struct arena *arena)
{
    const struct peer **all = arena_alloc(arena, room->peers.count * sizeof *all), *peer;
    size_t count = 0, at = 0;
    while ((peer = map_next(&room->peers, &at))) {
        if (room_sees(by, peer) && contains(peer->name, text))
            all[count++] = peer;
    }
    qsort(all, count, sizeof *all, peer_by_number);
    return page_of(all, count, offset < count ? offset : count, limit);
}
