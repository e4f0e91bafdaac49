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

TEST(members_beyond_the_burst_are_refused_until_time_has_passed)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    stage_wait_alive(&s, 5000);
    CHECK_EQ(ask(client, 1, wide_request(1, 16000)), 0);
    CHECK_EQ(ask(client, 2, wide_request(2, 8000)), 429);
    stage_wait_alive(&s, 1000); // 8 192 a second
    CHECK_EQ(ask(client, 3, wide_request(3, 8000)), 0);
    CHECK_EQ(ask(client, 4, wide_request(4, 8000)), 429);
    CHECK_EQ(client->close_code, 0);
    stage_dispose(&s);
}

TEST(a_message_of_too_many_members_is_never_parsed)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    for (int id = 1; id < 10; id++) {
        CHECK_EQ(ask(client, id, wide_request(id, 63000)), -32600);
    }
    stage_dispose(&s);
}

TEST(octets_beyond_the_burst_are_refused_and_then_the_socket_is_closed)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    stage_wait_alive(&s, 10000);
    CHECK_EQ(ask(client, 1, long_request(1, 1000000)), 0);
    CHECK_EQ(ask(client, 2, long_request(2, 1000000)), 0);
    CHECK_EQ(ask(client, 3, long_request(3, 1000000)), 429);
    stage_wait_alive(&s, 4000); // 256 KiB a second
    CHECK_EQ(ask(client, 4, long_request(4, 1000000)), 0);
    for (int id = 5; id < 7; id++)
        CHECK_EQ(ask(client, id, long_request(id, 1000000)), 429);
    CHECK_EQ(client->close_code, 0);
    ask(client, 7, long_request(7, 1000000));
    CHECK_EQ(client->close_code, SIGNAL_CLOSE_POLICY);
    stage_dispose(&s);
}

TEST(the_data_channel_has_the_same_bounds)
{
    stage_init(&s);
    struct stage_client *client = stage_join(&s, "guest", "guest");
    CHECK_EQ(ask_channel(client, 1, wide_request(1, 16000)), 405); // not for this door
    CHECK_EQ(ask_channel(client, 2, wide_request(2, 8000)), 429);
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
