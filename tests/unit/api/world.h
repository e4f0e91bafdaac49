// A server without a server: requests go in as structs, through both looks and the store.
#pragma once

#include "../store/scratch.h"
#include "api/admin_tries.h"
#include "api/api.h"
#include "base/json.h"
#include "test.h"

// 2023-11-14T22:13:20.000Z
#define WORLD_START_MS 1700000000000

struct world {
    struct scratch scratch;
    struct db *db;
    struct jwt_key key;
    struct api_config config;
    struct api *api;
    struct moment now;
    struct addr from;
    bool secure;
    const char *host;
    const char *parlor_key;    // header
    const char *user_agent;    // header
    char user_id[64];          // of app tokens; "": none
    const char *origin;        // header
    bool run;                  // whether the last call reached the store
    bool queues_webhooks;      // and has something to send
    struct room *live;         // the room as it is, NULL when nobody is in it; borrowed
    const char *if_none_match; // header
    const char *cookie;        // header, as the next two
    const char *csrf;
    const char *fetch_site;
    struct api_admin_tries admin_tries;
    struct rng rng;
    struct rooms rooms; // live ones, for /v2/active-rooms
    struct event_list events;
    struct arena arena; // of answers and tokens
    json_t *answers;    // an array that keeps them
};

struct answer {
    int status;
    const char *body;   // "" when there is none
    const json_t *json; // NULL when it is not JSON
    const char *message;
    const char *detail; // the first of `details`, "" when there is none
    struct http_header headers[HTTP_RESPONSE_HEADERS_MAX];
    size_t header_count;
};

struct world *world_new(void);
void world_free(struct world *w);

struct answer call(struct world *w, enum http_method method, const char *target,
                   const char *authorization, const char *body);
// With a management token.
struct answer get(struct world *w, const char *target);
struct answer post(struct world *w, const char *target, const char *body);
struct answer del(struct world *w, const char *target);
// `format` with one %s, filled in; good until the fourth next call.
const char *target_of(const char *format, const char *id);

const char *management(struct world *w); // "Bearer ..."
const char *app(struct world *w, const char *room_id, const char *role);

const char *header(const struct answer *a, const char *name); // "" when absent
const char *text(const struct answer *a, const char *key);    // a member, "" when absent
const char *make_room(struct world *w, const char *body);     // its id

// What the store holds: the first column of what `sql` finds for $1.
const char *stored_column(struct world *w, const char *sql, const char *value);

// The n-th element of "data".
const json_t *item(const struct answer *a, size_t at);
size_t items(const struct answer *a);

#define CHECK_REFUSED(answer_, status_, message_, detail_)                                     \
    do {                                                                                       \
        struct answer check_a = (answer_);                                                     \
        CHECK_EQ(check_a.status, status_);                                                     \
        CHECK_EQ(json_get_int(check_a.json, "code", 0), status_);                              \
        CHECK_TEXT(check_a.message, message_);                                                 \
        CHECK_TEXT(check_a.detail, detail_);                                                   \
    } while (0)
