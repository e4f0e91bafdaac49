// Offer and answer (RFC 3264, RFC 8829) as an SFU needs them: what a publisher's offer means
// and what we answer; what we offer to a subscriber and what its answer means. Bytes in,
// structs and text out; the SDP grammar is in rtc/sdp.h.
#pragma once

#include "base/addr.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/text.h"
#include "rtc/codec.h"
#include "rtc/h264_profile.h"
#include "rtc/transport.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MID_LEN_MAX = 16,
    RID_LEN_MAX = 16,
    MSID_LEN_MAX = 64,
    CNAME_LEN = 16, // of the names that we make
    LAYERS_MAX = 3,
};

enum media_kind { MEDIA_AUDIO, MEDIA_VIDEO, MEDIA_APPLICATION };

// Ids of the header extensions that we use (RFC 8285); 0 where not negotiated.
struct extension_ids {
    uint8_t mid;          // RFC 9143
    uint8_t rid;          // RFC 8852
    uint8_t repaired_rid; // RFC 8852
    uint8_t twcc;         // transport-wide congestion control, draft-holmer-rmcat-01
    uint8_t abs_send_time;
    uint8_t audio_level; // RFC 6464
    uint8_t orientation; // 3GPP TS 26.114, urn:3gpp:video-orientation
    uint8_t playout_delay;
    uint8_t dependency; // AV1 dependency descriptor
};

// One codec of a section, with the payload types that the SDP gives it.
struct negotiated_codec {
    enum codec codec;
    uint8_t payload_type;
    uint8_t rtx_payload_type; // 0: no retransmission stream
    uint32_t clock_rate;      // Hz
    bool nack;
    bool pli;
    bool fir;
    bool twcc;
    bool remb;
    char fmtp[256]; // the codec's own parameters, "" for none
    // CODEC_H264; 0 of others
    enum h264_profile profile;
    bool single; // one NAL unit a packet (packetization-mode 0)
    // Opus: beside it what repeats it (rtc/red.h), if the client has that; 0: it has not.
    uint8_t red_payload_type;
    bool red_first; // the client prefers it
};

// What our side of a connection says in every description it makes.
struct local_description {
    const char *ufrag;
    const char *pwd;
    const uint8_t *fingerprint;    // FINGERPRINT_LEN octets of sha-256
    bool dtls_client;              // our role in DTLS, as answers say it
    const struct addr *candidates; // host candidates, all UDP, best first
    size_t candidate_count;
    uint64_t session_id;      // of the o= line
    uint64_t session_version; // grows with each description
};

// --- Publishing: the client offers, we answer ---

struct publish_layer {
    char rid[RID_LEN_MAX + 1]; // "" when there is one encoding without a rid
    uint32_t ssrc;             // 0 when it is only known from the rid extension
    uint32_t rtx_ssrc;         // 0 when unknown or none
};

// What repairs the one encoding of a section by sums (rtc/fec.h).
struct publish_fec {
    uint8_t payload_type; // 0: nothing does
    uint32_t ssrc;        // 0 as above
    bool twcc;
    struct bytes fmtp; // a view of the offer's text
};

// What the answer repeats of an offered section: views of the offer's text.
struct publish_offered {
    struct bytes media;
    struct bytes protocol;
    struct bytes formats;
    struct bytes mid;
    bool rtcp_mux_only;
    bool rtcp_rsize;
};

// A media section of a publisher's offer, as answered.
struct publish_section {
    uint32_t line; // of its m=
    struct publish_offered offered;
    char mid[MID_LEN_MAX + 1];
    enum media_kind kind;
    bool sending;      // offered as sendonly or sendrecv, with a codec that we forward
    bool stopped;      // port 0 in the answer: stopped by the client, or nothing that we do
    const char *cause; // of that, for people
    char stream_id[MSID_LEN_MAX + 1];
    char track_id[MSID_LEN_MAX + 1];
    struct negotiated_codec codec; // the one that the answer chose
    struct extension_ids extensions;
    struct publish_layer layers[LAYERS_MAX]; // in the order of a=simulcast, best first
    uint8_t layer_count;                     // 1 without simulcast
    struct publish_fec fec;
    bool simulcast;            // offered; the answer takes some of it
    uint16_t sctp_port;        // MEDIA_APPLICATION
    uint32_t max_message_size; // MEDIA_APPLICATION; 0 = any
    bool opus_dtx;             // the answer asks for usedtx=1
    int max_kbps;              // the answer asks for no more; 0: does not say
};

struct publish_offer {
    // Without ufrag when every section is stopped: then there is nothing to connect.
    struct transport_remote remote;
    struct publish_section sections[SDP_SECTIONS_MAX];
    size_t section_count;
};

// How codecs are chosen: the first of these that the section offers, then any we forward.
struct codec_preference {
    enum codec video; // of the role's policy
    bool opus_dtx;    // ask the publisher for usedtx=1
};

// Reads an offer, and writes the answer to it. `offer` is large: keep one per thread. A section
// that we cannot serve is answered with port 0; only a broken offer is refused, and one without
// ICE credentials or sha-256 fingerprint, or one of which more is in use than SDP_LIVE_LEN_MAX
// and SDP_LIVE_SECTIONS_MAX. Then `why` names the line: ERR_MALFORMED, ERR_UNSUPPORTED,
// ERR_FULL.
int negotiate_publish(struct bytes offer_sdp, const struct codec_preference *preference,
                      struct publish_offer *offer, struct text *why);
// The text of the offer is there still.
void negotiate_publish_answer(const struct publish_offer *offer,
                              const struct local_description *local, struct text *answer_sdp);

// Whether an offer that was read can be served whole: RFC 9725 sections 4.4.2 and 4.4.3 want an
// offer refused of which a section would be. At most one section of audio and one of video,
// each sending, at least one of them. 0; or ERR_UNSUPPORTED, and `why` names the line.
int negotiate_whole(const struct publish_offer *offer, struct text *why);

// --- Subscribing: we offer, the client answers ---

enum { SUBSCRIBE_SECTIONS_MAX = SDP_SECTIONS_MAX - 1 }; // one is the data channel's

// A section that we offer. The life of a place in the list, one offer for each step at least:
//
//     active -> inactive -> stopped -> active with a new mid, for another track
//
// An inactive section is never made active again: Chromium would report the old track's id.
// Stopped (port 0) its place may be used again, for the same kind of media or another; both
// browsers then report the new track. Firefox reports the removal of a track only at inactive.
enum section_state { SECTION_ACTIVE, SECTION_INACTIVE, SECTION_STOPPED };

struct subscribe_section {
    uint32_t mid; // plain decimal number, never used again; mid 0 is the data channel's
    enum media_kind kind;
    enum section_state state;
    char stream_id[MSID_LEN_MAX + 1];
    char track_id[MSID_LEN_MAX + 1];
    enum codec codec;
    char fmtp[256]; // of the publisher's codec
    enum h264_profile profile;
    uint32_t ssrc;
    uint32_t rtx_ssrc;         // 0: none
    char cname[CNAME_LEN + 1]; // the same for all tracks of a publisher, for lip-sync
};

// The payload types and extension ids that our offers use, the same in every section.
uint8_t negotiate_payload_type(enum codec codec, enum h264_profile profile);
uint8_t negotiate_rtx_payload_type(enum codec codec, enum h264_profile profile); // 0: audio
enum { NEGOTIATE_RED = 63 }; // Opus that is repeated (rtc/red.h), beside Opus that is not
extern const struct extension_ids negotiate_extensions;

// Writes an offer: section 0 is the data channel's, then `sections`, at most
// SUBSCRIBE_SECTIONS_MAX.
void negotiate_subscribe_offer(const struct subscribe_section *sections, size_t count,
                               const struct local_description *local, struct text *offer_sdp);

// What the answer said of one section.
struct subscribe_accepted {
    enum section_state state; // active: the client will decode it
    // Its packets are to carry transport-wide numbers, of which the client tells what came. One
    // that it does not count must not have any: it would read as lost.
    bool twcc;
    bool remb;       // the client tells a rate, for want of those
    bool red;        // sound may come under NEGOTIATE_RED too, packet by packet
    bool dependency; // the client reads dependency descriptors
};

struct subscribe_answer {
    struct transport_remote remote;
    uint16_t sctp_port; // 0: data channel refused
    struct subscribe_accepted sections[SDP_SECTIONS_MAX];
    size_t section_count; // without the data channel's
};

// Reads the answer to an offer of `section_count` sections. On failure `why` names the line.
int negotiate_subscribe(struct bytes answer_sdp, size_t section_count,
                        struct subscribe_answer *answer, struct text *why);
