// The dashboard's calls with a clock that is moved.
#include "api/admin_link.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS ((int64_t)3600 * 1000)
#define DAY_MS (24 * HOUR_MS)

static const char origin[] = "http://localhost:8080";

// What a browser keeps of an answer.
struct browser {
    char cookie[300];
    char csrf[64];
};

static void pass(struct world *w, int64_t ms)
{
    w->now.wall_ms += ms;
    w->now.mono_us += ms * 1000;
}

static struct answer ask(struct world *w, const struct browser *b, enum http_method method,
                         const char *target, const char *body)
{
    w->origin = origin;
    w->cookie = b && b->cookie[0] ? b->cookie : NULL;
    w->csrf = b && b->csrf[0] ? b->csrf : NULL;
    struct answer a = call(w, method, target, NULL, body);
    w->origin = w->cookie = w->csrf = NULL;
    return a;
}

static void keep(struct browser *b, const struct answer *a)
{
    snprintf(b->cookie, sizeof b->cookie, "%.*s", (int)strcspn(header(a, "set-cookie"), ";"),
             header(a, "set-cookie"));
    snprintf(b->csrf, sizeof b->csrf, "%s", text(a, "csrf"));
}

static const char *link_body(struct world *w, const char *name)
{
    static char out[2][400];
    static unsigned next;
    char *at = out[next++ % 2];
    struct text token = {0};
    admin_link_make(w->key.secrets[0], w->now.wall_ms / 1000, &w->rng, &token);
    snprintf(at, sizeof out[0],
             "{\"token\":\"%s\",\"name\":\"%s\",\"password\":\"correct horse\"}", token.at,
             name);
    text_dispose(&token);
    return at;
}

static struct browser first_owner(struct world *w)
{
    struct browser b = {0};
    struct answer a = ask(w, NULL, HTTP_POST, "/v2/admin/link", link_body(w, "ann"));
    CHECK_EQ(a.status, 200);
    keep(&b, &a);
    return b;
}

TEST(a_link_makes_the_first_account_once)
{
    struct world *w = world_new();
    char body[400];
    snprintf(body, sizeof body, "%s", link_body(w, "ann"));
    struct answer a = ask(w, NULL, HTTP_POST, "/v2/admin/link", body);
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(json_get_text(json_get_object(a.json, "account"), "role", ""), "owner");
    CHECK_REFUSED(ask(w, NULL, HTTP_POST, "/v2/admin/link", body), 410, "Gone",
                  "the link was used before");
    world_free(w);
}

TEST(a_link_that_is_late_or_of_nobodys_opens_nothing)
{
    struct world *w = world_new();
    char body[400];
    snprintf(body, sizeof body, "%s", link_body(w, "ann"));
    pass(w, 600 * 1000);
    CHECK_REFUSED(ask(w, NULL, HTTP_POST, "/v2/admin/link", body), 410, "Gone",
                  "the link has expired");
    CHECK_REFUSED(ask(w, NULL, HTTP_POST, "/v2/admin/link",
                      "{\"token\":\"x\",\"name\":\"ann\",\"password\":\"correct horse\"}"),
                  401, "Authentication error", "no link of this server's");
    CHECK_TEXT(stored_column(w, "SELECT COUNT(*) FROM accounts WHERE '' <> $1", "x"), "0");
    world_free(w);
}

// Two that were printed before there was anybody: the second is no way to a second owner.
TEST(a_later_link_gives_an_owner_another_password_and_ends_its_sessions)
{
    struct world *w = world_new();
    struct browser before = first_owner(w);
    CHECK_REFUSED(ask(w, NULL, HTTP_POST, "/v2/admin/link", link_body(w, "bob")), 409,
                  "Conflict", "there are accounts: a link is for an owner of that name");
    CHECK_EQ(ask(w, &before, HTTP_GET, "/v2/admin/session", "").status, 200);
    CHECK_EQ(ask(w, NULL, HTTP_POST, "/v2/admin/link", link_body(w, "ANN")).status, 200);
    CHECK_EQ(ask(w, &before, HTTP_GET, "/v2/admin/session", "").status, 401);
    world_free(w);
}

TEST(a_session_ends_after_12_hours_alone_and_7_days_in_use)
{
    struct world *w = world_new();
    struct browser b = first_owner(w);
    pass(w, 12 * HOUR_MS - 1);
    CHECK_EQ(ask(w, &b, HTTP_GET, "/v2/admin/session", "").status, 200);
    pass(w, 1); // of whose use nobody was told
    CHECK_EQ(ask(w, &b, HTTP_GET, "/v2/admin/session", "").status, 401);

    static const char in[] = "{\"name\":\"ann\",\"password\":\"correct horse\"}";
    struct answer a = ask(w, NULL, HTTP_POST, "/v2/admin/session", in);
    CHECK_EQ(a.status, 200);
    keep(&b, &a);
    for (int64_t at = 0; at < 7 * DAY_MS; at += 11 * HOUR_MS) {
        CHECK_EQ(ask(w, &b, HTTP_GET, "/v2/admin/session", "").status, 200);
        scratch_sql(&w->scratch,
                    target_of("UPDATE sign_ins SET seen_at = seen_at + %s", "39600000"));
        pass(w, 11 * HOUR_MS);
    }
    CHECK_EQ(ask(w, &b, HTTP_GET, "/v2/admin/session", "").status, 401);
    world_free(w);
}

TEST(whoever_signs_in_gets_an_id_that_nobody_planted)
{
    struct world *w = world_new();
    struct browser old = first_owner(w), fresh = {0};
    w->origin = origin;
    w->cookie = old.cookie;
    struct answer a = call(w, HTTP_POST, "/v2/admin/session", NULL,
                           "{\"name\":\"ann\",\"password\":\"correct horse\"}");
    keep(&fresh, &a);
    CHECK(strcmp(old.cookie, fresh.cookie) != 0);
    CHECK_EQ(ask(w, &old, HTTP_GET, "/v2/admin/session", "").status, 401);
    CHECK_EQ(ask(w, &fresh, HTTP_GET, "/v2/admin/session", "").status, 200);
    world_free(w);
}

TEST(a_change_wants_our_page_and_its_token)
{
    struct world *w = world_new();
    struct browser b = first_owner(w), bare = b;
    static const char path[] = "/v2/admin/rest/rooms";
    bare.csrf[0] = 0;
    CHECK_REFUSED(ask(w, &bare, HTTP_POST, path, "{}"), 403, "Forbidden",
                  "Parlor-CSRF is missing or wrong");
    static const char *const pages[] = {NULL, "null", "https://localhost:8080:1",
                                        "http://evil.example", "http://localhost:8081"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        w->origin = pages[i];
        w->cookie = b.cookie;
        w->csrf = b.csrf;
        CHECK_REFUSED(call(w, HTTP_POST, path, NULL, "{}"), 403, "Forbidden",
                      "the dashboard's own page only");
    }
    w->origin = origin;
    w->fetch_site = "same-site";
    CHECK_EQ(call(w, HTTP_POST, path, NULL, "{}").status, 403);
    w->fetch_site = "same-origin";
    CHECK_EQ(call(w, HTTP_POST, path, NULL, "{}").status, 200);
    w->cookie = w->csrf = w->fetch_site = NULL;
    CHECK_EQ(call(w, HTTP_POST, path, management(w), "{}").status, 401); // no token opens it
    w->cookie = b.cookie;
    CHECK_EQ(call(w, HTTP_GET, "/v2/rooms", NULL, "").status, 401); // nor a cookie the other
    world_free(w);
}

TEST(of_two_cookies_of_one_name_none_is_believed)
{
    struct world *w = world_new();
    struct browser b = first_owner(w), two = {0};
    snprintf(two.cookie, sizeof two.cookie, "%.99s; %.99s", b.cookie, b.cookie);
    CHECK_EQ(ask(w, &two, HTTP_GET, "/v2/admin/session", "").status, 401);
    snprintf(two.cookie, sizeof two.cookie, "other=1; %.99s; more", b.cookie);
    CHECK_EQ(ask(w, &two, HTTP_GET, "/v2/admin/session", "").status, 200);
    world_free(w);
}

TEST(over_TLS_the_cookie_is_secure_and_of_this_host_alone)
{
    struct world *w = world_new();
    w->secure = true;
    w->host = "meet.example.org";
    w->origin = "https://meet.example.org";
    struct answer a = call(w, HTTP_POST, "/v2/admin/link", NULL, link_body(w, "ann"));
    const char *cookie = header(&a, "set-cookie");
    CHECK(strncmp(cookie, "__Host-parlor-admin=", 20) == 0);
    CHECK_TEXT(strchr(cookie, ';'),
               "; Path=/; Max-Age=604800; HttpOnly; SameSite=Strict; Secure");
    world_free(w);
}

TEST(who_guesses_waits_and_who_knows_it_does_not)
{
    struct world *w = world_new();
    first_owner(w);
    static const char wrong[] = "{\"name\":\"ann\",\"password\":\"x\"}";
    for (int i = 0; i < 10; i++)
        CHECK_EQ(ask(w, NULL, HTTP_POST, "/v2/admin/session", wrong).status, 401);
    struct answer a = ask(w, NULL, HTTP_POST, "/v2/admin/session", wrong);
    CHECK_EQ(a.status, 429);
    CHECK_TEXT(header(&a, "retry-after"), "60");
    addr_parse_ip(&w->from, "192.0.2.77", 1);
    CHECK_EQ(ask(w, NULL, HTTP_POST, "/v2/admin/session",
                 "{\"name\":\"ann\",\"password\":\"correct horse\"}")
                 .status,
             200);
    CHECK_TEXT(stored_column(
                   w, "SELECT COUNT(*) FROM audit WHERE status = 401 AND account = $1", "ann"),
               "10");
    world_free(w);
}

TEST(a_change_leaves_a_row_and_its_body_does_not)
{
    struct world *w = world_new();
    struct browser b = first_owner(w);
    CHECK_EQ(ask(w, &b, HTTP_POST, "/v2/admin/rest/rooms", "{\"name\":\"standup\"}").status,
             200);
    CHECK_EQ(ask(w, &b, HTTP_POST, "/v2/admin/rest/rooms", "{\"size\":-1}").status, 400);
    CHECK_EQ(ask(w, &b, HTTP_POST, "/v2/admin/accounts",
                 "{\"name\":\"vic\",\"role\":\"viewer\",\"password\":\"a secret of hers\"}")
                 .status,
             200);
    struct answer a = ask(w, &b, HTTP_GET, "/v2/admin/audit", "");
    CHECK_EQ(items(&a), 4);
    CHECK_TEXT(json_get_text(item(&a, 2), "path", ""), "/v2/rooms");
    CHECK_TEXT(json_get_text(item(&a, 2), "target", ""), "standup");
    CHECK_TEXT(json_get_text(item(&a, 2), "account", ""), "ann");
    CHECK_TEXT(json_get_text(item(&a, 2), "from", ""), "192.0.2.1");
    CHECK_EQ(json_get_int(item(&a, 1), "status", 0), 400);
    CHECK(!strstr(a.body, "secret of hers"));
    a = ask(w, &b, HTTP_GET, "/v2/admin/audit?refused=true", "");
    CHECK_EQ(items(&a), 1);
    a = ask(w, &b, HTTP_GET, "/v2/admin/audit?search=standup", "");
    CHECK_EQ(items(&a), 1);
    a = ask(w, &b, HTTP_GET, "/v2/admin/audit?limit=1", "");
    CHECK_EQ(items(&a), 1);
    a = ask(w, &b, HTTP_GET, target_of("/v2/admin/audit?limit=9&start=%s", text(&a, "last")),
            "");
    CHECK_EQ(items(&a), 3);
    world_free(w);
}

TEST(there_is_always_an_owner_and_an_admin_touches_none)
{
    struct world *w = world_new();
    struct browser ann = first_owner(w), adam = {0};
    struct answer a = ask(w, &ann, HTTP_GET, "/v2/admin/accounts", "");
    char path[80];
    snprintf(path, sizeof path, "/v2/admin/accounts/%s", json_get_text(item(&a, 0), "id", ""));
    CHECK_REFUSED(ask(w, &ann, HTTP_DELETE, path, ""), 409, "Conflict", "it is the only owner");
    CHECK_REFUSED(ask(w, &ann, HTTP_POST, path, "{\"role\":\"admin\"}"), 409, "Conflict",
                  "it is the only owner");
    CHECK_EQ(ask(w, &ann, HTTP_POST, "/v2/admin/accounts",
                 "{\"name\":\"adam\",\"role\":\"admin\",\"password\":\"twelve octets\"}")
                 .status,
             200);
    a = ask(w, NULL, HTTP_POST, "/v2/admin/session",
            "{\"name\":\"Adam\",\"password\":\"twelve octets\"}");
    keep(&adam, &a);
    CHECK_EQ(ask(w, &adam, HTTP_DELETE, path, "").status, 403);
    CHECK_EQ(ask(w, &adam, HTTP_POST, path, "{\"name\":\"x\"}").status, 403);
    CHECK_EQ(ask(w, &adam, HTTP_POST, "/v2/admin/accounts",
                 "{\"name\":\"eve\",\"role\":\"owner\",\"password\":\"twelve octets\"}")
                 .status,
             403);
    CHECK_EQ(ask(w, &adam, HTTP_POST, "/v2/admin/accounts",
                 "{\"name\":\"ADAM\",\"role\":\"viewer\",\"password\":\"twelve octets\"}")
                 .status,
             409);
    world_free(w);
}

TEST(an_own_password_is_changed_by_who_knows_it_and_ends_the_other_sessions)
{
    struct world *w = world_new();
    struct browser here = first_owner(w), there = {0};
    static const char in[] = "{\"name\":\"ann\",\"password\":\"correct horse\"}";
    struct answer a = ask(w, NULL, HTTP_POST, "/v2/admin/session", in);
    keep(&there, &a);
    CHECK_EQ(ask(w, &here, HTTP_POST, "/v2/admin/password",
                 "{\"password\":\"wrong\",\"new_password\":\"another of twelve\"}")
                 .status,
             403);
    CHECK_EQ(ask(w, &here, HTTP_POST, "/v2/admin/password",
                 "{\"password\":\"correct horse\",\"new_password\":\"too short\"}")
                 .status,
             400);
    a = ask(w, &here, HTTP_POST, "/v2/admin/password",
            "{\"password\":\"correct horse\",\"new_password\":\"another of twelve\"}");
    CHECK_EQ(a.status, 200);
    keep(&here, &a);
    CHECK_EQ(ask(w, &there, HTTP_GET, "/v2/admin/session", "").status, 401);
    CHECK_EQ(ask(w, &here, HTTP_GET, "/v2/admin/session", "").status, 200);
    CHECK_EQ(ask(w, NULL, HTTP_POST, "/v2/admin/session", in).status, 401);
    world_free(w);
}
