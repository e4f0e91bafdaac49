#include "client/request.h"

#include "base/json.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 16 * 1024 * 1024, CONNECT_TIMEOUT_S = 5, TIMEOUT_S = 15 };

int request_fail(struct parlor_error *error, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    return -1;
}

static size_t take_octets(char *data, size_t size, size_t count, void *to)
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
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_octets);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "libparlor/" PARLOR_VERSION);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
    curl_slist_free_all(headers);
    return code ? request_fail(error, 0, "%s: %s", url, curl_easy_strerror(code)) : 0;
}

// The message of an error body, "Invalid body param: template not found".
static int fail_with_answer(struct parlor_error *error, long status, const json_t *answer)
{
    const char *message = json_get_text(answer, "message", NULL);
    const char *detail =
        json_string_value(json_array_get(json_get_array(answer, "details"), 0));
    if (!message)
        return request_fail(error, (int)status, "the server answered with status %ld", status);
    return request_fail(error, (int)status, "%s%s%s", message, detail ? ": " : "",
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
int request_send(const struct parlor_server *server, const char *method, const char *path,
                 const char *body, struct text *answer, struct parlor_error *error)
{
    struct text url = {0};
    long status = 0;
    *error = (struct parlor_error){0};

    size_t base_len = server->base_url ? strlen(server->base_url) : 0;
    if (!base_len)
        return request_fail(error, 0, "base_url is missing");
    if (server->base_url[base_len - 1] == '/')
        base_len--;
    char *token = parlor_management_token(server->access_key, server->app_secret);
    if (!token)
        return request_fail(error, 0,
                            "access_key is not 24 hex digits, or app_secret is missing");
    CURL *curl = curl_easy_init();
    text_addf(&url, "%.*s%s", (int)base_len, server->base_url, path);
    int result = curl ? perform(curl, method, url.at, token, body, answer, &status, error)
                      : request_fail(error, 0, "libcurl does not start");
    if (!result && (status < 200 || status > 299))
        result = refuse(text_bytes(answer), status, error);
    curl_easy_cleanup(curl);
    mem_wipe(token, strlen(token));
    free(token);
    text_dispose(&url);
    return result;
}

void request_add_encoded(struct text *path, const char *value)
{
    for (; *value; value++) {
        if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~",
                   *value))
            text_add_char(path, *value);
        else
            text_addf(path, "%%%02X", (unsigned char)*value);
    }
}
