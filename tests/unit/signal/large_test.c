// Rooms too large for everybody to be told of everybody: what each hears of comings and goings.
#include "base/rng.h"
#include "signal/session.h"
#include "stage.h"
#include "test.h"

#include <stdio.h>

enum { CROWD_MAX = 320 };

static struct crowd {
    struct rng rng;
    struct rooms rooms;
    struct signal *signal;
    struct moment now;
    struct event_list events;
    struct frame_list frames;
    struct room *room;
    uint64_t sessions[CROWD_MAX];
    size_t count;
    size_t first; // the present socket of "p0"
} c;

// What the first of the crowd was told since told_clear().
static struct {
    unsigned joins, leaves, updates, room_infos, session_infos;
    int64_t peer_count;
    bool is_large;
    char last_join[32], last_leave[32];
} told;

static void told_clear(void)
{
    memset(&told, 0, sizeof told);
}

static void hear(const char *method, const json_t *params)
{
    const char *peer_id = json_string_value(json_object_get(params, "peer_id"));
    if (strcmp(method, "on-peer-join") == 0) {
        told.joins++;
        snprintf(told.last_join, sizeof told.last_join, "%s", peer_id);
    } else if (strcmp(method, "on-peer-leave") == 0) {
        told.leaves++;
        snprintf(told.last_leave, sizeof told.last_leave, "%s", peer_id);
    } else if (strcmp(method, "on-peer-update") == 0) {
        told.updates++;
    } else if (strcmp(method, "room-info") == 0) {
        told.room_infos++;
        told.is_large = json_is_true(json_object_get(params, "large_room_optimization"));
    } else if (strcmp(method, "session-info") == 0) {
        told.session_infos++;
        told.peer_count = json_integer_value(json_object_get(params, "peer_count"));
    }
}

static void pump(void)
{
    signal_deliver(c.signal, &c.events, c.now, &c.frames);
    event_list_clear(&c.events);
    for (size_t i = 0; i < c.frames.count; i++) {
        const struct frame *frame = &c.frames.at[i];
        if (frame->session != c.sessions[c.first] || frame->kind != FRAME_TEXT)
            continue;
        json_t *message = json_loadb((const char *)frame->text.at, frame->text.len, 0, NULL);
        const char *method = json_string_value(json_object_get(message, "method"));
        if (method)
            hear(method, json_object_get(message, "params"));
        json_decref(message);
    }
    frame_list_clear(&c.frames);
}

static void say(size_t who, const char *text)
{
    signal_text(c.signal, c.sessions[who], bytes_of(text), c.now, &c.frames, &c.events);
    pump();
}

static size_t open_session(const char *peer_id)
{
    struct signal_claims claims = {.room_id = STAGE_ROOM_ID,
                                   .role = "viewer",
                                   .user_id = peer_id,
                                   .token = token_hash_of(bytes_of(peer_id)),
                                   .expires_at_s = INT64_MAX / 2,
                                   .peer_id = peer_id};
    CHECK(c.count < CROWD_MAX);
    c.sessions[c.count] = signal_open(c.signal, &claims, c.now, &c.frames);
    if (strcmp(peer_id, "p0") == 0)
        c.first = c.count;
    signal_ready(c.signal, c.sessions[c.count], c.room, c.now, &c.frames, &c.events);
    pump();
    return c.count++;
}

static size_t join(const char *peer_id)
{
    size_t who = open_session(peer_id);
    say(who, "{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"n\"}}");
    return who;
}

static void pass(int64_t ms)
{
    c.now.mono_us += ms * 1000;
    c.now.wall_ms += ms;
    rooms_expire(&c.rooms, c.now, &c.events);
    signal_expire(c.signal, c.now, &c.frames, &c.events);
    pump();
}

// A room with this many in, who have been told of all that there is to tell.
static void begin(size_t count)
{
    c = (struct crowd){.rng = rng_seeded(1), .now = {1000000, 1795354144326}};
    rooms_init(&c.rooms, &c.rng);
    c.signal = signal_new(&c.rooms);
    struct room_record record = {.id = STAGE_ROOM_ID, .name = "hall", .enabled = true};
    c.room = rooms_put(&c.rooms, &record, stage_template(0, false));
    room_hold(c.room);
    for (size_t i = 0; i < count; i++) {
        char id[16];
        snprintf(id, sizeof id, "p%zu", i);
        join(id);
    }
    for (int i = 0; i < 8; i++)
        pass(1000);
    told_clear();
}

static void end(void)
{
    signal_free(c.signal);
    rooms_dispose(&c.rooms);
    event_list_dispose(&c.events);
    frame_list_dispose(&c.frames);
}

TEST(up_to_a_hundred_hear_of_each_at_once)
{
    begin(99);
    size_t who = join("late");
    CHECK_EQ(told.joins, 1);
    CHECK_EQ(told.session_infos, 1);
    CHECK_EQ(told.peer_count, 100);
    say(who, "{\"method\":\"leave\",\"params\":{}}");
    CHECK_EQ(told.leaves, 1);
    CHECK_EQ(told.peer_count, 99);
    end();
}

TEST(above_a_hundred_they_hear_together_once_a_second)
{
    begin(100);
    join("late1");
    join("late2");
    say(1, "{\"method\":\"leave\",\"params\":{}}");
    CHECK_EQ(told.joins + told.leaves + told.session_infos, 0);
    pass(999);
    CHECK_EQ(told.session_infos, 0);
    pass(1);
    CHECK_EQ(told.joins, 2);
    CHECK_EQ(told.leaves, 1);
    CHECK_TEXT(told.last_leave, "p1");
    CHECK_EQ(told.session_infos, 1);
    CHECK_EQ(told.peer_count, 101);
    end();
}

TEST(who_comes_and_goes_within_the_second_was_never_there)
{
    begin(100);
    say(join("short"), "{\"method\":\"leave\",\"params\":{}}");
    pass(1000);
    CHECK_EQ(told.joins, 0);
    CHECK_EQ(told.leaves, 0);
    CHECK_EQ(told.session_infos, 1);
    CHECK_EQ(told.peer_count, 100);
    end();
}

TEST(what_is_said_of_somebody_brings_their_coming_forward)
{
    begin(100);
    say(join("late"),
        "{\"method\":\"group-join\",\"id\":2,\"params\":{\"name\":\"_handraise\"}}");
    CHECK_EQ(told.joins, 1);
    CHECK_TEXT(told.last_join, "late");
    CHECK_EQ(told.updates, 1);
    pass(1000);
    CHECK_EQ(told.joins, 1);
    end();
}

TEST(who_joins_anew_does_not_hear_that_it_left)
{
    begin(100);
    say(0, "{\"method\":\"join\",\"id\":3,\"params\":{\"name\":\"again\"}}");
    pass(1000);
    CHECK_EQ(told.leaves, 0);
    end();
}

TEST(above_two_hundred_the_rest_is_counted_and_clients_know_to_ask)
{
    begin(200);
    CHECK(!told.is_large);
    size_t hidden = join("hidden");
    CHECK_EQ(told.room_infos, 1); // at once, and once
    CHECK(told.is_large);
    join("hidden2");
    pass(1000);
    CHECK_EQ(told.room_infos, 1);
    CHECK_EQ(told.joins, 0);
    CHECK_EQ(told.peer_count, 202);
    // It begins to matter.
    say(hidden, "{\"method\":\"group-join\",\"id\":2,\"params\":{\"name\":\"_handraise\"}}");
    CHECK_EQ(told.joins, 1);
    CHECK_TEXT(told.last_join, "hidden");
    say(hidden, "{\"method\":\"leave\",\"params\":{}}");
    pass(1000);
    CHECK_EQ(told.leaves, 1);
    CHECK_EQ(told.peer_count, 201);
    end();
}

TEST(who_was_away_when_that_began_is_told_when_it_comes_back)
{
    begin(200);
    signal_closed(c.signal, c.sessions[0], c.now, &c.events);
    pump();
    join("hidden");
    told_clear();
    open_session("p0");
    CHECK_EQ(told.room_infos, 1);
    CHECK(told.is_large);
    end();
}

// The whole room goes within one second: what waits to be told is told in portions.
TEST(a_crowd_that_goes_is_told_of_in_portions)
{
    begin(200);
    for (size_t i = 1; i < 190; i++)
        say(i, "{\"method\":\"leave\",\"params\":{}}");
    unsigned seconds = 0;
    for (; told.leaves < 189 && seconds < 10; seconds++) {
        unsigned before = told.leaves;
        pass(1000);
        CHECK(told.leaves - before <= 100);
    }
    CHECK_EQ(told.leaves, 189);
    CHECK(seconds > 1);
    CHECK_EQ(told.peer_count, 11);
    end();
}
