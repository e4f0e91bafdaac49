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

enum { PEOPLE_MAX = 202, STARTS_MAX = 1024, FIGURES_MAX = 16 };

struct meeting_sim;

// What somebody is there for, in the order of numbers.
enum cast {
    CAST_CAMERA,   // publishes, and gets nothing of anybody
    CAST_MEMBER,   // publishes, and gets what others publish
    CAST_AUDIENCE, // only gets it
    CAST_VIEWER,   // the same, by WHEP
};

// Something measured, and what is asked of it.
struct figure {
    const char *what;
    const char *unit;
    double value;
    double least;
    double most;
};

// A person's line, where it is another than everybody's.
struct plan_line {
    unsigned person;
    struct link_plan up;
    struct link_plan down;
    unsigned sharers; // so many of those who follow are behind the same `down`
};

enum { PLAN_LINES_MAX = 4 };

struct plan {
    const char *name;
    unsigned people;
    unsigned cameras;  // of them, the first ones
    unsigned audience; // before the viewers
    unsigned viewers;  // the last ones
    unsigned speaker;  // who speaks, counted from 1; 0: nobody
    // The audience comes one after another; and later, all `change_us`, one of it goes and
    // comes back.
    int64_t audience_from_us;
    int64_t audience_each_us;
    int64_t change_from_us;
    int64_t change_us; // 0: all stay
    bool simulcast;
    struct shape shape; // of cameras without simulcast
    // On a way as long as theirs libwebrtc sends nothing of the last temporal layer again: the
    // next picture would overtake it (RTPSenderVideo::AllowRetransmission).
    bool unrepeated;
    bool forgetful;        // receivers do not ask again for all that is missing
    bool screens;          // they show screens
    bool red;              // microphones repeat each frame in the next packet, if they may
    bool remb;             // the first of the audience knows no transport-wide feedback
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
    int64_t next_change_at;

    // How long those who came after `start_from` waited from their first packet to a picture.
    int64_t starts_us[STARTS_MAX];
    size_t start_count;
    struct figure figures[FIGURES_MAX];
    size_t figure_count;

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

// --- For person.c, outflow.c and judges ---

enum cast meeting_role(const struct meeting_sim *m, unsigned person);
// Something that a judge measured; a fault when it is not from `least` to `most`.
void meeting_figure(struct meeting_sim *m, const char *what, double value, const char *unit,
                    double least, double most);

__attribute__((format(printf, 2, 3))) void meeting_fail(struct meeting_sim *m,
                                                        const char *format, ...);
// What a person says to the server; takes `text`.
void meeting_say(struct meeting_sim *m, const struct person *p, struct message message);
// Datagrams of a person's connection.
void meeting_send(struct meeting_sim *m, struct client *c, struct batch *b);
