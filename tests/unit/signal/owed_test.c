// However much metadata there is in a room, whoever comes or comes back is told of every peer
// in one message that its socket can take, and of all metadata soon after.
#include "stage.h"

#include "signal/state.h"
#include "test.h"

#include <stdio.h>

enum { HEAVY = 22 };

static struct stage s;

// A join with 8 KiB of control characters, which are 48 KiB as JSON.
static struct stage_client *join_heavy(const char *name, char with)
{
    struct text text = {0};
    text_addf(&text, "{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"%s\",\"data\":\"",
              name);
    for (int i = 0; i < METADATA_LEN_MAX; i++) {
        if (with)
            text_add_char(&text, with);
        else
            text_add(&text, "\\u0001");
    }
    text_add(&text, "\"}}");
    struct stage_client *client = stage_open(&s, name, "guest", NULL);
    stage_send_bytes(&s, client, text_bytes(&text));
    text_dispose(&text);
    for (size_t i = 0; i < s.client_count; i++)
        stage_forget(&s.clients[i].socket);
    return client;
}

static void fill(void)
{
    stage_init(&s);
    for (int i = 0; i < HEAVY; i++) {
        char name[16];
        snprintf(name, sizeof name, "heavy%d", i);
        join_heavy(name, 0);
    }
    stage_wait_alive(&s, 1000);
    for (size_t i = 0; i < s.client_count; i++)
        stage_forget(&s.clients[i].socket);
}

struct seen {
    size_t lists, listed, empty; // peer-lists; peers in the last one; of them without metadata
    size_t list_len;
    size_t whole; // on-peer-updates with all of it
    size_t lean_joins, leaves_len, longest;
};

static bool is_whole(const json_t *params)
{
    const json_t *data = json_object_get(json_object_get(params, "info"), "data");
    return json_string_length(data) == METADATA_LEN_MAX;
}

// All that came on the socket.
static struct seen look(struct stage_client *client)
{
    struct seen seen = {0};
    while (client->socket.count) {
        char *text = stage_next(&client->socket);
        size_t len = strlen(text);
        json_t *message = json_loads(text, 0, NULL),
               *params = json_object_get(message, "params");
        const char *method = json_string_value(json_object_get(message, "method"));
        if (len > seen.longest)
            seen.longest = len;
        if (method && strcmp(method, "peer-list") == 0) {
            const char *id;
            json_t *peer;
            seen.lists++;
            seen.listed = seen.empty = 0;
            seen.list_len = len;
            json_object_foreach(json_object_get(params, "peers"), id, peer)
            {
                seen.listed++;
                seen.empty += !is_whole(peer);
            }
        } else if (method && strcmp(method, "on-peer-update") == 0) {
            seen.whole += is_whole(params);
        } else if (method && strcmp(method, "on-peer-join") == 0) {
            seen.lean_joins += !is_whole(params);
        } else if (method && strcmp(method, "on-peer-leave") == 0) {
            seen.leaves_len += len;
        }
        json_decref(message);
        mem_free(text);
    }
    return seen;
}

static void check_list(const struct seen *seen)
{
    CHECK_EQ(seen->lists, 1);
    CHECK_EQ(seen->listed, HEAVY);
    CHECK(seen->empty > 0);
    CHECK(seen->list_len < WS_QUEUE_BYTES_MAX / 2);
}

TEST(a_list_of_heavy_peers_names_them_all_and_the_metadata_follows)
{
    fill();
    struct stage_client *host = stage_open(&s, "host", "host", NULL);
    stage_send(&s, host, "{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"host\"}}");
    struct seen seen = look(host);
    check_list(&seen);
    stage_wait(&s, 20);
    struct seen first = look(host);
    CHECK(first.whole > 0);
    CHECK(first.whole < seen.empty); // not all at once
    size_t whole = first.whole;
    for (int i = 0; i < 20; i++) {
        stage_wait(&s, 20);
        whole += look(host).whole;
    }
    CHECK_EQ(whole, seen.empty);

    // The same for a new socket of the same peer.
    stage_drop(&s, host);
    struct stage_client *again = stage_open(&s, "host/2", "host", NULL);
    seen = look(again);
    check_list(&seen);
    for (whole = 0; whole < seen.empty;) {
        stage_wait(&s, 20);
        size_t more = look(again).whole;
        CHECK(more > 0);
        whole += more;
    }
    CHECK_EQ(whole, seen.empty);
    stage_dispose(&s);
}

TEST(a_slow_socket_gets_the_rest_when_it_has_caught_up)
{
    fill();
    struct stage_client *host = stage_open(&s, "host", "host", NULL);
    stage_send(&s, host, "{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"host\"}}");
    struct seen seen = look(host);
    signal_slow(s.signal, host->session, true);
    stage_wait(&s, 1000);
    CHECK_EQ(look(host).whole, 0);
    signal_slow(s.signal, host->session, false);
    size_t whole = 0;
    for (int i = 0; i < 20; i++) {
        stage_wait(&s, 20);
        whole += look(host).whole;
    }
    CHECK_EQ(whole, seen.empty);
    stage_dispose(&s);
}

TEST(who_looks_on_gets_a_list_that_its_socket_can_take)
{
    fill();
    struct stage_client *host = stage_open(&s, "host", "host", NULL);
    struct seen seen = look(host);
    CHECK(seen.longest < WS_QUEUE_BYTES_MAX / 2);
    CHECK(seen.longest > HEAVY * 100);
    stage_dispose(&s);
}

TEST(small_metadata_stays_in_the_list_beside_large)
{
    struct allowance a = {1000, 4};
    CHECK(!allowance_take(&a, 2000));
    CHECK(allowance_take(&a, 300)); // 300 of 333
    CHECK(allowance_take(&a, 340)); // 340 of 350
    CHECK(allowance_take(&a, 360)); // 360 of 360
    CHECK(!allowance_take(&a, 1));
    CHECK(allowance_take(&a, 0));
}

TEST(many_who_come_at_once_do_not_fill_the_sockets_of_those_inside)
{
    stage_init(&s);
    struct stage_client *host = stage_join(&s, "host", "host");
    size_t octets = 0, lean = 0, whole = 0;
    for (int i = 0; i < HEAVY; i++) {
        char name[16];
        snprintf(name, sizeof name, "heavy%d", i);
        struct text text = {0};
        text_addf(&text,
                  "{\"method\":\"join\",\"id\":1,\"params\":{\"name\":\"n\",\"data\":\"");
        for (int k = 0; k < METADATA_LEN_MAX; k++)
            text_add(&text, "\\u0001");
        text_add(&text, "\"}}");
        struct stage_client *client = stage_open(&s, name, "guest", NULL);
        stage_send_bytes(&s, client, text_bytes(&text));
        text_dispose(&text);
        for (size_t at = 0; at < host->socket.count; at++)
            octets += strlen(host->socket.at[at]);
        struct seen seen = look(host);
        lean += seen.lean_joins;
    }
    CHECK(octets < WS_QUEUE_BYTES_MAX / 2);
    CHECK(lean > 0);
    for (int i = 0; i < 30; i++) {
        stage_wait(&s, 20);
        whole += look(host).whole;
    }
    CHECK_EQ(whole, lean);
    // When they go, their metadata is not told once more.
    for (int i = 0; i < HEAVY; i++) {
        char name[16];
        snprintf(name, sizeof name, "heavy%d", i);
        stage_send(&s, stage_client(&s, name), "{\"method\":\"leave\",\"id\":2}");
    }
    CHECK(look(host).leaves_len < HEAVY * 1024);
    stage_dispose(&s);
}

// --- What happens to many at once ---

static void ask(struct stage_client *client, const char *roles, const char *role)
{
    char text[256];
    snprintf(text, sizeof text,
             "{\"method\":\"role-change-request\",\"id\":\"r\",\"params\":{\"roles\":[\"%s\"],"
             "\"role\":\"%s\",\"force\":true}}",
             roles, role);
    stage_send(&s, client, text);
}

static size_t unread(const struct stage_client *client)
{
    size_t octets = 0;
    for (size_t i = 0; i < client->socket.count; i++)
        octets += strlen(client->socket.at[i]);
    return octets;
}

static bool tells(const char *text, const char *peer, const char *role)
{
    char id[80], as[80];
    snprintf(id, sizeof id, "\"peer_id\":\"%s", peer);
    snprintf(as, sizeof as, "\"role\":\"%s\"", role);
    return strstr(text, "\"on-peer-update\"") && strstr(text, id) && strstr(text, as);
}

// Of how many heavy peers the client is told that they have `role`, with all that there is.
static size_t count_changed(struct stage_client *client, const char *role)
{
    size_t changed = 0;
    while (client->socket.count) {
        char *text = stage_next(&client->socket);
        changed += strlen(text) > 6 * METADATA_LEN_MAX && tells(text, "heavy", role);
        mem_free(text);
    }
    return changed;
}

static bool knows_own_role(const struct stage_client *client, const char *role)
{
    bool knows = false;
    for (size_t i = 0; i < client->socket.count; i++)
        knows |= tells(client->socket.at[i], client->name, role);
    return knows;
}

TEST(many_who_change_at_once_do_not_fill_the_sockets_of_those_inside)
{
    fill();
    struct stage_client *host = stage_join(&s, "host", "host");
    struct stage_client *other = stage_join(&s, "other", "host");
    for (int i = 0; i < 100; i++)
        stage_wait_alive(&s, 20);
    stage_forget(&host->socket);
    stage_forget(&other->socket);

    ask(host, "guest", "viewer");
    CHECK(unread(host) < WS_QUEUE_BYTES_MAX / 2);
    CHECK(unread(other) < WS_QUEUE_BYTES_MAX / 2);
    // Each knows its own role at once.
    for (size_t i = 0; i < HEAVY; i++)
        CHECK(knows_own_role(&s.clients[i], "viewer"));
    size_t told = count_changed(host, "viewer"), told_other = count_changed(other, "viewer");
    CHECK(told < HEAVY);
    for (int i = 0; i < 30; i++) {
        stage_wait(&s, 20);
        told += count_changed(host, "viewer");
        told_other += count_changed(other, "viewer");
    }
    CHECK_EQ(told, HEAVY);
    CHECK_EQ(told_other, HEAVY);

    // Who changes twice meanwhile is told of as it is then.
    stage_wait_alive(&s, 2000);
    for (size_t i = 0; i < s.client_count; i++)
        stage_forget(&s.clients[i].socket);
    ask(host, "viewer", "guest");
    ask(host, "guest", "viewer");
    CHECK(unread(other) < WS_QUEUE_BYTES_MAX / 2);
    bool is_right = false;
    for (int i = 0; i < 30; i++) {
        stage_wait(&s, 20);
        while (other->socket.count) {
            char *text = stage_next(&other->socket);
            if (strstr(text, "\"on-peer-update\"") && strstr(text, "\"heavy21\""))
                is_right = tells(text, "heavy21", "viewer");
            mem_free(text);
        }
    }
    CHECK(is_right);
    stage_dispose(&s);
}

TEST(many_who_are_let_in_or_held_at_once_do_not_fill_the_sockets_of_those_inside)
{
    fill();
    struct stage_client *host = stage_join(&s, "host", "host");
    stage_wait_alive(&s, 2000);
    const char *const steps[][2] = {{"guest", "lobby"}, {"lobby", "guest"}};
    for (size_t step = 0; step < 2; step++) {
        stage_wait_alive(&s, 8000);
        for (size_t i = 0; i < s.client_count; i++)
            stage_forget(&s.clients[i].socket);
        ask(host, steps[step][0], steps[step][1]);
        for (size_t i = 0; i < s.client_count; i++)
            CHECK(unread(&s.clients[i]) < WS_QUEUE_BYTES_MAX / 2);
        size_t told = 0;
        for (int i = 0; i < 40; i++) {
            told += count_changed(host, steps[step][1]);
            stage_wait(&s, 20);
        }
        CHECK(told >= HEAVY);
    }
    stage_dispose(&s);
}

TEST(a_page_of_heavy_peers_is_one_that_the_socket_can_take)
{
    fill();
    struct stage_client *host = stage_join(&s, "host", "host");
    stage_wait_alive(&s, 2000);
    char iterator[256] = "";
    size_t found = 0;
    for (int page = 0; page < HEAVY; page++) {
        char request[512];
        stage_forget(&host->socket);
        snprintf(request, sizeof request,
                 "{\"method\":\"peer-iter-next\",\"id\":\"p\",\"params\":{\"limit\":100,"
                 "\"iterator\":\"%s\"}}",
                 iterator);
        stage_send(&s, host, request);
        char *answer = stage_next(&host->socket);
        CHECK(strlen(answer) < WS_QUEUE_BYTES_MAX / 2);
        json_t *message = json_loads(answer, 0, NULL);
        const json_t *result = json_object_get(message, "result");
        found += json_array_size(json_object_get(result, "peers"));
        snprintf(iterator, sizeof iterator, "%s",
                 json_string_value(json_object_get(result, "iterator")));
        bool ends = json_is_true(json_object_get(result, "eof"));
        json_decref(message);
        mem_free(answer);
        if (ends)
            break;
    }
    CHECK_EQ(found, HEAVY + 1);
    stage_dispose(&s);
}
