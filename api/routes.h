// The table of routes. Private to api/.
#pragma once

#include "api/context.h"

// The tokens that a row is for.
enum scope {
    SCOPE_NONE,
    SCOPE_ANYBODY,    // the same, but whose token is good is known by it
    SCOPE_MANAGEMENT, // a management token
    SCOPE_WEBHOOKS,   // the same, refused in the vendor's words for these calls
    SCOPE_APP,        // an app token
    SCOPE_RETURN,     // the same, or one that has expired of somebody who is in
    SCOPE_MEETINGS,   // as the setting `meetings` says
    SCOPE_SIGN_IN,    // a page of our own, which has no session yet
    SCOPE_DASHBOARD,  // a session of the dashboard, of any account
    SCOPE_ADMINS,     // the same, of an admin or an owner
};

// Which pages may call it.
enum openness {
    OWN_ORIGIN,
    ANY_ORIGIN,
    PAGE_ORIGINS,    // those that the setting `origins` lists, any when it lists none
    LISTED_GET_ONLY, // those of `origins` and `api-origins`: the endpoint of old clients,
                     // where even HEAD and OPTIONS are 405
    ANY_ORIGIN_SDP,  // WHIP and WHEP: with more headers in both directions
};

struct api_route {
    enum http_method method;
    const char *pattern; // {} is a parameter
    enum scope scope;
    enum openness openness;
    // Where the handler runs; API_ANSWERED: at once. Of API_JOIN and API_RESOURCE it is the
    // first look only, and returns whether there is a next.
    enum api_next next;
    api_handler *handler; // NULL: not built yet, 501
};

extern const struct api_route api_routes[];
extern const size_t api_route_count;

// The end of the first look, once it is known who asks.
enum api_next api_begin(const struct api_config *config, struct api_call *call,
                        struct http_response *response);
