// One word of a host changes the tracks of everybody. What that comes to for all who are told
// is bounded, and in the end all know how things are.
#include "base/rng.h"
#include "room/media.h"
#include "room/moderate.h"
#include "room/role.h"
#include "signal/session.h"
#include "signal/state.h"
#include "stage.h"
#include "test.h"

#include <stdio.h>

enum { PUBLISHERS = 200 };

static struct stage_hall {
    struct rng rng;
    struct rooms rooms;
    struct signal *signal;
    struct moment now;
    struct event_list events;
    struct frame_list frames;
    struct room *room;
    struct peer *peers[PUBLISHERS];
    uint64_t sessions[PUBLISHERS];
} h;

static size_t updates;            // that were sent, to whomever, since the last look()
static size_t octets;             // of these
static size_t muted_known;        // of whom the first session was told that they are muted
static bool is_muted[PUBLISHERS]; // as the first session knows it
static bool is_heard[PUBLISHERS]; // the same: whether it has a track

static void hear(struct bytes text)
{
    json_t *message = json_loadb((const char *)text.at, text.len, 0, NULL);
    const json_t *params = json_object_get(message, "params");
    const char *id =
        json_string_value(json_object_get(json_object_get(params, "peer"), "peer_id"));
    const char *method = json_string_value(json_object_get(message, "method"));
    const char *track;
    const json_t *is;
    json_object_foreach(json_object_get(params, "tracks"), track, is)
    {
        is_muted[atoi(id + 1)] = json_is_true(json_object_get(is, "mute"));
        is_heard[atoi(id + 1)] = strcmp(method, "on-track-remove") != 0;
    }
    json_decref(message);
}

static void look(void)
{
    updates = octets = muted_known = 0;
    signal_deliver(h.signal, &h.events, h.now, &h.frames);
    event_list_clear(&h.events);
    for (size_t i = 0; i < h.frames.count; i++) {
        const struct frame *frame = &h.frames.at[i];
        static const char method[] = "\"on-track-";
        if (frame->kind != FRAME_TEXT ||
            !memmem(frame->text.at, frame->text.len, method, strlen(method)))
            continue;
        updates++;
        octets += frame->text.len;
        if (frame->session == h.sessions[0])
            hear(frame->text);
    }
    frame_list_clear(&h.frames);
    for (size_t i = 1; i < PUBLISHERS; i++)
        muted_known += is_muted[i];
}

static void pass(int64_t ms)
{
    h.now.mono_us += ms * 1000;
    h.now.wall_ms += ms;
    signal_expire(h.signal, h.now, &h.frames, &h.events);
    look();
}

static void join(size_t i)
{
    char id[16];
    snprintf(id, sizeof id, "p%zu", i);
    struct signal_claims claims = {.room_id = STAGE_ROOM_ID,
                                   .role = "host",
                                   .user_id = id,
                                   .token = token_hash_of(bytes_of(id)),
                                   .expires_at_s = INT64_MAX / 2,
                                   .peer_id = id};
    h.sessions[i] = signal_open(h.signal, &claims, h.now, &h.frames);
    signal_ready(h.signal, h.sessions[i], h.room, h.now, &h.frames, &h.events);
    signal_text(h.signal, h.sessions[i],
                bytes_of("{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"n\"}}"), h.now,
                &h.frames, &h.events);
    h.peers[i] = room_peer(h.room, id);
    CHECK(h.peers[i] != NULL);
    struct track_wish wish = {.type = TRACK_AUDIO, .source = "regular", .stream_id = "s"};
    snprintf(wish.id, sizeof wish.id, "t%zu", i);
    media_offer(h.peers[i], "sdp", &wish, 1, 2, &h.events);
    uint64_t number = h.peers[i]->tracks[0]->number;
    media_answered(h.peers[i], 2, 0, "answer", &number, 1, h.now, &h.events);
    look();
}

static void begin(void)
{
    h = (struct stage_hall){.rng = rng_seeded(1), .now = {1000000, 1795354144326}};
    memset(is_muted, 0, sizeof is_muted);
    memset(is_heard, 0, sizeof is_heard);
    rooms_init(&h.rooms, &h.rng);
    h.signal = signal_new(&h.rooms);
    struct room_record record = {.id = STAGE_ROOM_ID, .name = "hall", .enabled = true};
    h.room = rooms_put(&h.rooms, &record, stage_template(0, false));
    room_hold(h.room);
    for (size_t i = 0; i < PUBLISHERS; i++)
        join(i);
    for (int i = 0; i < 10; i++)
        pass(1000);
}

static void end(void)
{
    signal_free(h.signal);
    rooms_dispose(&h.rooms);
    event_list_dispose(&h.events);
    frame_list_dispose(&h.frames);
}

static void mute_all(void)
{
    struct mute_wish wish = {.muted = true};
    CHECK_EQ(moderate_tracks(h.room, h.peers[0], &wish, &h.events), 0);
    look();
}

TEST(muting_everybody_is_told_in_portions_and_to_the_end)
{
    begin();
    mute_all();
    CHECK(updates > 0);
    CHECK(octets <= UPDATES_ROOM_BURST + UPDATES_ROOM_BURST / 10);
    size_t all = updates;
    for (int i = 0; i < 100 && muted_known < PUBLISHERS - 1; i++) {
        pass(20);
        CHECK(octets <= UPDATES_ROOM_PER_SECOND / 50 * 11 / 10);
        all += updates;
    }
    CHECK_EQ(muted_known, PUBLISHERS - 1);
    CHECK_EQ(all, (PUBLISHERS - 1) * (PUBLISHERS - 1)); // each but the one itself
    CHECK(signal_deadline(h.signal) > h.now.mono_us + 1000000);
    end();
}

TEST(who_changes_again_meanwhile_is_told_as_it_is_then)
{
    begin();
    mute_all();
    // Two who are not told of yet.
    size_t late = 1;
    while (is_muted[late])
        late++;
    size_t gone = late + 1;
    while (is_muted[gone])
        gone++;
    CHECK(gone < PUBLISHERS);
    struct track_wish wish = h.peers[late]->tracks[0]->is;
    for (int i = 0; i < 9; i++) {
        wish.muted = !wish.muted;
        media_update(h.peers[late], &wish, 1, &h.events);
    }
    CHECK(!wish.muted);
    look();
    CHECK_EQ(updates, 0);
    // And who goes is not told of any more.
    room_leave(h.peers[gone], LEAVE_CLIENT_REQUEST, h.now, &h.events);
    for (int i = 0; i < 100; i++)
        pass(20);
    CHECK_EQ(muted_known, PUBLISHERS - 3);
    CHECK(!is_muted[late]);
    CHECK(!is_muted[gone]);
    // Then there is room again, and one who changes is told of at once.
    wish.muted = true;
    media_update(h.peers[late], &wish, 1, &h.events);
    look();
    CHECK_EQ(updates, PUBLISHERS - 2);
    CHECK(is_muted[late]);
    end();
}

// The same of people: how many messages of this method all were sent, since the last time.
static size_t count_sent(const char *method, size_t *len)
{
    char quoted[64];
    size_t count = *len = 0;
    snprintf(quoted, sizeof quoted, "\"%s\"", method);
    signal_deliver(h.signal, &h.events, h.now, &h.frames);
    event_list_clear(&h.events);
    for (size_t i = 0; i < h.frames.count; i++) {
        const struct bytes text = h.frames.at[i].text;
        if (!memmem(text.at, text.len, quoted, strlen(quoted)))
            continue;
        count++;
        *len += text.len;
    }
    frame_list_clear(&h.frames);
    return count;
}

TEST(another_name_of_everybody_is_told_in_portions)
{
    begin();
    size_t len, told;
    for (size_t i = 1; i < PUBLISHERS; i++)
        room_update_peer(h.peers[i], "another", NULL, h.now, &h.events);
    told = count_sent("on-peer-update", &len);
    CHECK(told >= PUBLISHERS - 1); // each knows its own at once
    CHECK(len <= UPDATES_ROOM_BURST + UPDATES_ROOM_BURST / 10);
    for (int i = 0; i < 200; i++) {
        h.now.mono_us += 20 * 1000;
        h.now.wall_ms += 20;
        signal_expire(h.signal, h.now, &h.frames, &h.events);
        told += count_sent("on-peer-update", &len);
        CHECK(len <= OWED_PER_GO + OWED_PER_CLIENT);
    }
    CHECK_EQ(told, (PUBLISHERS - 1) * PUBLISHERS);
    end();
}

static size_t heard_of(void)
{
    size_t count = 0;
    for (size_t i = 1; i < PUBLISHERS; i++)
        count += is_heard[i];
    return count;
}

static void change_all(const char *from, const char *to)
{
    CHECK_EQ(role_change_many(h.room, NULL, &from, 1, to, h.now, &h.events), 0);
    look();
    CHECK(octets <= UPDATES_ROOM_BURST + UPDATES_ROOM_BURST / 10);
}

static size_t hear_out(void)
{
    size_t all = updates;
    for (int i = 0; i < 100; i++) {
        pass(20);
        // What is said of one peer is said whole.
        CHECK(octets <= UPDATES_ROOM_PER_SECOND / 50 + 2 * PUBLISHERS * 512);
        all += updates;
    }
    CHECK(signal_deadline(h.signal) > h.now.mono_us + 1000000);
    return all;
}

TEST(tracks_that_go_and_come_with_a_role_of_everybody_are_told_in_portions)
{
    begin();
    CHECK_EQ(heard_of(), PUBLISHERS - 1);
    change_all("host", "viewer");
    CHECK(heard_of() > 0);
    CHECK_EQ(hear_out(), PUBLISHERS * (PUBLISHERS - 1));
    CHECK_EQ(heard_of(), 0);
    change_all("viewer", "host");
    CHECK(heard_of() < PUBLISHERS - 1);
    CHECK_EQ(hear_out(), PUBLISHERS * (PUBLISHERS - 1));
    CHECK_EQ(heard_of(), PUBLISHERS - 1);
    end();
}

// Nobody is told of what was taken back meanwhile, but of what else became of it.
TEST(a_track_that_is_back_before_its_going_was_told_has_not_gone)
{
    begin();
    change_all("host", "viewer");
    size_t untold = heard_of(), told = PUBLISHERS - 1 - untold;
    CHECK(untold > 0);
    change_all("viewer", "host");
    CHECK_EQ(updates, 0);
    CHECK_EQ(heard_of(), untold);
    size_t again = hear_out();
    CHECK_EQ(heard_of(), PUBLISHERS - 1);
    CHECK(again >= told * (PUBLISHERS - 1) && again <= PUBLISHERS * (PUBLISHERS - 1));
    end();
}

// A track of another kind under the same name is another: the first one's end is told before.
TEST(another_track_of_the_same_name_is_told_as_another)
{
    begin();
    change_all("host", "viewer");
    size_t late = 1;
    while (!is_heard[late])
        late++;
    CHECK_EQ(role_change(h.room, NULL, h.peers[late]->id, "host", true, h.now, &h.events), 0);
    struct track_wish wish = {.type = TRACK_VIDEO, .source = "regular", .stream_id = "s"};
    media_offer(h.peers[late], "sdp", NULL, 0, 3, &h.events);
    snprintf(wish.id, sizeof wish.id, "t%zu", late);
    media_offer(h.peers[late], "sdp", &wish, 1, 4, &h.events);
    uint64_t number = h.peers[late]->tracks[0]->number;
    media_answered(h.peers[late], 4, 0, "answer", &number, 1, h.now, &h.events);
    look();
    CHECK_EQ(updates, 0);
    CHECK_EQ(hear_out() % (PUBLISHERS - 1), 0);
    CHECK_EQ(heard_of(), 1);
    CHECK(is_heard[late]);
    end();
}

TEST(a_room_that_ends_meanwhile_leaves_nothing)
{
    begin();
    mute_all();
    for (size_t i = 0; i < PUBLISHERS; i++)
        signal_closed(h.signal, h.sessions[i], h.now, &h.events);
    look();
    pass(20);
    CHECK_EQ(updates, 0);
    end();
}
