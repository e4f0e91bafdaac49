#include "base/err.h"
#include "base/limits.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

TEST(a_management_token_opens_the_management_calls)
{
    struct world *w = world_new();
    CHECK_EQ(get(w, "/v2/rooms").status, 200);
    world_free(w);
}

TEST(without_a_token_nothing_reaches_the_store)
{
    struct world *w = world_new();
    struct answer a = call(w, HTTP_GET, "/v2/rooms", NULL, "");
    CHECK_REFUSED(a, 401, "Authentication error", "");
    CHECK_TEXT(header(&a, "www-authenticate"), "Bearer");
    CHECK(!w->run);
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", "Basic eDp5", ""), 401, "Authentication error",
                  "");
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", "Bearer", ""), 401, "Authentication error",
                  "");
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", "Bearer  ", ""), 401, "Authentication error",
                  "");
    world_free(w);
}

TEST(the_scheme_is_read_in_any_case)
{
    struct world *w = world_new();
    char authorization[2048];
    snprintf(authorization, sizeof authorization, "bEARER %s", management(w) + 7);
    CHECK_EQ(call(w, HTTP_GET, "/v2/rooms", authorization, "").status, 200);
    world_free(w);
}

TEST(what_is_wrong_with_a_token_is_said_in_the_details)
{
    struct world *w = world_new();
    const char *good = management(w);
    char two[4096];
    snprintf(two, sizeof two, "%s %s", good, good + 7);
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", "Bearer not.a.token", ""), 401,
                  "Token validation error", "malformed token");
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", two, ""), 401, "Token validation error",
                  "malformed token");
    w->now.wall_ms += (86400 + 60) * 1000LL;
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", good, ""), 401, "Token validation error",
                  "token is expired");
    w->now.wall_ms = WORLD_START_MS - 61000;
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", good, ""), 401, "Token validation error",
                  "token is not valid yet");
    w->now.wall_ms = WORLD_START_MS;
    w->key.secrets[0][0] = 'x';
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", good, ""), 401, "Token validation error",
                  "signature is invalid");
    w->key.access_key[0] = '0';
    CHECK_REFUSED(call(w, HTTP_GET, "/v2/rooms", good, ""), 401, "Token validation error",
                  "not found");
    world_free(w);
}

TEST(a_token_of_the_other_type_is_forbidden)
{
    struct world *w = world_new();
    CHECK_EQ(
        call(w, HTTP_GET, "/v2/rooms", app(w, "64a1b2c3d4e5f60718293a4b", "host"), "").status,
        403);
    CHECK_EQ(call(w, HTTP_GET, "/init", management(w), "").status, 403);
    CHECK_EQ(call(w, HTTP_GET, "/v2/layouts/ui", management(w), "").status, 403);
    world_free(w);
}

TEST(every_management_call_wants_a_management_token)
{
    static const struct {
        enum http_method method;
        const char *path;
    } rows[] = {
        {HTTP_POST, "/v2/rooms"},
        {HTTP_GET, "/v2/rooms"},
        {HTTP_GET, "/v2/rooms/1"},
        {HTTP_POST, "/v2/rooms/1"},
        {HTTP_POST, "/v2/room-codes/room/1"},
        {HTTP_GET, "/v2/room-codes/room/1"},
        {HTTP_POST, "/v2/room-codes/room/1/role/host"},
        {HTTP_POST, "/v2/room-codes/code"},
        {HTTP_GET, "/v2/templates"},
        {HTTP_GET, "/v2/templates/1"},
        {HTTP_POST, "/v2/templates"},
        {HTTP_DELETE, "/v2/templates/1/roles/host"},
    };
    struct world *w = world_new();
    const char *app_token = app(w, "64a1b2c3d4e5f60718293a4b", "host");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_EQ(call(w, rows[i].method, rows[i].path, NULL, "").status, 401);
        CHECK_EQ(call(w, rows[i].method, rows[i].path, app_token, "").status, 403);
        CHECK(!w->run);
    }
    world_free(w);
}

TEST(an_unknown_path_is_404)
{
    struct world *w = world_new();
    CHECK_REFUSED(get(w, "/v2/nothing"), 404, "path not found", "");
    CHECK_REFUSED(get(w, "/v2/rooms/a/b"), 404, "path not found", "");
    CHECK_REFUSED(get(w, "/v2/roomsx"), 404, "path not found", "");
    CHECK_REFUSED(get(w, "/v2/room"), 404, "path not found", "");
    CHECK_REFUSED(get(w, "/v2/room-codes/room/"), 404, "path not found", "");
    world_free(w);
}

TEST(a_slash_at_the_end_makes_no_difference)
{
    struct world *w = world_new();
    CHECK_EQ(get(w, "/v2/rooms/").status, 200);
    CHECK_EQ(post(w, "/v2/rooms/", "{}").status, 200);
    CHECK_EQ(get(w, "/v2/templates/").status, 200);
    CHECK_EQ(get(w, "/v2/rooms//").status, 404);
    world_free(w);
}

TEST(another_method_is_405_with_the_methods_there_are)
{
    struct world *w = world_new();
    struct answer a = call(w, HTTP_DELETE, "/v2/rooms", management(w), "");
    CHECK_REFUSED(a, 405, "Method not allowed", "");
    CHECK_TEXT(header(&a, "allow"), "GET, HEAD, POST");
    a = call(w, HTTP_OTHER, "/v2/room-codes/code", NULL, "");
    CHECK_EQ(a.status, 405);
    CHECK_TEXT(header(&a, "allow"), "POST");
    CHECK_EQ(call(w, HTTP_PUT, "/v2/token", NULL, "").status, 405);
    CHECK_EQ(call(w, HTTP_POST, "/init", NULL, "").status, 405);
    world_free(w);
}

TEST(HEAD_is_answered_as_GET)
{
    struct world *w = world_new();
    CHECK_EQ(call(w, HTTP_HEAD, "/v2/rooms", management(w), "").status, 200);
    CHECK_EQ(call(w, HTTP_HEAD, "/v2/token", NULL, "").status, 405);
    world_free(w);
}

static void check_preflight(struct world *w, const char *path)
{
    struct answer a = call(w, HTTP_OPTIONS, path, NULL, "");
    CHECK_EQ(a.status, 204);
    CHECK_TEXT(a.body, "");
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "*");
    CHECK_TEXT(header(&a, "access-control-allow-headers"),
               "Authorization, Content-Type, user_agent_v2");
}

TEST(browsers_of_other_origins_may_make_the_calls_of_clients)
{
    struct world *w = world_new();
    check_preflight(w, "/init?peer_id=x");
    check_preflight(w, "/v2/token");
    check_preflight(w, "/v2/layouts/ui");
    check_preflight(w, "/v2/client/report");
    check_preflight(w, "/v2/client/feedback");
    struct answer a = call(w, HTTP_POST, "/v2/token", NULL, "{}");
    CHECK_EQ(a.status, 400);
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "*");
    world_free(w);
}

TEST(management_calls_are_not_for_pages_of_other_origins)
{
    struct world *w = world_new();
    struct answer a = call(w, HTTP_OPTIONS, "/v2/rooms", NULL, "");
    CHECK_EQ(a.status, 405);
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "");
    a = get(w, "/v2/rooms");
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "");
    CHECK_TEXT(header(&a, "cache-control"), "no-store");
    world_free(w);
}

TEST(pages_that_are_listed_may_call_the_management_api)
{
    struct world *w = world_new();
    w->config.origins = "https://a.example, https://b.example";
    w->origin = "https://b.example";
    struct answer a = call(w, HTTP_OPTIONS, "/v2/rooms", NULL, "");
    CHECK_EQ(a.status, 204);
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "https://b.example");
    CHECK_TEXT(header(&a, "access-control-allow-methods"), "GET, POST, DELETE");
    CHECK_TEXT(header(&a, "access-control-allow-credentials"), "");
    CHECK_TEXT(header(&a, "vary"), "Origin");
    a = get(w, "/v2/rooms");
    CHECK_TEXT(header(&a, "access-control-allow-origin"), "https://b.example");
    static const char *const others[] = {"https://c.example", "https://a.exampl", "null", "",
                                         "https://a.example, https://b.example"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        w->origin = others[i];
        a = call(w, HTTP_OPTIONS, "/v2/rooms", NULL, "");
        CHECK_EQ(a.status, 405);
        CHECK_TEXT(header(&a, "access-control-allow-origin"), "");
        CHECK_TEXT(header(&a, "vary"), "Origin");
    }
    world_free(w);
}

static int status_of_body(struct world *w, const char *target, size_t len)
{
    char *body = mem_alloc(len + 1);
    memset(body, ' ', len);
    struct answer a = post(w, target, body);
    mem_free(body);
    if (a.status == 413)
        CHECK_TEXT(a.message, "body is too large");
    return a.status;
}

TEST(a_body_over_the_limit_is_413)
{
    struct world *w = world_new();
    CHECK_EQ(status_of_body(w, "/v2/rooms", 1024 * 1024), 200);
    CHECK_EQ(status_of_body(w, "/v2/rooms", 1024 * 1024 + 1), 413);
    CHECK_EQ(status_of_body(w, "/v2/token", 64 * 1024), 400);
    CHECK_EQ(status_of_body(w, "/v2/token", 64 * 1024 + 1), 413);
    w->config.body_max = 100;
    w->config.public_body_max = 50;
    CHECK_EQ(status_of_body(w, "/v2/rooms", 100), 200);
    CHECK_EQ(status_of_body(w, "/v2/rooms", 101), 413);
    CHECK_EQ(status_of_body(w, "/v2/token", 51), 413);
    world_free(w);
}

TEST(reports_have_their_smallest_answer)
{
    struct world *w = world_new();
    struct answer a = call(w, HTTP_POST, "/v2/client/report", NULL, "{\"event\":\"x\"}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(a.body, "{}");
    CHECK_EQ(call(w, HTTP_POST, "/v2/client/feedback", NULL, "not json").status, 200);
    CHECK(!w->run);
    world_free(w);
}

TEST(storage_trouble_is_503_and_a_full_disk_507)
{
    struct http_response response = {0};
    api_refuse_storage(&response, ERR_FULL);
    CHECK_EQ(response.status, 507);
    api_refuse_storage(&response, ERR_WRONG_STATE);
    CHECK_EQ(response.status, 503);
    api_refuse_storage(&response, ERR_MALFORMED);
    CHECK_EQ(response.status, 400);
    text_dispose(&response.body);
}

// What SQLite reports on a full disk it also reports at its own limit of pages.
static void fill_disk(struct world *w)
{
    if (scratch_is_remote())
        scratch_sql(&w->scratch,
                    "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
                    "EXCEPTION 'full' USING ERRCODE = '53100'; END $$; CREATE TRIGGER filled "
                    "BEFORE INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION fill()");
    else
        CHECK_EQ(db_run(db_prepare(w->db, "PRAGMA max_page_count = 1")), 0);
}

static void empty_disk(struct world *w)
{
    if (scratch_is_remote())
        scratch_sql(&w->scratch, "DROP TRIGGER filled ON rooms");
    else
        CHECK_EQ(db_run(db_prepare(w->db, "PRAGMA max_page_count = 100000")), 0);
}

TEST(a_full_disk_answers_507_and_reads_go_on)
{
    struct world *w = world_new();
    fill_disk(w);
    struct answer a = {0};
    char body[4200];
    // Some pages have room left: each room takes more of it.
    for (int i = 0; i < 20 && a.status != 507; i++) {
        snprintf(body, sizeof body, "{\"description\":\"%04000d\"}", i);
        a = post(w, "/v2/rooms", body);
    }
    CHECK_REFUSED(a, 507, "storage is full", "");
    CHECK_EQ(get(w, "/v2/rooms").status, 200);
    empty_disk(w);
    CHECK_EQ(post(w, "/v2/rooms", body).status, 200);
    world_free(w);
}
