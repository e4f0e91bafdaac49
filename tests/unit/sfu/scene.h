// A router with clients around it on a network that loses nothing and takes no time.
#pragma once

#include "sfu/router.h"
#include "tests/sim/client.h"
#include "tests/sim/source.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SCENE_CLIENTS_MAX = 40,
    SCENE_ARRIVALS_MAX = 64,
    SCENE_PACKETS_MAX = 2048,
    SCENE_ROOM = 1
};

// An RTP packet as a subscriber got it, decrypted.
struct scene_packet {
    uint32_t ssrc;
    uint16_t seq;
    uint32_t timestamp;
    uint8_t payload_type;
    bool marker;
    uint16_t len; // of the payload
    uint8_t payload[1300];
};

struct scene_client {
    struct client client;
    uint64_t endpoint;
    enum endpoint_kind kind;
    struct batch out;
    uint16_t twcc;
    struct client_section sections[CLIENT_TRACKS_MAX];
    size_t section_count;
    struct source sources[CLIENT_TRACKS_MAX];
    size_t source_count;

    // Subscribers:
    struct client_offered offered[SDP_SECTIONS_MAX]; // of the last offer
    size_t offered_count;
    unsigned offers;
    unsigned wrong_steps; // of sections, which a browser would not take
    bool mute;            // does not answer offers
    char *last_offer;     // of the router; its answer to a viewer
    struct scene_packet *got;
    size_t got_count;
    unsigned reports; // sender reports received
    uint64_t report_ntp;
    uint32_t report_rtp;

    // Publishers, of what the router sent to them:
    unsigned plis, nacks, twccs, receiver_reports;
    int64_t arrivals[SCENE_ARRIVALS_MAX]; // as the last of those feedbacks told
    size_t arrival_count;
};

struct scene {
    struct srtp_engine *engine;
    struct dtls_identity *identity;
    struct rng rng;
    struct router *router;
    int64_t now;
    struct batch out;
    struct notice_list notices; // made and not yet looked at
    struct notice_list log;     // all but offers, answers
    struct scene_client clients[SCENE_CLIENTS_MAX];
    size_t client_count;
    int64_t apart_us; // datagrams of a pass arrive, and wait for the router until the last does
    bool drop_rtp_to_clients; // the network loses media
    bool agrees_to_numbers;   // a subscriber that comes: none tells what arrived
    bool agrees_to_rates;     // likewise, to tell rates instead
    bool stop;                // nothing more is delivered
    int last_answer_err;
    size_t last_answer_tracks;
    bool red;          // viewers take sound that repeats itself
    bool no_rtx;       // viewers have no retransmission stream
    bool no_channel;   // publishers offer no data channel
    bool all_is_sound; // as they tell the room, whatever they offer
    char *last_answer;
};

void scene_open(struct scene *s);
void scene_close(struct scene *s);

// Delivers everything, again and again, until nothing more happens at this moment.
void scene_settle(struct scene *s);
// Moves time in steps of `step_us` and settles after each.
void scene_pass(struct scene *s, int64_t span_us, int64_t step_us);

// A connected endpoint. The publisher offers `sections`, as tracks number first_track and up.
struct scene_client *scene_publisher(struct scene *s, uint64_t endpoint,
                                     const struct client_section *sections, size_t count,
                                     uint64_t first_track);
struct scene_client *scene_subscriber(struct scene *s, uint64_t endpoint);
// A connected viewer, whose one offer has `audio` and `video` sections to receive with; `codec`
// is the only video that it decodes. What was answered is in `offered`.
struct scene_client *scene_viewer(struct scene *s, uint64_t endpoint, size_t audio,
                                  size_t video, const char *codec);
// Offers the publisher's sections again, with their `stopped` flags.
void scene_offer(struct scene *s, struct scene_client *c, uint64_t first_track);

void scene_command(struct scene *s, struct command command);
void scene_feed(struct scene *s, enum command_kind kind, uint64_t endpoint, uint64_t track,
                enum video_quality quality);

// Sends a frame of source `i` of the publisher, and a compound of a subscriber.
void scene_frame(struct scene *s, struct scene_client *c, size_t i);
void scene_rtcp(struct scene *s, struct scene_client *c, const struct writer *w);

size_t scene_count(const struct scene *s, enum notice_kind kind); // in the log
const struct notice *scene_last(const struct scene *s, enum notice_kind kind);

extern const struct client_section scene_audio;
extern const struct client_section scene_video;
extern const struct client_section scene_both[2]; // those two
extern const struct client_section scene_simulcast;
