#include "server/control_state.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/inbox.h"
#include "server/clock.h"

#include <string.h>

enum { NOTICES_PER_TURN = 64 };

// What clients call the channel on which they ask for layers, and hear of speakers.
static const char channel_label[] = "ion-sfu";

// A peer that agreed on no data channel is sent none: an encoder may take what it did not ask
// for for something else (FFmpeg's writes it back, and waits for a datagram before each packet
// from then on).
static void connect_channels(struct control *c, const struct notice *n, int64_t now)
{
    uint64_t endpoint = n->endpoint;
    if (!n->connected.sctp_port)
        return;
    // The client opens the channel of the connection on which it publishes, and never uses it.
    bool ours = bridge_kind(endpoint) == ENDPOINT_SUBSCRIBE;
    struct datachannel_config config = {.dtls_client = n->connected.dtls_client,
                                        .remote_port = n->connected.sctp_port,
                                        .label = ours ? channel_label : NULL};
    // ERR_EXISTS after an ICE restart: the association went on.
    datachannels_connect(c->datachannels, endpoint, &config, now, &c->data);
}

void control_notices(struct control *c)
{
    struct notice notices[NOTICES_PER_TURN];
    size_t count = inbox_take(c->config.notices, notices, NOTICES_PER_TURN);
    struct moment now = clock_now();
    for (size_t i = 0; i < count; i++) {
        struct notice *n = &notices[i];
        if (n->kind == NOTICE_SCTP)
            datachannels_receive(c->datachannels, n->endpoint,
                                 (struct bytes){n->sctp.packet, n->sctp.len}, now.mono_us,
                                 &c->data);
        else if (n->kind == NOTICE_CONNECTED)
            connect_channels(c, n, now.mono_us);
        else if (n->kind == NOTICE_FIGURES)
            control_take_figures(c, n);
        else if (n->kind == NOTICE_TRACK_UP || n->kind == NOTICE_FED)
            control_note_media(c, n, now.mono_us);
        bridge_notice(c->bridge, n, now, &c->events);
        notice_dispose(n);
        control_settle(c);
    }
}

// --- Delivery ---

static void send_text(struct control *c, struct client *client, const struct frame *frame)
{
    if (frame->is_long)
        http_server_ws_send_long(c->server, client->socket, frame->text);
    else
        http_server_ws_send(c->server, client->socket, frame->text);
    if (client->is_slow || !http_server_ws_is_slow(c->server, client->socket))
        return;
    client->is_slow = true;
    signal_slow(c->signal, client->session, true);
}

static void send_data(struct control *c, const struct frame *frame, int64_t now)
{
    struct channel *channel = map_get(&c->channels, map_key_u64(&frame->peer));
    if (channel) {
        uint64_t endpoint = bridge_endpoint(frame->peer, ENDPOINT_SUBSCRIBE);
        if (datachannels_send(c->datachannels, endpoint, channel->stream, frame->text, now,
                              &c->data) == 0)
            return;
    }
    struct client *client = map_get(&c->clients_by_session, map_key_u64(&frame->session));
    if (client)
        send_text(c, client, frame);
}

static void send_frames(struct control *c, int64_t now)
{
    for (size_t i = 0; i < c->frames.count; i++) {
        const struct frame *frame = &c->frames.at[i];
        if (frame->change) {
            held_add_frame(c->held, frame, now);
            snapshots_hurry(c->snapshots);
            continue;
        }
        if (frame->kind == FRAME_DATA) {
            send_data(c, frame, now);
            continue;
        }
        struct client *client = map_get(&c->clients_by_session, map_key_u64(&frame->session));
        if (!client)
            continue;
        if (frame->kind == FRAME_TEXT)
            send_text(c, client, frame);
        else
            http_server_ws_close(c->server, client->socket, frame->close_code, NULL);
    }
    frame_list_clear(&c->frames);
}

static void forget_channel(struct control *c, uint64_t endpoint)
{
    uint64_t peer = bridge_peer(endpoint);
    if (bridge_kind(endpoint) == ENDPOINT_SUBSCRIBE)
        mem_free(map_remove(&c->channels, map_key_u64(&peer)));
}

static void send_commands(struct control *c, struct moment now)
{
    for (size_t i = 0; i < c->commands.count; i++) {
        struct command *command = &c->commands.at[i].command;
        if (command->kind == COMMAND_ENDPOINT_CLOSE) {
            forget_channel(c, command->endpoint);
            datachannels_close(c->datachannels, command->endpoint, now.mono_us, &c->data);
        }
        if (!worker_put(c->config.workers[c->commands.at[i].worker], command)) {
            bridge_undelivered(c->bridge, command, now, &c->events);
            command_dispose(command);
        }
    }
    bridge_commands_clear(&c->commands);
}

static void send_packet(struct control *c, struct datachannel_event *event)
{
    size_t worker;
    struct command command = {.kind = COMMAND_SCTP_SEND,
                              .endpoint = event->endpoint,
                              .sctp = {.packet = event->at, .len = event->len}};
    if (bridge_find(c->bridge, event->endpoint, &worker, &command.room) != 0)
        return;
    if (worker_put(c->config.workers[worker], &command))
        event->at = NULL; // moved
}

static void channel_opened(struct control *c, const struct datachannel_event *event)
{
    if (bridge_kind(event->endpoint) != ENDPOINT_SUBSCRIBE ||
        strcmp(event->label, channel_label) != 0)
        return;
    forget_channel(c, event->endpoint);
    struct channel *channel = mem_alloc(sizeof *channel);
    *channel = (struct channel){bridge_peer(event->endpoint), event->stream};
    map_put(&c->channels, map_key_u64(&channel->peer), channel);
}

static void handle_data(struct control *c, struct moment now)
{
    // Handling one may append others.
    struct datachannel_events data = c->data;
    c->data = (struct datachannel_events){0};
    for (size_t i = 0; i < data.count; i++) {
        struct datachannel_event *event = &data.at[i];
        switch (event->kind) {
        case DATACHANNEL_PACKET:
            send_packet(c, event);
            break;
        case DATACHANNEL_OPEN:
            channel_opened(c, event);
            break;
        case DATACHANNEL_MESSAGE:
            if (event->text && bridge_kind(event->endpoint) == ENDPOINT_SUBSCRIBE)
                signal_data(c->signal, bridge_peer(event->endpoint),
                            (struct bytes){event->at, event->len}, now, &c->frames, &c->events);
            break;
        case DATACHANNEL_CLOSED:
        case DATACHANNEL_DOWN:
            forget_channel(c, event->endpoint);
            break;
        }
    }
    datachannel_events_dispose(&data);
}

static void deliver_events(struct control *c, struct moment now)
{
    signal_deliver(c->signal, &c->events, now, &c->frames);
    whip_deliver(c->whip, &c->events, &c->replies);
    control_lock_rooms(c);
    control_look_up_missed(c);
    control_fetch_polls(c);
    bridge_deliver(c->bridge, &c->events, &c->commands);
    snapshots_deliver(c->snapshots, &c->events);
    logbook_deliver(c->logbook, &c->events, now);
    event_list_clear(&c->events);
}

void control_settle(struct control *c)
{
    struct moment now = clock_now();
    while (c->events.count || c->frames.count || c->commands.count || c->data.count ||
           c->replies.count) {
        if (c->events.count)
            deliver_events(c, now);
        send_frames(c, now.mono_us);
        send_commands(c, now);
        control_send_replies(c);
        if (c->data.count)
            handle_data(c, now);
    }
}

// --- Time ---

int64_t control_deadline(const struct control *c)
{
    int64_t at = signal_deadline(c->signal);
    int64_t rooms = rooms_deadline(&c->rooms);
    int64_t data = datachannels_deadline(c->datachannels);
    at = rooms < at ? rooms : at;
    int64_t writing = writing_deadline(c->snapshots, c->logbook);
    at = writing < at ? writing : at;
    int64_t held = held_deadline(c->held);
    at = held < at ? held : at;
    int64_t hooks = hooks_deadline(c->hooks);
    at = hooks < at ? hooks : at;
    int64_t whip = whip_deadline(c->whip);
    at = whip < at ? whip : at;
    int64_t figures = control_figures_deadline(c);
    at = figures < at ? figures : at;
    return data < at ? data : at;
}

void control_expire(struct control *c)
{
    struct moment now = clock_now();
    if (signal_deadline(c->signal) <= now.mono_us)
        signal_expire(c->signal, now, &c->frames, &c->events);
    if (rooms_deadline(&c->rooms) <= now.mono_us)
        rooms_expire(&c->rooms, now, &c->events);
    if (datachannels_deadline(c->datachannels) <= now.mono_us)
        datachannels_expire(c->datachannels, now.mono_us, &c->data);
    whip_expire(c->whip, now, &c->events, &c->replies);
    writing_expire(c->snapshots, c->logbook, now);
    held_expire(c->held, now.mono_us);
    control_expire_figures(c, now.mono_us);
    control_answer_held(c);
    hooks_expire(c->hooks, now);
    control_settle(c);
}
