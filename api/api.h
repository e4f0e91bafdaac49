// The REST API: one table of routes, one way through it. A request is looked at twice:
//
//     control thread   api_route()      path, method, token, size: most refusals end here
//     store thread     api_run()        the row's handler, in a transaction of db_run_jobs()
//     control thread   api_run_live()   or the handler of a live room, at once
//     control thread   api/whip.h       or somebody comes in without a web socket
//
// All are functions from request to response; none touches a socket.
#pragma once

#include "base/id.h"
#include "base/json.h"
#include "base/jwt.h"
#include "base/moment.h"
#include "base/rng.h"
#include "net/http.h"
#include "room/rooms.h"
#include "store/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum api_meetings { API_MEETINGS_OFF, API_MEETINGS_ANYONE, API_MEETINGS_KEY };

// Does not change while the server runs; borrowed, read by both threads.
struct api_config {
    struct jwt_keys keys;    // the first signs
    const char *customer_id; // 24 hex, as app_id
    const char *app_id;
    enum api_meetings meetings;
    const char *meetings_key;  // "" or NULL: only management tokens open it
    const char *meetings_room; // the room of GET /api/room-codes; NULL: none configured
    const char *public_url;    // "https://meet.example.org"; NULL: from the request's Host
    const char *ice_servers;   // a JSON array; NULL: []
    const char *client_flags;  // what /init switches on in clients: a JSON array; NULL: []

    bool diagnostics; // whether anybody may have a token for the room of test calls

    // Which pages may call what only back ends need: "https://a.example,https://b.example".
    // None when NULL: a management token does not belong in a browser.
    const char *origins;
    const struct json_bounds *json; // of bodies; NULL: json_bounds_default
    size_t body_max;        // octets, of calls with a management token; 0: HTTP_BODY_LARGE_MAX
    size_t public_body_max; // of all others; 0: HTTP_BODY_MAX
    size_t wrong_codes;     // a minute, of an address; 0: CODE_TRIES_PER_MINUTE
    size_t wrong_codes_all; // and in all; 0: CODE_TRIES_PER_MINUTE_ALL
};

struct api_route;
enum { API_PATH_PARAMETERS_MAX = 3 };

// A request on its way from api_route() to api_run(). Moved between threads whole.
struct api_call {
    const struct api_route *route;
    struct http_request *request;                    // borrowed
    const char *parameters[API_PATH_PARAMETERS_MAX]; // of the path, in the request's arena
    struct jwt_claims claims;                        // of the token, when the route wants one

    // Of GET /init, set by api_run(): what is stored of the room, and whether its bearer may
    // come in while nobody else is there. NULL for all other calls.
    struct room_record *place; // in the request's arena
    enum admission when_idle;

    // Set by api_run() when it has written a room: what is stored of it now, for the live one.
    struct room_record *changed; // in the request's arena

    // Set by api_run() when there are webhooks to send.
    bool queues_webhooks;

    // Of API_JOIN: as what the call comes in.
    enum peer_door door;

    // Set by api_run() when it has rewritten a poll: its id.
    const char *changed_poll; // in the request's arena

    // The id of a room that goes when this succeeds; nobody may be in it. NULL for most calls.
    const char *removes;
};

enum api_next {
    API_ANSWERED, // `response` is the answer already
    API_STORED,   // api_run() is next, on the store thread
    API_LIVE,     // api_run_live() is next
    API_JOIN,     // the room that the token names is to be loaded, then whip_post() is next
    API_RESOURCE, // whip_change() is next
};

// The first look. `wall_ms` is the time since the Unix epoch.
enum api_next api_route(const struct api_config *config, struct http_request *request,
                        int64_t wall_ms, struct api_call *call, struct http_response *response);

// What the store thread owns: sources of ids and randomness, the limits on wrong codes.
struct api;

struct api *api_new(const struct api_config *config, const struct rng *rng);
void api_free(struct api *api);
// The key that tokens are signed with from now on, on the store thread. At first it is the
// first of the configuration, whose `keys` are only looked at by the control thread after that.
void api_set_signer(struct api *api, const struct jwt_key *key);

// Writes the default template when there is none. Once, before the first api_run(), in a job.
int api_prepare(struct db *db, const char *template_id, int64_t wall_ms);

// Whether the handler writes nothing (struct db_job).
bool api_only_reads(const struct api_call *call);

// The handler. Returns what the job must return: 0, or ERR_* when nothing may be kept (the
// response says why). When db_run_jobs() then reports an error that api_run() did not return,
// the answer is api_refuse_storage()'s.
int api_run(struct api *api, struct db *db, struct api_call *call, struct moment now,
            struct http_response *response);

// The handler of a live room.
void api_run_live(const struct api_config *config, struct rooms *rooms, struct api_call *call,
                  struct moment now, struct http_response *response, struct event_list *events);

// Replace the answer.
void api_refuse(struct http_response *response, int status, const char *message,
                const char *detail); // `detail` may be NULL
// 503, 507 for a full disk, 400 for a text that cannot be stored.
void api_refuse_storage(struct http_response *response, int err);

// Before a call that removes a room runs: whether it may. `live` is the room as it is now, NULL
// when nobody is in it.
bool api_check_idle(const struct api_call *call, const struct room *live,
                    struct http_response *response);

// Before the answer to a call with a `place` goes out: refuses it when the room's rules say so.
// `live` is the room as it is now, NULL when nobody is in it.
void api_check_place(const struct api_call *call, const struct room *live,
                     struct http_response *response);

// What the server in front asks about a request that it has not read yet. The access key of a
// valid management token, NULL for anything else; whether it wants a token for a room code; how
// long its body may be.
const char *api_key_of(const struct api_config *config, const char *authorization,
                       int64_t wall_ms);
bool api_is_login(struct http_request *request);
size_t api_body_max(const struct api_config *config, struct http_request *request);
