// A meeting around the two real towers, on a bad network: people with cameras and microphones
// come, look at each other, change their minds and leave.
//
//     person  --- signal --->  room/  --- bridge --->  router
//     person  <--- signal ---  room/  <--- bridge ---  router
//     person  <----------- links: datagrams -------->  router
//
// What a person says takes SIGNALLING_US to arrive, as does what is said to it; what passes
// between the towers a moment.
#pragma once

#include "base/moment.h"
#include "base/text.h"
#include "rtc/dtls.h"
#include "server/bridge.h"
#include "sfu/router.h"
#include "tests/sim/network.h"
#include "tests/sim/outflow.h"
#include "tests/sim/person.h"

#include <stdbool.h>
#include <stdint.h>

enum { PEOPLE_MAX = 12 };

struct meeting_sim;

// A person's line, where it is another than everybody's.
struct plan_line {
    unsigned person;
    struct link_plan up;
    struct link_plan down;
};

enum { PLAN_LINES_MAX = 4 };

struct plan {
    const char *name;
    unsigned people;
    unsigned viewers; // of them, the last ones: they come by WHEP, and only look on
    bool simulcast;
    bool restless;         // change layers, pause, leave and come back
    bool fidgety;          // change layers, streams, addresses, and whether they are seen
    struct link_plan link; // everybody's, both ways
    struct plan_line lines[PLAN_LINES_MAX];
    size_t line_count;
    int64_t span_us;

    // Pictures have the sizes of real ones, and the play is judged by what people see and hear.
    // Without it every packet that is missing in the end is a fault.
    void (*judge)(struct meeting_sim *m);
};

struct meeting_sim {
    const struct plan *plan;
    struct rng rng; // of what people do
    struct rng router_rng;
    struct rng rooms_rng;
    struct srtp_engine *engine;         // the router's
    struct srtp_engine *clients_engine; // everybody's
    const struct dtls_identity *identity;
    int64_t now;

    struct rooms rooms;
    struct room_record record;
    struct bridge *bridge;
    struct event_list events;
    struct bridge_commands commands;
    struct router *router;
    struct batch out;
    struct notice_list notices;
    struct network network;

    struct person people[PEOPLE_MAX];
    unsigned last_port;
    bool quiet;   // no more media and whims: what is under way arrives
    bool closing; // an endpoint was closed in this tick: what was queued for it is dropped
    struct outflows outflows;

    uint64_t hash; // of everything that the router sent, and when
    uint64_t sent;
    uint64_t repaired;
    uint64_t offers;
    uint32_t most_packets; // in one batch
    struct text fault;     // the first that was found; empty: none
};

// Plays `plan` from `seed`. Returns whether everything held; then `m` has figures, else
// m->fault says what did not. Dispose of it in either case.
bool meeting_play(struct meeting_sim *m, const struct plan *plan, uint64_t seed,
                  struct srtp_engine *engine, struct srtp_engine *clients_engine,
                  const struct dtls_identity *identity);
void meeting_dispose(struct meeting_sim *m);

// --- For person.c and outflow.c ---

__attribute__((format(printf, 2, 3))) void meeting_fail(struct meeting_sim *m,
                                                        const char *format, ...);
// What a person says to the server; takes `text`.
void meeting_say(struct meeting_sim *m, const struct person *p, struct message message);
// Datagrams of a person's connection.
void meeting_send(struct meeting_sim *m, struct client *c, struct batch *b);
