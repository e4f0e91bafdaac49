// What somebody sees of one video: a strict receiver. It shows a picture when all of its
// packets are there and what it refers to was shown, and counts what a person would complain
// of. Where packets are missing in front of it, it waits for what they may bring, as a jitter
// buffer does: for VIEWER_PATIENCE_US.
//
// A freeze is what W3C's "Identifiers for WebRTC's Statistics API" calls one (freezeCount): a
// picture that stays for longer than three times the mean of the last 30 intervals, and for
// 150 ms more than it.
#pragma once

#include "tests/sim/source.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    VIEWER_FRAMES = 64, // that wait for packets, or for others
    VIEWER_INTERVALS = 30,
    VIEWER_SECONDS = 600,
    VIEWER_PATIENCE_US = 100 * 1000,
};

// The frame of one spatial layer.
struct viewer_part {
    struct mark mark;    // of any of its packets; count 0: nothing came
    uint64_t packets[4]; // which are there, as bits
    unsigned count;
};

// A picture: what has one timestamp. Its last packet bears the marker, whatever layers were
// left out.
struct viewer_frame {
    bool used;
    uint32_t timestamp;
    struct viewer_part parts[SPATIAL_MAX];
    bool ended; // the marker came, in this part:
    uint8_t last;
    uint64_t first_seq; // the lowest number of a frame that is in it
    uint64_t end_seq;   // behind its last packet
    int64_t whole_at;   // 0: not yet
};

struct viewer {
    int64_t opened_at;
    struct viewer_frame frames[VIEWER_FRAMES];
    bool begun;
    uint32_t timestamp; // of the last picture
    uint8_t layer;
    uint8_t spatial;
    uint32_t frame;
    uint64_t decoded;  // of the frames up to `frame`, a bit each, that itself lowest
    uint64_t next_seq; // of the packet behind the last picture
    int64_t shown_at;
    int64_t intervals[VIEWER_INTERVALS]; // a ring
    uint64_t interval_count;
    bool paused; // after these frames:
    uint32_t last_frames[3];
    int64_t interval_sum;

    // What came of it.
    int64_t first_us;  // from the opening to the first picture; 0: none came
    int64_t packet_at; // of the last
    uint64_t pictures;
    uint64_t skipped;  // pictures that were begun and never shown
    uint64_t switches; // of layers
    unsigned freezes;
    int64_t frozen_us;
    int64_t longest_us;                  // between two pictures
    uint8_t pictures_in[VIEWER_SECONDS]; // of each second since the opening
    uint8_t layer_in[VIEWER_SECONDS];    // the last one shown in it; NO_PICTURE
    uint32_t octets_in[VIEWER_SECONDS];
    int32_t gap_us_in[VIEWER_SECONDS]; // the longest between two pictures that ended in it
};

enum { NO_PICTURE = 0xff };

void viewer_open(struct viewer *v, int64_t now);
// A packet that came for the first time, in whatever order.
void viewer_packet(struct viewer *v, const struct mark *mark, bool marker, uint64_t seq,
                   uint32_t timestamp, size_t octets, int64_t now);
// One that has nothing in it.
void viewer_empty(struct viewer *v, uint64_t seq);
// Shows what has waited for something older for long enough.
void viewer_play(struct viewer *v, int64_t now);
// The camera is off: no picture after these, by layer, is missed until the next one comes.
void viewer_pause(struct viewer *v, const uint32_t last_frames[3]);
// What is not shown by now was never shown.
void viewer_close(struct viewer *v, int64_t now);

// Pictures a second, from second `from` of its life until `until`.
double viewer_rate(const struct viewer *v, unsigned from, unsigned until);
// The longest time without a new picture that ended then; up to the end, when none came.
int64_t viewer_longest(const struct viewer *v, unsigned from, unsigned until);
// The worst layer that was shown in any of these seconds; NO_PICTURE when nothing was in one.
uint8_t viewer_worst_layer(const struct viewer *v, unsigned from, unsigned until);
// The second of its life in which that moment is.
unsigned viewer_second(const struct viewer *v, int64_t at);
// kbit/s
double viewer_kbps(const struct viewer *v, unsigned from, unsigned until);
