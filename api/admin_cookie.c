// The cookie of the dashboard, and what follows from its secret.
#include "api/admin.h"

#include "base/base64.h"
#include "base/jwt.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Over TLS the name makes browsers refuse it from any other host, and without Secure (RFC
// 6265bis section 4.1.3).
static const char *name_of(const struct http_request *request)
{
    return request->secure ? "__Host-parlor-admin" : "parlor-admin";
}

static bool is_secret(const char *value, size_t len)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return len == ADMIN_SECRET_LEN && strspn(value, digits) >= len;
}

// A page of a neighbouring host may have set a second one: which is ours cannot be told.
bool api_admin_cookie(const struct http_request *request, char secret[ADMIN_SECRET_LEN + 1])
{
    const char *name = name_of(request);
    size_t name_len = strlen(name), found = 0;
    for (const char *at = request->cookie ? request->cookie : ""; *at;) {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";");
        if (len > name_len && strncmp(at, name, name_len) == 0 && at[name_len] == '=' &&
            is_secret(at + name_len + 1, len - name_len - 1) && found++ == 0)
            snprintf(secret, ADMIN_SECRET_LEN + 1, "%.*s", ADMIN_SECRET_LEN, at + name_len + 1);
        at += len;
    }
    return found == 1;
}

void api_admin_set_cookie(struct http_request *request, struct http_response *response,
                          const char *secret)
{
    struct text t = {0};
    text_addf(&t, "%s=%s; Path=/; Max-Age=%" PRId64 "; HttpOnly; SameSite=Strict%s",
              name_of(request), secret ? secret : "", secret ? SIGN_IN_MS / 1000 : 0,
              request->secure ? "; Secure" : "");
    http_header_set(response, "set-cookie", arena_text(&request->arena, text_bytes(&t)));
    text_dispose(&t);
}

void api_admin_hash(const char *secret, char hash[SIGN_IN_HASH_LEN + 1])
{
    struct token_hash of_secret = token_hash_of(bytes_of(secret));
    token_hash_write(&of_secret, hash);
}

// A page that can send the cookie cannot read it, and so cannot make this of it.
void api_admin_csrf(const char *secret, char csrf[ADMIN_SECRET_LEN + 1])
{
    uint8_t mac[JWT_MAC_LEN];
    struct text t = {0};
    jwt_hmac(bytes_of(secret), bytes_of("parlor-csrf"), mac);
    base64url_add(&t, (struct bytes){mac, sizeof mac});
    snprintf(csrf, ADMIN_SECRET_LEN + 1, "%s", t.at);
    text_dispose(&t);
}
