// All that a router can be told. A command is a struct that is moved: the sender forgets it,
// the router frees it with command_free(). Ids are numbers that the bridge hands out and never
// reuses; what they mean to people is none of the router's business.
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
    COMMAND_FEED_OPEN,      // send this track to this subscriber: NOTICE_OFFER follows
    COMMAND_FEED_CLOSE,
    COMMAND_FEED_LAYER,  // at most this layer; LAYER_NONE stops
    COMMAND_TRACK_MUTE,  // the track is muted: no speaker, no key frame requests
    COMMAND_SCTP_SEND,   // an SCTP packet of the control thread's association
    COMMAND_RESTART_ICE, // subscribe endpoint: new credentials, NOTICE_OFFER follows
};

enum endpoint_kind { ENDPOINT_PUBLISH, ENDPOINT_SUBSCRIBE };

// Simulcast layers as people name them; a stream without layers counts as LAYER_HIGH.
enum layer { LAYER_NONE, LAYER_LOW, LAYER_MEDIUM, LAYER_HIGH };

// A track that a publish offer is expected to carry.
struct command_track {
    uint64_t track;
    char track_id[MSID_LEN_MAX + 1]; // the msid's, to be matched with the offer's sections
};

struct command {
    enum command_kind kind;
    uint64_t room;     // COMMAND_ENDPOINT_OPEN: rooms come into being with their first endpoint
    uint64_t endpoint; // all kinds but TRACK_MUTE
    uint64_t track;    // FEED_*, TRACK_MUTE
    uint64_t request;  // OFFER: comes back in the answer
    union {
        struct {
            enum endpoint_kind kind;
        } open;
        struct {
            char *sdp;
            struct command_track *tracks; // all that are published, new ones included
            size_t track_count;
            struct codec_preference preference;
        } offer;
        struct {
            char *sdp;
        } answer;
        struct {
            enum layer layer; // FEED_OPEN and FEED_LAYER; audio: LAYER_NONE or LAYER_HIGH
        } feed;
        struct {
            bool muted;
            bool held; // by somebody else: nothing of it is sent to anybody
        } mute;
        struct {
            uint8_t *packet;
            size_t len;
        } sctp;
    };
};

void command_dispose(struct command *c); // frees what it points to
