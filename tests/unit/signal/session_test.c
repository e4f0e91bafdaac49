// Sessions at their bounds: what is refused, counted, or ended.
#include "stage.h"

#include "base/json.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static struct stage s;

static void begin(void)
{
    stage_init(&s);
}

static void end(void)
{
    stage_dispose(&s);
}

// Sends `text` and checks the one answer: its error code, 0 for a result, and its id as JSON.
static void check_answer(struct stage_client *client, struct bytes text, int code,
                         const char *id)
{
    stage_send_bytes(&s, client, text);
    char *got = stage_next(&client->socket);
    json_t *answer = json_loads(got, 0, NULL);
    CHECK(answer != NULL);
    CHECK_EQ(json_get_int(json_object_get(answer, "error"), "code", 0), code);
    CHECK(code != 0 || json_is_object(json_object_get(answer, "result")));
    char *got_id = json_dumps(json_object_get(answer, "id"), JSON_ENCODE_ANY);
    CHECK_TEXT(got_id, id);
    CHECK_EQ(client->socket.count, 0);
    free(got_id);
    json_decref(answer);
    mem_free(got);
}

static struct stage_client *previewing(void)
{
    struct stage_client *client = stage_open(&s, "host", "host", NULL);
    stage_forget(&client->socket);
    return client;
}

TEST(malformed_messages_get_the_standard_codes)
{
    static const struct {
        const char *text;
        int code;
        const char *id;
    } cases[] = {
        {"", -32700, "null"},
        {"{", -32700, "null"},
        {"hello", -32700, "null"},
        {"{\"method\":\"ping\",\"id\":\"1\"} x", -32700, "null"},
        {"{\"method\":\"p\\u0000\",\"id\":\"1\"}", -32600, "\"1\""},
        {"{\"method\":\"p\\u0000\",\"id\":\"1\"", -32700, "null"},
        {"{\"method\":\"\xff\",\"id\":\"1\"}", -32700, "null"},
        {"[]", -32600, "null"},
        {"[{\"method\":\"ping\",\"id\":\"1\",\"params\":{}}]", -32600, "null"},
        {"\"ping\"", -32600, "null"},
        {"17", -32600, "null"},
        {"null", -32600, "null"},
        {"{}", -32600, "null"},
        {"{\"id\":\"1\"}", -32600, "\"1\""},
        {"{\"id\":\"1\",\"result\":{}}", -32600, "\"1\""},
        {"{\"id\":\"1\",\"method\":7}", -32600, "\"1\""},
        {"{\"id\":\"1\",\"method\":null}", -32600, "\"1\""},
        {"{\"id\":null,\"method\":\"ping\"}", -32600, "null"},
        {"{\"id\":true,\"method\":\"ping\"}", -32600, "null"},
        {"{\"id\":{},\"method\":\"ping\"}", -32600, "null"},
        {"{\"id\":\"1\",\"method\":\"ping\",\"jsonrpc\":\"1.0\"}", -32600, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"ping\",\"jsonrpc\":2.0}", -32600, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"ping\",\"params\":[]}", -32602, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"ping\",\"params\":null}", -32602, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"ping\",\"params\":\"x\"}", -32602, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"\",\"params\":{}}", -32601, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"Ping\",\"params\":{}}", -32601, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"broadcast\",\"params\":{}}", 400, "\"1\""},
        {"{\"id\":\"1\",\"method\":\"ping\"}", 0, "\"1\""},
        {"{\"id\":1,\"method\":\"ping\",\"params\":{}}", 0, "1"},
        {"{\"id\":-1.5,\"method\":\"ping\",\"params\":{}}", 0, "-1.5"},
        {"{\"id\":\"\",\"method\":\"ping\",\"params\":{\"timestamp\":\"x\"}}", 0, "\"\""},
        {"{\"id\":\"\\u0001\\\"\",\"method\":\"ping\"}", 0, "\"\\u0001\\\"\""},
        {"{\"method\":\"leave\",\"method\":\"ping\",\"id\":\"2\"}", 0, "\"2\""},
    };
    begin();
    struct stage_client *client = previewing();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_answer(client, test_exact_copy(cases[i].text, strlen(cases[i].text)),
                     cases[i].code, cases[i].id);
        // So that errors do not come in a row.
        check_answer(client, bytes_of("{\"id\":0,\"method\":\"ping\"}"), 0, "0");
    }
    end();
}

TEST(an_id_has_at_most_64_octets)
{
    begin();
    struct stage_client *client = previewing();
    char text[256], id[80];
    memset(id, 'x', sizeof id);
    snprintf(text, sizeof text, "{\"method\":\"ping\",\"id\":\"%.64s\"}", id);
    stage_send(&s, client, text);
    char *answer = stage_next(&client->socket);
    CHECK(strstr(answer, "\"result\"") != NULL);
    mem_free(answer);
    snprintf(text, sizeof text, "{\"method\":\"ping\",\"id\":\"%.65s\"}", id);
    check_answer(client, bytes_of(text), -32600, "null");
    end();
}

// Cut anywhere, a message is not JSON any more; one octet changed, it may be, or not. Nothing
// may be read beyond its end, and whoever else is in the room is not disturbed.
TEST(no_damaged_message_does_harm)
{
    static const char *const messages[] = {
        "{\"method\":\"broadcast\",\"params\":{\"info\":{\"message\":\"m\",\"type\":\"chat\"},"
        "\"roles\":[\"guest\",7],\"peer_id\":\"guest\"},\"id\":\"1\",\"jsonrpc\":\"2.0\"}",
        "{\"method\":\"offer\",\"params\":{\"desc\":{\"type\":\"offer\",\"sdp\":\"x\"},"
        "\"tracks\":"
        "{\"A1\":{\"type\":\"audio\",\"source\":\"regular\",\"description\":\"\",\"mute\":"
        "false,"
        "\"track_id\":\"A1\",\"stream_id\":\"S\"}}},\"id\":\"1\"}",
        "{\"method\":\"track-update\",\"params\":{\"tracks\":{\"A1\":{\"type\":\"audio\","
        "\"mute\":"
        "true,\"track_id\":\"A1\"}}}}",
        "{\"method\":\"peer-update\",\"params\":{\"name\":\"n\",\"data\":\"d\"},\"id\":\"1\"}",
        "{\"method\":\"prefer-video-track-state\",\"params\":{\"max_spatial_layer\":\"high\","
        "\"track_id\":\"V1\"},\"id\":\"1\"}",
    };
    begin();
    stage_join(&s, "guest", "guest");
    struct stage_client *host = stage_join(&s, "host", "host");
    for (size_t m = 0; m < sizeof messages / sizeof *messages; m++) {
        size_t len = strlen(messages[m]);
        for (size_t at = 0; at < len; at++) {
            char damaged[512];
            memcpy(damaged, messages[m], len);
            damaged[at] = (char)(damaged[at] ^ (1 + at % 7));
            stage_send_bytes(&s, host, test_exact_copy(messages[m], at));
            stage_send_bytes(&s, host, test_exact_copy(damaged, len));
            // What is sent is not an offence; and the rate is not what is tested here.
            stage_send(&s, host, "{\"method\":\"ping\",\"id\":\"p\"}");
            stage_wait(&s, 50);
            for (size_t i = 0; i < s.client_count; i++)
                stage_forget(&s.clients[i].socket);
            stage_forget(&s.media);
        }
    }
    CHECK_EQ(host->close_code, 0);
    check_answer(host, bytes_of("{\"id\":0,\"method\":\"ping\"}"), 0, "0");
    end();
}

TEST(a_message_of_200_kB_is_accepted)
{
    begin();
    struct stage_client *client = stage_join(&s, "host", "host");
    struct text text = {0};
    text_add(&text,
             "{\"method\":\"offer\",\"params\":{\"desc\":{\"type\":\"offer\",\"sdp\":\"");
    for (int i = 0; i < 200 * 1024; i++)
        text_add_char(&text, 'x');
    text_add(&text, "\"},\"tracks\":{}},\"id\":\"1\"}");
    check_answer(client, text_bytes(&text), 0, "\"1\"");
    text_dispose(&text);
    end();
}

TEST(deep_and_wide_messages_are_refused)
{
    begin();
    struct stage_client *client = previewing();
    struct text text = {0};
    for (int i = 0; i < 100000; i++)
        text_add_char(&text, '[');
    check_answer(client, text_bytes(&text), -32600, "null");
    text_clear(&text);
    text_add(&text, "{\"method\":\"ping\",\"id\":\"1\",\"params\":{\"a\":[0");
    for (int i = 0; i < 70000; i++)
        text_add(&text, ",0");
    text_add(&text, "]}}");
    check_answer(client, text_bytes(&text), -32600, "\"1\"");
    text_dispose(&text);
    end();
}

TEST(twenty_errors_in_a_row_close_the_socket)
{
    begin();
    struct stage_client *client = previewing();
    for (int i = 0; i < 19; i++)
        stage_send(&s, client, "nonsense");
    stage_send(&s, client, "{\"method\":\"ping\",\"id\":\"p\"}");
    for (int i = 0; i < 19; i++)
        stage_send(&s, client, "nonsense");
    CHECK_EQ(client->close_code, 0);
    stage_send(&s, client, "nonsense");
    CHECK_EQ(client->close_code, 1008);
    CHECK(!signal_is_open(s.signal, client->session));
    end();
}

TEST(errors_of_every_kind_count)
{
    static const char *const kinds[] = {
        "nonsense",
        "[]",
        "{\"id\":\"1\"}",
        "{\"method\":\"no-such-method\",\"params\":{},\"id\":\"1\"}",
        "{\"method\":\"broadcast\",\"params\":{},\"id\":\"1\"}",
        "{\"method\":\"hls-start\",\"params\":{},\"id\":\"1\"}",
        "{\"method\":\"end-room\",\"params\":{},\"id\":\"1\"}",
        "{\"method\":\"get-peer\",\"params\":{\"peer_id\":\"nobody\"},\"id\":\"1\"}",
        "{\"method\":\"group-join\",\"params\":{\"name\":\"\"},\"id\":\"1\"}",
        "{\"method\":\"set-metadata\",\"params\":{\"if_change_version\":7},\"id\":\"1\"}",
    };
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        begin();
        struct stage_client *guest = stage_join(&s, "guest", "guest");
        for (int i = 0; i < 19; i++)
            stage_send(&s, guest, kinds[kind]);
        CHECK_EQ(guest->close_code, 0);
        stage_send(&s, guest, kinds[kind]);
        CHECK_EQ(guest->close_code, 1008);
        end();
    }
    begin(); // not joined, which most methods want
    struct stage_client *client = previewing();
    for (int i = 0; i < 20; i++)
        stage_send(&s, client, kinds[4]);
    CHECK_EQ(client->close_code, 1008);
    end();
}

// The peer itself stays: its user may have nothing to do with a broken client library.
TEST(a_peer_whose_socket_was_closed_for_errors_may_come_back)
{
    begin();
    struct stage_client *guest = stage_join(&s, "guest", "guest");
    struct stage_client *host = stage_join(&s, "host", "host");
    stage_forget(&guest->socket);
    for (int i = 0; i < 20; i++)
        stage_send(&s, host, "nonsense");
    CHECK_EQ(host->close_code, 1008);
    CHECK_EQ(guest->socket.count, 0);
    struct stage_client *again = stage_open(&s, "host/2", "host", NULL);
    stage_forget(&again->socket);
    stage_send(&s, again,
               "{\"method\":\"get-peer\",\"params\":{\"peer_id\":\"guest\"},\"id\":\"1\"}");
    char *answer = stage_next(&again->socket);
    CHECK(strstr(answer, "\"result\"") != NULL);
    mem_free(answer);
    end();
}

TEST(messages_beyond_the_burst_are_refused_until_time_has_passed)
{
    begin();
    struct stage_client *client = previewing();
    for (int i = 0; i < 200; i++)
        check_answer(client, bytes_of("{\"method\":\"ping\",\"id\":1}"), 0, "1");
    check_answer(client, bytes_of("{\"method\":\"ping\",\"id\":2}"), 429, "2");
    stage_wait(&s, 10); // 100 a second
    check_answer(client, bytes_of("{\"method\":\"ping\",\"id\":3}"), 0, "3");
    check_answer(client, bytes_of("{\"method\":\"ping\",\"id\":4}"), 429, "4");
    stage_wait(&s, 1000);
    for (int i = 0; i < 100; i++)
        check_answer(client, bytes_of("{\"method\":\"ping\",\"id\":5}"), 0, "5");
    check_answer(client, bytes_of("{\"method\":\"ping\",\"id\":6}"), 429, "6");
    end();
}

TEST(the_data_channel_has_a_rate_of_its_own)
{
    begin();
    struct stage_client *client = stage_join(&s, "host", "host");
    stage_publish(&s, stage_join(&s, "guest", "guest"), "A1");
    stage_forget(&client->socket);
    for (int i = 0; i < 200; i++)
        stage_send_channel(&s, "host",
                           "{\"method\":\"prefer-audio-track-state\",\"id\":1,"
                           "\"params\":{\"track_id\":\"A1\",\"subscribed\":true}}");
    stage_forget(&client->channel);
    stage_send_channel(&s, "host", "{\"method\":\"x\",\"id\":2}");
    char *answer = stage_next(&client->channel);
    CHECK(strstr(answer, "429") != NULL);
    mem_free(answer);
    check_answer(client, bytes_of("{\"method\":\"ping\",\"id\":3}"), 0, "3");
    end();
}

TEST(a_peer_without_a_socket_is_still_heard_on_its_data_channel)
{
    begin();
    struct stage_client *host = stage_join(&s, "host", "host");
    stage_publish(&s, host, "A1 V1");
    struct stage_client *guest = stage_join(&s, "guest", "guest");
    stage_drop(&s, guest);
    stage_forget(&s.media);
    stage_send_channel(&s, "guest",
                       "{\"method\":\"prefer-video-track-state\",\"id\":1,\"params\":{"
                       "\"max_spatial_layer\":\"low\",\"track_id\":\"V1\"}}");
    char *told = stage_next(&s.media);
    CHECK_TEXT(told, "layer guest V1 low");
    mem_free(told);
    end();
}

TEST(names_metadata_and_chat_have_bounds)
{
    begin();
    struct stage_client *client = stage_join(&s, "host", "host");
    struct text text = {0};
    struct {
        const char *before;
        size_t len;
        int code;
    } cases[] = {
        {"{\"method\":\"peer-update\",\"id\":1,\"params\":{\"name\":\"", NAME_LEN_MAX, 0},
        {"{\"method\":\"peer-update\",\"id\":1,\"params\":{\"name\":\"", NAME_LEN_MAX + 1, 400},
        {"{\"method\":\"peer-update\",\"id\":1,\"params\":{\"data\":\"", METADATA_LEN_MAX, 0},
        {"{\"method\":\"peer-update\",\"id\":1,\"params\":{\"data\":\"", METADATA_LEN_MAX + 1,
         400},
        {"{\"method\":\"broadcast\",\"id\":1,\"params\":{\"x\":{},\"info\":{\"message\":\"",
         CHAT_MESSAGE_LEN_MAX, 0},
        {"{\"method\":\"broadcast\",\"id\":1,\"params\":{\"x\":{},\"info\":{\"message\":\"",
         CHAT_MESSAGE_LEN_MAX + 1, 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text_clear(&text);
        text_add(&text, cases[i].before);
        for (size_t n = 0; n < cases[i].len; n++)
            text_add_char(&text, 'n');
        text_add(&text, strstr(cases[i].before, "info") ? "\"}}}" : "\"}}");
        stage_send(&s, client, text.at);
        char *answer = stage_next(&client->socket);
        json_t *read = json_loads(answer, 0, NULL);
        CHECK_EQ(json_get_int(json_object_get(read, "error"), "code", 0), cases[i].code);
        json_decref(read);
        mem_free(answer);
        stage_forget(&client->socket);
    }
    text_dispose(&text);
    end();
}

TEST(a_name_too_long_to_join_with_is_refused_and_leaves_no_peer)
{
    begin();
    struct stage_client *client = previewing();
    struct text text = {0};
    text_add(&text, "{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"");
    for (int i = 0; i <= NAME_LEN_MAX; i++)
        text_add_char(&text, 'n');
    text_add(&text, "\",\"offer\":{\"sdp\":\"x\"}}}");
    check_answer(client, text_bytes(&text), 400, "1");
    CHECK_EQ(rooms_find(&s.rooms, STAGE_ROOM_ID)->peers.count, 0);
    text_dispose(&text);
    end();
}

TEST(sixteen_tracks_are_shown_and_the_rest_ignored)
{
    begin();
    struct stage_client *host = stage_join(&s, "host", "host");
    struct text tracks = {0};
    for (int i = 0; i < 40; i++)
        text_addf(&tracks, "%sA%d", i ? " " : "", i);
    stage_publish(&s, host, tracks.at);
    char *answer = stage_next(&host->socket);
    CHECK(strstr(answer, "\"result\"") != NULL);
    mem_free(answer);
    const struct room *room = rooms_find(&s.rooms, STAGE_ROOM_ID);
    CHECK_EQ(room_track_count(room), TRACKS_PER_PEER_MAX);
    stage_publish(&s, host, "A0");
    CHECK_EQ(room_track_count(room), 1);
    text_dispose(&tracks);
    end();
}

TEST(only_so_many_offers_may_wait_for_the_worker)
{
    begin();
    struct stage_client *host = stage_join(&s, "host", "host");
    s.worker = WORKER_IS_SILENT;
    for (int i = 0; i < RPC_OFFERS_PENDING_MAX; i++)
        stage_publish(&s, host, "A1");
    CHECK_EQ(host->socket.count, 0);
    stage_publish(&s, host, "A1");
    char *answer = stage_next(&host->socket);
    CHECK(strstr(answer, "429") != NULL);
    mem_free(answer);
    end();
}

TEST(only_so_much_waits_while_a_room_is_loaded)
{
    begin();
    s.is_loading = true;
    struct stage_client *many = stage_open(&s, "host", "host", NULL);
    for (int i = 0; i < WS_WAITING_MAX; i++)
        stage_send(&s, many, "{\"method\":\"ping\",\"id\":1}");
    CHECK_EQ(many->close_code, 0);
    stage_send(&s, many, "{\"method\":\"ping\",\"id\":1}");
    CHECK_EQ(many->close_code, 1013);

    struct stage_client *large = stage_open(&s, "guest", "guest", NULL);
    struct text text = {0};
    for (int i = 0; i < WS_MESSAGE_MAX / 2 + 1; i++)
        text_add_char(&text, ' ');
    stage_send_bytes(&s, large, text_bytes(&text));
    CHECK_EQ(large->close_code, 0);
    stage_send_bytes(&s, large, text_bytes(&text));
    CHECK_EQ(large->close_code, 1013);
    text_dispose(&text);

    // A socket that goes away while its room is loaded is forgotten.
    struct stage_client *gone = stage_open(&s, "guest2", "guest", NULL);
    stage_drop(&s, gone);
    stage_load(&s);
    CHECK_EQ(gone->socket.count, 0);
    CHECK_EQ(s.rooms.by_id.count, 0);
    end();
}

TEST(a_room_that_cannot_be_had_is_told_by_on_error)
{
    begin();
    s.is_loading = true;
    struct stage_client *client = stage_open(&s, "host", "host", NULL);
    stage_send(&s, client, "{\"method\":\"ping\",\"id\":1}");
    signal_refuse(s.signal, client->session, 404, "room not found", s.now, &s.frames);
    // Longer than an answer may wait for the store (5 s), which is still to be heard.
    stage_wait(&s, 6000);
    char *told = stage_next(&client->socket);
    CHECK_TEXT(told, "{\"method\":\"on-error\",\"params\":{\"code\":404,\"message\":"
                     "\"room not found\"}}");
    // What it asked for while it waited has its answer all the same.
    char *answer = stage_next(&client->socket);
    CHECK_TEXT(answer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":410,\"message\":"
                       "\"the session is over\"}}");
    CHECK_EQ(client->socket.count, 0);
    CHECK_EQ(client->close_code, 1000);
    mem_free(told);
    mem_free(answer);
    end();
}

// `leave` among them ends the session, and with it whatever still waits.
TEST(what_waited_for_the_room_is_answered_once_each)
{
    begin();
    s.is_loading = true;
    struct stage_client *client = stage_open(&s, "host", "host", NULL);
    stage_send(&s, client, "{\"method\":\"ping\",\"id\":1}");
    stage_send(&s, client, "{\"method\":\"ping\",\"id\":2}");
    stage_send(&s, client, "{\"method\":\"leave\",\"id\":3}");
    stage_send(&s, client, "{\"method\":\"ping\",\"id\":4}");
    stage_load(&s);
    int results[5] = {0}, errors[5] = {0};
    while (client->socket.count) {
        char *text = stage_next(&client->socket);
        json_t *got = json_loads(text, 0, NULL);
        int64_t id = json_get_int(got, "id", 0);
        CHECK(id >= 0 && id <= 4);
        results[id] += json_object_get(got, "result") != NULL;
        errors[id] += json_object_get(got, "error") != NULL;
        json_decref(got);
        mem_free(text);
    }
    static const int answered[5] = {0, 1, 1, 1, 0}, refused[5] = {0, 0, 0, 0, 1};
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(results[i], answered[i]);
        CHECK_EQ(errors[i], refused[i]);
    }
    end();
}

// The answer of the frame that waits for the store.
static struct frame *kept_frame(struct stage_client *client, const char *text)
{
    frame_list_clear(&s.frames);
    signal_text(s.signal, client->session, bytes_of(text), s.now, &s.frames, &s.events);
    for (size_t i = 0; i < s.frames.count; i++) {
        if (s.frames.at[i].change)
            return &s.frames.at[i];
    }
    return NULL;
}

static const char set_once[] =
    "{\"method\":\"set-metadata\",\"id\":%d,\"params\":{\"key\":\"k\","
    "\"data\":\"v\",\"if_change_version\":0}}";

TEST(what_changes_a_session_is_answered_when_it_is_stored)
{
    begin();
    struct stage_client *host = stage_join(&s, "host", "host");
    char text[160];
    snprintf(text, sizeof text, set_once, 1);
    struct frame *frame = kept_frame(host, text);
    CHECK(frame != NULL);
    CHECK_EQ(frame->change, rooms_find(&s.rooms, STAGE_ROOM_ID)->change);
    CHECK(memmem(frame->text.at, frame->text.len, "\"result\"", 8));
    CHECK(memmem(frame->late.at, frame->late.len, "\"code\":503", 10));
    CHECK(memmem(frame->late.at, frame->late.len, "\"id\":1", 6));
    CHECK(!kept_frame(host, "{\"method\":\"ping\",\"id\":2}"));
    // A second time it is refused, and nothing has changed.
    snprintf(text, sizeof text, set_once, 3);
    CHECK(!kept_frame(host, text));
    frame_list_clear(&s.frames);
    event_list_clear(&s.events);
    end();
}

TEST(a_request_that_was_not_stored_in_time_has_its_first_outcome)
{
    begin();
    struct stage_client *host = stage_join(&s, "host", "host");
    char text[160];
    snprintf(text, sizeof text, set_once, 1);
    struct frame *frame = kept_frame(host, text);
    signal_not_stored(s.signal, frame, s.now);
    uint64_t change = frame->change;
    snprintf(text, sizeof text, set_once, 2);
    frame = kept_frame(host, text);
    CHECK(frame && frame->change > change); // and waits again
    CHECK(memmem(frame->text.at, frame->text.len, "\"change_version\":1", 18));
    CHECK(memmem(frame->text.at, frame->text.len, "\"id\":2", 6));
    // That outcome was told; then it is a request like any other, and this one is refused.
    snprintf(text, sizeof text, set_once, 3);
    CHECK(!kept_frame(host, text));

    // A minute later nobody asks for it again.
    s.now.mono_us += 1000000;
    frame =
        kept_frame(host, "{\"method\":\"peer-update\",\"id\":4,\"params\":{\"name\":\"x\"}}");
    signal_not_stored(s.signal, frame, s.now);
    s.now.mono_us += (int64_t)OUTCOME_MS * 1000;
    size_t count = s.events.count;
    kept_frame(host, "{\"method\":\"peer-update\",\"id\":5,\"params\":{\"name\":\"x\"}}");
    CHECK(s.events.count > count); // it happened
    frame_list_clear(&s.frames);
    event_list_clear(&s.events);
    end();
}

// Its answer without the id. Each event that comes of it is counted.
static char *outcome_of(struct stage_client *client, const char *request, int id,
                        struct frame *frame)
{
    struct text text = {0};
    text_addf(&text, "{\"id\":%d,%s}", id, request);
    struct frame *kept = kept_frame(client, text.at);
    CHECK(kept != NULL);
    *frame = *kept;
    text_dispose(&text);
    json_t *answer = json_loadb((const char *)kept->text.at, kept->text.len, 0, NULL);
    json_object_del(answer, "id");
    CHECK(json_object_get(answer, "result") != NULL);
    char *outcome = json_dumps(answer, JSON_SORT_KEYS);
    json_decref(answer);
    return outcome;
}

TEST(whatever_is_kept_is_done_once_when_it_is_asked_for_again)
{
    static const char *const requests[] = {
        "\"method\":\"peer-update\",\"params\":{\"name\":\"x\"}",
        "\"method\":\"set-metadata\",\"params\":{\"key\":\"k\",\"data\":\"v\"}",
        "\"method\":\"group-join\",\"params\":{\"name\":\"g\"}",
        "\"method\":\"group-leave\",\"params\":{\"name\":\"g\"}",
        "\"method\":\"group-add\",\"params\":{\"name\":\"g\",\"peer_id\":\"guest\"}",
        "\"method\":\"group-remove\",\"params\":{\"name\":\"g\",\"peer_id\":\"guest\"}",
        "\"method\":\"role-change-request\",\"params\":{\"requested_for\":\"guest\","
        "\"role\":\"viewer\",\"force\":true}",
        "\"method\":\"poll-info-set\",\"params\":{\"title\":\"t\"}", // with an id of ours
        "\"method\":\"poll-info-set\",\"params\":{\"poll_id\":\"p\",\"title\":\"t\"}",
        "\"method\":\"poll-questions-set\",\"params\":{\"poll_id\":\"p\",\"questions\":[{"
        "\"question\":{\"index\":1,\"text\":\"q\",\"type\":\"single-choice\"},\"options\":[{"
        "\"index\":1,\"text\":\"a\"},{\"index\":2,\"text\":\"b\"}]}]}",
        "\"method\":\"poll-start\",\"params\":{\"poll_id\":\"p\"}",
        "\"method\":\"poll-response\",\"params\":{\"poll_id\":\"p\",\"responses\":[{"
        "\"question\":1,\"type\":\"single-choice\",\"option\":1}]}",
        "\"method\":\"poll-stop\",\"params\":{\"poll_id\":\"p\"}",
        "\"method\":\"peer-leave-request\",\"params\":{\"requested_for\":\"guest\"}",
    };
    begin();
    stage_join(&s, "guest", "guest");
    struct stage_client *host = stage_join(&s, "host", "host");
    struct room *room = rooms_find(&s.rooms, STAGE_ROOM_ID);
    for (int i = 0; i < (int)(sizeof requests / sizeof *requests); i++) {
        struct frame frame;
        s.now.mono_us += 1000000;
        char *first = outcome_of(host, requests[i], 2 * i, &frame);
        signal_not_stored(s.signal, &frame, s.now);
        size_t events = s.events.count, polls = room->polls.by_id.count;
        char *second = outcome_of(host, requests[i], 2 * i + 1, &frame);
        CHECK_TEXT(second, first);
        CHECK_EQ(s.events.count, events);
        CHECK_EQ(room->polls.by_id.count, polls);
        free(first);
        free(second);
        frame_list_clear(&s.frames);
        event_list_clear(&s.events);
    }
    end();
}

// The second outdid the first; both are asked for again, and neither is done a third time.
TEST(two_equal_requests_that_were_not_stored_are_each_done_once)
{
    static const char request[] =
        "\"method\":\"set-metadata\",\"params\":{\"key\":\"k\",\"data\":\"v\"}";
    begin();
    struct stage_client *host = stage_join(&s, "host", "host");
    struct frame first, frame;
    free(outcome_of(host, request, 1, &first));
    first.text = (struct bytes){0}; // the answer of what was outdone is not read
    free(outcome_of(host, request, 2, &frame));
    signal_not_stored(s.signal, &first, s.now);
    signal_not_stored(s.signal, &frame, s.now);
    size_t events = s.events.count;
    for (int id = 3; id <= 4; id++) {
        char *outcome = outcome_of(host, request, id, &frame);
        CHECK(strstr(outcome, "\"change_version\": 2"));
        free(outcome);
    }
    CHECK_EQ(s.events.count, events);
    char *third = outcome_of(host, request, 5, &frame); // one like any other
    CHECK(strstr(third, "\"change_version\": 3"));
    free(third);
    frame_list_clear(&s.frames);
    event_list_clear(&s.events);
    end();
}

// What was answered with 503 in vain, by one who then asks for something else.
TEST(what_has_changed_since_is_done_again)
{
    static const char *const requests[][2] = {
        {"\"method\":\"set-metadata\",\"params\":{\"key\":\"k\",\"data\":1}",
         "\"method\":\"set-metadata\",\"params\":{\"key\":\"k\",\"data\":2}"},
        {"\"method\":\"group-join\",\"params\":{\"name\":\"g\"}",
         "\"method\":\"group-leave\",\"params\":{\"name\":\"g\"}"},
        {"\"method\":\"peer-update\",\"params\":{\"name\":\"One\"}",
         "\"method\":\"peer-update\",\"params\":{\"name\":\"Two\"}"},
        {"\"method\":\"role-change-request\",\"params\":{\"requested_for\":\"guest\","
         "\"role\":\"host\",\"force\":true}",
         "\"method\":\"role-change-request\",\"params\":{\"requested_for\":\"guest\","
         "\"role\":\"guest\",\"force\":true}"},
    };
    begin();
    stage_join(&s, "guest", "guest");
    struct stage_client *host = stage_join(&s, "host", "host");
    stage_send(
        &s, host,
        "{\"method\":\"listen-metadata-change\",\"id\":1,\"params\":{\"keys\":[\"k\"]}}");
    for (int i = 0; i < (int)(sizeof requests / sizeof *requests); i++) {
        struct frame frame;
        for (int turn = 0; turn < 3; turn++) { // one, the other, and the one again
            size_t events = s.events.count;
            free(outcome_of(host, requests[i][turn % 2], 100 + 3 * i + turn, &frame));
            CHECK(s.events.count > events); // it happened
            signal_not_stored(s.signal, &frame, s.now);
        }
        size_t events = s.events.count;
        free(outcome_of(host, requests[i][0], 200 + i, &frame));
        CHECK_EQ(s.events.count, events); // nothing was asked for in between
        frame_list_clear(&s.frames);
        event_list_clear(&s.events);
    }
    end();
}

TEST(pongs_are_signs_of_life)
{
    begin();
    struct stage_client *client = previewing();
    for (int i = 0; i < 10; i++) {
        stage_wait(&s, 15000);
        signal_heard(s.signal, client->session, s.now);
    }
    CHECK_EQ(client->close_code, 0);
    stage_wait(&s, 39999);
    CHECK_EQ(client->close_code, 0);
    stage_wait(&s, 1);
    CHECK_EQ(client->close_code, 1001);
    end();
}

TEST(the_end_of_the_server_closes_all_sockets)
{
    begin();
    struct stage_client *host = stage_join(&s, "host", "host");
    struct stage_client *guest = stage_open(&s, "guest", "guest", NULL);
    signal_drain(s.signal, &s.frames);
    stage_wait(&s, 1);
    CHECK_EQ(host->close_code, 1012);
    CHECK_EQ(guest->close_code, 1012);
    end();
}

TEST(when_all_have_gone_nothing_is_left)
{
    begin();
    for (int round = 0; round < 3; round++) {
        struct stage_client *host = stage_join(&s, "host", "host");
        struct stage_client *guest = stage_join(&s, "guest", "guest");
        struct stage_client *preview = stage_open(&s, "viewer", "viewer", NULL);
        stage_publish(&s, host, "A1 V1");
        stage_publish(&s, guest, "A2");
        stage_send_channel(&s, "host", "{\"method\":\"x\",\"id\":1}");
        stage_drop(&s, preview);
        stage_send(&s, host, "{\"method\":\"leave\",\"params\":{}}");
        stage_drop(&s, guest);
        stage_wait(&s, 60000);
        stage_drop(&s, host);
        CHECK_EQ(s.rooms.by_id.count, 0);
        CHECK_EQ(s.rooms.peers.count, 0);
        CHECK_EQ(s.rooms.tracks.count, 0);
        CHECK_EQ(rooms_deadline(&s.rooms), NEVER);
        CHECK_EQ(signal_deadline(s.signal), NEVER);
        CHECK_EQ(s.subscriber_count, 0);
        for (size_t i = 0; i < s.client_count; i++) {
            stage_forget(&s.clients[i].socket);
            stage_forget(&s.clients[i].channel);
        }
    }
    end();
}

// Checklist 23: ten publish at once, in a room of ten.
TEST(ten_that_publish_at_once_never_make_two_offers_outstanding)
{
    begin();
    struct stage_client *clients[10];
    char name[32];
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "host%d", i);
        clients[i] = stage_join(&s, name, "host");
    }
    for (int i = 0; i < 10; i++)
        stage_forget(&clients[i]->socket);
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "A%d V%d", i, i);
        stage_publish(&s, clients[i], name);
    }
    for (int i = 0; i < 10; i++) {
        size_t offers = 0, added = 0;
        while (clients[i]->socket.count) {
            char *text = stage_next(&clients[i]->socket);
            offers += strstr(text, "\"method\":\"offer\"") != NULL;
            added += strstr(text, "\"method\":\"on-track-add\"") != NULL;
            mem_free(text);
        }
        CHECK_EQ(offers, 1);
        CHECK_EQ(added, 9);
        // Two tracks of each of the nine others are on their way.
        stage_answer(&s, clients[i]);
    }
    end();
}

TEST(a_socket_does_not_speak_for_an_encoder_that_has_its_id)
{
    begin();
    previewing();
    struct join_wish wish = {.peer_id = "guest",
                             .user_id = "user-guest",
                             .role = "guest",
                             .name = "",
                             .metadata = "",
                             .door = DOOR_WHIP};
    struct peer *encoder;
    enum admission why;
    struct room *room = rooms_find(&s.rooms, STAGE_ROOM_ID);
    CHECK_EQ(room_join(room, &wish, 1, s.now, &s.events, &encoder, &why), 0);
    struct stage_client *client = stage_open(&s, "guest", "guest", NULL);
    CHECK(client->socket.count > 0);
    for (size_t i = 0; i < client->socket.count; i++)
        CHECK(!strstr(client->socket.at[i], "peer-list"));
    signal_closed(s.signal, client->session, s.now, &s.events);
    CHECK(room_joined(room, "guest") == encoder);
    CHECK(encoder->attached);
    end();
}

TEST(who_has_no_user_id_is_a_user_of_its_own)
{
    begin();
    struct stage_client *client = stage_open(&s, "guest", "guest", "");
    stage_send(
        &s, client,
        "{\"method\":\"join\",\"params\":{\"name\":\"Gus\",\"data\":\"\"},\"id\":\"1\"}");
    const struct peer *peer = room_joined(rooms_find(&s.rooms, STAGE_ROOM_ID), "guest");
    CHECK(peer != NULL);
    CHECK_TEXT(peer->user_id, "guest");
    end();
}
