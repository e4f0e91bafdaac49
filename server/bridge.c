#include "server/bridge.h"

#include "base/err.h"
#include "base/log.h"
#include "room/media.h"
#include "room/quality.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { CAP_FIRST = 16 };

// Where a room lives.
struct placement {
    uint64_t room;
    size_t worker;
    size_t endpoint_count;
};

struct bridge {
    struct rooms *rooms;
    struct map placements; // room's number -> struct placement
    size_t worker_count;
    size_t *load; // endpoints of each worker
};

// --- Commands ---

void bridge_commands_clear(struct bridge_commands *list)
{
    list->count = 0;
}

void bridge_commands_dispose(struct bridge_commands *list)
{
    for (size_t i = 0; i < list->count; i++)
        command_dispose(&list->at[i].command);
    mem_free(list->at);
    *list = (struct bridge_commands){0};
}

static struct command *add_command(struct bridge_commands *list, const struct placement *place,
                                   enum command_kind kind, uint64_t endpoint)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : CAP_FIRST;
        list->at = mem_resize(list->at, list->cap * sizeof *list->at);
    }
    struct bridge_command *added = &list->at[list->count++];
    *added = (struct bridge_command){
        .worker = place->worker,
        .command = {.kind = kind, .room = place->room, .endpoint = endpoint},
    };
    return &added->command;
}

// --- Placements ---

struct bridge *bridge_new(struct rooms *rooms, size_t worker_count)
{
    assert(worker_count > 0);
    struct bridge *b = mem_alloc(sizeof *b);
    b->rooms = rooms;
    b->worker_count = worker_count;
    b->load = mem_alloc_array(worker_count, sizeof *b->load);
    return b;
}

void bridge_free(struct bridge *b)
{
    size_t at = 0;
    struct placement *place;
    while ((place = map_next(&b->placements, &at)))
        mem_free(place);
    map_dispose(&b->placements);
    mem_free(b->load);
    mem_free(b);
}

static struct placement *find(const struct bridge *b, uint64_t room)
{
    return map_get(&b->placements, map_key_u64(&room));
}

static struct placement *place(struct bridge *b, uint64_t room)
{
    struct placement *place = find(b, room);
    if (place)
        return place;
    place = mem_alloc(sizeof *place);
    place->room = room;
    for (size_t i = 1; i < b->worker_count; i++) {
        if (b->load[i] < b->load[place->worker])
            place->worker = i;
    }
    map_put(&b->placements, map_key_u64(&place->room), place);
    return place;
}

static void forget_endpoint(struct bridge *b, struct placement *place)
{
    b->load[place->worker]--;
    if (--place->endpoint_count > 0)
        return;
    map_remove(&b->placements, map_key_u64(&place->room));
    mem_free(place);
}

int bridge_find(const struct bridge *b, uint64_t endpoint, size_t *worker, uint64_t *room)
{
    const struct peer *peer = rooms_peer(b->rooms, bridge_peer(endpoint));
    const struct placement *place = peer ? find(b, peer->room->number) : NULL;
    if (!place)
        return ERR_NOT_FOUND;
    *worker = place->worker;
    *room = place->room;
    return 0;
}

// --- Events to commands ---

static struct track_cap cap_of(const struct event_track_cap *said)
{
    struct track_cap cap = {.kbps = said->kbps};
    for (size_t i = 0; i < said->layer_count && i < LAYERS_MAX; i++) {
        memcpy(cap.layers[i].rid, said->layers[i].rid, sizeof said->layers[i].rid);
        cap.layers[i].kbps = said->layers[i].max_bitrate_kbps;
        cap.layer_count++;
    }
    return cap;
}

static void fill_offer(struct command *command, const struct event *event)
{
    size_t count = event->publish.track_count;
    command->request = event->publish.request;
    command->offer.sdp = mem_text(event->publish.sdp);
    command->offer.tracks = mem_alloc_array(count, sizeof *command->offer.tracks);
    command->offer.track_count = count;
    for (size_t i = 0; i < count; i++) {
        struct command_track *track = &command->offer.tracks[i];
        track->track = event->publish.tracks[i].number;
        strncpy(track->track_id, event->publish.tracks[i].id, MSID_LEN_MAX);
        strncpy(track->stream_id, event->publish.tracks[i].stream_id, MSID_LEN_MAX);
        track->kind = event->publish.tracks[i].is_video ? MEDIA_VIDEO : MEDIA_AUDIO;
        track->cap = cap_of(&event->publish.tracks[i].cap);
    }
    command->offer.whole = event->publish.whole;
    // A muted microphone goes on sending silence; with DTX that is 2 packets a second, not 50.
    command->offer.preference = (struct codec_preference){
        .video = codec_from_name(bytes_of(event->publish.video_codec)),
        .opus_dtx = true,
    };
}

static enum video_quality quality_of(enum feed_level level)
{
    switch (level) {
    case FEED_NONE:
        return VIDEO_OFF;
    case FEED_LOW:
        return VIDEO_LOW;
    case FEED_MEDIUM:
        return VIDEO_MEDIUM;
    case FEED_HIGH:
        return VIDEO_HIGH;
    }
    return VIDEO_OFF;
}

static enum feed_level level_of(enum video_quality quality)
{
    switch (quality) {
    case VIDEO_OFF:
        return FEED_NONE;
    case VIDEO_LOW:
        return FEED_LOW;
    case VIDEO_MEDIUM:
        return FEED_MEDIUM;
    case VIDEO_HIGH:
        return FEED_HIGH;
    }
    return FEED_NONE;
}

static void add_feed(struct bridge_commands *out, const struct placement *place,
                     enum command_kind kind, const struct event *event)
{
    struct command *command =
        add_command(out, place, kind, bridge_endpoint(event->peer, ENDPOINT_SUBSCRIBE));
    command->track = event->feed.track;
    command->feed.quality = quality_of(event->feed.level);
    command->feed.ahead = event->feed.ahead;
    int priority = event->feed.priority;
    command->feed.priority = (uint8_t)(priority < UINT8_MAX ? priority : UINT8_MAX);
}

static void add_subscribe_cap(struct bridge_commands *out, const struct placement *place,
                              const struct event *event)
{
    const struct event_subscribe_cap *said = &event->subscribe_cap;
    struct command *command = add_command(out, place, COMMAND_SUBSCRIBE_CAP,
                                          bridge_endpoint(event->peer, ENDPOINT_SUBSCRIBE));
    command->subscribe_cap = (struct subscribe_cap){
        .kbps = said->kbps,
        .loss_percent = said->loss_percent,
        .degrade_us = (int64_t)said->degrade_s * 1000000,
        .recover_us = (int64_t)said->recover_s * 1000000,
    };
}

static void add_watch(struct bridge_commands *out, const struct placement *place,
                      const struct event *event)
{
    struct command *command = add_command(out, place, COMMAND_WATCH,
                                          bridge_endpoint(event->peer, ENDPOINT_SUBSCRIBE));
    command->request = event->watch.request;
    command->watch.sdp = mem_text(event->watch.sdp);
}

static void add_fragment(struct bridge_commands *out, const struct placement *place,
                         const struct event *event)
{
    enum endpoint_kind kind = event->fragment.subscribe ? ENDPOINT_SUBSCRIBE : ENDPOINT_PUBLISH;
    struct command *command =
        add_command(out, place, COMMAND_FRAGMENT, bridge_endpoint(event->peer, kind));
    command->request = event->fragment.request;
    command->fragment.text = mem_text(event->fragment.text);
}

static void add_seat_layer(struct bridge_commands *out, const struct placement *place,
                           const struct event *event)
{
    struct command *command = add_command(out, place, COMMAND_SEAT_LAYER,
                                          bridge_endpoint(event->peer, ENDPOINT_SUBSCRIBE));
    command->request = event->seat.request;
    command->seat.chooses = event->seat.chooses;
    command->seat.most = quality_of(event->seat.level);
    snprintf(command->seat.mid, sizeof command->seat.mid, "%s", event->seat.mid);
}

static void open_endpoint(struct bridge *b, const struct event *event,
                          struct bridge_commands *out)
{
    enum endpoint_kind kind = event->endpoint.subscribe ? ENDPOINT_SUBSCRIBE : ENDPOINT_PUBLISH;
    struct placement *at = place(b, event->room);
    at->endpoint_count++;
    b->load[at->worker]++;
    struct command *command =
        add_command(out, at, COMMAND_ENDPOINT_OPEN, bridge_endpoint(event->peer, kind));
    command->open.kind = kind;
    command->open.answers = event->endpoint.answers;
}

static void close_endpoint(struct bridge *b, struct placement *at, const struct event *event,
                           struct bridge_commands *out)
{
    enum endpoint_kind kind = event->endpoint.subscribe ? ENDPOINT_SUBSCRIBE : ENDPOINT_PUBLISH;
    add_command(out, at, COMMAND_ENDPOINT_CLOSE, bridge_endpoint(event->peer, kind));
    forget_endpoint(b, at);
}

static void deliver(struct bridge *b, const struct event *event, struct bridge_commands *out)
{
    if (event->kind == EVENT_ENDPOINT_OPEN) {
        open_endpoint(b, event, out);
        return;
    }
    struct placement *at = find(b, event->room);
    if (!at) // nobody in the room has media
        return;
    uint64_t publish = bridge_endpoint(event->peer, ENDPOINT_PUBLISH);
    uint64_t subscribe = bridge_endpoint(event->peer, ENDPOINT_SUBSCRIBE);
    struct command *command;

    switch (event->kind) {
    case EVENT_ENDPOINT_CLOSE:
        close_endpoint(b, at, event, out);
        break;
    case EVENT_PUBLISH:
        fill_offer(add_command(out, at, COMMAND_OFFER, publish), event);
        break;
    case EVENT_WATCH:
        add_watch(out, at, event);
        break;
    case EVENT_FRAGMENT:
        add_fragment(out, at, event);
        break;
    case EVENT_SEAT_LAYER:
        add_seat_layer(out, at, event);
        break;
    case EVENT_SUBSCRIBE_ANSWER:
        add_command(out, at, COMMAND_ANSWER, subscribe)->answer.sdp =
            mem_text(event->offer.sdp);
        break;
    case EVENT_SUBSCRIBE_RESTART:
        add_command(out, at, COMMAND_RESTART_ICE, subscribe);
        break;
    case EVENT_FEED_OPEN:
        add_feed(out, at, COMMAND_FEED_OPEN, event);
        break;
    case EVENT_FEED_CLOSE:
        add_feed(out, at, COMMAND_FEED_CLOSE, event);
        break;
    case EVENT_FEED_LAYER:
        add_feed(out, at, COMMAND_FEED_LAYER, event);
        break;
    case EVENT_SUBSCRIBE_CAP:
        add_subscribe_cap(out, at, event);
        break;
    case EVENT_TRACK_MUTE:
        command = add_command(out, at, COMMAND_TRACK_MUTE, publish);
        command->track = event->mute.track;
        command->mute.muted = event->mute.muted;
        command->mute.held = event->mute.held;
        break;
    case EVENT_TRACK_CAP:
        command = add_command(out, at, COMMAND_TRACK_CAP, publish);
        command->track = event->cap.track;
        command->cap = cap_of(&event->cap.is);
        break;
    default: // for people and the session log
        break;
    }
}

void bridge_deliver(struct bridge *b, const struct event_list *events,
                    struct bridge_commands *out)
{
    for (size_t i = 0; i < events->count; i++)
        deliver(b, &events->at[i], out);
}

// --- Notices to calls ---

static void tell_speakers(struct bridge *b, const struct notice *notice,
                          struct event_list *events)
{
    struct media_speaker speakers[SPEAKERS_MAX];
    size_t count = notice->speakers.count;
    for (size_t i = 0; i < count; i++)
        speakers[i] = (struct media_speaker){notice->speakers.list[i].track,
                                             notice->speakers.list[i].level};
    media_speakers(b->rooms, notice->room, speakers, count, events);
}

static void tell_layer(const struct peer *peer, const struct notice *notice,
                       struct event_list *events)
{
    struct media_layer layer = {
        .track = notice->track,
        .current = level_of(notice->layer.current),
        .expected = level_of(notice->layer.expected),
        .subscriber_degraded = notice->layer.subscriber_degraded,
        .publisher_degraded = notice->layer.publisher_degraded,
    };
    media_layer_chosen(peer, &layer, events);
}

void bridge_notice(struct bridge *b, const struct notice *notice, struct moment now,
                   struct event_list *events)
{
    if (notice->kind == NOTICE_SPEAKERS) {
        tell_speakers(b, notice, events);
        return;
    }
    // A peer that left meanwhile needs none of the rest.
    struct peer *peer = rooms_peer(b->rooms, bridge_peer(notice->endpoint));
    if (!peer)
        return;
    switch (notice->kind) {
    case NOTICE_ANSWER:
        media_answered(peer, notice->answer.request, notice->answer.err, notice->answer.text,
                       notice->answer.tracks, notice->answer.track_count, now, events);
        break;
    case NOTICE_OFFER:
        media_subscribe_offer(peer, notice->offer.sdp, events);
        break;
    case NOTICE_CLOSED:
        // What failed for another reason than silence no restart can mend.
        media_closed(peer, bridge_kind(notice->endpoint) == ENDPOINT_SUBSCRIBE,
                     notice->closed.reason == TRANSPORT_SILENT, now, events);
        break;
    case NOTICE_QUALITY:
        quality_scored(peer, notice->quality.downlink_score, now);
        break;
    case NOTICE_DEMAND:
        media_demanded(peer, notice->track, level_of(notice->demand.most), events);
        break;
    case NOTICE_LAYER:
        tell_layer(peer, notice, events);
        break;
    default:
        break;
    }
}

void bridge_undelivered(struct bridge *b, const struct command *command, struct moment now,
                        struct event_list *events)
{
    log_warn("bridge", "worker's inbox is full: command %d of endpoint %llu is lost",
             command->kind, (unsigned long long)command->endpoint);
    struct peer *peer = rooms_peer(b->rooms, bridge_peer(command->endpoint));
    if (peer && command_is_answered(command))
        media_answered(peer, command->request, ERR_BUSY, "the server is busy", NULL, 0, now,
                       events);
}
