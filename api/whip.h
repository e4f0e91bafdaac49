// WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): peers that come over HTTP. A client that
// posts an offer is in the room, by the functions that all others come in by; what it gets back
// is a resource to be changed (ICE) or deleted (it leaves). docs/whip.md says what is answered
// to what.
//
//     POST      api_route()   what needs no room
//               whip_post()   the room was loaded: it joins, the offer goes to the media worker
//               whip_deliver()   the worker's answer is the answer
//     PATCH     whip_change()    a fragment goes to the worker, or
//     DELETE                     the peer leaves
//     /layer                     what a viewer wants of its sections goes to the worker
//
// A request that waits for the worker waits for WHIP_PATIENCE_MS at most. Nobody keeps such a
// peer alive but its media (media_closed() in room/media.h), so a resource is gone when its
// peer is: 404. It does not outlive the process.
#pragma once

#include "api/api.h"

struct whip;

// A request with its answer, to be sent.
struct whip_reply {
    uint64_t id; // of the request, as given
    struct http_request *request;
    struct http_response response;
};

// Zero-initialised is an empty list.
struct whip_replies {
    struct whip_reply *at;
    size_t count;
    size_t cap;
};

void whip_replies_dispose(struct whip_replies *list); // when all were sent

// Borrows all of them.
struct whip *whip_new(const struct api_config *config, struct rooms *rooms, struct rng *rng);
void whip_free(struct whip *w); // nothing may wait any more

// `call` came from api_route() with API_JOIN, as did what `response` says so far. Takes both
// the call's request and what `response` holds. `room` is NULL when it cannot be had: `err`.
void whip_post(struct whip *w, uint64_t id, const struct api_call *call, struct room *room,
               int err, struct http_response *response, struct moment now,
               struct event_list *events, struct whip_replies *out);

// The same for API_RESOURCE.
void whip_change(struct whip *w, uint64_t id, const struct api_call *call,
                 struct http_response *response, struct moment now, struct event_list *events,
                 struct whip_replies *out);

void whip_deliver(struct whip *w, const struct event_list *events, struct whip_replies *out);

int64_t whip_deadline(const struct whip *w); // NEVER when nothing waits
void whip_expire(struct whip *w, struct moment now, struct event_list *events,
                 struct whip_replies *out);

// The server ends: what waits is answered with 503.
void whip_drain(struct whip *w, struct whip_replies *out);
