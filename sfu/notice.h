// All that a router has to tell. A notice is moved to its receiver, who frees it with
// notice_dispose().
#pragma once

#include "rtc/transport.h"
#include "sfu/command.h"

#include <stdbool.h>
#include <stdint.h>

enum notice_kind {
    NOTICE_ANSWER,    // to COMMAND_OFFER, _WATCH, _FRAGMENT: the answer, or why there is none
    NOTICE_OFFER,     // a subscriber's next offer; never two outstanding
    NOTICE_CONNECTED, // ICE and DTLS are up (again), or a data channel was agreed on since
    NOTICE_CLOSED,    // the transport failed or fell silent; the endpoint stays until closed
    NOTICE_TRACK_UP,  // first media packet of a track
    NOTICE_FED,       // the first media packet of all to a subscriber
    NOTICE_SCTP,      // a decrypted SCTP packet
    NOTICE_SPEAKERS,  // who talks, when that changed: at most one a second for each room
    NOTICE_QUALITY,   // how a subscriber's downlink does
    NOTICE_LAYER,     // what a subscriber gets of a track's pictures, when that changed
    NOTICE_DEMAND,    // the most of a track that anybody has use for, when that changed
    NOTICE_FIGURES,   // to COMMAND_FIGURES
};

enum { SPEAKERS_MAX = 8 };

struct notice_speaker {
    uint64_t track;
    uint8_t level; // 1..100
};

struct figures; // sfu/figures.h

struct notice {
    enum notice_kind kind;
    uint64_t room;
    uint64_t endpoint;
    uint64_t track; // TRACK_UP, LAYER, DEMAND
    union {
        struct {
            uint64_t request;
            int err;          // 0, or ERR_*; then `text` says what is wrong with which line
            char *text;       // the answer's SDP; "" to a fragment that only adds candidates
            uint64_t *tracks; // those that the offer sends; of the command's list
            size_t track_count;
        } answer;
        struct {
            char *sdp;
        } offer;
        struct {
            bool dtls_client;   // our role
            uint16_t sctp_port; // the peer's; 0: no data channel was agreed on
        } connected;
        struct {
            enum transport_close reason;
        } closed;
        struct {
            uint8_t *packet;
            size_t len;
        } sctp;
        struct {
            struct notice_speaker list[SPEAKERS_MAX]; // loudest first
            size_t count;                             // 0: silence
        } speakers;
        struct {
            uint8_t downlink_score; // 0..5
        } quality;
        struct {
            enum video_quality most;
        } demand;
        struct {
            uint64_t request;
            struct figures *are; // NULL: the endpoint is closed
        } figures;
        struct {
            enum video_quality current;
            enum video_quality expected; // as the client asked
            bool subscriber_degraded;    // less than that, as its line has no room for more
            bool publisher_degraded;     // less than that, as the publisher sends no more
        } layer;
    };
};

void notice_dispose(struct notice *n);

// Notices in the order in which they were made.
struct notice_list {
    struct notice *at;
    size_t count;
    size_t cap;
};

struct notice *notice_add(struct notice_list *list, enum notice_kind kind);
void notice_list_clear(struct notice_list *list); // disposes what is still in it, keeps memory
void notice_list_dispose(struct notice_list *list);
