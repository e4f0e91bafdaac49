#include "room/check.h"

#include "fixture.h"
#include "room/poll.h"
#include "room/session_store.h"
#include "test.h"

static struct fixture f;

// Each of these is one number or link that would be wrong, and is put right again.
#define SEES(spoil, mend)                                                                      \
    do {                                                                                       \
        CHECK(!rooms_check(&f.rooms));                                                         \
        spoil;                                                                                 \
        CHECK(rooms_check(&f.rooms));                                                          \
        mend;                                                                                  \
        CHECK(!rooms_check(&f.rooms));                                                         \
    } while (0)

TEST(it_sees_counts_that_are_wrong)
{
    fixture_init(&f);
    fixture_join(&f, "host", "host");
    struct room *room = f.room;
    SEES(room->joined_count++, room->joined_count--);
    SEES(room->waiting_count++, room->waiting_count--);
    SEES(room->told_count--, room->told_count++);
    SEES(room->role_counts[1]++, room->role_counts[1]--);
    SEES(room->store.key_count++, room->store.key_count--);
    SEES(room->history.count++, room->history.count--);
    SEES(room->holds = -1, room->holds = 1);
    fixture_dispose(&f);
}

TEST(it_sees_peers_that_are_not_what_they_seem)
{
    fixture_init(&f);
    struct peer *host = fixture_join(&f, "host", "host");
    fixture_join(&f, "guest", "guest");
    const struct role *role = host->role;
    SEES(host->role = role + 1, host->role = role);
    SEES(host->role = role + 100, host->role = role);
    SEES(host->is_told = false, host->is_told = true);
    SEES(host->state = PEER_JOINING, host->state = PEER_JOINED);
    SEES(host->attached = false, host->attached = true);
    SEES(host->grace_ends_at = 1, host->grace_ends_at = NEVER);
    SEES(host->number += 100, host->number -= 100);
    SEES(host->chat_seen = 7, host->chat_seen = 0);
    fixture_dispose(&f);
}

TEST(it_sees_what_is_left_of_a_session_that_is_over)
{
    fixture_init(&f);
    SEES(f.room->started_at = 1, f.room->started_at = 0);
    SEES(f.room->hides_peers = true, f.room->hides_peers = false);
    SEES(f.room->warnings_given = 1, f.room->warnings_given = 0);
    f.room->scores = (struct timer){.owner = f.room, .kind = TIMER_SCORES};
    SEES(timers_set(&f.rooms.timers, &f.room->scores, 5),
         timers_set(&f.rooms.timers, &f.room->scores, NEVER));
    fixture_dispose(&f);
}

TEST(it_sees_a_timer_of_a_room_that_is_gone)
{
    fixture_init(&f);
    fixture_join(&f, "host", "host");
    struct room gone = {.rooms = &f.rooms, .joined_count = 1};
    struct timer timer = {.owner = &gone, .kind = TIMER_ROOM_DURATION};
    SEES(timers_set(&f.rooms.timers, &timer, 5), timers_set(&f.rooms.timers, &timer, NEVER));
    fixture_dispose(&f);
}
