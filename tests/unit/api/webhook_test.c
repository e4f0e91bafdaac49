#include "api/webhook.h"
#include "base/err.h"
#include "base/json.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static const char secret[] = "0123456789abcdef0123456789abcdef";
static const char body[] = "{\"type\":\"peer.join.success\",\"data\":{}}";

TEST(the_body_is_the_vendors_envelope)
{
    struct public_event event = {.type = "peer.join.success", .at = 1700000000123};
    struct text t = {0};
    text_add(&event.data, "{\"room_id\":\"x\"}");
    api_webhook_body(
        &(struct api_webhook_workspace){"64a1b2c3d4e5f60718293a4c", "64a1b2c3d4e5f60718293a4d"},
        "6c75de35-b778-4fb0-88ae-114c28dc285f", &event, &t);
    CHECK_TEXT(t.at, "{\"version\":\"2.0\",\"id\":\"6c75de35-b778-4fb0-88ae-114c28dc285f\","
                     "\"account_id\":\"64a1b2c3d4e5f60718293a4c\","
                     "\"app_id\":\"64a1b2c3d4e5f60718293a4d\","
                     "\"timestamp\":\"2023-11-14T22:13:20.123Z\","
                     "\"type\":\"peer.join.success\",\"data\":{\"room_id\":\"x\"}}");
    text_dispose(&event.data);
    text_dispose(&t);
}

static struct store_webhook webhook(const char *target, bool is_rooms)
{
    return (struct store_webhook){.id = "64a1b2c3d4e5f60718293a4b",
                                  .replay_id = "",
                                  .uuid = "6c75de35-b778-4fb0-88ae-114c28dc285f",
                                  .target = target,
                                  .is_rooms = is_rooms,
                                  .body = body};
}

static const struct api_webhook_config config = {
    .url = "https://x.example/hook",
    .headers = "{\"X-Secret\":\"open sesame\"}",
    .secret = secret,
};

// All of it, as "name: value" lines and the body.
static const char *written(const struct store_webhook *w)
{
    static char out[2048];
    struct arena arena = {0};
    struct api_webhook_request r;
    struct text t = {0};
    CHECK_EQ(api_webhook_request(&config, w, 1700000000, &arena, &r), 0);
    text_addf(&t, "%s\n", r.url);
    for (size_t i = 0; i < r.header_count; i++)
        text_addf(&t, "%s: %s\n", r.headers[i].name, r.headers[i].value);
    text_add_bytes(&t, r.body);
    snprintf(out, sizeof out, "%s", t.at);
    text_dispose(&t);
    arena_dispose(&arena);
    return out;
}

// openssl dgst -sha256 -hmac SECRET over the body, and over "1700000000." and the body.
#define SIGNED                                                                                 \
    "X-Webhook-Id: 6c75de35-b778-4fb0-88ae-114c28dc285f\n"                                     \
    "X-Webhook-Timestamp: 1700000000\n"                                                        \
    "X-Webhook-Signature: "                                                                    \
    "sha256=97c23bf4a82efb213a3fa3d3cf394bc5bb72bcf0c9b268d4df4d6436f0245126\n"                \
    "X-Webhook-Timestamp-Signature: "                                                          \
    "sha256=f428816e13d727f81e420b54bd13a84b510f00f5af458247b376898230ea2520\n"

TEST(a_request_of_the_workspace_has_its_headers_and_both_signatures)
{
    struct store_webhook w = webhook("{\"url\":\"https://old.example/hook\"}", false);
    CHECK_TEXT(written(&w), "https://old.example/hook\n"
                            "X-Secret: open sesame\n"
                            "Content-Type: application/json\n" SIGNED
                            "{\"type\":\"peer.join.success\",\"data\":{}}");
}

TEST(a_request_of_a_room_has_the_headers_of_the_room_only)
{
    struct store_webhook w = webhook(
        "{\"url\":\"http://r.example/\",\"headers\":{\"content-type\":\"text/x\"}}", true);
    CHECK_TEXT(written(&w),
               "http://r.example/\n"
               "content-type: text/x\n" SIGNED "{\"type\":\"peer.join.success\",\"data\":{}}");
    w.target = "{\"url\":\"http://r.example/\"}";
    CHECK(strstr(written(&w), "X-Secret") == NULL);
}

TEST(a_replay_says_so_and_is_signed_as_it_is)
{
    struct store_webhook w = webhook("{\"url\":\"http://r.example/\"}", true);
    w.replay_id = "64a1b2c3d4e5f60718293a4e";
    const char *request = written(&w);
    CHECK(strstr(request,
                 "\n{\"type\":\"peer.join.success\",\"data\":{},\"is_replay\":true}") != NULL);
    CHECK(strstr(request,
                 "X-Webhook-Signature: "
                 "sha256=ac89256630cf8a7f1cd769aacf0b4470a43619cd4a7e603d8fdc97b50ed1f78d\n") !=
          NULL);
}

TEST(a_target_that_is_none_is_malformed)
{
    struct store_webhook w = webhook("{\"url\"", true);
    struct arena arena = {0};
    struct api_webhook_request r;
    CHECK_EQ(api_webhook_request(&config, &w, 0, &arena, &r), ERR_MALFORMED);
    arena_dispose(&arena);
}

static bool ok(const char *text)
{
    json_t *headers;
    CHECK_EQ(json_read(bytes_of(text), &json_bounds_default, &headers), 0);
    bool good = api_webhook_headers_ok(headers);
    json_decref(headers);
    return good;
}

TEST(headers_are_fields_and_not_what_frames_a_message)
{
    CHECK(ok("{}"));
    CHECK(ok("{\"Authorization\":\"Bearer a.b-c\",\"x_y\":\"\",\"X-Z\":\"a\\tb\"}"));
    CHECK(!ok("[]"));
    CHECK(!ok("{\"a\":1}"));
    CHECK(!ok("{\"\":\"x\"}"));
    CHECK(!ok("{\"a b\":\"x\"}"));
    CHECK(!ok("{\"a:\":\"x\"}"));
    CHECK(!ok("{\"a\":\"x\\r\\nHost: y\"}"));
    CHECK(!ok("{\"a\":\"x\\ny\"}"));
    CHECK(!ok("{\"Host\":\"x\"}"));
    CHECK(!ok("{\"content-LENGTH\":\"1\"}"));
    CHECK(!ok("{\"Transfer-Encoding\":\"chunked\"}"));
    CHECK(!ok("{\"X-Webhook-Signature\":\"x\"}"));
}

TEST(headers_have_a_bound)
{
    struct text t = {0};
    text_add(&t, "{\"n0\":\"x\"");
    for (int i = 1; i < WEBHOOK_HEADERS_MAX; i++)
        text_addf(&t, ",\"n%d\":\"x\"", i);
    text_add(&t, ",\"more\":\"x\"}");
    CHECK(!ok(t.at));
    text_clear(&t);
    text_add(&t, "{\"a\":\"");
    for (int i = 0; i < WEBHOOK_HEADERS_LEN_MAX; i++)
        text_add_char(&t, 'x');
    text_add(&t, "\"}");
    CHECK(!ok(t.at));
    text_dispose(&t);
}

TEST(the_target_of_the_workspace_is_kept_without_its_headers)
{
    struct text t = {0};
    api_webhook_target(&config, &t);
    CHECK_TEXT(t.at, "{\"url\":\"https://x.example/hook\"}");
    text_clear(&t);
    api_webhook_target(&(struct api_webhook_config){.url = ""}, &t);
    CHECK_TEXT(t.at, "");
    text_dispose(&t);
}

TEST(patience_grows_to_an_hour_and_lasts_a_day)
{
    static const int64_t waits_s[] = {1, 3, 10, 30, 90, 270, 810, 2430, 3600, 3600};
    for (int i = 0; i < 10; i++)
        CHECK_EQ(api_webhook_again_at(i + 1, 0, 5000), 5000 + waits_s[i] * 1000);
    // Until a day has passed, and not beyond.
    int64_t now = 0, tries = 0, next;
    while ((next = api_webhook_again_at(++tries, 0, now)))
        now = next;
    CHECK_EQ(tries, 31);
    CHECK_EQ(now, (1 + 3 + 10 + 30 + 90 + 270 + 810 + 2430 + 22 * 3600) * 1000);
    // What waited behind others for a day has one try.
    CHECK_EQ(api_webhook_again_at(1, 0, 86400000), 0);
}
