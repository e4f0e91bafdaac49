#include "client/parlor.h"

#include "base/id.h"
#include "base/json.h"
#include "base/jwt.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/text.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MAX = 1024 * 1024, CONNECT_TIMEOUT_S = 5, TIMEOUT_S = 15 };

__attribute__((format(printf, 3, 4))) static int fail(struct parlor_error *error, int status,
                                                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return -1;
}

char *parlor_management_token(const char *access_key, const char *app_secret)
{
    if (!access_key || !app_secret || !id_is_object(access_key) || !app_secret[0])
        return NULL;
    struct rng rng = {0};
    struct jwt_claims claims = {.type = JWT_MANAGEMENT, .issued_at_s = time(NULL)};
    claims.expires_at_s = claims.issued_at_s + TOKEN_LIFETIME_S;
    snprintf(claims.access_key, sizeof claims.access_key, "%s", access_key);
    id_uuid(&rng, claims.jti);

    struct text token = {0};
    jwt_sign(&claims, app_secret, &token);
    char *copy = strdup(token.at);
    mem_wipe(token.at, token.cap);
    text_dispose(&token);
    return copy;
}

static size_t take(char *data, size_t size, size_t count, void *to)
{
    struct text *answer = to;
    if (answer->len + size * count > ANSWER_MAX)
        return 0; // makes curl give up
    text_add_bytes(answer, (struct bytes){(const uint8_t *)data, size * count});
    return size * count;
}

// One request. Returns 0 with the status and what came, or -1.
static int perform(CURL *curl, const char *method, const char *url, const char *token,
                   const char *body, struct text *answer, long *status,
                   struct parlor_error *error)
{
    struct text authorization = {0};
    text_addf(&authorization, "Authorization: Bearer %s", token);
    struct curl_slist *headers = curl_slist_append(NULL, authorization.at);
    headers = curl_slist_append(headers, "Content-Type: application/json");
    text_dispose(&authorization);

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (strcmp(method, "POST") == 0)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body ? body : "");
    else
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "libparlor/" PARLOR_VERSION);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    return code ? fail(error, 0, "%s: %s", url, curl_easy_strerror(code)) : 0;
}

// The message of an error body, "Invalid body param: template not found".
static int fail_with_answer(struct parlor_error *error, long status, const json_t *answer)
{
    const char *message = json_get_text(answer, "message", NULL);
    const char *detail =
        json_string_value(json_array_get(json_get_array(answer, "details"), 0));
    if (!message)
        return fail(error, (int)status, "the server answered with status %ld", status);
    return fail(error, (int)status, "%s%s%s", message, detail ? ": " : "",
                detail ? detail : "");
}

static int refuse(struct bytes answer, long status, struct parlor_error *error)
{
    json_t *read = NULL;
    if (json_read(answer, &json_bounds_default, &read))
        read = NULL;
    fail_with_answer(error, status, read);
    json_decref(read);
    return -1;
}

// base_url + path. Returns 0 and what came with a status of 200 to 299.
static int request(const struct parlor_server *server, const char *method, const char *path,
                   const char *body, struct text *answer, struct parlor_error *error)
{
    struct text url = {0};
    long status = 0;
    *error = (struct parlor_error){0};

    size_t base_len = server->base_url ? strlen(server->base_url) : 0;
    if (!base_len)
        return fail(error, 0, "base_url is missing");
    if (server->base_url[base_len - 1] == '/')
        base_len--;
    char *token = parlor_management_token(server->access_key, server->app_secret);
    if (!token)
        return fail(error, 0, "access_key is not 24 hex digits, or app_secret is missing");
    CURL *curl = curl_easy_init();
    text_addf(&url, "%.*s%s", (int)base_len, server->base_url, path);
    int result = curl ? perform(curl, method, url.at, token, body, answer, &status, error)
                      : fail(error, 0, "libcurl does not start");
    if (!result && (status < 200 || status > 299))
        result = refuse(text_bytes(answer), status, error);
    curl_easy_cleanup(curl);
    mem_wipe(token, strlen(token));
    free(token);
    text_dispose(&url);
    return result;
}

char *parlor_call(const struct parlor_server *server, const char *method, const char *path,
                  const char *body, struct parlor_error *error)
{
    struct text answer = {0};
    char *copy = NULL;
    if (!request(server, method, path, body, &answer, error))
        copy = strdup(answer.at ? answer.at : "");
    text_dispose(&answer);
    return copy;
}

// POST base_url + path. Returns 0 and the answer, the caller's to json_decref().
static int post(const struct parlor_server *server, const char *path, const char *body,
                json_t **value, struct parlor_error *error)
{
    struct text answer = {0};
    json_t *read = NULL;
    int result = request(server, "POST", path, body, &answer, error);
    if (!result && (json_read(text_bytes(&answer), &json_bounds_default, &read) ||
                    !json_is_object(read))) {
        json_decref(read);
        result = fail(error, 200, "the server's answer is not the JSON expected");
    }
    if (!result)
        *value = read;
    text_dispose(&answer);
    return result;
}

static void put_option(struct json_out *j, const char *key, const char *value)
{
    if (value)
        json_member_string(j, key, value);
}

int parlor_create_room(const struct parlor_server *server,
                       const struct parlor_room_options *options, struct parlor_room *room,
                       struct parlor_error *error)
{
    static const struct parlor_room_options nothing = {0};
    const struct parlor_room_options *wish = options ? options : &nothing;
    struct text body = {0};
    struct json_out j = json_out_on(&body);
    json_open(&j, '{');
    put_option(&j, "name", wish->name);
    put_option(&j, "description", wish->description);
    put_option(&j, "template_id", wish->template_id);
    json_close(&j, '}');

    json_t *answer;
    int result = post(server, "/rooms", body.at, &answer, error);
    text_dispose(&body);
    if (result)
        return result;
    const char *id = json_get_text(answer, "id", "");
    if (id_is_object(id)) {
        *room = (struct parlor_room){.enabled = json_get_bool(answer, "enabled", false)};
        snprintf(room->id, sizeof room->id, "%s", id);
        snprintf(room->name, sizeof room->name, "%s", json_get_text(answer, "name", ""));
        snprintf(room->template_id, sizeof room->template_id, "%s",
                 json_get_text(answer, "template_id", ""));
    } else {
        result = fail(error, 200, "the server's answer has no room id");
    }
    json_decref(answer);
    return result;
}

static void take_code(const json_t *list, const char *role, char out[PARLOR_CODE_LEN + 1])
{
    size_t i;
    json_t *item;
    out[0] = 0;
    json_array_foreach((json_t *)list, i, item)
    {
        const char *code = json_get_text(item, "code", "");
        if (strcmp(json_get_text(item, "role", ""), role) != 0 || !id_is_room_code(code))
            continue;
        snprintf(out, PARLOR_CODE_LEN + 1, "%s", code);
        return;
    }
}

int parlor_get_room_codes(const struct parlor_server *server, const char *room_id,
                          struct parlor_codes *codes, struct parlor_error *error)
{
    char path[80];
    json_t *answer;
    *error = (struct parlor_error){0};
    if (!room_id || !id_is_object(room_id))
        return fail(error, 0, "the room id is not 24 hex digits");
    snprintf(path, sizeof path, "/room-codes/room/%s", room_id);
    int result = post(server, path, "", &answer, error);
    if (result)
        return result;
    const json_t *list = json_get_array(answer, "data");
    if (list) {
        take_code(list, "host", codes->host);
        take_code(list, "guest", codes->guest);
    } else {
        result = fail(error, 200, "the server's answer has no list of codes");
    }
    json_decref(answer);
    return result;
}
