#include "signal/rpc.h"

#include "test.h"

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

TEST(says_what_is_wrong)
{
    struct rpc rpc;
    const char *why = NULL;
    CHECK_EQ(rpc_parse(&rpc, bytes_of("{\"id\":1}"), &why), RPC_INVALID_REQUEST);
    CHECK_TEXT(why, "method must be a string");
    rpc_dispose(&rpc);
}
