// A client that talks too much is answered with 429 before a socket of those who listen is
// full.
#include "stage.h"

#include "signal/state.h"
#include "test.h"

#include <stdio.h>

static struct stage s;

static struct text message(size_t len)
{
    struct text text = {0};
    text_add(&text,
             "{\"method\":\"broadcast\",\"id\":\"m\",\"params\":{\"info\":{\"message\":\"");
    for (size_t i = 0; i < len; i++)
        text_add_char(&text, 'x');
    text_add(&text, "\"}}}");
    return text;
}

// Whether the message was told.
static bool say(struct stage_client *client, size_t len)
{
    struct text text = message(len);
    stage_forget(&client->socket);
    stage_send_bytes(&s, client, text_bytes(&text));
    text_dispose(&text);
    char *answer = stage_next(&client->socket);
    bool told = strstr(answer, "\"result\"");
    CHECK(told || strstr(answer, "\"code\":429"));
    mem_free(answer);
    return told;
}

// How many octets came to `client` since it was asked last.
static size_t heard(struct stage_client *client)
{
    size_t octets = 0;
    for (size_t i = 0; i < client->socket.count; i++)
        octets += strlen(client->socket.at[i]);
    stage_forget(&client->socket);
    return octets;
}

TEST(who_shouts_is_told_to_wait_and_stays)
{
    stage_init(&s);
    struct stage_client *host = stage_join(&s, "host", "host");
    struct stage_client *loud = stage_join(&s, "loud", "guest");
    stage_forget(&host->socket);
    int told = 0;
    for (int i = 0; i < 100; i++)
        told += say(loud, CHAT_MESSAGE_LEN_MAX);
    CHECK(told >= 15 && told <= 17); // 256 KiB
    CHECK(heard(host) < WS_QUEUE_BYTES_MAX / 2);
    stage_wait_alive(&s, 1000);
    told = 0;
    for (int i = 0; i < 50; i++)
        told += say(loud, CHAT_MESSAGE_LEN_MAX);
    CHECK(told >= 1 && told <= 3); // 32 KiB a second
    CHECK_EQ(loud->close_code, 0);
    stage_dispose(&s);
}

TEST(many_who_shout_leave_room_for_those_who_are_quiet)
{
    stage_init(&s);
    struct stage_client *host = stage_join(&s, "host", "host");
    struct stage_client *quiet = stage_join(&s, "quiet", "guest");
    stage_forget(&host->socket);
    for (int who = 0; who < 12; who++) {
        char name[16];
        snprintf(name, sizeof name, "loud%d", who);
        struct stage_client *loud = stage_join(&s, name, "guest");
        for (int i = 0; i < 40; i++)
            say(loud, CHAT_MESSAGE_LEN_MAX);
    }
    CHECK(heard(host) < WS_QUEUE_BYTES_MAX);
    for (int seconds = 0; seconds < 10; seconds++) {
        stage_wait_alive(&s, 1000);
        for (int who = 0; who < 12; who++) {
            char name[16];
            snprintf(name, sizeof name, "loud%d", who);
            for (int i = 0; i < 10; i++)
                say(stage_client(&s, name), CHAT_MESSAGE_LEN_MAX);
        }
        // At first nobody can tell who of them is going to be loud.
        CHECK(say(quiet, 1000) || seconds < 3);
        CHECK(say(host, 1000) || seconds < 3);
    }
    stage_dispose(&s);
}

TEST(while_somebody_is_slow_less_is_told)
{
    stage_init(&s);
    struct stage_client *slow = stage_join(&s, "slow", "guest");
    struct stage_client *loud = stage_join(&s, "loud", "guest");
    struct stage_client *quiet = stage_join(&s, "quiet", "guest");
    signal_slow(s.signal, slow->session, true);
    stage_forget(&slow->socket);
    for (int seconds = 0; seconds < 10; seconds++) {
        for (int i = 0; i < 50; i++)
            say(loud, CHAT_MESSAGE_LEN_MAX / 4);
        CHECK(say(quiet, 100));
        stage_wait_alive(&s, 1000);
    }
    CHECK(heard(slow) < 128 * 1024);
    signal_slow(s.signal, slow->session, false);
    stage_wait_alive(&s, 10000);
    CHECK(say(loud, CHAT_MESSAGE_LEN_MAX));
    stage_dispose(&s);
}

TEST(names_and_groups_are_paid_for_as_well)
{
    stage_init(&s);
    struct stage_client *host = stage_join(&s, "host", "host");
    struct stage_client *loud = stage_join(&s, "loud", "guest");
    stage_forget(&host->socket);
    struct text text = {0};
    text_add(&text, "{\"method\":\"peer-update\",\"id\":\"u\",\"params\":{\"data\":\"");
    for (int i = 0; i < METADATA_LEN_MAX; i++)
        text_add(&text, "\\u0001");
    text_add(&text, "\"}}");
    for (int i = 0; i < 20; i++)
        stage_send_bytes(&s, loud, text_bytes(&text));
    for (int i = 0; i < 50; i++) {
        stage_send(&s, loud,
                   "{\"method\":\"group-join\",\"id\":1,\"params\":{\"name\":\"g\"}}");
        stage_send(&s, loud,
                   "{\"method\":\"group-leave\",\"id\":1,\"params\":{\"name\":\"g\"}}");
    }
    CHECK(heard(host) < WS_QUEUE_BYTES_MAX / 2);
    text_dispose(&text);
    stage_dispose(&s);
}

// One who moderates is heard however much others talk.
TEST(roles_and_mutes_do_not_wait_for_a_room_that_is_loud)
{
    stage_init(&s);
    struct stage_client *host = stage_join(&s, "host", "host");
    for (int who = 0; who < 12; who++) {
        char name[16];
        snprintf(name, sizeof name, "loud%d", who);
        struct stage_client *loud = stage_join(&s, name, "guest");
        for (int i = 0; i < 40; i++)
            say(loud, CHAT_MESSAGE_LEN_MAX);
    }
    for (int i = 0; i < 40; i++)
        say(host, CHAT_MESSAGE_LEN_MAX);
    stage_forget(&host->socket);
    stage_send(&s, host,
               "{\"method\":\"role-change-request\",\"id\":\"r\",\"params\":{"
               "\"requested_for\":\"loud0\",\"role\":\"viewer\",\"force\":true}}");
    bool is_done = false;
    while (host->socket.count) {
        char *text = stage_next(&host->socket);
        is_done |= strstr(text, "\"id\":\"r\",\"result\"") != NULL;
        mem_free(text);
    }
    CHECK(is_done);
    stage_dispose(&s);
}
