// A stage for whole meetings without a socket, a thread or a packet: rooms, sessions and the
// bridge are the real ones, the media worker is a few lines which answer every offer. Clients
// are named after their peer id; "host/2" is a second socket of the peer "host".
#pragma once

#include "base/rng.h"
#include "base/text.h"
#include "server/bridge.h"
#include "signal/session.h"

#include <jansson.h>

enum { STAGE_CLIENTS_MAX = 24, STAGE_UNREAD_MAX = 1024 };

#define STAGE_ROOM_ID "64b000000000000000000001"
#define STAGE_TEMPLATE_ID "64b0000000000000000000aa"

struct stage_queue {
    char *at[STAGE_UNREAD_MAX];
    size_t count;
};

struct stage_client {
    char name[64];
    char role[32];
    uint64_t session;
    int close_code; // of our close frame; 0: open
    struct stage_queue socket;
    struct stage_queue channel;
};

// A track as the worker knows it.
struct stage_track {
    uint64_t number;
    char id[MSID_LEN_MAX + 1];
};

// What the worker knows of a peer's subscribe connection.
struct stage_subscriber {
    uint64_t endpoint;
    bool offer_wanted;
    bool offer_outstanding;
};

enum stage_worker { WORKER_ANSWERS, WORKER_REFUSES, WORKER_IS_SILENT, WORKER_IS_FULL };

// A poll that the back end has linked to the room.
struct stage_poll {
    char id[OBJECT_ID_LEN + 1];
    char *document;
};

#define STAGE_CODE_ID "64a1b2c3d4e5f60718293a00"

struct stage {
    struct rng rng;
    struct rooms rooms;
    struct signal *signal;
    struct bridge *bridge;
    struct moment now;
    struct event_list events;
    struct frame_list frames;
    struct bridge_commands commands;

    struct room_record record;
    struct stage_poll polls[POLLS_PER_ROOM_MAX];
    size_t poll_count;
    int guests_max;                     // maxPeerCount of the role guest
    void (*adjust)(struct template *t); // of the template, before the room goes live; or NULL
    bool all_share; // guests may share their screen and see rooms before joining, as hosts
    struct room_state_settings states; // of the template, when enabled
    const char *token;     // which of a role and user the next socket has; NULL: their first
    bool takes_demand;     // of the next socket
    bool code_is_disabled; // the room code of all tokens
    bool is_loading;       // rooms stay unloaded until stage_load()

    struct stage_client clients[STAGE_CLIENTS_MAX];
    size_t client_count;

    enum stage_worker worker;
    struct stage_track tracks[256];
    size_t track_count;
    struct stage_subscriber subscribers[STAGE_CLIENTS_MAX];
    size_t subscriber_count;
    size_t offers_made;
    struct stage_queue media;                  // what the worker was told, as text
    struct stage_queue log;                    // what clients reported, as JSON
    struct text peer_names[STAGE_CLIENTS_MAX]; // by the order in which they joined
    uint64_t peer_numbers[STAGE_CLIENTS_MAX];
    size_t peer_count;
};

void stage_init(struct stage *s);
void stage_dispose(struct stage *s);
// The process ends, and another goes on from the room's snapshot. All sockets are gone.
void stage_restart(struct stage *s, const char *node_id);

// The roles are host (may all, sees the state of the room before joining), guest, viewer, who
// publishes nothing, and whom nobody subscribes to, and lobby, who waits to be let in.
struct template *stage_template(int guests_max, bool all_share);

struct stage_client *stage_open(struct stage *s, const char *name, const char *role,
                                const char *user);
void stage_load(struct stage *s); // the rooms that sessions wait for
// A poll of the back end's, for sessions that begin later.
void stage_link(struct stage *s, const char *poll_id, const char *document);
void stage_drop(struct stage *s, struct stage_client *client);
struct stage_client *stage_client(struct stage *s, const char *name); // the latest socket

void stage_send(struct stage *s, struct stage_client *client, const char *text);
void stage_send_bytes(struct stage *s, struct stage_client *client, struct bytes text);
void stage_send_channel(struct stage *s, const char *peer_id, const char *text);
void stage_wait(struct stage *s, int64_t ms);
void stage_wait_alive(struct stage *s, int64_t ms); // sockets answer the server's pings
void stage_notice(struct stage *s, const struct notice *notice);

// Opens, joins and forgets what came of it.
struct stage_client *stage_join(struct stage *s, const char *name, const char *role);
// Sends an offer with all these tracks: "A1 V1 S1 -V1", audio, video and screen by their first
// letter, "-" for muted ones.
void stage_publish(struct stage *s, struct stage_client *client, const char *tracks);
void stage_answer(struct stage *s, struct stage_client *client); // the offer outstanding

// The next unread message, moved out; "" when there is none. mem_free() it.
char *stage_next(struct stage_queue *queue);
void stage_forget(struct stage_queue *queue);

uint64_t stage_endpoint(const struct stage *s, const char *peer_id, enum endpoint_kind kind);
uint64_t stage_track_number(const struct stage *s, const char *track_id);

// Plays a transcript; fails the test at the first line that does not hold.
void stage_play(const char *path);
