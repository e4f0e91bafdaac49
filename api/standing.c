// What a request proves before anything of it is looked at: by which measure it counts, and how
// much of it is read.
#include "api/api.h"
#include "api/context.h"

#include <string.h>

static const char *key_of(const struct api_config *config, const struct jwt_claims *claims)
{
    for (size_t i = 0; i < config->keys.count; i++)
        if (strcmp(config->keys.at[i].access_key, claims->access_key) == 0)
            return config->keys.at[i].access_key;
    return NULL;
}

// Web sockets bring their token in the query: browsers let pages set no field there.
static bool read_token(const struct api_config *config, struct http_request *request,
                       int64_t wall_ms, struct jwt_claims *claims)
{
    if (api_bearer(config, request->authorization, wall_ms, claims))
        return true;
    const char *token = http_query(request, "token", 0);
    return token && api_verify(config, token, wall_ms, claims) == JWT_VALID;
}

enum http_standing api_standing(const struct api_config *config, struct http_request *request,
                                int64_t wall_ms, const char **key)
{
    struct jwt_claims claims;
    // A login needs no token, and gains nothing by bringing one. What a browser asks before
    // it asks (Fetch section 3.2.2) is answered without any work.
    if (request->method == HTTP_OPTIONS)
        return HTTP_COSTLESS;
    if (api_is_login(request))
        return HTTP_LOGS_IN;
    if (!read_token(config, request, wall_ms, &claims))
        return HTTP_STRANGER;
    if (claims.type == JWT_APP)
        return HTTP_HAS_TOKEN;
    *key = key_of(config, &claims);
    return claims.type == JWT_MANAGEMENT && *key ? HTTP_HAS_KEY : HTTP_STRANGER;
}
