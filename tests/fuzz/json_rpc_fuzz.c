// Signalling from a client: each line is a message, a line that begins with '#' comes over the
// data channel. A second peer looks on, and every offer is accepted.
#include "room/media.h"
#include "signal/session.h"

static const struct moment now = {1000000, 1700000000000};
static struct rooms rooms;
static struct frame_list frames;
static struct event_list events;

static void settle(struct signal *s)
{
    struct event_list happened = events;
    events = (struct event_list){0};
    signal_deliver(s, &happened, now, &frames);
    for (size_t i = 0; i < happened.count; i++) {
        const struct event *event = &happened.at[i];
        struct peer *peer = rooms_peer(&rooms, event->peer);
        uint64_t tracks[TRACKS_PER_PEER_MAX];
        if (event->kind != EVENT_PUBLISH || !peer)
            continue;
        for (size_t t = 0; t < event->publish.track_count; t++)
            tracks[t] = event->publish.tracks[t].number;
        media_answered(peer, event->publish.request, 0, "answer", tracks,
                       event->publish.track_count, now, &events);
    }
    event_list_dispose(&happened);
    signal_deliver(s, &events, now, &frames);
    event_list_clear(&events);
    frame_list_clear(&frames);
}

static uint64_t open_session(struct signal *s, struct room *room, const char *peer_id)
{
    struct signal_claims claims = {.room_id = room->record.id,
                                   .role = "host",
                                   .user_id = "user",
                                   .token = {{1}},
                                   .expires_at_s = INT64_MAX / 2,
                                   .peer_id = peer_id,
                                   .user_agent = "sdk:web"};
    uint64_t session = signal_open(s, &claims, now, &frames);
    signal_ready(s, session, room, now, &frames, &events);
    return session;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rng rng = rng_seeded(1);
    rooms_init(&rooms, &rng);
    struct signal *s = signal_new(&rooms);
    struct template *t = template_new();
    template_set_roles(t, 1);
    t->roles[0].name = "host";
    t->roles[0].allowed[PUBLISH_AUDIO] = t->roles[0].allowed[PUBLISH_VIDEO] = true;
    t->roles[0].subscribe_to_roles = template_names(t, 1);
    t->roles[0].subscribe_to_roles.at[0] = "host";
    struct room_record record = {.id = "64b000000000000000000001", .enabled = true};
    struct room *room = rooms_put(&rooms, &record, t);
    room_hold(room);
    uint64_t other = open_session(s, room, "other"), session = open_session(s, room, "peer");
    static const char join[] =
        "{\"method\":\"join\",\"id\":1,\"params\":{\"offer\":{\"sdp\":\"x\"}}}";
    signal_text(s, other, bytes_of(join), now, &frames, &events);
    settle(s);

    for (const uint8_t *end = data + size; data < end;) {
        const uint8_t *stop = memchr(data, '\n', (size_t)(end - data));
        struct bytes line = {data, (size_t)((stop ? stop : end) - data)};
        data = stop ? stop + 1 : end;
        const struct peer *peer = room_peer(room, "peer");
        if (line.len && line.at[0] == '#' && peer)
            signal_data(s, peer->number, (struct bytes){line.at + 1, line.len - 1}, now,
                        &frames, &events);
        else
            signal_text(s, session, line, now, &frames, &events);
        settle(s);
    }
    signal_free(s);
    rooms_dispose(&rooms);
    event_list_dispose(&events);
    frame_list_dispose(&frames);
    return 0;
}
