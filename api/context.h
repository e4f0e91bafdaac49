// What the handlers of api/ share; private to the folder.
#pragma once

#include "api/call.h"
#include "api/tries.h"
#include "base/json.h"
#include "base/rng.h"
#include "store/db.h"

struct api {
    const struct api_config *config;
    struct jwt_key signer; // its own: the configuration's may change with SIGHUP
    struct rng rng;
    struct id_source ids;
    struct api_tries tries;
    struct api_tries reports; // of clients
};

// A handler's world. `api` and `db` are there on the store thread only, `rooms` and `events`
// for handlers of live rooms only.
struct api_context {
    const struct api_config *config;
    struct api *api;
    struct db *db;
    struct rooms *rooms;
    const struct room *live; // of api_run_from_memory(), which has no `db`
    struct event_list *events;
    struct api_call *call;
    struct http_request *request;
    struct arena *arena; // the request's
    struct moment now;
    struct http_response *response;
};

// A handler writes the response and returns 0, or what api_fail() and its kin return.
typedef int api_handler(struct api_context *c);

// What jwt_verify() says of a token. On the thread that routes.
enum jwt_fault api_verify(const struct api_config *config, const char *token, int64_t wall_ms,
                          struct jwt_claims *claims);
// Whether an Authorization field holds a token of ours that is good, of whatever type.
bool api_bearer(const struct api_config *config, const char *authorization, int64_t wall_ms,
                struct jwt_claims *claims);

// Completes the claims of an app token, of which the user may be known.
void api_complete_claims(struct api_context *c, struct jwt_claims *claims, const char *room_id,
                         const char *role);

// Answers. api_json() begins a 200: the handler writes one value.
struct json_out api_json(struct api_context *c);
int api_fail(struct api_context *c, int status, const char *message);
int api_fail_detail(struct api_context *c, int status, const char *message, const char *detail);
// 400 "Invalid body param", and the same for the query. `detail` names what is wrong.
int api_fail_body(struct api_context *c, const char *detail);
int api_fail_query(struct api_context *c, const char *name);
// The same for a field of the body: "Invalid body param: <path>".
int api_fail_field(struct api_context *c, const char *path);
// 503 or 507. Returns `err`.
int api_fail_storage(struct api_context *c, int err);
void api_refuse_admission(struct http_response *response, enum admission why);
int api_fail_wait(struct api_context *c, int64_t wait_s); // 429 with Retry-After

// The body as an object or an array, the caller's to json_decref(). An empty body is an empty
// object.
int api_body(struct api_context *c, json_t **body);
int api_body_list(struct api_context *c, json_t **body); // null is an empty one
// With room for the members of a template of many roles.
int api_body_template(struct api_context *c, json_t **body);
// A member that was sent: absent and null are not.
bool api_sent(const json_t *body, const char *name);
// Members that were sent as null, at any depth, are as if they had not been: whoever reads what
// is kept takes what is there for set. Elements of lists stay.
void api_take_nulls_away(json_t *value);

// The query. An empty value is none: clients send every field of a form.
const char *api_query(struct api_context *c, const char *name);          // NULL when absent
int api_query_bool(struct api_context *c, const char *name, int *value); // 0, 1; -1 absent
int api_query_time(struct api_context *c, const char *name, int64_t *wall_ms); // kept if absent
int api_query_limit(struct api_context *c, int fallback, int *limit);
// Which page of a list in the order of ids: `limit`, and `start`, which is NULL or "" for the
// first one.
int api_query_page(struct api_context *c, int *limit, const char **start);

// Replaces what is secret in credentials, of a copy that is shown. NULL will do.
void api_hide_secrets(json_t *credentials);
// What is sent back as it was shown stays what it was.
void api_keep_secrets(json_t *credentials, const json_t *before);

// The live room, or the person in it, that the path names. Else the answer is a 404.
int api_find_live_room(struct api_context *c, struct room **room);
int api_find_live_peer(struct api_context *c, struct peer **peer);

// A member with a time.
void api_member_time(struct json_out *j, const char *key, int64_t wall_ms);

// A list is {"limit", "data", "last"}: the elements are written in between.
struct json_out api_open_page(struct api_context *c, int limit);
void api_close_page(struct json_out *j, const char *last);

api_handler api_rooms_create, api_rooms_list, api_rooms_get, api_rooms_update, api_rooms_delete;
api_handler api_codes_create_all, api_codes_create_one, api_codes_list, api_codes_enable;
api_handler api_login, api_init, api_token_hand_out, api_beam;
api_handler api_templates_list, api_templates_get, api_templates_create, api_templates_update;
api_handler api_templates_delete, api_template_recordings_get, api_template_recordings_set;
api_handler api_template_role_get, api_template_role_set, api_template_role_delete;
api_handler api_template_settings_get, api_template_settings_set;
api_handler api_template_destinations_get, api_template_destinations_set;
api_handler api_live_get, api_live_peers, api_live_peer, api_live_update_peer;
api_handler api_live_say, api_live_remove, api_live_end;
api_handler api_stream_key_create, api_stream_key_get, api_stream_key_disable;
api_handler api_recording_start, api_recording_stop, api_recording_stop_one, api_recording_get,
    api_recording_list;
api_handler api_live_stream_start, api_live_stream_stop, api_live_stream_stop_one,
    api_live_stream_get, api_live_stream_list, api_live_stream_metadata;
api_handler api_external_stream_start, api_external_stream_stop, api_external_stream_stop_one,
    api_external_stream_get, api_external_stream_list;
api_handler api_asset_get, api_asset_list, api_asset_url;
api_handler api_sip_trunk, api_sip_call, api_sip_dtmf, api_diagnostics_token;
api_handler api_sessions_list, api_sessions_get, api_analytics_events, api_analytics_peer_stats;
api_handler api_live_media, api_live_peer_media;
api_handler api_polls_create, api_polls_get, api_polls_update;
api_handler api_poll_question_set, api_poll_question_delete;
api_handler api_poll_option_set, api_poll_option_delete;
api_handler api_poll_sessions, api_poll_responses, api_poll_response;
api_handler api_poll_results, api_poll_result;
api_handler api_webhook_list, api_webhook_replay, api_webhook_replay_get;
api_handler api_meetings_create, api_meetings_codes, api_invites;
api_handler api_whip_publish, api_whip_watch, api_whip_patch, api_whip_delete;
api_handler api_whip_layers, api_whip_layer;
api_handler api_admin_use_link, api_admin_sign_in, api_admin_session, api_admin_sign_out;
api_handler api_admin_password, api_admin_accounts, api_admin_account_create;
api_handler api_admin_keys, api_admin_key_create, api_admin_key_revoke;
api_handler api_admin_webhook, api_admin_webhook_test, api_admin_webhook_send;
api_handler api_admin_account_update, api_admin_account_delete, api_admin_audit;
api_handler api_layouts, api_template_layouts_get, api_template_layouts_set, api_client_report,
    api_client_feedback;
