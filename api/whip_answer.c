#include "api/whip_answer.h"

#include "base/err.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

// --- ICE servers ---

static bool is_plain(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

// A quoted-string of RFC 9110 section 5.6.4.
static void add_attribute(struct text *link, const char *name, const char *value)
{
    text_addf(link, "; %s=\"", name);
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            text_add_char(link, '\\');
        text_add_char(link, *value);
    }
    text_add_char(link, '"');
}

static void add_link(struct whip_links *links, const char *url, const json_t *server)
{
    const char *username = json_get_text(server, "username", "");
    const char *credential = json_get_text(server, "credential", "");
    if (links->count == WHIP_LINKS_MAX || !is_plain(url) || strpbrk(url, "<> ") ||
        !is_plain(username) || !is_plain(credential))
        return; // cannot be said in a header field
    struct text link = {0};
    text_addf(&link, "<%s>; rel=\"ice-server\"", url);
    if (username[0]) {
        add_attribute(&link, "username", username);
        add_attribute(&link, "credential", credential);
        add_attribute(&link, "credential-type", "password");
    }
    links->at[links->count++] = text_take(&link);
}

void whip_links_init(struct whip_links *links, const char *ice_servers)
{
    *links = (struct whip_links){0};
    json_t *list;
    if (!ice_servers || json_read(bytes_of(ice_servers), &json_bounds_default, &list))
        return;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *server = json_array_get(list, i);
        const json_t *urls = json_object_get(server, "urls");
        if (json_is_string(urls))
            add_link(links, json_string_value(urls), server);
        for (size_t k = 0; k < json_array_size(urls); k++) {
            const char *url = json_string_value(json_array_get(urls, k));
            if (url)
                add_link(links, url, server);
        }
    }
    json_decref(list);
}

void whip_links_dispose(struct whip_links *links)
{
    for (size_t i = 0; i < links->count; i++)
        mem_free(links->at[i]);
    links->count = 0;
}

// --- Refusals ---

void whip_refuse_busy(struct http_response *response, const char *detail)
{
    api_refuse(response, 503, "Service Unavailable", detail);
    http_header_add(response, "retry-after", "1");
}

void whip_refuse(struct http_response *response, int err, const char *text)
{
    const char *detail = text && text[0] ? text : NULL;
    switch (err) {
    case ERR_MALFORMED:
        api_refuse(response, 400, "Invalid SDP", detail);
        break;
    case ERR_REFUSED:
        api_refuse(response, 403, "Forbidden", detail);
        break;
    case ERR_UNSUPPORTED: // RFC 9725 section 4.4.3
    case ERR_FULL:
        api_refuse(response, 422, "the offer cannot be served", detail);
        break;
    case ERR_BUSY:
        whip_refuse_busy(response, detail);
        break;
    default:
        api_refuse(response, 409, "not possible now", detail);
        break;
    }
}

// --- Success ---

void whip_answer_created(struct http_response *response, struct arena *arena,
                         const struct whip_links *links, const char *location, const char *etag,
                         const char *sdp)
{
    response->status = 201;
    response->content_type = "application/sdp";
    text_add(&response->body, sdp);
    http_header_add(response, "location", location);
    http_header_add(response, "etag", arena_text(arena, bytes_of(etag)));
    for (size_t i = 0; i < links->count; i++)
        http_header_add(response, "link", arena_text(arena, bytes_of(links->at[i])));
}

void whip_answer_patched(struct http_response *response, struct arena *arena, const char *etag,
                         const char *fragment)
{
    response->status = 204;
    if (!fragment[0])
        return;
    response->status = 200;
    response->content_type = "application/trickle-ice-sdpfrag";
    text_add(&response->body, fragment);
    http_header_add(response, "etag", arena_text(arena, bytes_of(etag)));
}

static void put_encoding(struct json_out *j, int quality)
{
    static const char *const names[] = {"", "low", "medium", "high"};
    json_open(j, '{');
    json_key(j, "encodingId");
    json_put_string(j, names[quality]);
    json_close(j, '}');
}

// A line of it: wanted, sent, all there are and 0, the mid.
static void put_section(struct json_out *j, const char *line)
{
    char mid[32] = "", all[8] = "";
    int most, sent;
    if (sscanf(line, "%1d %1d %7[0123] %31[^\n]", &most, &sent, all, mid) < 3 || sent > 3)
        return;
    json_key(j, mid);
    json_open(j, '{');
    json_key(j, "active");
    json_open(j, '[');
    if (sent > 0)
        put_encoding(j, sent);
    json_close(j, ']');
    json_key(j, "layers");
    json_open(j, '[');
    for (size_t i = strlen(all); i-- > 1;)
        put_encoding(j, all[i] - '0');
    json_close(j, ']');
    json_close(j, '}');
}

void whip_answer_layers(struct http_response *response, int err, const char *text)
{
    if (err) {
        api_refuse(response, err == ERR_NOT_FOUND ? 404 : 409, "no such section", NULL);
        return;
    }
    response->status = 200;
    response->content_type = "application/json";
    struct json_out j = json_out_on(&response->body);
    json_open(&j, '{');
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        put_section(&j, line);
    json_close(&j, '}');
}

bool whip_etag_matches(const char *if_match, const char *etag)
{
    size_t len = strlen(etag);
    for (const char *p = if_match; *p; p += strcspn(p, ",")) {
        p += strspn(p, ", \t");
        size_t word_len = strcspn(p, ", \t");
        if ((word_len == 1 && *p == '*') || (word_len == len && memcmp(p, etag, len) == 0))
            return true;
    }
    return false;
}
