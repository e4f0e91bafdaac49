// What somebody hears of one microphone: a jitter buffer that is played from every 20 ms, and
// counts how often it has to invent sound (concealment), as NetEq of libwebrtc does in the
// large: it keeps as much in hand as 97 % of the packets need, waits when it is empty, and goes
// on without a packet when later ones are there.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    LISTENER_KEPT = 256, // frames
    LISTENER_BUCKETS = 50,
    LISTENER_FRAME_US = 20 * 1000,
};

struct listener {
    bool there[LISTENER_KEPT]; // a ring, by number of the frame
    bool spare[LISTENER_KEPT]; // came in another packet: redundant, or as in-band FEC
    bool begun;
    uint32_t next; // to be played
    uint32_t highest;
    int64_t due; // when the next is played

    // How late packets are, in steps of a frame: shares that fade.
    double late[LISTENER_BUCKETS];
    int64_t base_us;     // the quickest way of a packet, lately
    int64_t new_base_us; // since base_at
    int64_t base_at;

    uint64_t played; // frames, invented ones among them
    uint64_t concealed;
    uint64_t recovered; // frames that were only spare
    uint64_t hurried;   // frames left out to come down to the target
    uint64_t longest;   // concealed in a row
    uint64_t in_row;
};

// Frame `frame` of the microphone, counted by 20 ms.
void listener_packet(struct listener *l, uint32_t frame, int64_t now);
// Frame `frame` was in another frame's packet.
void listener_spare(struct listener *l, uint32_t frame);
// Plays what is due by `now`.
void listener_play(struct listener *l, int64_t now);

// Parts of a hundred of what was played that were invented.
double listener_concealed(const struct listener *l);
// How much it keeps in hand, in frames.
unsigned listener_target(const struct listener *l);
