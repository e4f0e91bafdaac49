// What WHIP and WHEP answer: private to api/.
#pragma once

#include "api/api.h"

enum { WHIP_LINKS_MAX = 8 };

// The ICE servers of the configuration as Link fields (RFC 9725 section 4.6).
struct whip_links {
    char *at[WHIP_LINKS_MAX];
    size_t count;
};

void whip_links_init(struct whip_links *links, const char *ice_servers); // NULL: none
void whip_links_dispose(struct whip_links *links);

// Replaces the answer by a refusal: what an ERR_* of a room or a media worker means to a
// client. `text` says more, and may be NULL or empty.
void whip_refuse(struct http_response *response, int err, const char *text);
// Try again: 503.
void whip_refuse_busy(struct http_response *response, const char *detail);

// 201 with the SDP answer.
void whip_answer_created(struct http_response *response, struct arena *arena,
                         const struct whip_links *links, const char *location, const char *etag,
                         const char *sdp);
// What became of a PATCH: 204, or 200 with the fragment and the tag of the new ICE session.
void whip_answer_patched(struct http_response *response, struct arena *arena, const char *etag,
                         const char *fragment);
// What a viewer's sections have, as the worker says it (COMMAND_SEAT_LAYER of sfu/command.h):
// 200.
void whip_answer_layers(struct http_response *response, int err, const char *text);
// Whether an If-Match field (RFC 9110 section 13.1.1) names `etag`, or any.
bool whip_etag_matches(const char *if_match, const char *etag);
