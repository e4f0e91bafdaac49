// Who may come in to the dashboard's calls, and to which.
#include "api/admin.h"

#include "api/admin_tries.h"
#include "api/api.h"
#include "api/page.h"
#include "base/err.h"
#include "base/jwt.h"
#include "base/origin.h"

#include <string.h>
#include <strings.h>

static const int64_t seen_every_ms = INT64_C(60) * 1000;

static bool reads(const struct api_call *call)
{
    return call->request->method == HTTP_GET || call->request->method == HTTP_HEAD;
}

bool api_is_change(const struct api_call *call)
{
    return call->admin && !reads(call);
}

// Unlike for meetings, those of the operator's lists are foreign, too, and so is whoever does
// not say.
static bool is_own_page(const struct api_config *config, const struct http_request *request)
{
    const char *site = request->fetch_site;
    if (!request->origin || !api_host_is_known(config, request))
        return false;
    return site ? strcmp(site, "same-origin") == 0
                : origin_is_own(request->origin, request->host, config->public_url,
                                request->secure);
}

static int refuse(struct http_response *response, int status, const char *message,
                  const char *detail)
{
    api_refuse(response, status, message, detail);
    return ERR_REFUSED;
}

static int refuse_stranger(struct http_response *response)
{
    return refuse(response, 401, "Authentication error", "sign in");
}

static bool is_json(const char *content_type)
{
    static const char json[] = "application/json";
    size_t len = sizeof json - 1;
    return content_type && strncasecmp(content_type, json, len) == 0 &&
           (content_type[len] == 0 || strchr("; \t", content_type[len]));
}

int api_admin_arrive(const struct api_config *config, struct api_call *call,
                     struct http_response *response)
{
    struct http_request *request = call->request;
    char secret[ADMIN_SECRET_LEN + 1], csrf[ADMIN_SECRET_LEN + 1];
    bool has_session = api_admin_cookie(request, secret);
    bool signs_in = !call->is_rest && call->route->scope == SCOPE_SIGN_IN;
    call->admin = arena_alloc(&request->arena, sizeof *call->admin);
    if (has_session)
        api_admin_hash(secret, call->admin->hash);
    if (!signs_in && !has_session)
        return refuse_stranger(response);
    if (!reads(call) && !is_own_page(config, request))
        return refuse(response, 403, "Forbidden", "the dashboard's own page only");
    // What a form can send is no JSON, where there is no token yet.
    if (signs_in)
        return is_json(request->content_type)
                   ? 0
                   : refuse(response, 415, "expected application/json", NULL);
    api_admin_csrf(secret, csrf);
    if (!reads(call) &&
        (!request->csrf_header || !jwt_secret_equal(request->csrf_header, csrf)))
        return refuse(response, 403, "Forbidden", "Parlor-CSRF is missing or wrong");
    return 0;
}

// Whoever may see a code or a stream key can act with it.
static bool shows_secrets(const struct api_route *route)
{
    return route->handler == api_codes_list || route->handler == api_stream_key_get;
}

static enum account_role least_of(const struct api_call *call)
{
    const struct api_route *route = call->route;
    if (!call->is_rest)
        return route->scope == SCOPE_ADMINS ? ACCOUNT_ADMIN : ACCOUNT_VIEWER;
    return reads(call) && !shows_secrets(route) ? ACCOUNT_VIEWER : ACCOUNT_DEVELOPER;
}

static int check_session(struct api_call *call, struct http_response *response)
{
    const struct api_admin *admin = call->admin;
    if (!admin->is_signed_in) {
        api_admin_set_cookie(call->request, response, NULL);
        return refuse_stranger(response);
    }
    if (admin->session.account.role < least_of(call))
        return refuse(response, 403, "Forbidden", "the account's role does not allow it");
    return 0;
}

static enum api_next take_wish(const struct api_config *config, struct api_call *call,
                               struct moment now, struct http_response *response)
{
    struct api_admin *admin = call->admin;
    struct api_context c = {
        .config = config,
        .call = call,
        .request = call->request,
        .arena = &call->request->arena,
        .now = now,
        .response = response,
    };
    if (api_admin_wish(&c))
        return API_ANSWERED;
    if (admin->password && config->admin_tries) {
        const char *name = admin->is_signed_in ? admin->session.account.name : admin->name;
        int64_t wait = api_admin_tries_wait_s(config->admin_tries, &call->request->from, name,
                                              now.mono_us);
        if (wait) {
            api_fail_wait(&c, wait);
            return API_ANSWERED;
        }
        api_admin_tries_add(config->admin_tries, &call->request->from, name, now.mono_us);
        admin->is_counted = true;
    }
    return admin->password || admin->new_password ? API_PASSWORD : API_STORED;
}

enum api_next api_admit(const struct api_config *config, struct api_call *call,
                        struct moment now, struct http_response *response)
{
    bool signs_in = !call->is_rest && call->route->scope == SCOPE_SIGN_IN;
    call->step = API_HANDLES;
    if (!signs_in && check_session(call, response))
        return API_ANSWERED;
    if (call->route->next == API_PASSWORD)
        return take_wish(config, call, now, response);
    call->claims.type = JWT_MANAGEMENT;
    return api_begin(config, call, response);
}

bool api_is_seen_anew(const struct api_call *call, int64_t wall_ms,
                      char hash[SIGN_IN_HASH_LEN + 1])
{
    const struct api_admin *admin = call->admin;
    memcpy(hash, admin->hash, sizeof admin->hash);
    return admin->is_signed_in && wall_ms - admin->session.seen_at >= seen_every_ms;
}

void api_password_was_right(const struct api_config *config, const struct api_call *call)
{
    const struct api_admin *admin = call->admin;
    if (admin->is_counted)
        api_admin_tries_take_back(config->admin_tries, &call->request->from,
                                  admin->session.account.name);
}

bool api_is_to_audit(const struct api_call *call)
{
    return api_is_change(call) && call->admin->is_known && !call->admin->is_written;
}
