// What is read of a client is counted before it is parsed, by the socket and by the data
// channel.
#include "stage.h"

#include "signal/state.h"
#include "test.h"

#include <stdio.h>

static struct stage s;

// A request of so many octets, most of them a text.
static struct text long_request(int id, size_t len)
{
    struct text text = {0};
    text_addf(&text, "{\"method\":\"ping\",\"params\":{\"x\":\"");
    while (text.len < len - 16)
        text_add(&text, "xxxxxxxx");
    text_addf(&text, "\"},\"id\":%d}", id);
    return text;
}

// One with so many elements.
static struct text wide_request(int id, size_t count)
{
    struct text text = {0};
    text_add(&text, "{\"method\":\"ping\",\"params\":{\"x\":[1");
    for (size_t i = 1; i < count; i++)
        text_add(&text, ",1");
    text_addf(&text, "]},\"id\":%d}", id);
    return text;
}

// One with so many texts of 48 octets.
static struct text wordy_request(int id, size_t count)
{
    struct text text = {0};
    text_add(&text, "{\"method\":\"ping\",\"params\":{\"x\":[\"\"");
    for (size_t i = 1; i < count; i++)
        text_add(&text, ",\"48 octets------------------------------------48\"");
    text_addf(&text, "]},\"id\":%d}", id);
    return text;
}

// The code of the answer to `id`: 0 for a result, -1 when there is no answer.
static int answer_to(struct stage_queue *queue, int id)
{
    int code = -1;
    while (queue->count) {
        char *text = stage_next(queue);
        json_t *message = json_loads(text, 0, NULL);
        if (json_integer_value(json_object_get(message, "id")) == id)
            code = (int)json_integer_value(
                json_object_get(json_object_get(message, "error"), "code"));
        json_decref(message);
        mem_free(text);
    }
    return code;
}

static int ask(struct stage_client *client, int id, struct text request)
{
    stage_forget(&client->socket);
    stage_send_bytes(&s, client, text_bytes(&request));
    text_dispose(&request);
    return answer_to(&client->socket, id);
}

static int ask_channel(struct stage_client *client, int id, struct text request)
{
    stage_forget(&client->channel);
    stage_send_channel(&s, client->name, request.at);
    text_dispose(&request);
    return answer_to(&client->channel, id);
}

// What reading costs is told in microseconds: a request of 4 000 small elements 1.3 ms, one
// with a text of 595 000 octets 2.4 ms, one of 4 000 texts of 48 octets 4.3 ms. A socket has 12
// ms at once and 8 ms a second.

TEST(members_beyond_the_burst_are_refused_until_time_has_passed)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    stage_wait_alive(&s, 5000);
    for (int id = 1; id <= 8; id++)
        CHECK_EQ(ask(client, id, wide_request(id, 4000)), 0);
    CHECK_EQ(ask(client, 10, wide_request(10, 4000)), 429);
    stage_wait_alive(&s, 1000);
    for (int id = 11; id <= 16; id++)
        CHECK_EQ(ask(client, id, wide_request(id, 4000)), 0);
    CHECK_EQ(ask(client, 17, wide_request(17, 4000)), 429);
    CHECK_EQ(client->close_code, 0);
    stage_dispose(&s);
}

TEST(what_would_take_too_long_in_one_go_is_never_parsed)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    CHECK_EQ(ask(client, 1, wide_request(1, 8000)), 0);
    CHECK_EQ(ask(client, 2, wide_request(2, 8193)), -32600);
    stage_wait_alive(&s, 1000);
    CHECK_EQ(ask(client, 3, wordy_request(3, 4000)), 0);
    CHECK_EQ(ask(client, 4, wordy_request(4, 4300)), -32600);
    stage_wait_alive(&s, 1000);
    CHECK_EQ(ask(client, 5, long_request(5, WS_MESSAGE_MAX)), 0);
    CHECK_EQ(client->close_code, 0);
    stage_dispose(&s);
}

TEST(octets_beyond_the_burst_are_refused)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    stage_wait_alive(&s, 10000);
    for (int id = 1; id <= 4; id++)
        CHECK_EQ(ask(client, id, long_request(id, 595000)), 0);
    CHECK_EQ(ask(client, 5, long_request(5, 595000)), 429);
    CHECK_EQ(client->close_code, 0);
    stage_dispose(&s);
}

TEST(who_is_refused_and_goes_on_is_closed_also_when_it_says_small_things_in_between)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    int refused = 0;
    while (!client->close_code && refused < 100) {
        int id = ++refused * 2;
        ask(client, id, wide_request(id, 250000));
        if (!client->close_code)
            ask(client, id + 1, wide_request(id + 1, 1));
    }
    CHECK_EQ(refused, 5); // 2 MiB
    CHECK_EQ(client->close_code, SIGNAL_CLOSE_POLICY);
    CHECK_EQ(stage_open(&s, "again", "guest", "user-guest")->close_code,
             SIGNAL_CLOSE_TRY_LATER);
    CHECK_EQ(stage_open(&s, "other", "guest", NULL)->close_code, 0);
    stage_wait_alive(&s, 5000);
    CHECK_EQ(stage_open(&s, "later", "guest", "user-guest")->close_code, 0);
    stage_dispose(&s);
}

// How many requests of 2.4 ms are read of each of `count` fresh sockets with one token.
static int read_of_sockets(int count, bool is_one_token)
{
    int read = 0;
    for (int i = 0; i < count; i++) {
        char name[16], user[16];
        snprintf(name, sizeof name, "one%d", i);
        snprintf(user, sizeof user, "user%d", i);
        struct stage_client *client =
            stage_open(&s, name, "guest", is_one_token ? "user" : user);
        for (int id = 1; id <= 4; id++)
            read += ask(client, id, long_request(id, 595000)) == 0;
        stage_drop(&s, client);
    }
    return read;
}

TEST(sockets_of_one_token_have_one_budget_however_often_they_are_opened)
{
    stage_init(&s);
    stage_wait_alive(&s, 10000);
    // 100 ms: 41 at 2.4 ms, and the first of each fresh socket while a second burst lasts.
    int read = read_of_sockets(16, true);
    CHECK(read > 41 && read < 60);
    stage_wait_alive(&s, 12000);
    CHECK(read_of_sockets(5, true) == 20);
    stage_dispose(&s);
}

TEST(sockets_of_other_tokens_have_their_own)
{
    stage_init(&s);
    CHECK_EQ(read_of_sockets(20, false), 80);
    stage_dispose(&s);
}

// How many messages of 2.4 ms are read of sockets at `network`, four of each, each with a token
// of its own.
static int read_of_address(struct signal *signal, const uint8_t network[16], int count)
{
    static const struct json_scan said = {.octets = 160000};
    static struct token_hash token = {{1}};
    int read = 0;
    for (int i = 0; i < count; i++) {
        token.octets[1] = (uint8_t)i;
        token.octets[2] = (uint8_t)(i >> 8);
        token.octets[3] = network[3];
        struct budget budget = budget_full(1000000);
        budget.of_token = share_hold_token(signal, &token, 1000000);
        budget.of_network = share_hold_network(signal, network, 1000000);
        for (int j = 0; j < 4; j++)
            read += budget_take(&budget, &said, 1000000) == READING_GRANTED;
        share_release(signal, budget.of_token);
        share_release(signal, budget.of_network);
    }
    return read;
}

TEST(sockets_of_one_address_have_one_budget_whatever_their_tokens)
{
    struct rng rng = rng_seeded(1);
    struct rooms rooms;
    rooms_init(&rooms, &rng);
    struct signal *signal = signal_new(&rooms);
    const uint8_t one[16] = {192, 0, 2, 1}, other[16] = {192, 0, 2, 2};
    CHECK_EQ(read_of_address(signal, one, 50), 200);
    int read = 200 + read_of_address(signal, one, 200);
    CHECK(read > 206 && read < 413); // 500 ms, and a second burst of those who are quiet
    CHECK_EQ(read_of_address(signal, other, 50), 200);
    signal_free(signal);
    rooms_dispose(&rooms);
}

TEST(the_data_channel_has_the_same_bounds)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    for (int id = 1; id <= 4; id++)
        CHECK_EQ(ask_channel(client, id, wide_request(id, 8000)), 405); // not for this door
    CHECK_EQ(ask_channel(client, 5, wide_request(5, 8000)), 429);
    stage_dispose(&s);
}

TEST(a_data_channel_of_errors_only_is_not_heard_for_a_while)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    for (int id = 1; id <= 20; id++)
        CHECK_EQ(ask_channel(client, id, wide_request(id, 1)), 405);
    CHECK_EQ(ask_channel(client, 21, wide_request(21, 1)), -1);
    stage_wait_alive(&s, 1000);
    CHECK_EQ(ask_channel(client, 22, wide_request(22, 1)), 405);
    stage_dispose(&s);
}

TEST(nothing_that_a_stranger_says_is_read)
{
    struct rng rng = rng_seeded(1);
    struct rooms rooms;
    rooms_init(&rooms, &rng);
    struct signal *signal = signal_new(&rooms);
    struct moment now = {1000000, 1795354144326};
    struct frame_list frames = {0};
    struct event_list events = {0};
    struct signal_claims claims = {
        .room_id = "", .role = "", .user_id = "", .peer_id = "thief", .is_stranger = true};
    uint64_t session = signal_open(signal, &claims, now, &frames);
    signal_refuse(signal, session, 401, "malformed token", now, &frames);
    frame_list_clear(&frames);
    signal_text(signal, session, bytes_of("{\"id\":1,\"method\":\"ping\"}"), now, &frames,
                &events);
    signal_text(signal, session, bytes_of("nonsense"), now, &frames, &events);
    CHECK_EQ(frames.count, 0);
    frame_list_dispose(&frames);
    event_list_dispose(&events);
    signal_free(signal);
    rooms_dispose(&rooms);
}
