// What of each track a subscriber gets, so that all of it fits its way: docs/layers.md has the
// formulas. A pure choice: rates, wishes and time in, one step for each video out. It knows no
// packets, and how a track comes to be sent at a step is others' business.
//
// A video's steps are a ladder that its track keeps for all subscribers, the least first; what
// makes the next one better (resolution, frame rate) is the track's to order.
//
//     step   0         1         2         3         4         5
//     bps    40k       60k       90k       170k      250k      700k
//     of     q, T0     q, T1     q, T2     h, T1     h, T2     f
//     quality 1        1         1         2         2         3
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ALLOCATE_STEPS_MAX = 9, // three encodings, or spatial layers, of three temporal layers
    ALLOCATE_PAUSED = -1,
    ALLOCATE_LOWS = 4, // parts of the time that a rate must have held
    ALLOCATE_HOLD_US = 2 * 1000 * 1000,
};

struct allocate_step {
    double bps;      // as measured over a second or more, with headers
    uint8_t quality; // 1..3: low, medium, high; never falls from step to step
    bool alive;      // its publisher sends it
};

// A video, and what was chosen for it the last time. All zero but `chosen`, which is
// ALLOCATE_PAUSED, is one that was never seen.
struct allocate_feed {
    const struct allocate_step *steps; // borrowed
    uint8_t step_count;                // at most ALLOCATE_STEPS_MAX
    bool screen;
    bool speaker;
    uint8_t wish;     // the best quality that the client has use for; 0: none
    uint8_t priority; // of the publisher's role: 1 is the highest

    int8_t chosen; // a step, or ALLOCATE_PAUSED
    bool degraded; // less than the wish, for want of room
    bool waited;   // it was lowered: the following hold
    int64_t lowered_at;
    int64_t raised_at; // 0: never
    int64_t hold_us;   // after it was lowered; 0: never yet
};

struct allocate_limits {
    double estimate_bps; // of the way; 0: not known
    bool is_assumed;     // it was not found but set, for as long as nothing is told of the way
    double carried_bps;  // what the way was seen to carry when it was full; 0: not known
    double max_bps;      // of the role (maxSubsBitRate); 0: none
    double audio_bps;    // of all audio, which is sent whatever is
    // Between two pictures that begin, for their key frames, where there is no ample room.
    int64_t begin_us;
    // subscribeDegradation of the role:
    double loss;           // 0..1, as reported
    double loss_threshold; // 0: none
    int64_t degrade_us;
    int64_t recover_us;
};

// Of a subscriber. Zero-initialised has seen nothing.
struct allocator {
    double lows[ALLOCATE_LOWS]; // the least estimates of the last parts; 0: none
    int64_t low_at;             // when the present part began
    bool limited;               // by loss: the following hold
    double limit_bps;           // of all video
    bool lossy;                 // since
    int64_t lossy_at;
    int64_t calm_at;  // the last time of loss, or of a step of recovery
    double video_bps; // as chosen the last time
    int64_t tight_at; // since when pictures are kept that do not fit; 0: all do
    int64_t begun_at; // the last time that a picture began
};

struct allocation {
    double used_bps; // audio, and all video at its step
    double next_bps; // the estimate with which the next step could be taken; 0: none is wanted
    double wish_bps; // with which every wish came true
    size_t changes;  // feeds whose step is another one now
};

// Chooses for `count` feeds, and sorts `feeds`: the one that is served first comes first.
void allocate(struct allocator *a, const struct allocate_limits *limits,
              struct allocate_feed **feeds, size_t count, int64_t now,
              struct allocation *allocation);

// The quality that is sent, and that would be if there were room; 0: none.
uint8_t allocate_quality(const struct allocate_feed *f);
uint8_t allocate_expected(const struct allocate_feed *f);

// The bound of a way that loses more than is sent again, within `max_bps` of the role (0:
// none): the least quality of all, as a picture of several packets is hardly ever whole on it.
double allocate_lossy_bps(struct allocate_feed *const *feeds, size_t count, double max_bps,
                          double audio_bps);
