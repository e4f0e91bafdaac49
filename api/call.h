// A request to the REST API on its way, and the configuration that decides about it.
#pragma once

#include "base/id.h"
#include "base/json.h"
#include "base/jwt_known.h"
#include "base/moment.h"
#include "net/http.h"
#include "room/rooms.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum api_meetings {
    API_MEETINGS_OFF,
    API_MEETINGS_ANYONE,
    API_MEETINGS_LOCAL, // whoever is on this machine, and who has the key
    API_MEETINGS_KEY
};

// Does not change while the server runs; borrowed, read by both threads.
struct api_config {
    struct jwt_keys keys;    // the first signs
    struct jwt_known *known; // by them, of the thread that routes; NULL: each is looked at anew
    const char *customer_id; // 24 hex, as app_id
    const char *app_id;
    enum api_meetings meetings;
    const char *meetings_key;  // "" or NULL: only management tokens open it
    const char *meetings_room; // the room of GET /api/room-codes; NULL: none configured
    const char *public_url;    // "https://meet.example.org"; NULL: from the request's Host
    const char *ice_servers;   // a JSON array; NULL: []
    const char *
        client_flags; // what /init switches on in clients: "publishStats,simulcast"; NULL: none

    bool diagnostics; // whether anybody may have a token for the room of test calls

    // Which pages may call what only back ends need: "https://a.example,https://b.example".
    // None when NULL: a management token does not belong in a browser.
    const char *origins;
    // The other pages that may open web sockets, and call what the own page calls. None when
    // NULL.
    const char *page_origins;
    // What anybody may have a token for: "<room id>:<role>,...". None when NULL.
    const char *token_endpoint;
    const struct json_bounds *json; // of bodies; NULL: json_bounds_default
    size_t body_max;        // octets, of calls with a management token; 0: HTTP_BODY_LARGE_MAX
    size_t public_body_max; // of all others; 0: HTTP_BODY_MAX
    size_t wrong_codes;     // a minute, of an address; 0: CODE_TRIES_PER_MINUTE
    size_t wrong_codes_all; // and in all; 0: CODE_TRIES_PER_MINUTE_ALL
    // Wrong passwords, of the thread that routes; NULL: they are not counted.
    struct api_admin_tries *admin_tries;
    const char *data; // the folder with keys.json; NULL: keys are not changed
    // Where the workspace's webhooks go; NULL: unknown. Does not change either.
    const struct api_webhook_config *webhook;
};

struct api_code_change {
    char room_id[OBJECT_ID_LEN + 1];
    char code_id[OBJECT_ID_LEN + 1];
    bool is_disabled;
};

struct api_role_change {
    const char *template_id;
    const char *role; // that was
};

// What a live room knows of a room code, asked while the storage is away.
struct api_known_code {
    const char *room_id; // NULL: no room knows it, or it is disabled
    const char *code_id;
    const char *role;
    bool is_open;  // the room
    bool has_role; // its template
};

// Most calls have one step. Those of the dashboard have others around it, as its sessions and
// passwords are in the store.
enum api_step {
    API_HANDLES,        // the row's handler
    API_FINDS_SESSION,  // that of the cookie is looked up
    API_TRIES_PASSWORD, // takes its time
    API_AUDITS,         // what became of it is written down
};

struct api_route;
struct api_webhook_config; // api/webhook.h
enum { API_PATH_PARAMETERS_MAX = 3 };

// A request on its way from api_route() to api_run(). Moved between threads whole.
struct api_call {
    const struct api_route *route;
    struct http_request *request;                    // borrowed
    const char *parameters[API_PATH_PARAMETERS_MAX]; // of the path, in the request's arena
    struct jwt_claims claims;                        // of the token, when the route wants one
    bool has_expired;                                // that token; only where it may
    bool is_known;                                   // by a good token, where none is needed

    // Of GET /init, set by api_run(): what is stored of the room, and whether its bearer may
    // come in while nobody else is there. NULL for all other calls.
    struct room_record *place; // in the request's arena
    enum admission when_idle;
    bool sends_layers; // the token's role has simulcast layers for its camera

    // Set by api_run() when it has written a room: what is stored of it now, for the live one.
    struct room_record *changed; // in the request's arena

    // Set by api_run() when it has written a template, for the live rooms made from it; or
    // given another one to the room of `changed`, for that one. The receiver's.
    struct template *template;

    // Set by api_run() when it has enabled or disabled a room code.
    struct api_code_change *changed_code; // in the request's arena

    // Set by api_run() when a template has lost a role, or it has another name now: so it is
    // with the codes of all its rooms.
    const struct api_role_change *changed_role; // in the request's arena

    // Of a login, once the storage could not say what its code opens: what the live rooms say.
    const struct api_known_code *known; // in the request's arena

    // Set by api_run() when there are webhooks to send.
    bool queues_webhooks;

    // Set by api_run() when it has written other keys: they are to be read again, whatever
    // becomes of the rest.
    bool changes_keys;

    // Of API_JOIN: as what the call comes in.
    enum peer_door door;

    // Of a viewer's /layer: what it chooses; NULL when it only asks.
    struct api_layer {
        const char *mid; // in the request's arena; "": every section with pictures
        enum feed_level level;
    } * layer;

    // Of API_FIGURES, set by api_run_live(): whose connections are to be asked. NULL: it is
    // answered already.
    struct api_look {
        const char *room_id, *session_id; // in the request's arena, as all of it
        const uint64_t *peers;            // their numbers
        size_t peer_count;
        int limit;
        const char *last; // for the next page; "": there is none
        bool is_one;      // of one person: no page
    } * look;

    // Set by api_run() when it has rewritten a poll: its id.
    const char *changed_poll; // in the request's arena

    // The id of a room that goes when this succeeds; nobody may be in it. NULL for most calls.
    const char *removes;

    // Of the dashboard's calls: who asks (api/admin.h). NULL for all others.
    struct api_admin *admin; // in the request's arena
    bool is_rest;            // one of /v2/admin/rest/..., whose route is that of a back end
    enum api_step step;      // what api_run() does next
};

enum api_next {
    API_ANSWERED, // `response` is the answer already
    API_STORED,   // api_run() is next, on the store thread
    API_LIVE,     // api_run_live() is next
    API_JOIN,     // the room that the token names is to be loaded, then whip_post() is next
    API_RESOURCE, // whip_change() is next
    API_FIGURES,  // api_run_live() is next, then the media workers are asked
    API_SESSION,  // api_run() is next, with API_FINDS_SESSION, then api_admit()
    API_ADMIT,    // api_admit() is next
    API_PASSWORD, // api_run() is next, with API_TRIES_PASSWORD, then once more with API_HANDLES
};

// Replace the answer.
void api_refuse(struct http_response *response, int status, const char *message,
                const char *detail); // `detail` may be NULL
// 503, 507 for a full disk, 400 for a text that cannot be stored.
void api_refuse_storage(struct http_response *response, int err);
