// One peer connection as a browser has it: full ICE, DTLS client, SRTP. For simulations and for
// tests of the router; nothing here reads a clock or opens a socket.
#pragma once

#include "base/addr.h"
#include "base/batch.h"
#include "base/rng.h"
#include "base/text.h"
#include "rtc/codec.h"
#include "rtc/dtls.h"
#include "rtc/srtp.h"

#include <stdbool.h>
#include <stdint.h>

struct client {
    struct addr at;
    struct addr server;
    struct rng *rng;
    struct srtp_engine *engine;
    const struct dtls_identity *identity;
    char ufrag[9]; // ours
    char pwd[25];
    char remote_ufrag[33];
    char remote_pwd[65];
    struct dtls *dtls;
    bool checked;
    bool remb_only;  // knows no transport-wide numbers, as old browsers
    bool silent;     // nor rates: it tells nothing of its way
    struct srtp *in; // NULL before DTLS is up
    struct batch_path path;
};

enum client_input { CLIENT_NOTHING, CLIENT_RTP, CLIENT_RTCP };

void client_init(struct client *c, struct srtp_engine *engine,
                 const struct dtls_identity *identity, struct rng *rng, const char *at,
                 const char *server);
void client_dispose(struct client *c);
void client_new_credentials(struct client *c); // an ICE restart of ours

// Takes the server's ICE credentials from its description.
void client_take_remote(struct client *c, const char *sdp);

bool client_is_connected(const struct client *c);

// An ICE check that nominates. The answer to the first one starts DTLS.
void client_check(struct client *c, struct batch *out);

// A datagram of the server's; decrypts in place.
enum client_input client_receive(struct client *c, uint8_t *datagram, size_t len, int64_t now,
                                 struct batch *out, struct bytes *packet);

// Queues a plain RTP packet of a stream's extended number, and a compound RTCP packet.
void client_send_rtp(struct client *c, struct bytes packet, uint64_t index, struct batch *out);
void client_send_rtcp(struct client *c, struct bytes compound, struct batch *out);

// --- Descriptions ---

enum { CLIENT_TRACKS_MAX = 8 };

// A media section that we offer to publish.
struct client_section {
    bool video;
    bool stopped; // inactive from now on
    bool receives;
    char stream_id[40];
    char track_id[40];
    enum codec codec; // of pictures; CODEC_NONE is VP8
    unsigned layers;  // 1, or 3: sent with rids f, h, q
    unsigned without; // of three, those that this offer does not have: a bit each, best first
    bool red;         // sound is offered with what it repeats
    uint32_t ssrc;    // of one layer; told in the offer
    uint32_t rtx_ssrc;
    uint32_t fec_ssrc; // pictures of one layer are offered with sums (rtc/fec.h)
};

enum { // what our offers use
    CLIENT_PT_OPUS = 111,
    CLIENT_PT_RED = 63,
    CLIENT_PT_FEC = 35,
    CLIENT_PT_VP8 = 96,
    CLIENT_PT_RTX = 97,
    CLIENT_PT_VP9 = 98, // and its RTX behind it
    CLIENT_PT_AV1 = 45, // likewise
    CLIENT_EXT_MID = 4,
    CLIENT_EXT_RID = 10,
    CLIENT_EXT_REPAIRED_RID = 11,
    CLIENT_EXT_TWCC = 5,
    CLIENT_EXT_DEPENDENCY = 12,
    CLIENT_EXT_LEVEL = 14,
};

static inline uint8_t client_video_type(enum codec codec)
{
    return codec == CODEC_AV1   ? CLIENT_PT_AV1
           : codec == CODEC_VP9 ? CLIENT_PT_VP9
                                : CLIENT_PT_VP8;
}

// An offer with a data channel (mid 0) and the sections (mid 1 and up).
void client_write_offer(const struct client *c, const struct client_section *sections,
                        size_t count, struct text *sdp);

// The offer of somebody who only receives: sections of sound, then of pictures.
void client_write_watch(const struct client *c, size_t audio, size_t video, struct text *sdp);

// A media section that we are offered.
struct client_offered {
    bool active;
    bool stopped; // port 0
    char mid[8];
    char stream_id[72];
    char track_id[72];
    uint32_t ssrc;
    uint32_t rtx_ssrc;
};

// Reads a subscribe offer. Returns the number of media sections.
size_t client_read_offer(const char *sdp, struct client_offered *sections, size_t cap);
// The payload type of redundant sound in a description; 0: there is none.
uint8_t client_red_type(const char *sdp);
// The answer that accepts everything in `offer`.
void client_write_answer(const struct client *c, const char *offer, struct text *sdp);
