#include "world.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

static const char template_id[] = "64a1b2c3d4e5f60718293a4e";

struct prepare_job {
    struct db_job job;
};

static int run_prepare(struct db_job *job, struct db *db)
{
    (void)job;
    return api_prepare(db, template_id, WORLD_START_MS);
}

struct world *world_new(void)
{
    struct world *w = mem_alloc(sizeof *w);
    struct rng rng = rng_seeded(7);
    w->scratch = scratch_new();
    w->now = (struct moment){.mono_us = 5000000, .wall_ms = WORLD_START_MS};
    w->host = "localhost:8080";
    w->answers = json_array();
    addr_parse_ip(&w->from, "192.0.2.1", 4000);
    snprintf(w->key.access_key, sizeof w->key.access_key, "%s", "64a1b2c3d4e5f60718293a4b");
    snprintf(w->key.secrets[0], sizeof w->key.secrets[0], "%s",
             "0123456789abcdef0123456789abcdef");
    w->config = (struct api_config){
        .keys = {&w->key, 1},
        .customer_id = "64a1b2c3d4e5f60718293a4c",
        .app_id = "64a1b2c3d4e5f60718293a4d",
        .meetings = API_MEETINGS_ANYONE,
    };
    api_admin_tries_init(&w->admin_tries, &rng);
    w->config.admin_tries = &w->admin_tries;
    w->api = api_new(&w->config, &rng);
    w->rng = rng;
    rooms_init(&w->rooms, &w->rng);
    CHECK_EQ(db_open(&w->db, w->scratch.database), 0);
    struct prepare_job prepare = {.job = {.run = run_prepare}};
    db_run_jobs(w->db, (struct db_job *[]){&prepare.job}, 1);
    CHECK_EQ(prepare.job.err, 0);
    return w;
}

void world_free(struct world *w)
{
    rooms_dispose(&w->rooms);
    event_list_dispose(&w->events);
    api_free(w->api);
    db_close(w->db);
    scratch_remove(&w->scratch);
    arena_dispose(&w->arena);
    json_decref(w->answers);
    mem_free(w);
}

struct call_job {
    struct db_job job; // first
    struct world *world;
    struct api_call *call;
    struct http_response *response;
    int err;
};

static int run_call(struct db_job *job, struct db *db)
{
    struct call_job *c = (struct call_job *)job;
    c->err = api_run(c->world->api, db, c->call, c->world->now, c->response);
    return c->err;
}

static struct answer keep(struct world *w, struct http_response *response)
{
    struct answer a = {.status = response->status, .message = "", .detail = ""};
    a.body = arena_text(&w->arena, text_bytes(&response->body));
    json_t *json = json_loads(a.body, JSON_DECODE_ANY, NULL);
    if (json) {
        CHECK_TEXT(response->content_type, "application/json");
        json_array_append_new(w->answers, json);
        a.json = json;
        a.message = json_get_text(json, "message", "");
        const char *detail =
            json_string_value(json_array_get(json_get_array(json, "details"), 0));
        a.detail = detail ? detail : "";
    }
    for (size_t i = 0; i < response->header_count; i++)
        a.headers[i] =
            (struct http_header){arena_text(&w->arena, bytes_of(response->headers[i].name)),
                                 arena_text(&w->arena, bytes_of(response->headers[i].value))};
    a.header_count = response->header_count;
    text_dispose(&response->body);
    return a;
}

// One step of the call, on the store. Returns what the job came to.
static int run_step(struct world *w, struct api_call *c, struct http_response *response)
{
    struct call_job job = {.job = {.run = run_call, .only_reads = api_only_reads(c)},
                           .world = w,
                           .call = c,
                           .response = response};
    db_run_jobs(w->db, (struct db_job *[]){&job.job}, 1);
    if (job.job.err != job.err)
        api_refuse_storage(response, job.job.err);
    return job.job.err;
}

// As the control thread does, for calls of the dashboard.
static enum api_next run_before(struct world *w, enum api_next next, struct api_call *c,
                                struct http_response *response)
{
    if (next == API_SESSION) {
        c->step = API_FINDS_SESSION;
        CHECK_EQ(run_step(w, c, response), 0);
    }
    if (next == API_SESSION || next == API_ADMIT)
        next = api_admit(&w->config, c, w->now, response);
    if (next != API_PASSWORD)
        return next;
    c->step = API_TRIES_PASSWORD;
    int err = run_step(w, c, response);
    c->step = API_HANDLES;
    if (!err)
        api_password_was_right(&w->config, c);
    return err ? API_ANSWERED : API_STORED;
}

struct answer call(struct world *w, enum http_method method, const char *target,
                   const char *authorization, const char *body)
{
    struct http_request request = {
        .method = method,
        .query = "",
        .host = w->host,
        .authorization = authorization,
        .access_key_header = w->parlor_key,
        .user_agent = w->user_agent,
        .origin = w->origin,
        .content_type = "application/json",
        .if_none_match = w->if_none_match,
        .cookie = w->cookie,
        .csrf_header = w->csrf,
        .fetch_site = w->fetch_site,
        .body = bytes_of(body),
        .from = w->from,
        .secure = w->secure,
    };
    size_t path_len = strcspn(target, "?");
    request.path =
        arena_text(&request.arena, (struct bytes){(const uint8_t *)target, path_len});
    request.raw_path = request.path;
    if (target[path_len])
        request.query = target + path_len + 1;

    const char *key;
    request.standing = api_standing(&w->config, &request, w->now.wall_ms, &key);
    struct http_response response = {0};
    struct api_call c;
    enum api_next next = api_route(&w->config, &request, w->now.wall_ms, &c, &response);
    next = run_before(w, next, &c, &response);
    w->run = next == API_STORED;
    if (next == API_LIVE)
        api_run_live(&w->config, &w->rooms, &c, w->now, &response, &w->events);
    if (w->run) {
        run_step(w, &c, &response);
        w->queues_webhooks = c.queues_webhooks;
    }
    if (c.changed)
        rooms_refresh(&w->rooms, c.changed, w->now);
    template_free(c.template);
    if (api_is_to_audit(&c)) {
        c.step = API_AUDITS;
        run_step(w, &c, &response);
    }
    api_check_place(&c, w->live, &response);
    struct answer a = keep(w, &response);
    arena_dispose(&request.arena);
    return a;
}

static const char *sign(struct world *w, struct jwt_claims *claims)
{
    struct text t = {0};
    snprintf(claims->access_key, sizeof claims->access_key, "%s", w->key.access_key);
    claims->issued_at_s = w->now.wall_ms / 1000;
    claims->expires_at_s = claims->issued_at_s + 86400;
    text_add(&t, "Bearer ");
    jwt_sign(claims, w->key.secrets[0], &t);
    const char *kept = arena_text(&w->arena, text_bytes(&t));
    text_dispose(&t);
    return kept;
}

const char *management(struct world *w)
{
    struct jwt_claims claims = {.type = JWT_MANAGEMENT};
    return sign(w, &claims);
}

const char *app(struct world *w, const char *room_id, const char *role)
{
    struct jwt_claims claims = {.type = JWT_APP};
    snprintf(claims.room_id, sizeof claims.room_id, "%s", room_id);
    snprintf(claims.role, sizeof claims.role, "%s", role);
    snprintf(claims.user_id, sizeof claims.user_id, "%s", w->user_id);
    return sign(w, &claims);
}

struct answer get(struct world *w, const char *target)
{
    return call(w, HTTP_GET, target, management(w), "");
}

struct answer post(struct world *w, const char *target, const char *body)
{
    return call(w, HTTP_POST, target, management(w), body);
}

struct answer del(struct world *w, const char *target)
{
    return call(w, HTTP_DELETE, target, management(w), "");
}

const char *target_of(const char *format, const char *id)
{
    static char out[4][200];
    static unsigned next;
    char *at = out[next++ % 4];
    snprintf(at, sizeof out[0], format, id);
    return at;
}

const char *header(const struct answer *a, const char *name)
{
    for (size_t i = 0; i < a->header_count; i++) {
        if (strcmp(a->headers[i].name, name) == 0)
            return a->headers[i].value;
    }
    return "";
}

const char *text(const struct answer *a, const char *key)
{
    return json_get_text(a->json, key, "");
}

const char *make_room(struct world *w, const char *body)
{
    struct answer a = post(w, "/v2/rooms", body);
    CHECK_EQ(a.status, 200);
    return text(&a, "id");
}

size_t items(const struct answer *a)
{
    return json_array_size(json_get_array(a->json, "data"));
}

const json_t *item(const struct answer *a, size_t at)
{
    return json_array_get(json_get_array(a->json, "data"), at);
}

const char *stored_column(struct world *w, const char *sql, const char *value)
{
    struct db_query *q = db_prepare(w->db, sql);
    db_bind_text(q, 1, value);
    CHECK_EQ(db_step(q), DB_ROW);
    const char *found = arena_text(&w->arena, bytes_of(db_text(q, 0)));
    db_finish(q);
    return found;
}
