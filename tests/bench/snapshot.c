// What it costs the control thread to write down a live session and a change of it, and what a
// start takes to read it: peers with a name, 200 octets of metadata and the keys that roomkit
// observes, with the longest chat history. Prints milliseconds of CPU time.
#include "store/snapshot.h"
#include "room/chat.h"
#include "room/media.h"
#include "room/session_store.h"

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 20, CHANGES = 1000, MESSAGES = 500 };

static const struct moment now = {1000000, 1700000000000};
static const struct room_record record = {
    .id = "64b000000000000000000001", .enabled = true, .large = true, .chat_history = MESSAGES};

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static struct template *make_template(void)
{
    struct template *t = template_new();
    template_set_roles(t, 1);
    t->roles[0].name = "viewer";
    return t;
}

static struct peer *come(struct room *room, size_t number, struct event_list *events)
{
    static const char *const keys[] = {"pinnedMessages", "spotlight", "chatPeerBlacklist",
                                       "chatMessageBlacklist", "chatState"};
    char id[40], name[40], metadata[256];
    snprintf(id, sizeof id, "5a3ac2a0-8f3e-4d4f-8f2c-%012zu", number);
    snprintf(name, sizeof name, "Person number %zu", number);
    snprintf(metadata, sizeof metadata, "{\"note\":\"%0190zu\"}", number);
    struct join_wish wish = {
        .peer_id = id, .user_id = id, .role = "viewer", .name = name, .metadata = metadata};
    struct peer *peer;
    enum admission why;
    room_join(room, &wish, number + 1, now, events, &peer, &why);
    session_store_observe(peer, keys, 5, events);
    event_list_clear(events);
    return peer;
}

static void measure(size_t peers)
{
    struct rng rng = rng_seeded(1);
    struct rooms rooms;
    struct event_list events = {0};
    struct text document = {0};
    rooms_init(&rooms, &rng);
    struct room *room = rooms_put(&rooms, &record, make_template());
    struct peer *any = NULL;
    for (size_t i = 0; i < peers; i++)
        any = come(room, i, &events);
    struct chat_wish chat = {.type = "chat", .message = "a line of a chat as people write it"};
    struct chat_receipt receipt;
    for (size_t i = 0; i < MESSAGES; i++) {
        chat_send(any, &chat, now, &events, &receipt);
        event_list_clear(&events);
    }
    double start = cpu_ms();
    struct snapshot snapshot;
    for (int i = 0; i < ROUNDS; i++) {
        store_snapshot_take(room, true, &snapshot);
        store_snapshot_dispose(&snapshot);
    }
    double written = (cpu_ms() - start) / ROUNDS;
    start = cpu_ms();
    for (int i = 0; i < CHANGES; i++) {
        room_written(room);
        room_update_peer(any, "Another name", NULL, now, &events);
        store_snapshot_take(room, false, &snapshot);
        store_snapshot_dispose(&snapshot);
        event_list_clear(&events);
    }
    double changed_us = 1e3 * (cpu_ms() - start) / CHANGES;
    store_snapshot_write(room, &document);
    rooms_dispose(&rooms);
    rooms_init(&rooms, &rng);
    start = cpu_ms();
    size_t left_out;
    int err = store_snapshot_restore(&rooms, &record, make_template(), text_bytes(&document),
                                     now, &events, &left_out);
    printf("%6zu peers %8zu octets   write %6.2f ms, a change %6.2f us   restore %6.2f ms%s\n",
           peers, document.len, written, changed_us, cpu_ms() - start, err ? "   FAILED" : "");
    rooms_dispose(&rooms);
    text_dispose(&document);
    event_list_dispose(&events);
}

int main(void)
{
    measure(10);
    measure(200);
    measure(2000);
    measure(20000);
    return 0;
}
