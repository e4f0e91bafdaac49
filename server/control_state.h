// Inside the control thread: what its files share. Not for other folders.
//
//     control.c        the loop, signals, the farewell
//     control_http.c   what the HTTP server has: requests, and their answers
//     control_admin.c  calls of the dashboard
//     control_socket.c  web sockets and their sessions
//     control_rooms.c  rooms that are loaded to go live, and what waits for them
//     control_results.c  what the store threads did
//     control_figures.c  what the media workers are asked for a call, and its answer
//     control_metrics.c  figures for monitoring, on a listener of their own
//     control_media.c  notices, data channels, and the delivery of all that follows
#pragma once

#include "api/whip.h"
#include "base/map.h"
#include "rtc/datachannel.h"
#include "server/bridge.h"
#include "server/control_config.h"
#include "server/held.h"
#include "server/hooks.h"
#include "server/logbook.h"
#include "server/memory.h"
#include "server/snapshots.h"
#include "server/writing.h"
#include "signal/session.h"

#include <uv.h>

// A web socket and its session.
struct client {
    uint64_t socket;
    uint64_t session;
    bool is_slow; // much waits for it
};

// A peer's data channel that is open.
struct channel {
    uint64_t peer;
    uint16_t stream;
};

struct control {
    struct control_config config;
    uv_loop_t loop;
    uv_check_t check;     // what polling brought is handled
    uv_prepare_t prepare; // what timers brought, before the loop waits again
    uv_timer_t timer;     // the next deadline of all machines
    uv_timer_t farewell;
    uv_timer_t look; // how much memory is used
    uv_poll_t notices;
    uv_poll_t results;
    uv_poll_t addresses; // of this machine; only with config.addresses_watch
    uv_signal_t signals[3];

    struct memory memory;
    struct http_server *server;
    struct rng rng;
    struct rooms rooms;
    struct signal *signal;
    struct bridge *bridge;
    struct snapshots *snapshots;
    struct held *held;
    struct logbook *logbook;
    struct hooks *hooks;
    struct whip *whip;
    struct datachannels *datachannels;
    struct map clients_by_socket;
    struct map clients_by_session;
    struct map channels; // by peer
    bool draining;

    struct http_server *metrics;     // that serves figures; NULL: none does
    char *host_name;                 // of this machine
    struct histogram joins;          // from a join to the first media packet, us
    double started_at_s;             // of the process, since the Unix epoch
    struct worker_counters *counted; // the last of each worker
    int64_t webhooks_waiting;        // by the last count; -1: there was none
    int64_t count_at;                // then they are counted again
    bool is_counting;

    struct map looks; // calls that wait for media workers, by number (control_figures.c)
    uint64_t last_look;

    // An answer that is given once the store has what its call wrote: JOB_LOCK takes it.
    struct job *reply;

    // Consequences that wait for delivery. Empty between two turns of the loop.
    struct event_list events;
    struct frame_list frames;
    struct bridge_commands commands;
    struct datachannel_events data;
    struct whip_replies replies;
};

// --- control_http.c ---
void control_inputs(struct control *c);       // drains the HTTP server
void control_answer_held(struct control *c);  // what is stored, or late
void control_send_replies(struct control *c); // of peers without a web socket

void control_go_on(struct control *c, uint64_t id, struct api_call call,
                   struct http_response response, enum api_next next); // takes both

// --- control_admin.c ---
void control_put_step(struct control *c, uint64_t id, struct api_call *call,
                      struct http_response *response, enum api_step step);
// The call's last answer.
void control_answer(struct control *c, uint64_t id, struct api_call *call,
                    struct http_response *response);
// Whether what the store threads did was not the handler yet, or no more.
bool control_took_step(struct control *c, struct job *job);

// --- control_socket.c ---
void control_socket_open(struct control *c, struct http_input *input);
void control_socket_text(struct control *c, const struct http_input *input);
void control_socket_pong(struct control *c, const struct http_input *input);
void control_socket_drained(struct control *c, const struct http_input *input);
void control_socket_closed(struct control *c, const struct http_input *input);

// --- control_rooms.c ---
// The room, while a session runs in it: nothing that is stored of it is newer. NULL: it has to
// be loaded.
struct room *control_live_room(const struct control *c, const char *room_id);
void control_load_room(struct control *c, struct job *job, const char *room_id);
void control_begin_session(struct control *c, uint64_t session, struct room *room);
void control_join_live(struct control *c, struct job *job, struct room *room);
void control_on_room(struct control *c, struct job *job);
void control_lock_rooms(struct control *c);     // ended for good, by the events that wait
void control_look_up_missed(struct control *c); // rooms that were to be ended, by the same
void control_on_missed(struct control *c, struct job *job);

// --- control_results.c ---
void control_results(struct control *c);     // drains the store threads
void control_fetch_polls(struct control *c); // of sessions that ended, by the events that wait

// --- control_metrics.c ---
int control_start_metrics(struct control *c);   // 0, or ERR_IO; the reason is logged
void control_metrics_inputs(struct control *c); // drains their HTTP server
void control_look_at_metrics(struct control *c);
void control_counted(struct control *c, const struct job *job); // what the store counted
// A peer's first media packet, if it is the first.
void control_note_media(struct control *c, const struct notice *notice, int64_t now);
// What the answer to a request is counted as: of `route`, when it is one of the API.
size_t control_route(const struct http_request *request, const struct api_route *route);

// --- control_figures.c ---
void control_ask_figures(struct control *c, struct job *job); // takes `job`
void control_take_figures(struct control *c, struct notice *notice);
int64_t control_figures_deadline(const struct control *c);
void control_expire_figures(struct control *c, int64_t now);
void control_free_figures(struct control *c);

// --- control_media.c ---
void control_notices(struct control *c);
void control_expire(struct control *c);
int64_t control_deadline(const struct control *c);
void control_settle(struct control *c); // delivers until nothing waits
