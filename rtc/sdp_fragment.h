// SDP fragments: what a client sends when it has new candidates, or restarts ICE, and what we
// answer to that. RFC 8840 section 9, as RFC 9725 section 4.3 uses it.
#pragma once

#include "rtc/sdp.h"

// Views of the text. A fragment that only adds candidates may leave the credentials out.
struct sdp_fragment {
    struct bytes ufrag; // empty: not given, as is `pwd` then
    struct bytes pwd;
    size_t candidate_count; // those that can be read
    bool end_of_candidates;
};

// Returns 0; or ERR_MALFORMED or ERR_FULL with `error` filled in. Attributes that we have no
// use for are skipped, as are candidates that we cannot read. Credentials that stand twice must
// be the same: there is one transport.
int sdp_fragment_parse(struct sdp_fragment *fragment, struct bytes text,
                       struct sdp_error *error);

// Appends the credentials of a lite agent.
void sdp_fragment_write(const char *ufrag, const char *pwd, struct text *out);
