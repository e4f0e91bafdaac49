#include "store/snapshot.h"

#include "base/err.h"
#include "base/jwt.h"
#include "room/chat.h"
#include "room/chat_history.h"
#include "room/group.h"
#include "room/media.h"
#include "room/poll.h"
#include "room/quality.h"
#include "room/removed.h"
#include "room/restore.h"
#include "room/role.h"
#include "room/roster.h"
#include "room/session_store.h"
#include "room/wanted.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define ROOM_ID "64b000000000000000000001"

struct world {
    struct rng rng;
    struct rooms rooms;
    struct room_record record;
    struct room *room;
    struct moment now;
    struct event_list events;
    size_t left_out;
};

static struct template *make_template(void)
{
    struct template *t = template_new();
    t->id = template_text(t, "64b0000000000000000000aa");
    template_set_roles(t, 2);
    t->roles[0].name = template_text(t, "host");
    t->roles[1].name = template_text(t, "guest");
    for (size_t i = 0; i < 2; i++) {
        t->roles[i].allowed[PUBLISH_AUDIO] = true;
        t->roles[i].media[PUBLISH_VIDEO].codec = template_text(t, "vp8");
        t->roles[i].subscribe_to_roles = template_names(t, 1);
        t->roles[i].subscribe_to_roles.at[0] = template_text(t, "host");
    }
    return t;
}

static void begin(struct world *w)
{
    *w = (struct world){.rng = rng_seeded(1), .now = {5000000, 1700000000000}};
    w->record = (struct room_record){
        .id = ROOM_ID, .name = "standup", .enabled = true, .chat_history = 3};
    rooms_init(&w->rooms, &w->rng);
}

static void end(struct world *w)
{
    rooms_dispose(&w->rooms);
    event_list_dispose(&w->events);
}

static struct peer *come(struct world *w, const char *id, const char *role)
{
    struct join_wish wish = {.peer_id = id,
                             .user_id = "user \"1\"",
                             .role = role,
                             .token = token_hash_of(bytes_of(id)),
                             .name = "Hána",
                             .metadata = "{\"a\":1}",
                             .offer = "sdp",
                             .auto_video = true};
    struct peer *peer;
    enum admission why;
    uint64_t request = rooms_number(&w->rooms);
    CHECK_EQ(room_join(w->room, &wish, request, w->now, &w->events, &peer, &why), 0);
    return peer;
}

static void attach(struct world *w, const struct room *room, const char *id)
{
    struct peer *peer = room_peer(room, id);
    room_attach(peer, &w->events);
}

static struct peer *join(struct world *w, const char *id, const char *role)
{
    struct peer *peer = come(w, id, role);
    media_answered(peer, peer->join_offer, 0, "answer", NULL, 0, w->now, &w->events);
    return peer;
}

// A call with chat, values and somebody who is only joining.
static void hold_a_call(struct world *w)
{
    begin(w);
    w->room = rooms_put(&w->rooms, &w->record, make_template());
    room_hold(w->room);
    struct peer *host = join(w, "host", "host");
    struct peer *guest = join(w, "guest", "guest");
    come(w, "late", "guest");
    const char *keys[] = {"x", "y"};
    CHECK_EQ(session_store_observe(guest, keys, 2, &w->events), 0);
    struct store_wish value = {.key = "x", .data = "{\"a\":[1,\"é\"]}", .if_version = -1};
    struct event_value now_is;
    CHECK_EQ(session_store_set(host, &value, w->now, &w->events, &now_is), STORE_DONE);
    value.key = "z";
    CHECK_EQ(session_store_set(host, &value, w->now, &w->events, &now_is), STORE_DONE);
    value.data = NULL;
    CHECK_EQ(session_store_set(host, &value, w->now, &w->events, &now_is), STORE_DONE);
    const char *roles[] = {"guest"};
    struct chat_wish chat = {.type = "chat", .message = "hello \"all\"\n"};
    struct chat_receipt receipt;
    CHECK_EQ(chat_send(host, &chat, w->now, &w->events, &receipt), 0);
    CHECK_EQ(chat_send(host, &chat, w->now, &w->events, &receipt), 0);
    chat.roles = roles;
    chat.role_count = 1;
    CHECK_EQ(chat_send(host, &chat, w->now, &w->events, &receipt), 0);
    chat = (struct chat_wish){.type = "chat", .message = "psst", .peer_id = "guest"};
    CHECK_EQ(chat_send(host, &chat, w->now, &w->events, &receipt), 0);
    CHECK_EQ(group_join(guest->room, guest, "guest", "_handraise", &w->events), 0);
    struct token_hash removed = token_hash_of(bytes_of("removed"));
    removed_add(w->room, &removed);
    room_detach(guest, w->now, &w->events);
    CHECK_EQ(chat_send(host, &chat, w->now, &w->events, &receipt), 0);
    event_list_clear(&w->events);
}

static int restore_with(struct world *w, struct template *t, const char *document)
{
    return store_snapshot_restore(&w->rooms, &w->record, t, bytes_of(document), w->now,
                                  &w->events, &w->left_out);
}

static int restore(struct world *w, const char *document)
{
    return restore_with(w, make_template(), document);
}

TEST(what_was_written_goes_on_as_it_was)
{
    struct world before, after;
    struct text document = {0}, again = {0};
    hold_a_call(&before);
    store_snapshot_write(before.room, &document);
    begin(&after);
    CHECK_EQ(restore(&after, document.at), 0);

    struct room *room = rooms_find(&after.rooms, ROOM_ID);
    CHECK_TEXT(room->session_id, before.room->session_id);
    CHECK_EQ(room->started_at, 1700000000000);
    CHECK_EQ(room->joined_count, 2);
    CHECK(!room_peer(room, "late"));
    const struct peer *guest = room_peer(room, "guest");
    CHECK_TEXT(guest->name, "Hána");
    CHECK_TEXT(guest->user_id, "user \"1\"");
    CHECK_TEXT(guest->metadata, "{\"a\":1}");
    CHECK_TEXT(guest->role->name, "guest");
    CHECK_TEXT(guest->token_role, "guest");
    CHECK(guest->auto_video && guest->lost_media && !guest->has_media && !guest->attached);
    CHECK_EQ(guest->joined_at, 1700000000000);
    CHECK_EQ(guest->observed_count, 2);
    // Those that were given after it was written are not given again.
    CHECK_EQ(room->store.last_version, 2 + 1024 * 1024);
    CHECK(group_has(guest, "_handraise"));
    CHECK(room->store.has_unset);
    CHECK_TEXT(session_store_get(guest, "x").data, "{\"a\":[1,\"é\"]}");
    CHECK_TEXT(session_store_get(guest, "x").updated_by, "host");
    CHECK_EQ(room->history.count, 3);
    CHECK_EQ(room->history.first->number, 3);
    CHECK_TEXT(room->history.first->roles[0], "guest");
    CHECK_TEXT(room->history.last->to_peer_id, "guest");

    // The one who was away is told what it missed; who heard it, nothing.
    attach(&after, room, "guest");
    attach(&after, room, "host");
    size_t told = 0;
    for (size_t i = 0; i < after.events.count; i++)
        told += after.events.at[i].kind == EVENT_CHAT_PAST;
    CHECK_EQ(told, 1);

    // What was restored is written as it was, but for the order of tables.
    room_detach(room_peer(room, "guest"), after.now, &after.events);
    room->store.last_version = before.room->store.last_version;
    store_snapshot_write(room, &again);
    CHECK_EQ(again.len, document.len);
    text_dispose(&document);
    text_dispose(&again);
    end(&before);
    end(&after);
}

// A page that was read before is followed by the next one, and whoever comes now is behind all.
// The first of them ended before it had written anything.
TEST(two_processes_that_found_the_same_do_not_give_the_same_versions)
{
    struct world before, first, second;
    struct text document = {0};
    hold_a_call(&before);
    store_snapshot_write(before.room, &document);
    begin(&first);
    first.now.wall_ms += 5000;
    CHECK_EQ(restore(&first, document.at), 0);
    begin(&second);
    second.now.wall_ms += 5100;
    CHECK_EQ(restore(&second, document.at), 0);
    int64_t of_first = rooms_find(&first.rooms, ROOM_ID)->store.last_version;
    int64_t of_second = rooms_find(&second.rooms, ROOM_ID)->store.last_version;
    CHECK_EQ(of_second, of_first + 1024 * 1024);
    end(&before);
    end(&first);
    end(&second);
    text_dispose(&document);
}

TEST(who_asked_for_cameras_need_not_ask_again)
{
    struct world before, after;
    struct text document = {0};
    hold_a_call(&before);
    struct peer *guest = room_peer(before.room, "guest");
    guest->on_demand = true;
    wanted_add(guest, "camera");
    store_snapshot_write(before.room, &document);
    begin(&after);
    CHECK_EQ(restore(&after, document.at), 0);
    guest = room_peer(rooms_find(&after.rooms, ROOM_ID), "guest");
    CHECK(guest->on_demand);
    CHECK_EQ(guest->wanted_count, 1);
    CHECK_TEXT(guest->wanted[0], "camera");
    end(&before);
    end(&after);
    text_dispose(&document);
}

// The time that it may take goes on from its beginning.
TEST(a_session_that_was_restored_ends_when_its_time_is_over)
{
    struct world before, after;
    struct text document = {0};
    hold_a_call(&before);
    store_snapshot_write(before.room, &document);
    begin(&after);
    after.record.max_duration_s = 60;
    after.now.wall_ms += 50 * 1000;
    CHECK_EQ(restore(&after, document.at), 0);
    after.now.mono_us += 9 * 1000000;
    after.now.wall_ms += 9 * 1000;
    rooms_expire(&after.rooms, after.now, &after.events);
    CHECK(rooms_find(&after.rooms, ROOM_ID) != NULL);
    after.now.mono_us += 1000000;
    after.now.wall_ms += 1000;
    rooms_expire(&after.rooms, after.now, &after.events);
    CHECK(rooms_find(&after.rooms, ROOM_ID) == NULL);
    end(&before);
    end(&after);
    text_dispose(&document);
}

TEST(tokens_are_kept_as_hashes_and_so_are_those_of_who_was_removed)
{
    struct world before, after;
    struct text document = {0};
    hold_a_call(&before);
    store_snapshot_write(before.room, &document);
    // SHA-256 of "host" begins so.
    CHECK(strstr(document.at, "\"token\":\"4740ae6347b0172c01254ff55bae5aff\""));
    begin(&after);
    CHECK_EQ(restore(&after, document.at), 0);
    const struct room *room = rooms_find(&after.rooms, ROOM_ID);
    struct token_hash host = token_hash_of(bytes_of("host"));
    struct token_hash removed = token_hash_of(bytes_of("removed"));
    CHECK(token_hash_equal(&room_peer(room, "host")->token, &host));
    CHECK(removed_contain(room, &removed));
    CHECK(!removed_contain(room, &host));
    text_dispose(&document);
    end(&before);
    end(&after);
}

TEST(people_stay_in_the_order_of_joining)
{
    struct world before, after;
    struct text document = {0}, met = {0};
    begin(&before);
    before.room = rooms_put(&before.rooms, &before.record, make_template());
    room_hold(before.room);
    for (int i = 0; i < 30; i++) {
        char id[8];
        snprintf(id, sizeof id, "p%02d", 7 * i % 30);
        join(&before, id, "guest");
    }
    struct roster_query query = {.limit = 10};
    struct arena arena = {0};
    struct roster_page page = roster_find(before.room, NULL, &query, &arena);
    CHECK_TEXT(page.peers[9]->id, "p03");
    query.after = page.last;
    query.limit = 30;
    store_snapshot_write(before.room, &document);

    begin(&after);
    CHECK_EQ(restore(&after, document.at), 0);
    after.room = rooms_find(&after.rooms, ROOM_ID);
    join(&after, "late", "guest");
    page = roster_find(after.room, NULL, &query, &arena);
    for (size_t i = 0; i < page.count; i++)
        text_add(&met, page.peers[i]->id);
    CHECK_TEXT(met.at, "p10p17p24p01p08p15p22p29p06p13p20p27p04p11p18p25p02p09p16p23late");
    arena_dispose(&arena);
    text_dispose(&met);
    text_dispose(&document);
    end(&before);
    end(&after);
}

TEST(who_was_not_told_of_is_not_told_of_after_a_restart)
{
    struct world before, after;
    struct text document = {0};
    begin(&before);
    before.room = rooms_put(&before.rooms, &before.record, make_template());
    room_hold(before.room);
    for (int i = 0; i < PEERS_TOLD_MAX + 2; i++) {
        char id[8];
        snprintf(id, sizeof id, "p%d", i);
        join(&before, id, "guest");
    }
    store_snapshot_write(before.room, &document);
    begin(&after);
    CHECK_EQ(restore(&after, document.at), 0);
    const struct room *room = rooms_find(&after.rooms, ROOM_ID);
    CHECK(room->hides_peers);
    CHECK_EQ(room->told_count, PEERS_TOLD_MAX);
    CHECK(room_peer(room, "p199")->is_told);
    CHECK(!room_peer(room, "p200")->is_told);
    text_dispose(&document);
    end(&before);
    end(&after);
}

TEST(who_does_not_come_back_leaves_after_the_grace)
{
    struct world before, after;
    struct text document = {0};
    hold_a_call(&before);
    store_snapshot_write(before.room, &document);
    begin(&after);
    CHECK_EQ(restore(&after, document.at), 0);
    after.now.mono_us += 59999999;
    rooms_expire(&after.rooms, after.now, &after.events);
    CHECK_EQ(after.events.count, 0);
    after.now.mono_us += 1;
    rooms_expire(&after.rooms, after.now, &after.events);
    CHECK_EQ(after.events.count, 3);
    CHECK_EQ(after.events.at[0].kind, EVENT_PEER_LEFT);
    CHECK_EQ(after.events.at[2].kind, EVENT_ROOM_CLOSED);
    CHECK(!rooms_find(&after.rooms, ROOM_ID));
    text_dispose(&document);
    end(&before);
    end(&after);
}

TEST(who_does_not_signal_comes_anew_and_is_left_out)
{
    struct world w;
    hold_a_call(&w);
    struct join_wish wish = {.peer_id = "encoder",
                             .user_id = "e",
                             .role = "host",
                             .name = "",
                             .metadata = "",
                             .offer = "sdp",
                             .door = DOOR_WHIP};
    struct peer *peer;
    enum admission why;
    CHECK_EQ(room_join(w.room, &wish, 90, w.now, &w.events, &peer, &why), 0);
    media_answered(peer, 90, 0, "answer", NULL, 0, w.now, &w.events);
    CHECK(room_joined(w.room, "encoder"));
    struct text document = {0};
    store_snapshot_write(w.room, &document);
    CHECK(strstr(document.at, "\"id\":\"host\""));
    CHECK(!strstr(document.at, "encoder"));
    text_dispose(&document);
    end(&w);
}

TEST(a_peer_whose_role_is_gone_is_left_out)
{
    struct world before, after;
    struct text document = {0};
    hold_a_call(&before);
    store_snapshot_write(before.room, &document);
    begin(&after);
    struct template *t = make_template();
    t->roles[1].name = template_text(t, "visitor");
    CHECK_EQ(restore_with(&after, t, document.at), 0);
    CHECK_EQ(after.left_out, 1);
    CHECK_EQ(rooms_find(&after.rooms, ROOM_ID)->joined_count, 1);
    end(&after);

    begin(&after);
    t = make_template();
    t->roles[0].name = t->roles[1].name = template_text(t, "visitor");
    CHECK_EQ(restore_with(&after, t, document.at), ERR_NOT_FOUND);
    CHECK(!rooms_find(&after.rooms, ROOM_ID));
    text_dispose(&document);
    end(&before);
    end(&after);
}

#define TOKEN "\"token\":\"4740ae6347b0172c01254ff55bae5aff\","
#define PEER "{" TOKEN PEER_REST
#define PEER_REST                                                                              \
    "\"id\":\"p\",\"user_id\":\"u\",\"name\":\"n\",\"metadata\":\"\",\"token_role\":"          \
    "\"host\","                                                                                \
    "\"role\":\"host\",\"joined_at\":1,\"chat_seen\":0,\"observed\":[],\"groups\":[]}"
#define OTHER                                                                                  \
    "{" TOKEN "\"id\":\"other\",\"user_id\":\"o\","                                            \
    "\"name\":\"n\",\"metadata\":\"\",\"token_role\":\"host\",\"role\":\"host\","              \
    "\"joined_at\":1,\"chat_seen\":0,\"observed\":[],\"groups\":[]}"
#define REST                                                                                   \
    "\"session_id\":\"64b000000000000000000002\",\"started_at\":1,\"last_value_version\":1,"   \
    "\"chat_forgotten\":0,"

// A peer that was moved to another role, and whose token's role is gone: a second join would
// take that.
TEST(a_peer_whose_token_has_a_role_that_is_gone_is_left_out)
{
    struct world before, after;
    struct text document = {0};
    hold_a_call(&before);
    CHECK_EQ(role_change(before.room, NULL, "guest", "host", true, before.now, &before.events),
             0);
    store_snapshot_write(before.room, &document);
    begin(&after);
    struct template *t = make_template();
    t->roles[1].name = template_text(t, "visitor");
    CHECK_EQ(restore_with(&after, t, document.at), 0);
    CHECK_EQ(after.left_out, 1);
    const struct room *room = rooms_find(&after.rooms, ROOM_ID);
    CHECK(room_joined(room, "host") && !room_peer(room, "guest"));
    text_dispose(&document);
    end(&before);
    end(&after);
}

#define NOTHING_ELSE ",\"values\":[],\"chat\":[]}"
#define ONE "{\"version\":1," REST "\"peers\":[" PEER "]"

TEST(a_document_that_is_none_leaves_nothing_behind)
{
    static const struct {
        const char *document;
        int err;
    } damaged[] = {
        {"", ERR_MALFORMED},
        {"[]", ERR_MALFORMED},
        {ONE ",\"values\":[],\"chat\":[]", ERR_MALFORMED},
        {"{\"version\":3}", ERR_UNSUPPORTED},
        {"{\"version\":0," REST "\"peers\":[" PEER "]" NOTHING_ELSE, ERR_MALFORMED},
        {"{\"version\":1," REST "\"peers\":[]" NOTHING_ELSE, ERR_NOT_FOUND},
        {"{\"version\":1," REST "\"peers\":[{\"number\":-1," TOKEN PEER_REST "]" NOTHING_ELSE,
         ERR_NOT_FOUND},
        {"{\"version\":1,\"session_id\":\"64b000000000000000000002\",\"started_at\":1,"
         "\"last_value_version\":9223372036854775807,\"chat_forgotten\":0,\"peers\":[" PEER
         "]" NOTHING_ELSE,
         ERR_MALFORMED},
        {"{\"version\":1," REST "\"peers\":[{\"token\":\"xyz\"," PEER_REST "]" NOTHING_ELSE,
         ERR_NOT_FOUND},
        {"{\"version\":1,\"session_id\":\"64b000000000000000000002\",\"started_at\":0,"
         "\"last_value_version\":1,\"chat_forgotten\":0,\"peers\":[" PEER "]" NOTHING_ELSE,
         ERR_MALFORMED},
    };
    struct world w;
    begin(&w);
    CHECK_EQ(restore(&w, ONE NOTHING_ELSE), 0);
    // The room is live now.
    CHECK_EQ(restore(&w, ONE NOTHING_ELSE), ERR_MALFORMED);
    end(&w);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        begin(&w);
        CHECK_EQ(restore(&w, damaged[i].document), damaged[i].err);
        CHECK(!rooms_find(&w.rooms, ROOM_ID));
        CHECK_EQ(w.rooms.peers.count, 0);
        CHECK_EQ(w.events.count, 0);
        CHECK(list_empty(&w.rooms.detached));
        CHECK(list_empty(&w.rooms.changed));
        end(&w);
    }
}

TEST(a_peer_whose_id_of_a_user_is_too_long_as_it_is_sent_is_left_out)
{
    static const int counts[] = {JWT_USER_ID_SENT_MAX / 6, JWT_USER_ID_SENT_MAX / 6 + 1};
    for (size_t i = 0; i < 2; i++) {
        struct text document = {0};
        text_add(&document, "{\"version\":1," REST "\"peers\":[" PEER ",{" TOKEN
                            "\"id\":\"other\",\"user_id\":\"");
        for (int k = 0; k < counts[i]; k++)
            text_add(&document, "\\u0001");
        text_add(&document, "\",\"name\":\"n\",\"metadata\":\"\",\"token_role\":\"host\","
                            "\"role\":\"host\",\"joined_at\":1,\"chat_seen\":0,"
                            "\"observed\":[],\"groups\":[]}]" NOTHING_ELSE);
        struct world w;
        begin(&w);
        CHECK_EQ(restore(&w, document.at), 0);
        CHECK_EQ(rooms_find(&w.rooms, ROOM_ID)->joined_count, i == 0 ? 2 : 1);
        text_dispose(&document);
        end(&w);
    }
}

#define POLL(rest)                                                                             \
    ONE NOTHING_BUT_POLLS "{\"id\":\"q\",\"origin\":0,\"salt\":[1,2],\"poll\":{\"title\":"     \
                          "\"Lunch\",\"duration\":60,\"type\":\"poll\",\"mode\":\"peerid\","   \
                          "\"questions\":[{\"index\":1,\"text\":\"Soup?\","                    \
                          "\"type\":\"single-choice\",\"options\":[{\"text\":\"yes\"},"        \
                          "{\"text\":\"no\"}]}]},\"created_at\":1," rest "}]}"
#define NOTHING_BUT_POLLS ",\"values\":[],\"chat\":[],\"polls\":["
#define STARTED "\"state\":1,\"started_at\":1699999990000,"
#define VOTER(key, answer) "{\"key\":\"" key "\",\"hash\":\"h\",\"answers\":[" answer "]}"
#define ANSWER(rest) "{\"question\":1,\"id\":\"a\",\"original\":\"\"," rest "}"
#define YES ANSWER("\"options\":1")

TEST(what_does_not_fit_is_left_out_and_the_rest_goes_on)
{
    static const char *const damaged[] = {
        "{\"version\":1," REST "\"peers\":[" PEER "," PEER "]" NOTHING_ELSE,
        "{\"version\":1," REST "\"peers\":[" PEER ",7]" NOTHING_ELSE,
        "{\"version\":1," REST "\"peers\":[" PEER ",{\"number\":-1," TOKEN PEER_REST
        "]" NOTHING_ELSE,
        ONE ",\"values\":[{\"key\":\"k\"}],\"chat\":[]}",
        ONE ",\"values\":[{\"key\":\"k\",\"data\":\"1\",\"updated_by\":\"\","
            "\"updated_at\":1,\"version\":999999999999999999}],\"chat\":[]}",
        ONE ",\"values\":[{\"key\":\"k\",\"data\":\"}\",\"updated_by\":\"\","
            "\"updated_at\":1,\"version\":1}],\"chat\":[]}",
        ONE ",\"values\":[],\"chat\":[{\"id\":\"m\"}]}",
        ONE ",\"values\":[],\"chat\":[{\"id\":\"m\",\"sent_at\":1,\"peer_id\":\"a b\","
            "\"user_id\":\"\",\"name\":\"\",\"role\":\"\",\"text\":\"\",\"roles\":[]}]}",
        POLL("\"state\":7"),
        POLL("\"state\":1"), // and no beginning
        POLL("\"state\":2,\"started_at\":1"),
        POLL(STARTED "\"voters\":[" VOTER("v", ANSWER("\"options\":4")) "]"),
        POLL(STARTED "\"voters\":[" VOTER("v", ANSWER("\"options\":0")) "]"),
        POLL(STARTED "\"voters\":[" VOTER("v", ANSWER("\"options\":1,\"text\":\"x\"")) "]"),
        POLL(STARTED "\"voters\":[" VOTER("v", YES "," YES) "]"),
        POLL(STARTED "\"voters\":[" VOTER("", YES) "]"),
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        struct world w;
        begin(&w);
        CHECK_EQ(restore(&w, damaged[i]), 0);
        CHECK_EQ(w.left_out, 1);
        CHECK_EQ(rooms_find(&w.rooms, ROOM_ID)->joined_count, 1);
        end(&w);
    }
}

// Nobody could prove to be that peer: its ids are in every roster.
TEST(a_peer_of_an_older_document_without_a_hash_is_left_out)
{
    struct world w;
    begin(&w);
    CHECK_EQ(restore(&w, "{\"version\":1," REST "\"peers\":[{" PEER_REST "]" NOTHING_ELSE),
             ERR_NOT_FOUND);
    CHECK(!rooms_find(&w.rooms, ROOM_ID));
    CHECK_EQ(
        restore(&w, "{\"version\":1," REST "\"peers\":[" OTHER ",{" PEER_REST "]" NOTHING_ELSE),
        0);
    CHECK_EQ(w.left_out, 1);
    const struct room *room = rooms_find(&w.rooms, ROOM_ID);
    CHECK(room_peer(room, "other") && !room_peer(room, "p"));
    end(&w);
}

TEST(a_poll_that_ran_and_does_not_go_on_is_told_to_have_stopped)
{
    struct world w;
    begin(&w);
    CHECK_EQ(restore(&w, POLL("\"state\":1")), 0);
    CHECK_EQ(w.events.count, 1);
    CHECK_EQ(w.events.at[0].kind, EVENT_POLL_STOPPED);
    CHECK_TEXT(w.events.at[0].poll.id, "q");
    CHECK(w.events.at[0].poll.is_kept);
    CHECK_EQ(w.events.at[0].poll.at, 1700000000000);
    end(&w);
}

// Ten of its sixty seconds were over when the server went, or began to come back.
// By the one a person would look like another within the poll, and by the other the poll would
// be written down no more.
TEST(a_poll_keeps_what_its_voters_are_hashed_with_and_where_it_comes_from)
{
    struct world w;
    begin(&w);
    CHECK_EQ(restore(&w, POLL("\"state\":0")), 0);
    const struct poll *poll =
        map_get(&rooms_find(&w.rooms, ROOM_ID)->polls.by_id, bytes_of("q"));
    CHECK_EQ(poll->salt[0], 1);
    CHECK_EQ(poll->salt[1], 2);
    CHECK_EQ(poll->origin, POLL_MADE);
    end(&w);
}

// There is a bound.
TEST(how_often_somebody_changed_an_answer_is_kept)
{
    struct world w;
    begin(&w);
    const char *document =
        POLL(STARTED "\"voters\":[" VOTER("v", ANSWER("\"options\":1,\"retries\":2")) "]");
    CHECK_EQ(restore(&w, document), 0);
    const struct poll *poll =
        map_get(&rooms_find(&w.rooms, ROOM_ID)->polls.by_id, bytes_of("q"));
    const struct poll_voter *voter = map_get(&poll->voters, bytes_of("v"));
    CHECK_EQ(voter->answers[0].retries, 2);
    end(&w);
}

TEST(a_poll_runs_for_the_time_that_is_left_of_it)
{
    struct world w;
    begin(&w);
    CHECK_EQ(restore(&w, POLL(STARTED "\"voters\":[" VOTER("v", YES) "]")), 0);
    CHECK_EQ(w.left_out, 0);
    const struct poll *poll =
        map_get(&rooms_find(&w.rooms, ROOM_ID)->polls.by_id, bytes_of("q"));
    CHECK_EQ(poll->answer_count, 1);
    w.now.mono_us += 49999999;
    rooms_expire(&w.rooms, w.now, &w.events);
    CHECK_EQ(poll->state, POLL_STARTED);
    w.now.mono_us += 1;
    rooms_expire(&w.rooms, w.now, &w.events);
    CHECK_EQ(poll->state, POLL_STOPPED);
    end(&w);
}

TEST(a_poll_comes_back_with_as_many_voters_as_it_may_have)
{
    struct world w;
    struct text document = {0};
    text_add(&document, ONE NOTHING_BUT_POLLS);
    const char *rest = strstr(POLL("\"state\":1"), "{\"id\":\"q\"");
    text_add_bytes(&document, (struct bytes){(const uint8_t *)rest,
                                             strlen(rest) - strlen("\"state\":1}]}")});
    text_add(&document, STARTED "\"voters\":[");
    for (int i = 0; i <= POLL_VOTERS_MAX; i++)
        text_addf(&document, "%s" VOTER("v%d", YES), i ? "," : "", i);
    text_add(&document, "]}]}");
    begin(&w);
    CHECK_EQ(restore(&w, document.at), 0);
    CHECK_EQ(w.left_out, 1); // the last one
    const struct poll *poll =
        map_get(&rooms_find(&w.rooms, ROOM_ID)->polls.by_id, bytes_of("q"));
    CHECK_EQ(poll->voter_count, POLL_VOTERS_MAX);
    CHECK_EQ(poll->answer_count, POLL_VOTERS_MAX);
    text_dispose(&document);
    end(&w);
}

// The names of the parts that are written, sorted by the table: in any order.
static bool writes(const struct room *room, const char *name, bool is_there)
{
    struct snapshot changes;
    bool found = false;
    store_snapshot_take(room, false, &changes);
    CHECK(!changes.is_whole);
    CHECK_EQ(changes.count, 1);
    for (size_t i = 0; i < changes.count; i++)
        found |= strcmp(changes.parts[i].name, name) == 0 &&
                 is_there == (changes.parts[i].document != NULL);
    store_snapshot_dispose(&changes);
    return found;
}

TEST(a_change_is_written_as_the_part_that_it_changes)
{
    struct world w;
    struct event_value now_is;
    hold_a_call(&w);
    struct peer *host = room_peer(w.room, "host");
    struct peer *guest = room_peer(w.room, "guest");
    room_written(w.room);
    CHECK_EQ(room_update_peer(host, "New", NULL, w.now, &w.events), 0);
    CHECK(writes(w.room, "phost", true));
    room_written(w.room);
    struct store_wish wish = {.key = "x", .data = "1", .if_version = STORE_ANY_VERSION};
    CHECK_EQ(session_store_set(host, &wish, w.now, &w.events, &now_is), STORE_DONE);
    CHECK(writes(w.room, "vx", true));
    room_written(w.room);
    wish.data = NULL;
    CHECK_EQ(session_store_set(host, &wish, w.now, &w.events, &now_is), STORE_DONE);
    CHECK(writes(w.room, "vx", false));
    // A peer that comes back has seen what it is told: that is a change of nothing else.
    room_written(w.room);
    room_attach(guest, &w.events);
    CHECK(writes(w.room, "pguest", true));
    room_written(w.room);
    room_leave(guest, LEAVE_CLIENT_REQUEST, w.now, &w.events);
    CHECK(writes(w.room, "pguest", false));
    end(&w);
}

TEST(a_damaged_part_is_left_out)
{
    struct world before, after;
    struct snapshot whole;
    struct text document = {0};
    hold_a_call(&before);
    store_snapshot_take(before.room, true, &whole);
    CHECK(whole.is_whole);
    for (size_t i = 0; i < whole.count; i++) {
        if (strcmp(whole.parts[i].name, "pguest") == 0)
            whole.parts[i].document = "{\"id\":\"guest\"},{";
    }
    store_snapshot_join(whole.head, whole.parts, whole.count, &document);
    begin(&after);
    CHECK_EQ(restore(&after, document.at), 0);
    CHECK_EQ(after.left_out, 1);
    CHECK(room_joined(rooms_find(&after.rooms, ROOM_ID), "host"));
    store_snapshot_dispose(&whole);
    text_dispose(&document);
    end(&before);
    end(&after);
}

TEST(only_what_lasts_makes_a_room_worth_writing)
{
    struct world w;
    hold_a_call(&w);
    struct list *changed = &w.rooms.changed;
    CHECK(!list_empty(changed));
    list_remove(&w.room->changed);
    struct peer *host = room_peer(w.room, "host");
    quality_scored(host, 3, w.now);
    media_subscribe_offer(host, "sdp", &w.events);
    CHECK(list_empty(changed));
    CHECK_EQ(room_update_peer(host, "New", NULL, w.now, &w.events), 0);
    CHECK(!list_empty(changed));
    list_remove(&w.room->changed);
    attach(&w, w.room, "guest");
    CHECK(!list_empty(changed));
    end(&w);
    CHECK(list_empty(changed));
}
