// The grammar of session descriptions: text to struct and back. RFC 8866, with the attributes
// that WebRTC uses (RFC 8829 section 5). What an offer means is rtc/negotiate.h's business.
//
// Nothing is copied, and reading allocates nothing: a parsed description is full of views into
// its text. Attributes that we have no use for are skipped; a broken one is an error that names
// its line.
#pragma once

#include "base/addr.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SDP_SSRCS_MAX = 64, SDP_RIDS_MAX = 16 }; // in a section; ERR_FULL beyond

enum sdp_kind { SDP_AUDIO, SDP_VIDEO, SDP_APPLICATION, SDP_OTHER };
enum sdp_protocol { SDP_RTP, SDP_SCTP, SDP_PROTOCOL_OTHER }; // RTP is UDP/TLS/RTP/SAVPF only
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE };
enum sdp_setup { SDP_SETUP_NONE, SDP_ACTPASS, SDP_ACTIVE, SDP_PASSIVE, SDP_HOLDCONN };

enum sdp_feedback { // bits; a=rtcp-fb of RFC 4585, RFC 5104, and two of Google's
    SDP_NACK = 1,
    SDP_NACK_PLI = 2,
    SDP_CCM_FIR = 4,
    SDP_TRANSPORT_CC = 8,
    SDP_GOOG_REMB = 16,
};

struct sdp_format {
    uint8_t payload_type; // 0..127
    uint8_t channels;     // of a=rtpmap; 0 when it names none
    uint8_t feedback;     // bits of enum sdp_feedback
    uint32_t clock_rate;  // 0 without a=rtpmap
    struct bytes encoding;
    struct bytes fmtp;
};

struct sdp_extension { // RFC 8285 section 8
    uint16_t id;       // 1..4095
    enum sdp_direction direction;
    struct bytes uri;
};

struct sdp_rid { // RFC 8851
    struct bytes id;
    bool send;
    struct bytes restrictions; // "max-width=1280"; usually empty
};

struct sdp_ssrc { // RFC 5576
    uint32_t ssrc;
    uint32_t rtx_ssrc; // second of its a=ssrc-group:FID; 0 when there is none
    uint32_t fec_ssrc; // second of its a=ssrc-group:FEC-FR (RFC 5956); 0 when there is none
    bool is_fec;       // second of another's
    struct bytes cname;
    struct bytes stream_id; // the old a=ssrc:N msid:
    struct bytes track_id;
};

enum sdp_candidate_type { SDP_HOST, SDP_SRFLX, SDP_PRFLX, SDP_RELAY, SDP_END };

struct sdp_candidate { // RFC 8839 section 5.1
    struct bytes foundation;
    uint16_t component;
    bool udp;
    bool tcp;
    uint32_t priority;
    struct bytes address; // as written; names (mDNS, RFC 8828) are not resolved
    struct addr addr;     // all zero when `address` is a name
    uint16_t port;
    enum sdp_candidate_type type; // SDP_END: the empty line that says "no more"
    struct bytes rest;            // raddr, rport, tcptype and extensions, verbatim
};

// Attributes that may stand once for the session or in each section; a section has what holds
// for it.
struct sdp_transport {
    struct bytes ufrag;
    struct bytes pwd;
    struct bytes fingerprint_hash; // "sha-256"; preferred when several are given
    struct bytes fingerprint;      // "6B:8B:..."
    enum sdp_setup setup;
};

struct sdp_section {
    uint32_t line; // of its m=, the first is 1
    size_t len;    // octets of its lines
    enum sdp_kind kind;
    enum sdp_protocol protocol;
    struct bytes media;         // as written
    struct bytes protocol_text; // as written
    struct bytes formats_text;  // as written
    uint16_t port;
    uint64_t tias_bps; // RFC 3890, written only; 0: does not say
    bool bundle_only;  // RFC 9143 section 6: port 0 does not mean rejected
    enum sdp_direction direction;
    struct sdp_transport transport;
    struct bytes mid;
    struct bytes stream_id; // of the first a=msid
    struct bytes track_id;
    bool rtcp_mux;
    bool rtcp_mux_only; // RFC 8858: repeated where it is offered
    bool rtcp_rsize;
    bool extmap_allow_mixed; // here or for all sections: RFC 8285 section 6
    bool end_of_candidates;
    struct bytes simulcast_send; // "f;h;q" (RFC 8853)
    struct bytes simulcast_recv;
    uint16_t sctp_port;        // 0: not given
    uint64_t max_message_size; // of RFC 8841; only when has_max_message_size
    bool has_max_message_size;

    struct sdp_format formats[SDP_FORMATS_MAX];
    size_t format_count;
    struct sdp_extension extensions[SDP_EXTENSIONS_MAX];
    size_t extension_count;
    struct sdp_rid rids[SDP_RIDS_MAX];
    size_t rid_count;
    struct sdp_ssrc ssrcs[SDP_SSRCS_MAX];
    size_t ssrc_count;
    size_t candidate_first; // in sdp.candidates
    size_t candidate_count;
};

// A section takes some 8 KiB, so there are as many as the description has: sdp_new().
struct sdp {
    struct bytes origin; // what follows "o="
    size_t session_len;  // octets of the lines before the first section
    bool ice_lite;
    bool msid_semantic; // sdp_write() only: that a=msid names WebRTC media streams
    struct bytes bundle[SDP_SECTIONS_MAX]; // mids of the first a=group:BUNDLE
    size_t bundle_count;
    struct sdp_section *sections;
    size_t section_count;
    size_t section_cap;
    struct sdp_candidate candidates[SDP_CANDIDATES_MAX];
    size_t candidate_count;
};

// An empty description with room for `section_cap` sections; for mem_free().
struct sdp *sdp_new(size_t section_cap);
// How many sections a text has, at most SDP_SECTIONS_MAX.
size_t sdp_count_sections(struct bytes text);

struct sdp_error {
    uint32_t line; // the first is 1
    const char *what;
};

// Reads a description. Returns 0, or ERR_MALFORMED or ERR_FULL (a bound of base/limits.h, or
// more sections than there is room for) with `error` filled in.
int sdp_parse(struct sdp *sdp, struct bytes text, struct sdp_error *error);

// Whether a section is in use: neither stopped nor inactive.
bool sdp_is_live(const struct sdp_section *s);

// Writes what sdp_parse() would read as the same struct; `line` is not looked at.
void sdp_write(const struct sdp *sdp, struct text *out);

// A candidate line, with or without "a=" or "candidate:" in front; the empty line becomes
// SDP_END. Returns 0 or ERR_MALFORMED.
int sdp_parse_candidate(struct sdp_candidate *candidate, struct bytes line);

// A parameter of a=fmtp: "apt" of "apt=96;rtx-time=3000". False when it is not there.
bool sdp_parameter(struct bytes fmtp, const char *name, struct bytes *value);

// Cuts the next word off `rest` at `separator`, which is dropped.
struct bytes sdp_cut(struct bytes *rest, char separator);
// Reads a decimal number of at most `max` that fills `b`.
bool sdp_number(struct bytes b, uint64_t max, uint64_t *value);
bool sdp_is(struct bytes b, const char *text);        // ignores the case of ASCII letters
size_t sdp_count(struct bytes b, char c);             // how often `c` is in it
struct bytes sdp_trim(struct bytes b);                // without blanks at both ends
enum sdp_protocol sdp_protocol_of(struct bytes word); // of an m= line
