// The list that whoever comes is told is one message, however many peers there are and however
// long all that is said of them: as many as are told of, each text of the longest that its door
// takes, and of what grows most as JSON.
#include "base/err.h"
#include "base/jwt.h"
#include "base/rng.h"
#include "room/group.h"
#include "room/media.h"
#include "room/presence.h"
#include "signal/session.h"
#include "signal/state.h"
#include "stage.h"
#include "test.h"

#include <stdio.h>

static struct hall {
    struct rng rng;
    struct rooms rooms;
    struct signal *signal;
    struct room *room;
    struct moment now;
    struct event_list events;
    struct frame_list frames;
    char quotes[ROLE_NAME_LEN_MAX + 1];
} h;

// Everybody may publish, and nobody hears it: feeds are not what this is about.
static struct template *template_of_strangers(void)
{
    struct template *t = template_new();
    t->id = template_text(t, STAGE_TEMPLATE_ID);
    template_set_roles(t, 1);
    t->roles[0].name = template_text(t, h.quotes);
    t->roles[0].media[PUBLISH_VIDEO].codec = template_text(t, "vp8");
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        t->roles[0].allowed[kind] = true;
    return t;
}

static void begin(int size)
{
    h = (struct hall){.rng = rng_seeded(1), .now = {1000000, 1795354144326}};
    memset(h.quotes, '"', ROLE_NAME_LEN_MAX);
    rooms_init(&h.rooms, &h.rng);
    h.signal = signal_new(&h.rooms);
    struct room_record record = {.id = STAGE_ROOM_ID,
                                 .name = "hall",
                                 .enabled = true,
                                 .large = size > PEERS_PER_ROOM_MAX,
                                 .size = size};
    h.room = rooms_put(&h.rooms, &record, template_of_strangers());
    room_hold(h.room);
}

static void end(void)
{
    signal_free(h.signal);
    rooms_dispose(&h.rooms);
    event_list_dispose(&h.events);
    frame_list_dispose(&h.frames);
}

static struct peer *join(size_t i, const char *text, const char *metadata)
{
    char id[PEER_ID_LEN_MAX + 1];
    snprintf(id, sizeof id, "%064zu", i);
    struct join_wish wish = {.peer_id = id,
                             .user_id = h.quotes,
                             .role = h.quotes,
                             .token = token_hash_of(bytes_of(id)),
                             .name = text,
                             .metadata = metadata};
    struct peer *peer = NULL;
    enum admission why;
    CHECK_EQ(room_join(h.room, &wish, 1, h.now, &h.events, &peer, &why), 0);
    event_list_clear(&h.events);
    return peer;
}

static void raise_groups(struct peer *peer)
{
    for (int g = 0; g < GROUPS_PER_PEER_MAX; g++) {
        char group[GROUP_NAME_LEN_MAX + 1];
        memset(group, '"', GROUP_NAME_LEN_MAX);
        snprintf(group + GROUP_NAME_LEN_MAX - 2, 3, "%02d", g);
        group_join(h.room, peer, peer->id, group, &h.events);
    }
    event_list_clear(&h.events);
}

static void publish(struct peer *peer, size_t i)
{
    struct track_wish wishes[TRACKS_PER_PEER_MAX];
    for (size_t t = 0; t < TRACKS_PER_PEER_MAX; t++) {
        wishes[t] = (struct track_wish){.type = TRACK_AUDIO};
        snprintf(wishes[t].id, sizeof wishes[t].id, "%032zu%032zu", i, t);
        memset(wishes[t].stream_id, 's', TRACK_ID_LEN_MAX);
        memset(wishes[t].source, '"', TRACK_SOURCE_LEN_MAX);
        memset(wishes[t].description, '"', TRACK_DESCRIPTION_LEN_MAX);
    }
    media_offer(peer, "sdp", wishes, TRACKS_PER_PEER_MAX, 2, &h.events);
    uint64_t numbers[TRACKS_PER_PEER_MAX];
    size_t count = 0;
    for (; count < peer->track_count; count++)
        numbers[count] = peer->tracks[count]->number;
    media_answered(peer, 2, 0, "answer", numbers, count, h.now, &h.events);
    event_list_clear(&h.events);
}

static size_t count_named(const json_t *peers)
{
    size_t named = 0;
    const char *id;
    const json_t *peer;
    json_object_foreach((json_t *)peers, id, peer)
    {
        const json_t *info = json_object_get(peer, "info");
        named += json_string_length(json_object_get(info, "name")) > 0 &&
                 json_array_size(json_object_get(peer, "groups")) > 0;
    }
    return named;
}

// The longest message that somebody gets who comes now, how many peers it lists, and how many
// of them with name and groups.
static size_t list_of_newcomer(size_t *listed, size_t *named)
{
    struct signal_claims claims = {.room_id = STAGE_ROOM_ID,
                                   .role = h.quotes,
                                   .user_id = "late",
                                   .token = token_hash_of(bytes_of("late")),
                                   .expires_at_s = INT64_MAX / 2,
                                   .peer_id = "late"};
    uint64_t session = signal_open(h.signal, &claims, h.now, &h.frames);
    signal_ready(h.signal, session, h.room, h.now, &h.frames, &h.events);
    signal_text(h.signal, session,
                bytes_of("{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"n\"}}"), h.now,
                &h.frames, &h.events);
    signal_deliver(h.signal, &h.events, h.now, &h.frames);
    event_list_clear(&h.events);
    size_t longest = 0;
    for (size_t i = 0; i < h.frames.count; i++) {
        const struct frame *frame = &h.frames.at[i];
        if (!frame->is_long || frame->text.len < longest)
            continue;
        longest = frame->text.len;
        json_t *message = json_loadb((const char *)frame->text.at, frame->text.len, 0, NULL);
        const json_t *params = json_object_get(message, "params");
        *listed = json_object_size(json_object_get(params, "peers"));
        *named = count_named(json_object_get(params, "peers"));
        json_decref(message);
    }
    frame_list_clear(&h.frames);
    return longest;
}

TEST(the_longest_list_is_one_that_a_socket_can_take)
{
    begin(PEERS_PER_LARGE_ROOM_MAX);
    char name[NAME_LEN_MAX + 1] = "", *metadata = mem_alloc(METADATA_LEN_MAX + 1);
    memset(name, 1, NAME_LEN_MAX);
    memset(metadata, 1, METADATA_LEN_MAX);
    size_t told = 0;
    for (size_t i = 0; i < PEERS_LISTED_MAX + 100; i++) {
        struct peer *peer = join(i, name, metadata);
        raise_groups(peer);
        publish(peer, i);
        told += peer->is_told;
    }
    CHECK_EQ(told, PEERS_LISTED_MAX);
    CHECK_EQ(h.room->told_count, PEERS_LISTED_MAX);
    CHECK_EQ(h.room->tracks.count, TRACKS_PER_ROOM_MAX);
    size_t listed = 0, named = 0, len = list_of_newcomer(&listed, &named);
    CHECK_EQ(listed, PEERS_LISTED_MAX);
    CHECK(named < listed); // the rest of them follows
    CHECK(len > WS_LONG_MAX / 2);
    CHECK(len <= WS_LONG_MAX);
    mem_free(metadata);
    end();
}

TEST(names_of_usual_length_are_all_in_the_longest_list)
{
    begin(PEERS_PER_LARGE_ROOM_MAX);
    for (size_t i = 0; i < PEERS_LISTED_MAX; i++) {
        struct peer *peer = join(i, "Maximiliane Mustermann-Beispiel", "");
        CHECK_EQ(group_join(h.room, peer, peer->id, "_handraise", &h.events), 0);
        event_list_clear(&h.events);
    }
    size_t listed = 0, named = 0;
    list_of_newcomer(&listed, &named);
    CHECK_EQ(listed, PEERS_LISTED_MAX);
    CHECK_EQ(named, PEERS_LISTED_MAX);
    end();
}

TEST(a_name_is_one_line)
{
    begin(PEERS_PER_LARGE_ROOM_MAX);
    struct peer *peer = join(1, "A\001\n\177\303\251 B", "");
    CHECK_TEXT(peer->name, "A   \303\251 B");
    CHECK_EQ(room_update_peer(peer, "\tC", NULL, h.now, &h.events), 0);
    CHECK_TEXT(peer->name, " C");
    event_list_clear(&h.events);
    end();
}
