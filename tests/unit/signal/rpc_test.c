#include "signal/rpc.h"

#include "base/text.h"
#include "test.h"

#include <stdio.h>

static int parse(const char *text, struct rpc *rpc)
{
    const char *why;
    return rpc_parse(rpc, test_exact_copy(text, strlen(text)), &why);
}

TEST(reads_a_request)
{
    struct rpc rpc;
    CHECK_EQ(
        parse("{\"method\":\"ping\",\"params\":{\"a\":1},\"id\":\"7\",\"jsonrpc\":\"2.0\"}",
              &rpc),
        0);
    CHECK_TEXT(rpc.method, "ping");
    CHECK_EQ(json_object_size(rpc.params), 1);
    CHECK_TEXT(json_string_value(rpc.id), "7");
    rpc_dispose(&rpc);
}

TEST(reads_a_notification_of_the_sdk)
{
    struct rpc rpc;
    CHECK_EQ(parse("{\"method\":\"leave\",\"params\":{}}", &rpc), 0);
    CHECK(rpc.id == NULL);
    rpc_dispose(&rpc);
}

TEST(missing_params_are_an_empty_object)
{
    struct rpc rpc;
    CHECK_EQ(parse("{\"method\":\"hls-stop\"}", &rpc), 0);
    CHECK(json_is_object(rpc.params));
    CHECK_EQ(json_object_size(rpc.params), 0);
    rpc_dispose(&rpc);
}

TEST(the_id_of_a_bad_request_is_kept_for_the_answer)
{
    struct rpc rpc;
    CHECK_EQ(parse("{\"id\":5,\"method\":\"x\",\"params\":[1]}", &rpc), RPC_INVALID_PARAMS);
    CHECK_EQ(json_integer_value(rpc.id), 5);
    rpc_dispose(&rpc);
}

// A text that was cut between the halves of a character, as JavaScript does.
TEST(half_a_surrogate_pair_is_read_as_the_replacement_character)
{
    static const struct {
        const char *written;
        const char *read;
    } texts[] = {
        {"a\\ud83d", "a\xef\xbf\xbd"},
        {"\\ude00b", "\xef\xbf\xbd"
                     "b"},
        {"\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80"},
        {"\\uD83Dx\\\\ud83d", "\xef\xbf\xbdx\\ud83d"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char text[128];
        struct rpc rpc;
        snprintf(text, sizeof text, "{\"id\":1,\"method\":\"%s\"}", texts[i].written);
        CHECK_EQ(parse(text, &rpc), 0);
        CHECK_TEXT(rpc.method, texts[i].read);
        rpc_dispose(&rpc);
    }
}

TEST(an_escape_that_is_cut_off_is_no_json)
{
    static const char whole[] = "{\"id\":1,\"method\":\"\\ud83d\\udz";
    for (size_t len = 0; len < sizeof whole; len++) {
        struct rpc rpc;
        const char *why;
        CHECK_EQ(rpc_parse(&rpc, test_exact_copy(whole, len), &why), RPC_PARSE_ERROR);
        rpc_dispose(&rpc);
    }
}

TEST(what_is_too_deep_has_an_id_all_the_same)
{
    static const struct {
        const char *head;
        int id; // 0: none
    } heads[] = {
        {"{\"id\":7,\"method\":\"x\",\"params\":", 7},
        {"{ \"x\":\"\\\"id\\\":1\",\"y\":{\"id\":2},\"id\" : 8 ,\"params\":", 8},
        {"{\"x\":\"id\",\"params\":", 0},
        {"{\"id\":[7],\"params\":", 0},
        {"{\"id\":tru,\"params\":", 0},
        {"[{\"id\":7,\"params\":", 0},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct text text = {0};
        text_add(&text, heads[i].head);
        for (int k = 0; k < 40; k++)
            text_add(&text, "[");
        struct rpc rpc;
        const char *why;
        CHECK_EQ(rpc_parse(&rpc, test_exact_copy(text.at, text.len), &why),
                 RPC_INVALID_REQUEST);
        CHECK_EQ(rpc.id ? json_integer_value(rpc.id) : 0, heads[i].id);
        text_dispose(&text);
        rpc_dispose(&rpc);
    }
}

TEST(says_what_is_wrong)
{
    struct rpc rpc;
    const char *why = NULL;
    CHECK_EQ(rpc_parse(&rpc, bytes_of("{\"id\":1}"), &why), RPC_INVALID_REQUEST);
    CHECK_TEXT(why, "method must be a string");
    rpc_dispose(&rpc);
}
