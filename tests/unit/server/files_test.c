#include "server/files.h"
#include "test.h"

#include <string.h>

#define OCTETS(text)                                                                           \
    {                                                                                          \
        (const uint8_t *)(text), sizeof(text) - 1                                              \
    }

// A client of its own, in place of the embedded one.
const struct asset assets[] = {
    {"/admin/index.html",
     "text/html; charset=utf-8",
     "W/\"d\"",
     OCTETS("dashboard"),
     {0},
     {0},
     false},
    {"/assets/app-0123abcd.js", "text/javascript; charset=utf-8", "\"a\"", OCTETS("script"),
     OCTETS("gz"), OCTETS("br"), true},
    {"/favicon.svg", "image/svg+xml", "\"f\"", OCTETS("icon"), {0}, {0}, false},
    {"/index.html",
     "text/html; charset=utf-8",
     "W/\"i\"",
     OCTETS("page"),
     OCTETS("gz"),
     {0},
     false},
};
const size_t asset_count = sizeof assets / sizeof *assets;

static const struct asset *find(const char *path)
{
    const struct asset *asset;
    return files_find(path, &asset) ? asset : NULL;
}

static const char *header(const struct http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    return NULL;
}

TEST(routes_of_the_client_bring_its_page)
{
    static const char *const routes[] = {"/",
                                         "/check",
                                         "/docs",
                                         "/m/abc-defg-hij",
                                         "/m/abc-defg-hij/",
                                         "/meeting/65f0a1b2c3d4e5f601020304/links",
                                         "/meeting/65f0a1b2c3d4e5f601020304/links/"};
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        CHECK(find(routes[i]) == &assets[3]);
}

TEST(the_dashboard_and_its_screens_bring_its_page)
{
    static const char *const routes[] = {"/admin", "/admin/", "/admin/rooms",
                                         "/admin/index.html"};
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        CHECK(find(routes[i]) == &assets[0]);
    CHECK(find("/administrator") == NULL);
}

TEST(other_paths_bring_nothing)
{
    static const char *const paths[] = {
        "/m/",      "/m//",     "/m/a/b",         "/meeting/x", "/meeting/x/links/y",
        "/nothing", "/assets/", "/../index.html", "/v2/rooms"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        CHECK(find(paths[i]) == NULL);
}

TEST(the_smallest_form_that_the_client_takes_is_sent)
{
    static const struct {
        const char *accepts, *coding, *body;
    } cases[] = {
        {"gzip, deflate, br", "br", "br"},
        {"gzip, deflate", "gzip", "gz"},
        {"br;q=0, gzip;q=0.5", "gzip", "gz"},
        {"identity", NULL, "script"},
        {NULL, NULL, "script"},
        {"brotli, gzipped", NULL, "script"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_request request = {.accept_encoding = cases[i].accepts};
        struct http_response response = {0};
        files_answer(&assets[1], &request, &response);
        CHECK_EQ(response.status, 200);
        CHECK_BYTES(response.fixed_body, cases[i].body, strlen(cases[i].body));
        if (cases[i].coding)
            CHECK_TEXT(response.content_encoding, cases[i].coding);
        else
            CHECK(response.content_encoding == NULL);
        CHECK_TEXT(header(&response, "vary"), "accept-encoding");
    }
}

TEST(hashed_names_are_kept_for_ever_and_the_page_is_not)
{
    struct http_request request = {0};
    struct http_response script = {0}, page = {0};
    files_answer(&assets[1], &request, &script);
    files_answer(&assets[3], &request, &page);
    CHECK_TEXT(header(&script, "cache-control"), "public, max-age=31536000, immutable");
    CHECK(!script.html);
    CHECK_TEXT(header(&page, "cache-control"), "no-cache");
    CHECK(page.html);
}

TEST(what_the_client_has_already_is_not_sent_again)
{
    struct http_request request = {.if_none_match = "\"x\", W/\"i\""};
    struct http_response response = {0};
    files_answer(&assets[3], &request, &response);
    CHECK_EQ(response.status, 304);
    CHECK_EQ(response.fixed_body.len, 0);
    CHECK_TEXT(header(&response, "etag"), "W/\"i\"");
}

TEST(a_person_who_asks_for_nothing_gets_the_page_as_404)
{
    struct http_request request = {.accept = "text/html,application/xhtml+xml,*/*;q=0.8",
                                   .if_none_match = "W/\"i\""};
    struct http_response response = {.status = 404, .content_type = "application/json"};
    text_add(&response.body, "{\"code\":404}");
    CHECK(files_is_visit(&request));
    files_answer_missing(&request, &response);
    CHECK_EQ(response.status, 404);
    CHECK_BYTES(response.fixed_body, "page", 4);
    CHECK_EQ(response.body.len, 0);
    CHECK(response.html);
    CHECK_TEXT(header(&response, "vary"), "accept, accept-encoding");
}

TEST(programs_are_no_visitors)
{
    CHECK(!files_is_visit(&(struct http_request){.accept = "*/*"}));
    CHECK(!files_is_visit(&(struct http_request){.accept = "application/json"}));
    CHECK(!files_is_visit(&(struct http_request){0}));
    CHECK(!files_is_visit(&(struct http_request){.method = HTTP_POST, .accept = "text/html"}));
}
