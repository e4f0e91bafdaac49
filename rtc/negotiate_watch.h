// A viewer's offer and our answer to it: draft-ietf-wish-whep. The client says how many
// sections it has and what it decodes; which track goes into which section is not for this
// file.
#pragma once

#include "rtc/negotiate.h"

enum { WATCH_CODECS_MAX = 8 }; // all that we forward, H.264 once for each profile

// A section of the offer, as answered.
struct watch_section {
    char mid[MID_LEN_MAX + 1];
    enum media_kind kind;
    bool receiving;    // audio or video that we may send; else answered with port 0
    const char *cause; // of that, for people
    struct negotiated_codec codecs[WATCH_CODECS_MAX]; // in the client's order
    size_t codec_count;
    struct extension_ids extensions; // with twcc where a codec has feedback of it
    // Under what we send: the caller's to set before the answer is written.
    uint32_t ssrc;
    uint32_t rtx_ssrc; // 0: none
};

struct watch_offer {
    struct transport_remote remote;
    struct watch_section sections[SDP_LIVE_SECTIONS_MAX];
    size_t section_count;
};

// Reads an offer. 0; or ERR_MALFORMED, ERR_FULL, or ERR_UNSUPPORTED when we could send into no
// section at all; then `why` names the line, and what is wrong with its section. `offer` is
// large: keep one per thread.
int negotiate_watch(struct bytes offer_sdp, struct watch_offer *offer, struct text *why);

// `name` is that of the stream that all sections are of, and their CNAME.
void negotiate_watch_answer(const struct watch_offer *offer, struct bytes offer_sdp,
                            const struct local_description *local, const char *name,
                            struct text *answer_sdp);
