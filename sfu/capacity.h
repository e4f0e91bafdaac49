// The way to a subscriber: how much it carries, what of each track fits it, and probes for
// more. docs/bwe.md says how it is estimated, docs/layers.md how it is shared out.
//
//     feedback -> estimate -> allocate -> feed.allot -> select      which layer
//                                  \-> NOTICE_LAYER                 and what people are told
//
// A subscriber that tells of transport-wide numbers has an estimate, whatever rate (REMB) it
// tells beside; one that tells a rate alone, or agreed to, has that. Another is sent what it
// asks for, within what its role may.
#pragma once

#include "rtc/bwe.h"
#include "rtc/bwe_remb.h"
#include "rtc/twcc.h"
#include "sfu/allocate.h"
#include "sfu/command.h"
#include "sfu/feed.h"
#include "sfu/fill.h"
#include "sfu/leg.h"
#include "sfu/pace.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    // Enough for a first picture of the lowest layer, on a line of so little too; clusters find
    // out within two round trips what more there is.
    CAPACITY_START_BPS = 300 * 1000,
    CAPACITY_CHOOSE_US = 50 * 1000,      // between two choices, unless less fits at once
    CAPACITY_LOOK_AGAIN_US = 200 * 1000, // while something waits for time to pass
    // A client that agreed to tell of transport-wide numbers, and said nothing for so long,
    // does not do it.
    CAPACITY_SILENT_US = 2 * 1000 * 1000,
};

struct capacity {
    struct leg *leg;               // borrowed
    const struct feed_list *feeds; // borrowed
    struct subscribe_cap cap;      // of the role
    double loss;                   // 0..1, as reported lately

    struct bwe *estimate; // NULL: no packet has a transport-wide number
    struct bwe_remb remb; // begun without an estimate, or when a rate was told
    struct fill fill;     // up to what a client told
    int64_t dark_from;    // since when no picture that is wanted was sent; 0: some is
    int64_t dark_until;   // the last time
    int64_t dark_us;      // for how long that may last, the next time; 0: never yet
    int64_t waits_from;   // for the first feedback; 0: not connected yet
    struct pace pace;     // while there is an estimate, or a client that agreed to tell a rate
    struct allocator allocator;
    struct allocation allocation; // the last
    int64_t crowded_until;        // something waits in a queue of the way, or did lately
    int64_t chosen_at;
    int64_t choose_at; // the next look; NEVER while nothing is to be chosen
};

void capacity_init(struct capacity *d, struct leg *leg, const struct feed_list *feeds);
void capacity_dispose(struct capacity *d);

// Feeds came or went, or something else is wished of them.
void capacity_follow(struct capacity *d, const struct tick *tick);
void capacity_feedback(struct capacity *d, struct bytes packet, const struct tick *tick);
// `has_sound`: of all that is sent, not of pictures alone.
void capacity_remb(struct capacity *d, double bps, bool has_sound, const struct tick *tick);

// How many frames of before each packet of sound may repeat, of so many that are wanted: sound
// may then take half of what the way carries, or a little where nothing waits in a queue.
uint8_t capacity_redundancy(struct capacity *d, uint8_t wanted, const struct tick *tick);

int64_t capacity_deadline(const struct capacity *d);
void capacity_expire(struct capacity *d, const struct tick *tick);
