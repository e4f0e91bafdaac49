#include "api/api.h"

#include "api/admin.h"
#include "api/context.h"
#include "api/page.h"
#include "api/routes.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/origin.h"
#include "store/document.h"
#include "store/templates.h"

#include <string.h>
#include <strings.h>

// The longest pattern has seven; of an older name eight, and behind /v2/admin/rest nine.
enum { PATH_SEGMENTS_MAX = 10 };

static const char *const method_names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                           "PATCH", "DELETE", "OPTIONS", "OTHER"};

static bool is_of_back_ends(const struct api_route *route)
{
    return route->scope == SCOPE_MANAGEMENT || route->scope == SCOPE_WEBHOOKS;
}

// A path in its segments, so that an escaped slash is part of a name.
struct path {
    const char *segments[PATH_SEGMENTS_MAX];
    size_t count;
    bool is_rest; // it was behind /v2/admin/rest
};

// /v2/admin/rest/... is /v2/..., asked by somebody with a session.
static void enter_rest(struct path *path)
{
    if (path->count < 4 || path->count > PATH_SEGMENTS_MAX ||
        strcmp(path->segments[0], "v2") != 0 || strcmp(path->segments[1], "admin") != 0 ||
        strcmp(path->segments[2], "rest") != 0)
        return;
    path->is_rest = true;
    path->count -= 2;
    memmove(path->segments + 1, path->segments + 3, (path->count - 1) * sizeof *path->segments);
}

// Paths of years ago, which old back ends still call: /api/v2/... is /v2/..., and
// /policy/v1/templates is /v2/templates.
static void rename_old(struct path *path)
{
    if (path->count < 3 || path->count > PATH_SEGMENTS_MAX)
        return;
    bool is_api = strcmp(path->segments[0], "api") == 0 && strcmp(path->segments[1], "v2") == 0;
    bool is_policy = strcmp(path->segments[0], "policy") == 0 &&
                     strcmp(path->segments[1], "v1") == 0 &&
                     strcmp(path->segments[2], "templates") == 0;
    if (!is_api && !is_policy)
        return;
    path->count--;
    memmove(path->segments, path->segments + 1, path->count * sizeof *path->segments);
    path->segments[0] = "v2";
}

// One slash at the end makes no difference.
static struct path path_of(struct http_request *request)
{
    struct path path = {.is_rest = false};
    path.count = http_path_segments(request, path.segments, PATH_SEGMENTS_MAX);
    if (path.count > 1 && path.count <= PATH_SEGMENTS_MAX && !path.segments[path.count - 1][0])
        path.count--;
    enter_rest(&path);
    if (!path.is_rest)
        rename_old(&path);
    return path;
}

static bool matches(const char *pattern, const struct path *path,
                    const char *parameters[API_PATH_PARAMETERS_MAX])
{
    size_t at = 0, found = 0;
    for (; *pattern == '/' && at < path->count && at < PATH_SEGMENTS_MAX; at++) {
        const char *segment = path->segments[at];
        if (*++pattern == '{') {
            if (!segment[0])
                return false;
            parameters[found++] = segment;
            pattern += 2;
            continue;
        }
        while (*pattern && *pattern != '/' && *segment == *pattern)
            segment++, pattern++;
        if (*segment || (*pattern && *pattern != '/'))
            return false;
    }
    return !*pattern && at == path->count;
}

// HEAD is answered as GET is; the server leaves the body out.
static bool allows(const struct api_route *route, enum http_method method)
{
    return route->method == method || (method == HTTP_HEAD && route->method == HTTP_GET &&
                                       route->openness != LISTED_GET_ONLY);
}

static bool is_offered(const struct path *path, enum http_method method)
{
    const char *ignored[API_PATH_PARAMETERS_MAX];
    for (size_t i = 0; i < api_route_count; i++)
        if (allows(&api_routes[i], method) && matches(api_routes[i].pattern, path, ignored))
            return true;
    return false;
}

// "GET, POST": what the path may be called with, in the request's arena.
static const char *allowed_methods(struct http_request *request)
{
    struct path path = path_of(request);
    struct text allowed = {0};
    for (int method = HTTP_GET; method <= HTTP_DELETE; method++)
        if (is_offered(&path, (enum http_method)method))
            text_addf(&allowed, "%s%s", allowed.len ? ", " : "", method_names[method]);
    const char *list = arena_text(&request->arena, text_bytes(&allowed));
    text_dispose(&allowed);
    return list;
}

static int refuse_method(struct http_request *request, struct http_response *response)
{
    http_header_add(response, "allow", allowed_methods(request));
    api_refuse(response, 405, "Method not allowed", NULL);
    return ERR_REFUSED;
}

// Tells browsers which pages may read the answer (Fetch section 3.2). Returns whether the one
// that asks may.
static bool add_cors(const struct api_config *config, const struct api_route *route,
                     const struct http_request *request, struct http_response *response)
{
    enum openness to = route->openness;
    const char *pages = to == OWN_ORIGIN ? NULL : config->page_origins;
    const char *back_ends = to == PAGE_ORIGINS ? NULL : config->origins;
    bool is_for_listed =
        to == OWN_ORIGIN || to == LISTED_GET_ONLY || (to == PAGE_ORIGINS && pages);
    if (!is_for_listed) {
        http_header_add(response, "access-control-allow-origin", "*");
        return true;
    }
    if (!pages && !back_ends)
        return false;
    http_header_add(response, "vary", "Origin");
    if (!request->origin || (!origin_is_listed(pages, request->origin) &&
                             !origin_is_listed(back_ends, request->origin)))
        return false;
    http_header_add(response, "access-control-allow-origin", request->origin);
    return true;
}

// The preflight of a browser (Fetch section 3.2.2). "*" as allowed headers would not cover
// Authorization.
static int answer_preflight(const struct api_route *route, struct http_request *request,
                            struct http_response *response)
{
    bool is_sdp = route->openness == ANY_ORIGIN_SDP;
    const char *of_old_clients =
        route->openness == OWN_ORIGIN ? "GET, POST, DELETE" : "GET, POST";
    http_header_add(response, "access-control-allow-methods",
                    is_sdp ? allowed_methods(request) : of_old_clients);
    http_header_add(response, "access-control-allow-headers",
                    is_sdp ? "Authorization, Content-Type, If-Match"
                           : "Authorization, Content-Type, user_agent_v2");
    // RFC 9725 section 4.2 wants the first; a viewer's choice of a layer is JSON.
    struct path path = path_of(request);
    if (is_sdp && is_offered(&path, HTTP_POST))
        http_header_add(response, "accept-post",
                        route->next == API_JOIN ? "application/sdp" : "application/json");
    if (is_sdp && is_offered(&path, HTTP_PATCH))
        http_header_add(response, "accept-patch", "application/trickle-ice-sdpfrag");
    http_header_add(response, "access-control-max-age", "86400");
    response->status = 204;
    return ERR_REFUSED; // no handler runs
}

// Finds the row. Returns 0, or ERR_* with an answer.
static int find_route(const struct api_config *config, struct http_request *request,
                      struct api_call *call, struct http_response *response)
{
    struct path path = path_of(request);
    const struct api_route *any = NULL;
    for (size_t i = 0; i < api_route_count; i++) {
        const struct api_route *route = &api_routes[i];
        const char *parameters[API_PATH_PARAMETERS_MAX] = {0};
        if (!matches(route->pattern, &path, parameters) ||
            (path.is_rest && !is_of_back_ends(route)))
            continue;
        any = route;
        call->is_rest = path.is_rest;
        if (allows(route, request->method)) {
            call->route = route;
            memcpy(call->parameters, parameters, sizeof parameters);
            break;
        }
    }
    if (!any) {
        api_refuse(response, 404, "path not found", NULL);
        return ERR_NOT_FOUND;
    }
    bool open = add_cors(config, any, request, response);
    if (any->openness == ANY_ORIGIN_SDP)
        http_header_add(response, "access-control-expose-headers", "Location, Link, ETag");
    if (open && any->openness != LISTED_GET_ONLY && request->method == HTTP_OPTIONS)
        return answer_preflight(any, request, response);
    if (!call->route)
        return refuse_method(request, response);
    return 0;
}

static int refuse_token(struct http_response *response, const char *message, const char *detail)
{
    http_header_add(response, "www-authenticate", "Bearer");
    api_refuse(response, 401, message, detail);
    return ERR_REFUSED;
}

void api_refuse_admission(struct http_response *response, enum admission why)
{
    if (why == ADMISSION_TOKEN_EXPIRED)
        refuse_token(response, "Token validation error", admission_text(why));
    else
        api_refuse(response, admission_code(why), admission_text(why), NULL);
}

// "Bearer <token>", the scheme in any case. The token alone, or NULL.
static const char *bearer(const char *authorization)
{
    if (!authorization || strncasecmp(authorization, "Bearer", 6) != 0 ||
        authorization[6] != ' ')
        return NULL;
    return authorization + 6 + strspn(authorization + 6, " ");
}

enum jwt_fault api_verify(const struct api_config *config, const char *token, int64_t wall_ms,
                          struct jwt_claims *claims)
{
    return jwt_known_verify(config->known, bytes_of(token), &config->keys, wall_ms / 1000,
                            claims);
}

bool api_bearer(const struct api_config *config, const char *authorization, int64_t wall_ms,
                struct jwt_claims *claims)
{
    const char *token = bearer(authorization);
    return token && api_verify(config, token, wall_ms, claims) == JWT_VALID;
}

bool api_is_login(struct http_request *request)
{
    const char *subdomain[API_PATH_PARAMETERS_MAX];
    struct path path = path_of(request);
    return matches("/v2/token", &path, NULL) || matches("/api/token", &path, NULL) ||
           matches("/hmsapi/{}/api/token", &path, subdomain);
}

size_t api_body_max(const struct api_config *config, struct http_request *request)
{
    size_t most = config->public_body_max ? config->public_body_max : HTTP_BODY_MAX;
    if (request->standing != HTTP_HAS_KEY)
        return most;
    const char *ignored[API_PATH_PARAMETERS_MAX];
    struct path path = path_of(request);
    for (size_t i = 0; i < api_route_count; i++)
        if (is_of_back_ends(&api_routes[i]) && api_routes[i].method == request->method &&
            matches(api_routes[i].pattern, &path, ignored))
            return config->body_max ? config->body_max : HTTP_BODY_LARGE_MAX;
    return most;
}

// With `has_expired` a token that is only over will do, and that is noted there.
static int check_token(const struct api_config *config, struct http_request *request,
                       int64_t wall_ms, enum jwt_type wanted, struct jwt_claims *claims,
                       bool *has_expired, struct http_response *response)
{
    const char *token = bearer(request->authorization);
    if (!token || !token[0])
        return refuse_token(response, "Authentication error", NULL);
    enum jwt_fault fault = api_verify(config, token, wall_ms, claims);
    if (fault == JWT_EXPIRED && has_expired && claims->type == wanted) {
        *has_expired = true;
        return 0;
    }
    if (fault)
        return refuse_token(response, "Token validation error", jwt_fault_text(fault));
    if (claims->type == wanted)
        return 0;
    api_refuse(response, 403, "Forbidden", "token is of another type");
    return ERR_REFUSED;
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;
    return content_type && strncasecmp(content_type, json, len) == 0 &&
           (content_type[len] == 0 || strchr("; \t", content_type[len]));
}

// What needs no key may be asked by people only, not by a page of somebody else's in the
// browser of a person who is welcome here. A form can send any body, but not call it JSON.
static int check_visitor(const struct api_config *config, const struct http_request *request,
                         struct http_response *response)
{
    if (!api_page_is_ours(config, request))
        api_refuse(response, 403, "meetings are for the pages of this server", NULL);
    else if (!api_host_is_known(config, request))
        api_refuse(response, 403,
                   "this server does not go by that name: public-url gives it one", NULL);
    else if (request->method == HTTP_POST && !is_json(request->content_type))
        api_refuse(response, 415, "expected application/json", NULL);
    else
        return 0;
    return ERR_REFUSED;
}

// Whether the client is on this machine itself, not behind a proxy that stands on it.
static bool is_local(const struct http_request *request)
{
    return addr_is_loopback(&request->from) && !request->is_forwarded &&
           api_host_is_loopback(request->host);
}

static int check_meetings(const struct api_config *config, struct http_request *request,
                          int64_t wall_ms, struct jwt_claims *claims,
                          struct http_response *response)
{
    enum api_meetings who = config->meetings;
    if (who == API_MEETINGS_OFF) {
        api_refuse(response, 403, "meetings are switched off", NULL);
        return ERR_REFUSED;
    }
    if (who == API_MEETINGS_ANYONE || (who == API_MEETINGS_LOCAL && is_local(request)))
        return api_bearer(config, request->authorization, wall_ms, claims) &&
                       claims->type == JWT_MANAGEMENT
                   ? 0
                   : check_visitor(config, request, response);
    const char *key = config->meetings_key;
    if (request->access_key_header && key && key[0]) {
        if (jwt_secret_equal(request->access_key_header, key))
            return 0;
        return refuse_token(response, "Authentication error", "wrong Parlor-Key");
    }
    return check_token(config, request, wall_ms, JWT_MANAGEMENT, claims, NULL, response);
}

static int check_webhooks(const struct api_config *config, struct http_request *request,
                          int64_t wall_ms, struct jwt_claims *claims,
                          struct http_response *response)
{
    int err = check_token(config, request, wall_ms, JWT_MANAGEMENT, claims, NULL, response);
    if (err && response->status == 403)
        api_refuse(response, 403, "insufficient permissions", NULL);
    return err;
}

static int check_scope(const struct api_config *config, struct http_request *request,
                       int64_t wall_ms, struct api_call *call, struct http_response *response)
{
    if (call->is_rest)
        return api_admin_arrive(config, call, response);
    switch (call->route->scope) {
    case SCOPE_NONE:
        return 0;
    case SCOPE_SIGN_IN:
    case SCOPE_DASHBOARD:
    case SCOPE_ADMINS:
        return api_admin_arrive(config, call, response);
    case SCOPE_ANYBODY:
        call->is_known = api_bearer(config, request->authorization, wall_ms, &call->claims);
        return 0;
    case SCOPE_MANAGEMENT:
        return check_token(config, request, wall_ms, JWT_MANAGEMENT, &call->claims, NULL,
                           response);
    case SCOPE_WEBHOOKS:
        return check_webhooks(config, request, wall_ms, &call->claims, response);
    case SCOPE_APP:
        return check_token(config, request, wall_ms, JWT_APP, &call->claims, NULL, response);
    case SCOPE_RETURN:
        return check_token(config, request, wall_ms, JWT_APP, &call->claims, &call->has_expired,
                           response);
    case SCOPE_MEETINGS:
        return check_meetings(config, request, wall_ms, &call->claims, response);
    }
    return ERR_REFUSED;
}

enum api_next api_route(const struct api_config *config, struct http_request *request,
                        int64_t wall_ms, struct api_call *call, struct http_response *response)
{
    *call = (struct api_call){.request = request};
    // Tokens and codes are in these answers.
    http_header_add(response, "cache-control", "no-store");
    if (find_route(config, request, call, response) ||
        check_scope(config, request, wall_ms, call, response))
        return API_ANSWERED;
    if (request->body.len > api_body_max(config, request)) {
        api_refuse(response, 413, "body is too large", NULL);
        return API_ANSWERED;
    }
    if (call->admin)
        return call->route->scope == SCOPE_SIGN_IN ? API_ADMIT : API_SESSION;
    return api_begin(config, call, response);
}

enum api_next api_begin(const struct api_config *config, struct api_call *call,
                        struct http_response *response)
{
    if (call->route->handler == api_rooms_delete)
        call->removes = call->parameters[0];
    enum api_next next = call->route->next;
    if (next == API_STORED || next == API_LIVE || next == API_FIGURES)
        return next;
    struct api_context c = {
        .config = config,
        .call = call,
        .request = call->request,
        .arena = &call->request->arena,
        .response = response,
    };
    int err = ERR_UNSUPPORTED;
    if (call->route->handler)
        err = call->route->handler(&c);
    else
        api_refuse(response, 501, "not implemented", NULL);
    return err ? API_ANSWERED : next;
}

struct api *api_new(const struct api_config *config, const struct rng *rng)
{
    struct api *api = mem_alloc(sizeof *api);
    api->config = config;
    api->rng = *rng;
    api_set_signer(api, &config->keys.at[0]);
    id_source_init(&api->ids, &api->rng);
    api_tries_init(
        &api->tries, config->wrong_codes ? config->wrong_codes : CODE_TRIES_PER_MINUTE,
        config->wrong_codes_all ? config->wrong_codes_all : CODE_TRIES_PER_MINUTE_ALL,
        &api->rng);
    api_tries_init(&api->reports, REPORTS_PER_MINUTE, REPORTS_PER_MINUTE_ALL, &api->rng);
    return api;
}

void api_set_signer(struct api *api, const struct jwt_key *key)
{
    api->signer = *key;
}

void api_free(struct api *api)
{
    mem_wipe(&api->signer, sizeof api->signer);
    api_tries_dispose(&api->tries);
    api_tries_dispose(&api->reports);
    mem_free(api);
}

int api_prepare(struct db *db, const char *template_id, int64_t wall_ms)
{
    struct arena arena = {0};
    struct store_template row;
    int err = store_template_default(db, &arena, &row);
    if (err == ERR_NOT_FOUND) {
        row = (struct store_template){
            .id = template_id,
            .name = "default",
            .is_default = true,
            .document = store_document_default,
            .created_at_ms = wall_ms,
            .updated_at_ms = wall_ms,
        };
        err = store_template_insert(db, &row);
    }
    arena_dispose(&arena);
    return err;
}

// Codes are made when they are first asked for.
bool api_only_reads(const struct api_call *call)
{
    const struct api_route *route = call->route;
    if (call->step != API_HANDLES)
        return call->step != API_AUDITS;
    return route->handler == api_login || route->handler == api_token_hand_out ||
           (route->method == HTTP_GET && route->handler != api_meetings_codes &&
            route->handler != api_diagnostics_token);
}

bool api_follows_log(const struct api_call *call)
{
    return call->route->handler == api_client_report && call->is_known;
}

// Of things that grow without a bound of their own.
static api_handler *const of_pages[] = {
    api_rooms_list,       api_templates_list,       api_sessions_list,      api_sessions_get,
    api_analytics_events, api_analytics_peer_stats, api_webhook_list,       api_poll_sessions,
    api_poll_responses,   api_poll_results,         api_recording_list,     api_asset_list,
    api_live_stream_list, api_external_stream_list, api_webhook_replay_get, api_admin_audit,
};

bool api_reads_pages(const struct api_call *call)
{
    for (size_t i = 0; call->step == API_HANDLES && i < sizeof of_pages / sizeof *of_pages;
         i++) {
        if (call->route->handler == of_pages[i])
            return true;
    }
    return false;
}

bool api_is_kept(const struct api_call *call)
{
    return call->route->handler != api_live_say;
}

bool api_run_from_memory(const struct api_config *config, const struct room *live,
                         struct api_call *call, struct moment now,
                         struct http_response *response)
{
    struct api_context c = {
        .config = config,
        .live = live,
        .call = call,
        .request = call->request,
        .arena = &call->request->arena,
        .now = now,
        .response = response,
    };
    if (call->route->handler != api_init)
        return false;
    call->route->handler(&c);
    api_check_place(call, live, response);
    return true;
}

int api_run(struct api *api, struct db *db, struct api_call *call, struct moment now,
            struct http_response *response)
{
    struct api_context c = {
        .config = api->config,
        .api = api,
        .db = db,
        .call = call,
        .request = call->request,
        .arena = &call->request->arena,
        .now = now,
        .response = response,
    };
    return call->admin ? api_admin_run(&c) : call->route->handler(&c);
}

int api_run_known(struct api *api, struct api_call *call, struct moment now,
                  struct http_response *response)
{
    return api_run(api, NULL, call, now, response);
}

void api_run_live(const struct api_config *config, struct rooms *rooms, struct api_call *call,
                  struct moment now, struct http_response *response, struct event_list *events)
{
    struct api_context c = {
        .config = config,
        .rooms = rooms,
        .events = events,
        .call = call,
        .request = call->request,
        .arena = &call->request->arena,
        .now = now,
        .response = response,
    };
    call->route->handler(&c);
}
