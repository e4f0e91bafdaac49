// GET /init: where a client finds its server. The SDK hangs for ever on a 404 here, so whatever
// is wrong with a token's room or role is 401 or 403.

#include "api/context.h"

#include "base/err.h"
#include "base/limits.h"
#include "store/codes.h"
#include "store/document.h"
#include "store/rooms.h"

#include <string.h>

// The windows are those that the SDK is built for: it takes a sample of so many of its looks,
// whatever is said here.
enum { PUBLISH_WINDOW_S = 30, SUBSCRIBE_WINDOW_S = 10 };

// uri-host and port of RFC 9110 section 7.2, so that what a client sent as Host can become
// part of a URL: a name or IPv4 address, or an IPv6 address in brackets.
static bool host_ok(const char *host)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._";
    size_t len;
    if (host[0] == '[') {
        len = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
        if (len < 3 || host[len] != ']')
            return false;
        len++;
    } else {
        len = strspn(host, letters);
    }
    if (!len || !host[len])
        return len != 0;
    size_t digits = strspn(host + len + 1, "0123456789");
    return host[len] == ':' && digits >= 1 && digits <= 5 && !host[len + 1 + digits];
}

static int put_endpoint(struct api_context *c, struct text *endpoint)
{
    const char *url = c->config->public_url;
    if (!url) {
        if (!c->request->host || !host_ok(c->request->host))
            return api_fail(c, 400, "Invalid Host header");
        text_addf(endpoint, "%s://%s/ws", c->request->secure ? "wss" : "ws", c->request->host);
        return 0;
    }
    // http becomes ws, https wss.
    size_t len = strlen(url + 4);
    if (len && url[4 + len - 1] == '/')
        len--;
    text_addf(endpoint, "ws%.*s/ws", (int)len, url + 4);
    return 0;
}

// What the token says, under the id that the client will have: /init calls it peer_id, WHIP
// peer.
static struct join_wish wish_of(const struct api_call *call)
{
    const char *peer = http_query(call->request, "peer_id", 0);
    if (!peer)
        peer = http_query(call->request, "peer", 0);
    peer = peer ? peer : "";
    return (struct join_wish){
        .peer_id = peer,
        .user_id = call->claims.user_id[0] ? call->claims.user_id : peer,
        .role = call->claims.role,
        .token = call->claims.hash,
        .has_expired = call->has_expired,
        .room_code_id = call->claims.room_code_id,
    };
}

bool api_check_return(const struct api_call *call, const struct room *live,
                      struct http_response *response)
{
    struct join_wish wish = wish_of(call);
    enum admission why =
        !call->has_expired ? ADMISSION_GRANTED
        : !live            ? ADMISSION_TOKEN_EXPIRED
                : admission_of(&live->record, live->template, live, &wish, ENTRY_SOCKET);
    if (why != ADMISSION_GRANTED)
        api_refuse_admission(response, why);
    return why == ADMISSION_GRANTED;
}

static bool has_layers(const struct template *t, const char *name)
{
    const struct role *role = template_role(t, name);
    return role && role->video_simulcast.layer_count > 0;
}

static int find_place(struct api_context *c)
{
    struct api_call *call = c->call;
    if (c->live) {
        call->place = arena_alloc(c->arena, sizeof *call->place);
        *call->place = c->live->record;
        call->sends_layers = has_layers(c->live->template, call->claims.role);
        return 0;
    }
    struct store_room room;
    struct template *t;
    int err = store_room_get(c->db, call->claims.room_id, c->arena, &room);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 403, "room is not active");
    if (!err)
        err = store_template_load(c->db, room.template_id, &t);
    if (err)
        return api_fail_storage(c, err);
    call->place = arena_alloc(c->arena, sizeof *call->place);
    store_room_record(&room, call->place);
    struct join_wish wish = wish_of(call);
    call->when_idle = admission_of(call->place, t, NULL, &wish, ENTRY_SOCKET);
    call->sends_layers = has_layers(t, call->claims.role);
    template_free(t);
    bool is_disabled = false;
    err = store_code_is_disabled(c->db, room.id, call->claims.room_code_id, &is_disabled);
    if (err)
        return api_fail_storage(c, err);
    if (is_disabled && call->when_idle == ADMISSION_GRANTED)
        call->when_idle = ADMISSION_CODE_DISABLED;
    return 0;
}

// A peer that is in already may always come back, also to a room that was disabled meanwhile.
void api_check_place(const struct api_call *call, const struct room *live,
                     struct http_response *response)
{
    if (!call->place || response->status != 200)
        return;
    struct join_wish wish = wish_of(call);
    enum admission why = call->when_idle;
    if (live)
        why = admission_of(call->place, NULL, live, &wish, ENTRY_SOCKET);
    if (why != ADMISSION_GRANTED)
        api_refuse_admission(response, why);
}

// How often a client samples figures about its media, and reports them, in seconds.
static void put_window(struct json_out *j, const char *key, int window_s)
{
    json_key(j, key);
    json_open(j, '{');
    json_member_int(j, "maxSampleWindowSize", window_s);
    json_member_int(j, "maxSamplePushInterval", STATS_INTERVAL_S);
    json_close(j, '}');
}

// Simulcast is for roles that have layers only.
static void put_flags(struct json_out *j, const struct api_call *call, const char *flags)
{
    json_open(j, '[');
    for (const char *p = flags ? flags : ""; *p;) {
        struct bytes flag = {(const uint8_t *)p, strcspn(p, ",")};
        if (call->sends_layers || !bytes_equal(flag, bytes_of("simulcast")))
            json_put_bytes(j, flag);
        p += flag.len + (p[flag.len] == ',');
    }
    json_close(j, ']');
}

int api_init(struct api_context *c)
{
    struct text endpoint = {0};
    int err = find_place(c);
    if (!err)
        err = put_endpoint(c, &endpoint);
    if (err)
        return err;
    const char *ice_servers = c->config->ice_servers ? c->config->ice_servers : "[]";

    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "endpoint", endpoint.at);
    json_key(&j, "rtcConfiguration");
    json_open(&j, '{');
    json_key(&j, "ice_servers");
    json_put_verbatim(&j, bytes_of(ice_servers));
    json_close(&j, '}');
    json_key(&j, "config");
    json_open(&j, '{');
    json_key(&j, "enabledFlags");
    put_flags(&j, c->call, c->config->client_flags);
    put_window(&j, "publishStats", PUBLISH_WINDOW_S);
    put_window(&j, "subscribeStats", SUBSCRIBE_WINDOW_S);
    json_close(&j, '}');
    json_close(&j, '}');
    text_dispose(&endpoint);
    return 0;
}
