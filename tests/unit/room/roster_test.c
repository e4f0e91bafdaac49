#include "room/roster.h"

#include "fixture.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;
static struct arena arena;

static void fill(int from, int to)
{
    for (int i = from; i < to; i++) {
        char id[16];
        snprintf(id, sizeof id, "p%02d", i);
        fixture_join(&f, id, i % 2 ? "guest" : "lurker");
    }
}

TEST(whoever_stays_is_met_once_while_others_come_and_go)
{
    fixture_init(&f);
    fill(0, 20);
    char met[256] = "";
    struct roster_query query = {.limit = 3};
    struct roster_page page;
    for (int i = 0;; i++) {
        page = roster_find(f.room, NULL, &query, &arena);
        for (size_t k = 0; k < page.count; k++)
            strcat(met, page.peers[k]->id);
        query.after = page.last;
        if (page.is_complete)
            break;
        // Somebody on a page that was read goes, somebody on one to come goes, one comes.
        if (i == 0) {
            room_leave(room_peer(f.room, "p01"), LEAVE_CLIENT_REQUEST, f.now, &f.events);
            room_leave(room_peer(f.room, "p10"), LEAVE_CLIENT_REQUEST, f.now, &f.events);
            fill(20, 21);
        }
    }
    CHECK_TEXT(met, "p00p01p02p03p04p05p06p07p08p09p11p12p13p14p15p16p17p18p19p20");
    arena_dispose(&arena);
    fixture_dispose(&f);
}

TEST(a_page_says_how_many_there_are_in_all)
{
    fixture_init(&f);
    fill(0, 9);
    struct roster_query query = {.role = "guest", .limit = 4};
    struct roster_page page = roster_find(f.room, NULL, &query, &arena);
    CHECK_EQ(page.count, 4);
    CHECK_EQ(page.total, 4);
    CHECK(page.is_complete);
    query.role = "lurker";
    page = roster_find(f.room, NULL, &query, &arena);
    CHECK_EQ(page.count, 4);
    CHECK_EQ(page.total, 5);
    CHECK(!page.is_complete);
    arena_dispose(&arena);
    fixture_dispose(&f);
}
