// Where a parser of SDP stands, for those parts of the grammar that share it: sdp_parse.c reads
// sessions, sections and what they say of transports, sdp_streams.c what sections say of
// formats and streams.
#pragma once

#include "base/err.h"
#include "rtc/sdp.h"

enum { SDP_PAYLOAD_TYPE_MAX = 127 };

struct sdp_parser {
    struct sdp *sdp;
    struct sdp_section *section; // NULL before the first m=
    struct sdp_transport session_transport;
    enum sdp_direction session_direction;
    bool extmap_allow_mixed; // of all sections
    bool has_bundle;
    bool has_nul;                                // somewhere in the text
    uint8_t format_at[SDP_PAYLOAD_TYPE_MAX + 1]; // in the section, from 1; 0: is not listed
    uint32_t line;
    size_t parameters; // of lists: what they cost whoever looks for one
    const char *what;  // why the present line is refused
};

// A line is refused: the parser keeps `what`, a literal, for its error.
static inline int sdp_malformed(struct sdp_parser *p, const char *what)
{
    p->what = what;
    return ERR_MALFORMED;
}

static inline int sdp_full(struct sdp_parser *p, const char *what)
{
    p->what = what;
    return ERR_FULL;
}

// Attributes of a section, which is open: each takes the value after the colon.
int sdp_read_msid(struct sdp_parser *p, struct bytes value);
int sdp_read_rtpmap(struct sdp_parser *p, struct bytes value);
int sdp_read_fmtp(struct sdp_parser *p, struct bytes value);
int sdp_read_rtcp_fb(struct sdp_parser *p, struct bytes value);
int sdp_read_extmap(struct sdp_parser *p, struct bytes value);
int sdp_read_rid(struct sdp_parser *p, struct bytes value);
int sdp_read_simulcast(struct sdp_parser *p, struct bytes value);
int sdp_read_ssrc(struct sdp_parser *p, struct bytes value);
int sdp_read_ssrc_group(struct sdp_parser *p, struct bytes value);
