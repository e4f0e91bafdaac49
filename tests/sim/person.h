// Somebody in a simulated meeting: the part of a browser that talks to the server, its two
// connections, a microphone and a camera, and what it gets of the others.
#pragma once

#include "tests/sim/client.h"
#include "tests/sim/downlink.h"
#include "tests/sim/message.h"
#include "tests/sim/sink.h"
#include "tests/sim/source.h"
#include "tests/sim/uplink.h"

#include <stdbool.h>
#include <stdint.h>

enum { SINKS_MAX = 64 };

struct person {
    unsigned number; // addresses are 10.N.*.*
    unsigned life;   // grows each time it comes in
    uint64_t peer;   // of room/; 0: it is not known there
    bool present;
    int64_t enter_at;
    bool publishes;
    bool views; // comes by WHEP
    bool joined;
    struct client publish;
    struct client subscribe;
    uint16_t twcc;        // the next transport-wide number
    struct uplink uplink; // of plays that are judged by what people see
    struct downlink downlink;
    // Key frames of the camera that the server asked for:
    int64_t asked_second;
    uint32_t asked_before[3]; // that second, of each layer
    uint32_t most_asked;      // of one layer in a second
    struct client_section sections[2];
    struct source sources[2]; // microphone, camera
    struct sink *sinks;       // one for each section that was ever offered
    size_t sink_count;
    int64_t first_packet_at; // of media that it gets; 0: none came
    int64_t next_audio_at;
    int64_t next_video_at;
    int64_t next_report_at;
    int64_t next_feedback_at;
    int64_t next_check_at;
    int64_t next_whim_at;
};

struct meeting_sim;
struct parcel;

void person_enter(struct meeting_sim *m, struct person *p);
// Leaves without waiting for what is still missing in its own streams.
void person_leave(struct meeting_sim *m, struct person *p);
// One step of its life: media, feedback, whims.
void person_live(struct meeting_sim *m, struct person *p);
// A datagram of the router's.
void person_receive(struct meeting_sim *m, struct person *p, struct parcel *parcel);
// What the server says to it.
void person_hear(struct meeting_sim *m, struct person *p, const struct message *message);

// Everything that it was sent is what decoders need.
void person_judge(struct meeting_sim *m, struct person *p);
void person_forget(struct person *p);
