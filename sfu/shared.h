// What the endpoints, tracks and feeds of one worker share. Owned by the router.
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/text.h"
#include "base/timers.h"
#include "rtc/negotiate.h"
#include "rtc/negotiate_watch.h"
#include "sfu/config.h"
#include "sfu/demux.h"
#include "sfu/last_n.h"
#include "sfu/speaker.h"

#include <stdint.h>

// Owners of timers.
enum { TIMER_ENDPOINT, TIMER_MEETING };

// A room, as far as media knows it: there while it has endpoints.
struct meeting {
    uint64_t id;
    uint32_t endpoint_count;
    struct speakers speakers;
    char speaker[CNAME_LEN + 1]; // who was the loudest lately; stays while all are silent
    struct last_n loudest;       // whose microphones are heard
    struct timer timer;          // speakers.look_at
};

struct shared {
    struct router_config config; // candidates are a copy
    struct map meetings;         // by id
    struct map endpoints;        // by id
    struct map tracks;           // by id
    struct demux demux;
    struct timers timers;
    struct router_stats stats;

    struct list offers_due; // subscribers, in the order in which they want an offer
    int64_t offers_at;      // when the next of them are made; 0: at once

    // What came of a call of the router, for those further up: it acts on it before it returns.
    struct list touched; // links, whose endpoints' deadlines may have come nearer
    struct list wishes;  // streams, of which a key frame is wanted
    struct list begun;   // feeds that began a segment: their receivers want a report soon

    // Closed in this tick: the batch may still name their memory. Freed by router_flushed().
    struct list closed_endpoints;
    struct list closed_tracks;

    // Scratch for descriptions, too large for the stack.
    struct publish_offer offer;
    struct subscribe_answer answer;
    struct watch_offer watch;
    struct text why;
};
