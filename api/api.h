// The REST API: one table of routes, one way through it. A request is looked at twice:
//
//     control thread   api_route()      path, method, token, size: most refusals end here
//     store thread     api_run()        the row's handler, in a transaction of db_run_jobs()
//     control thread   api_run_live()   or the handler of a live room, at once
//     control thread   api/whip.h       or somebody comes in without a web socket
//
// All are functions from request to response; none touches a socket.
#pragma once

#include "api/call.h"
#include "base/rng.h"
#include "store/db.h"
#include "store/sign_ins.h"

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
// Whether it looks for what happened in a room just before: it is run when that is stored.
bool api_follows_log(const struct api_call *call);
// Whether it reads many things, and may take its time.
bool api_reads_pages(const struct api_call *call);

// The handler. Returns what the job must return: 0, or ERR_* when nothing may be kept (the
// response says why). When db_run_jobs() then reports an error that api_run() did not return,
// the answer is api_refuse_storage()'s.
int api_run(struct api *api, struct db *db, struct api_call *call, struct moment now,
            struct http_response *response);

// The handler of a live room.
void api_run_live(const struct api_config *config, struct rooms *rooms, struct api_call *call,
                  struct moment now, struct http_response *response, struct event_list *events);

// The handler of a call that a live room answers as well as the store does: a client that comes
// back finds its way while the store is away. False, and nothing happens, for all other calls.
// `live` is in a session.
bool api_run_from_memory(const struct api_config *config, const struct room *live,
                         struct api_call *call, struct moment now,
                         struct http_response *response);

// Asks the live rooms about the code of a login. False for all other calls, and for one that
// has been asked about.
bool api_ask_rooms(const struct rooms *rooms, struct api_call *call);
// The handler of such a call, on the thread that counts wrong codes. Returns what api_run()
// would.
int api_run_known(struct api *api, struct api_call *call, struct moment now,
                  struct http_response *response);

// Whether what the handler of a live room changed is stored before it is acknowledged. What is
// said to those who are in is not.
bool api_is_kept(const struct api_call *call);

// Before a call that removes a room runs: whether it may. `live` is the room as it is now, NULL
// when nobody is in it.
bool api_check_idle(const struct api_call *call, const struct room *live,
                    struct http_response *response);

// Before a call that hands out codes runs, while the room is `live`: who was removed from it
// gets none.
bool api_check_invites(const struct api_call *call, const struct room *live,
                       struct http_response *response);

// Before a call whose token has expired runs: whether somebody comes back with it who is in.
bool api_check_return(const struct api_call *call, const struct room *live,
                      struct http_response *response);

// Before the answer to a call with a `place` goes out: refuses it when the room's rules say so.
// `live` is the room as it is now, NULL when nobody is in it.
void api_check_place(const struct api_call *call, const struct room *live,
                     struct http_response *response);

// A call of the dashboard's whose session was looked up, or that needs none: whether it may be
// done. On the thread that routes.
enum api_next api_admit(const struct api_config *config, struct api_call *call,
                        struct moment now, struct http_response *response);
// Whether it is to be written down that the session was used: which it is, in `hash`.
bool api_is_seen_anew(const struct api_call *call, int64_t wall_ms,
                      char hash[SIGN_IN_HASH_LEN + 1]);
// Such a call was tried with API_TRIES_PASSWORD. On the thread that routes.
void api_password_was_right(const struct api_config *config, const struct api_call *call);
// Before its answer goes out: whether that is to be written down first, with API_AUDITS.
bool api_is_to_audit(const struct api_call *call);
bool api_is_change(const struct api_call *call); // of the dashboard

// What the server in front asks about a request that it has not read yet.
// As what it counts, by what it proves (net/http.h). `*key` is the access key for
// HTTP_HAS_KEY.
enum http_standing api_standing(const struct api_config *config, struct http_request *request,
                                int64_t wall_ms, const char **key);
bool api_is_login(struct http_request *request); // wants a token for a room code
// How long its body may be.
size_t api_body_max(const struct api_config *config, struct http_request *request);
