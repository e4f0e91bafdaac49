// The receiving end of one feed: asks for what is missing, as a browser does, and judges the
// stream that it was sent.
#pragma once

#include "base/text.h"
#include "rtc/codec.h"
#include "rtc/nack.h"
#include "rtc/report.h"
#include "rtc/rtp.h"
#include "rtc/seq.h"
#include "tests/sim/continuity.h"
#include "tests/sim/listener.h"
#include "tests/sim/source.h"
#include "tests/sim/viewer.h"

#include <stdbool.h>
#include <stdint.h>

struct sink_packet {
    bool present;
    bool empty; // no payload
    bool marker;
    uint32_t timestamp;
    uint16_t picture_id;
    uint8_t tl0;
    struct mark mark;
    uint64_t hash; // of timestamp and payload
};

struct sink {
    bool video;
    enum codec codec;
    uint32_t ssrc;
    uint32_t rtx_ssrc;
    uint8_t red_type; // payload type of redundant sound; 0: there is none
    char track[40];   // its id
    struct seq seq;
    uint64_t base; // extended number of packets[0]
    struct sink_packet *packets;
    size_t count; // up to the highest number
    size_t cap;
    struct nack nack;
    struct report_receiver report;
    uint64_t closed_at; // highest number when the feed was closed; 0: it is open
    bool key_wanted;    // something was given up
    int64_t key_asked_at;
    uint64_t received;
    uint64_t repaired;
    uint64_t duplicates;
    const char *fault; // what was wrong on arrival already
    bool degraded;     // as the server told: it sends less than was asked for
    // What somebody sees or hears of it; NULL: nobody looks.
    struct viewer *viewer;
    struct listener *listener;
    struct continuity *continuity; // NULL: it asks for whatever is missing
};

void sink_init(struct sink *s, enum codec codec, const char *track, uint32_t ssrc,
               uint32_t rtx_ssrc);
void sink_dispose(struct sink *s);

// From now on somebody sees or hears it; `forgetful`: by libwebrtc's receiver, which forgets
// what is missing before a frame that goes on without.
void sink_watch(struct sink *s, bool forgetful, int64_t now);

// Whether the packet is this sink's; then it was taken.
bool sink_receive(struct sink *s, const struct rtp_packet *packet, int64_t now);
// What the receiver asks for now: NACK, PLI.
void sink_feedback(struct sink *s, int64_t now, struct writer *w);

// The feed is closed: what is missing of its last packets will not come any more.
void sink_close(struct sink *s);

// Whether everything in it is of one piece, whatever is missing; `why` says what is not.
bool sink_is_sound(const struct sink *s, struct text *why);

// Whether the whole stream is what a decoder needs; `why` says what is not.
bool sink_check(const struct sink *s, struct text *why);
