// The world of tests/sim/people.c: server, worker, network and clients.
#pragma once

#include "base/rng.h"
#include "base/text.h"
#include "server/bridge.h"
#include "server/held.h"
#include "server/writing.h"
#include "signal/session.h"
#include "tests/sim/people_jobs.h"
#include "tests/sim/people_promise.h"

#include <jansson.h>

enum {
    CLIENTS_MAX = 8,
    OWN_TRACKS_MAX = 3,
    PENDING_MAX = 256,
    FEEDS_MAX = 1024,
    ENDPOINTS_MAX = 2 * 4096,
    CHATS_MAX = 4096,
    REQUEST_TEXT_MAX = 256,
    VERSIONS_MAX = 1024,
};
#define WORLD_START_US 1000000

// What a client believes of somebody else.
struct belief {
    char id[24];
    char role[16];
    char name[32];
    bool hand;
    struct {
        char id[24];
        bool muted;
    } tracks[OWN_TRACKS_MAX + 1];
    size_t track_count;
};

enum client_state {
    CLIENT_OUT,     // not in the meeting
    CLIENT_COMING,  // a socket, and no join yet
    CLIENT_JOINING, // join is sent
    CLIENT_IN,
    CLIENT_AWAY, // the socket dropped; comes back
};

struct own_track {
    char id[24];
    bool published;
    bool muted;
};

// What a client waits for the answer to.
struct request {
    int id;
    char method[32];
    char params[REQUEST_TEXT_MAX]; // "": too long to be asked again
    bool is_repeat;                // was answered with 503 before
    uint64_t change;               // that the server made of it; 0: none
    uint64_t change_before;        // the last one before it arrived
    int plan_changes;              // of the world, when it was handled
};

struct client {
    int index;
    char id[24];
    const char *token_role;
    const char *token_code; // that its token was traded for
    enum client_state state;
    uint64_t session;         // of its present socket; 0: none
    int64_t back_at;          // CLIENT_AWAY
    bool resumes;             // the present socket began with no join
    char node[16];            // which process its connections are with
    int64_t up_due, down_due; // when the last letter arrives: sockets keep the order
    char role[16];
    struct belief others[CLIENTS_MAX];
    size_t other_count;
    int64_t count; // session-info's
    char value[32];
    bool listens;
    char role_token[64], role_asked[16];
    struct own_track tracks[OWN_TRACKS_MAX];
    int tracks_made;
    struct request pending[PENDING_MAX];
    size_t pending_count;
    int last_id;
};

// Something on its way.
struct letter {
    int64_t due;
    uint64_t order;
    enum { LETTER_UP, LETTER_DOWN, LETTER_LOST, LETTER_COMMAND, LETTER_NOTICE } kind;
    int client;
    uint64_t session;
    char *text;
    struct command command;
    struct notice notice;
};

struct feed_open {
    uint64_t subscriber; // peer
    uint64_t track;
};

struct subscription {
    uint64_t endpoint;
    bool wanted, outstanding;
};

struct world {
    struct rng rng; // of the story
    struct rng server_rng;
    struct moment now;
    struct rooms rooms;
    struct signal *signal;
    struct bridge *bridge;
    struct jobs *jobs;
    struct snapshots *snapshots;
    struct logbook *logbook;
    struct held *held;
    struct disk disk;    // survives the server
    bool begins;         // a session, which has said something before it had its room
    struct plan running; // what the session began with
    int64_t looked_at;   // us, whether all that has changed was written
    struct promises promises;
    int plan_changes;
    int starts; // of the server
    struct event_list events;
    struct frame_list frames;
    struct bridge_commands commands;

    struct letter *letters;
    size_t letter_count, letter_cap;
    uint64_t last_order;
    int64_t command_due, notice_due;

    struct client clients[CLIENTS_MAX];
    size_t client_count;
    bool calm; // the network is good

    // The worker.
    struct feed_open feeds[FEEDS_MAX];
    size_t feed_count;
    struct subscription subscriptions[CLIENTS_MAX * 4];
    size_t subscription_count;
    int offers;

    // Chat messages: whom they were meant for, as the sender said.
    struct {
        int from;
        int to;           // a client, or -1
        const char *role; // or NULL
    } chats[CHATS_MAX];
    size_t chat_count;
    int chat_handled;       // the one in the message that the server handles now; -1
    uint32_t chat_expected; // clients, as bits: those who must get it
    uint32_t chat_meant;    // and those who may
    uint32_t chat_got;
    uint64_t chat_session; // the socket that it came by
    bool chat_taken;       // the server said so

    // Values that were told, by their versions: none is given twice.
    struct {
        int64_t version;
        char data[32];
    } versions[VERSIONS_MAX];
    size_t version_count;
    char versions_of[OBJECT_ID_LEN + 1]; // the session

    size_t message_count, request_count, restored_count, left_out_count, repeat_count;
    uint64_t hash;
    bool verbose;
    struct text fault; // of the first thing that was wrong
};

// --- people_server.c ---

void server_start(struct world *w);
void server_end(struct world *w);                // as by kill -9
void server_restore(struct world *w);            // what the one before has left
void server_settle(struct world *w);             // what has happened goes where it belongs
void server_expire(struct world *w);             // time has passed
void server_change_plan(struct world *w);        // the back end changes something
struct room *server_room(const struct world *w); // that a session runs in, or NULL
void server_open(struct world *w, struct client *c, const struct signal_claims *claims);

// --- people_world.c ---

void world_init(struct world *w, uint64_t seed, bool verbose);
void world_dispose(struct world *w);
void world_step(struct world *w);    // a few milliseconds, and perhaps somebody does something
void world_restart(struct world *w); // the server ends, and another goes on
void world_settle(struct world *w);  // the network is good; all that is on its way arrives
void world_judge(struct world *w);   // what clients believe is what is true
void world_empty(struct world *w);   // all leave, and nothing is left

bool world_failed(const struct world *w);
void world_fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

// --- people_client.c ---

void client_act(struct world *w, struct client *c); // something that comes to its mind
void client_reads(struct world *w, struct client *c, const char *text);
void client_lost(struct world *w, struct client *c); // its socket
void client_back(struct world *w, struct client *c);
void client_leave(struct world *w, struct client *c);
struct belief *client_knows(struct client *c, const char *peer_id);

// --- for people_client.c ---

void world_open(struct world *w, struct client *c);                   // a new socket
void world_send(struct world *w, struct client *c, const char *text); // over it; takes `text`
void world_drop(struct world *w, struct client *c);                   // it is gone
uint32_t world_below(struct world *w, uint32_t bound);

// --- for people_server.c ---

void world_frames(struct world *w);   // go out
void world_commands(struct world *w); // go to the worker
