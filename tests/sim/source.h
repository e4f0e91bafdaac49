// A camera or a microphone of a simulated browser. Each packet carries a mark that says what it
// is, so that a receiver can judge whatever reaches it.
#pragma once

#include "tests/sim/client.h"
#include "tests/sim/shape.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SOURCE_KEPT = 1024, // packets kept for retransmission
    SOURCE_PACKET_MAX = 1300,
    VIDEO_FRAME_US = 33333,
    AUDIO_FRAME_US = 20000,
    MARK_LEN = 16,
    MARK_AT_MAX = 40, // in front of it
    SOURCE_PADDING_MAX = 255,
    SOURCE_RED_MAX = 255,
    SOURCE_DESCRIPTOR_MAX = 80,
};

// Reads the mark behind the payload descriptor; false when there is none.
bool mark_read(struct mark *mark, bool video, struct bytes payload);
// The same of sound that may be redundant (RFC 2198): of the packet's own frame.
bool mark_read_red(struct mark *mark, struct bytes payload);

struct source_packet {
    uint32_t timestamp;
    uint8_t descriptor_len;
    uint8_t descriptor[SOURCE_DESCRIPTOR_MAX];
    uint16_t len;
    uint8_t at[SOURCE_PACKET_MAX];
};

struct source_layer {
    uint32_t ssrc;
    uint32_t rtx_ssrc;
    uint64_t seq; // of the next packet, extended
    uint64_t rtx_seq;
    uint32_t timestamp_base;
    uint16_t picture_id;
    uint8_t tl0;
    uint32_t frame;
    unsigned packets_per_frame; // of a delta frame; a key frame has four times as many
    unsigned kbps;              // its frames are as large as this rate allows; 0: as above
    unsigned cycle;             // pictures since the last key picture, of four
    unsigned debt;              // octets of a key frame that the frames after it pay for
    uint16_t number_base;       // of frames in dependency descriptors, before the first
    uint32_t keys;              // key pictures so far
    bool key_wanted;
    uint32_t asked; // key frames, by the server
    uint32_t packets;
    uint32_t octets;
    struct source_packet *kept; // SOURCE_KEPT of them, by sequence number
};

struct source {
    struct client *client;
    uint16_t *twcc; // the client's next transport-wide number
    bool video;
    struct shape shape;
    char mid[4];
    unsigned layer_count;
    struct source_layer layers[3]; // best first
    bool paused[3];                // the encoder dropped this layer
    uint8_t level;                 // -dBov
    bool no_level;                 // packets do not say it
    int64_t clock_us;              // that its NTP clock is further ahead than others'
    int clock_ppm;                 // that its clocks run faster
    bool off;                      // muted: nothing is sent
    uint8_t red_type; // sound is sent with the frame before it (RFC 2198); 0: alone
    bool unrepeated;  // nothing of the last temporal layer is sent again
    bool fec;         // Opus repeats the frame before, as packets are lost
    uint8_t red_len;  // of the frame before
    uint8_t red_frame[SOURCE_RED_MAX];
    uint32_t key_frames_asked;
    uint32_t retransmitted;
};

void source_init(struct source *s, struct client *c, uint16_t *twcc,
                 const struct client_section *section, size_t mid, struct rng *rng);
void source_dispose(struct source *s);

// Pictures of the size that encoders make them, for `kbps` in all: what simulcast of libwebrtc
// gives to each layer, which is nothing to the upper ones when it is little. Layers that come
// back begin with a key frame.
void source_allot(struct source *s, unsigned kbps);
// What all of it takes at most: kbit/s.
unsigned source_most(const struct source *s);

// The layer is another stream from now on, as when a browser makes its encoder anew.
void source_change_ssrc(struct source *s, unsigned layer, struct rng *rng);

// One frame of every layer. `now` decides timestamps.
void source_frame(struct source *s, int64_t now, struct batch *out);
// A packet of so many octets of padding only, on the best layer that is sent.
void source_probe(struct source *s, size_t padding_len, int64_t now, struct batch *out);
// Sender reports of all layers.
void source_report(struct source *s, int64_t now, struct batch *out);
// Feedback from the server: key frame requests and NACKs.
void source_feedback(struct source *s, struct bytes compound, struct batch *out);
