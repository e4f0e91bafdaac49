// A meeting around a real router: people with cameras and microphones who come, look at each
// other, change their minds and leave, on a bad network.
#pragma once

#include "base/text.h"
#include "rtc/dtls.h"
#include "sfu/router.h"
#include "tests/sim/client.h"
#include "tests/sim/network.h"
#include "tests/sim/sink.h"
#include "tests/sim/source.h"

#include <stdbool.h>
#include <stdint.h>

enum { PEOPLE_MAX = 8, SINKS_MAX = 64 };

struct plan {
    const char *name;
    unsigned people;
    bool simulcast;
    bool restless;         // change layers, pause, leave and come back
    struct link_plan link; // everybody's, both ways
    int64_t span_us;
};

// What the router has ever sent of one SSRC, judged as it leaves.
struct outflow {
    uint32_t ssrc;
    bool video;
    bool begun;
    bool closed; // the feed is: nothing may come any more
};

struct person {
    unsigned number; // addresses are 10.N.*.*
    struct client publish;
    struct client subscribe;
    uint64_t publish_endpoint; // 0: not here
    uint64_t subscribe_endpoint;
    uint16_t twcc;
    struct client_section sections[2];
    struct source sources[2]; // microphone, camera
    uint64_t tracks[2];
    bool published;
    struct sink sinks[SINKS_MAX]; // one for each section that was ever offered
    size_t sink_count;
    int64_t next_audio_at;
    int64_t next_video_at;
    int64_t next_report_at;
    int64_t next_feedback_at;
    int64_t next_check_at;
    int64_t next_whim_at;
};

struct meeting_sim {
    const struct plan *plan;
    struct rng rng;
    struct rng router_rng;
    struct srtp_engine *engine;         // the router's
    struct srtp_engine *clients_engine; // everybody's
    const struct dtls_identity *identity;
    struct router *router;
    struct network network;
    int64_t now;
    struct batch out;
    struct notice_list notices;
    struct person people[PEOPLE_MAX];
    uint64_t last_id; // endpoints and tracks are numbered
    unsigned last_port;
    bool quiet;   // no more media and whims: what is under way arrives
    bool closing; // an endpoint was closed in this tick: what was queued for it is dropped
    struct outflow outflows[1024];
    size_t outflow_count;

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
