// All that a router can be told. A command is a struct that is moved: the sender forgets it,
// the router frees what it points to with command_dispose(). Ids are numbers that the bridge
// hands out and never reuses; what they mean to people is none of the router's business.
#pragma once

#include "rtc/codec.h"
#include "rtc/negotiate.h"

#include <stdbool.h>
#include <stdint.h>

enum command_kind {
    COMMAND_ENDPOINT_OPEN,  // a peer connection; a person has two
    COMMAND_ENDPOINT_CLOSE, // with its tracks or feeds
    COMMAND_OFFER,          // a publisher's offer: answered by NOTICE_ANSWER
    COMMAND_ANSWER,         // a subscriber's answer to our last offer
    COMMAND_WATCH,          // a viewer's offer: answered by NOTICE_ANSWER
    COMMAND_FRAGMENT,       // a client's SDP fragment: answered by NOTICE_ANSWER
    COMMAND_SEAT_LAYER,     // what a viewer wants of its sections: answered by NOTICE_ANSWER
    COMMAND_FEED_OPEN,      // send this track to this subscriber: NOTICE_OFFER follows
    COMMAND_FEED_CLOSE,
    COMMAND_FEED_LAYER,    // at most this quality; VIDEO_OFF stops
    COMMAND_TRACK_MUTE,    // the track is muted: no speaker, no key frame requests
    COMMAND_SCTP_SEND,     // an SCTP packet of the control thread's association
    COMMAND_TRACK_CAP,     // the track may need so much from now on
    COMMAND_SUBSCRIBE_CAP, // the subscriber may be sent so much from now on
    COMMAND_RESTART_ICE,   // subscribe endpoint: new credentials, NOTICE_OFFER follows
    COMMAND_FIGURES,       // what it did so far: NOTICE_FIGURES
    COMMAND_CANDIDATES,    // of all rooms: what is told to clients from now on
};

enum endpoint_kind { ENDPOINT_PUBLISH, ENDPOINT_SUBSCRIBE };

// Layers as people name them, which grow with what one sees; an index of layers falls. Of one
// that has no others beside it only VIDEO_OFF differs.
enum video_quality { VIDEO_OFF, VIDEO_LOW, VIDEO_MEDIUM, VIDEO_HIGH };

// What a publisher may send of a track: kbit/s; 0: no bound. See police.h.
struct track_cap {
    int kbps; // without simulcast
    // The encodings that are taken; none: the first that is offered, at `kbps`; where that is 0
    // too, all.
    struct {
        char rid[RID_LEN_MAX + 1];
        int kbps;
    } layers[LAYERS_MAX];
    size_t layer_count;
};

// What a subscriber may be sent: kbit/s of all its feeds together; 0: no bound. While losses
// stay over `loss_percent` (0: however high) for `degrade_us`, it is sent less, until they were
// below for `recover_us`.
struct subscribe_cap {
    int kbps;
    int loss_percent;
    int64_t degrade_us;
    int64_t recover_us;
};

// A track that a publish offer is expected to carry.
struct command_track {
    uint64_t track;
    char track_id[MSID_LEN_MAX + 1]; // the msid's, to be matched with the offer's sections
    struct track_cap cap;

    // Of an offer that is `whole`: what subscribers are told instead of the msid.
    enum media_kind kind;
    char stream_id[MSID_LEN_MAX + 1];
};

struct command {
    enum command_kind kind;
    uint64_t room;     // COMMAND_ENDPOINT_OPEN: rooms come into being with their first endpoint
    uint64_t endpoint; // all kinds but TRACK_*
    uint64_t track;    // FEED_*, TRACK_*
    uint64_t request;  // OFFER, WATCH, FRAGMENT, FIGURES: comes back in the answer
    union {
        struct {
            enum endpoint_kind kind;
            bool answers; // to subscribe: the client offers, by one COMMAND_WATCH (WHEP)
        } open;
        struct {
            char *sdp;
            struct command_track *tracks; // all that are published, new ones included
            size_t track_count;
            struct codec_preference preference;
            // From a client that knows no track ids (WHIP): a section is the first track of its
            // kind, and is refused with the whole offer when there is none.
            bool whole;
        } offer;
        struct {
            char *sdp;
        } answer;
        struct {
            char *sdp;
        } watch;
        struct {
            char *text;
        } fragment;
        struct {
            // The answer says what its sections of pictures have, a line for each: the best
            // that is wanted, what is sent, all there are, as digits of enum video_quality, and
            // the mid ("3 2 0123 1").
            bool chooses;
            char mid[MID_LEN_MAX + 1]; // of the section; "": of each that has pictures
            enum video_quality most;
        } seat;
        struct {
            // FEED_OPEN and FEED_LAYER; audio: VIDEO_OFF or VIDEO_HIGH
            enum video_quality quality;
            bool ahead; // FEED_OPEN: before others where there is too little room: a screen
            uint8_t priority; // FEED_OPEN: of the publisher's role; 1 is the highest
        } feed;
        struct {
            bool muted;
            bool held; // by somebody else: nothing of it is sent to anybody
        } mute;
        struct track_cap cap;
        struct subscribe_cap subscribe_cap;
        struct {
            struct addr *list;
            size_t count;
        } candidates;
        struct {
            uint8_t *packet;
            size_t len;
        } sctp;
    };
};

// Whether its sender waits for NOTICE_ANSWER.
static inline bool command_is_answered(const struct command *c)
{
    return c->kind == COMMAND_OFFER || c->kind == COMMAND_WATCH ||
           c->kind == COMMAND_FRAGMENT || c->kind == COMMAND_SEAT_LAYER;
}

// What it takes to carry out, in parts of about 1.5 us: a description costs 8 for each of its
// sections, of 400 octets at least.
size_t command_cost(const struct command *c);

void command_dispose(struct command *c); // frees what it points to
