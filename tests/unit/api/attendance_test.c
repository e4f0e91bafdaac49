#include "api/attendance.h"
#include "test.h"

#include <string.h>

static struct arena arena;
static struct attendee *all;
static size_t count;

static void gather(const struct store_visit *visits, size_t visit_count)
{
    all = attendees_of(visits, visit_count, &arena, &count);
}

static const struct attendee *find(const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].key, key) == 0)
            return &all[i];
    }
    return NULL;
}

// As the store lists them: by peer, user and beginning. Mallory came between Alice's visits.
static const struct store_visit visits[] = {
    {.peer_id = "p1", .user_id = "alice", .joined_at = 2000, .left_at = 4500},
    {.peer_id = "p1", .user_id = "alice", .joined_at = 9000, .left_at = 9600},
    {.peer_id = "p1", .user_id = "bert", .joined_at = 1000, .left_at = 1500},
    {.peer_id = "p1", .user_id = "mallory", .joined_at = 5000, .left_at = 8000},
    {.peer_id = "p2", .user_id = "carl", .joined_at = 500},
};

TEST(users_under_one_peer_id_are_numbered_in_the_order_of_their_coming)
{
    gather(visits, 5);
    CHECK_EQ(count, 4);
    CHECK_TEXT(all[0].key, "p2"); // who came first stands first
    CHECK_TEXT(all[1].key, "p1");
    CHECK_TEXT(all[1].visits->user_id, "bert");
    CHECK_TEXT(find("p1:2")->visits->user_id, "alice");
    CHECK_TEXT(find("p1:3")->visits->user_id, "mallory");
    CHECK_TEXT(find("p1:3")->visits->peer_id, "p1");
    CHECK_EQ(find("p1:2")->count, 2);
    arena_dispose(&arena);
}

TEST(minutes_are_the_sum_of_visits)
{
    gather(visits, 5);
    CHECK_EQ(attendee_left_at(find("p1:2")), 9600);
    CHECK_EQ(attendee_duration_ms(find("p1:2"), 100000), 2500 + 600);
    arena_dispose(&arena);
}

TEST(whoever_is_in_has_not_left_and_counts_until_now)
{
    gather(visits, 5);
    CHECK_EQ(attendee_left_at(find("p2")), 0);
    CHECK_EQ(attendee_duration_ms(find("p2"), 10500), 10000);
    CHECK_EQ(attendee_duration_ms(find("p2"), 100), 0); // the clock was set back
    arena_dispose(&arena);
}

TEST(nobody_came)
{
    gather(NULL, 0);
    CHECK_EQ(count, 0);
    arena_dispose(&arena);
}
