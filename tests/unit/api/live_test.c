#include "../room/fixture.h"
#include "room/media.h"
#include "room/session_store.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

// A stored room that is live, with "ann" as host and "bob" as guest.
struct call_in {
    struct world *w;
    const char *id;
    struct room *room; // held until call_in_end()
    char path[128];
};

static struct peer *join(struct call_in *in, const char *peer_id, const char *role)
{
    struct join_wish wish = fixture_wish(peer_id, role);
    wish.offer = NULL;
    struct peer *peer;
    enum admission why;
    CHECK_EQ(room_join(in->room, &wish, rooms_number(&in->w->rooms), in->w->now, &in->w->events,
                       &peer, &why),
             0);
    event_list_clear(&in->w->events);
    return peer;
}

static struct call_in call_in_new(void)
{
    struct call_in in = {.w = world_new()};
    in.id = make_room(in.w, "{\"name\":\"standup\"}");
    struct room_record record = {.enabled = true};
    snprintf(record.id, sizeof record.id, "%s", in.id);
    snprintf(record.name, sizeof record.name, "standup");
    in.room = rooms_put(&in.w->rooms, &record, fixture_template());
    room_hold(in.room);
    join(&in, "ann", "host");
    in.w->now.wall_ms += 1000;
    join(&in, "bob", "guest");
    return in;
}

static void call_in_end(struct call_in *in)
{
    room_release(in->room);
    world_free(in->w);
}

static const char *path(struct call_in *in, const char *rest)
{
    snprintf(in->path, sizeof in->path, "/v2/active-rooms/%s%s", in->id, rest);
    return in->path;
}

static struct answer see(struct call_in *in, const char *rest)
{
    return get(in->w, path(in, rest));
}

static struct answer tell(struct call_in *in, const char *rest, const char *body)
{
    event_list_clear(&in->w->events);
    return post(in->w, path(in, rest), body);
}

static const struct event *event_of(const struct call_in *in, enum event_kind kind)
{
    for (size_t i = 0; i < in->w->events.count; i++) {
        if (in->w->events.at[i].kind == kind)
            return &in->w->events.at[i];
    }
    return NULL;
}

TEST(a_live_room_shows_its_session_and_who_is_in)
{
    struct call_in in = call_in_new();
    struct answer a = see(&in, "");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "id"), in.id);
    CHECK_TEXT(text(&a, "name"), "standup");
    CHECK_TEXT(text(&a, "customer_id"), "64a1b2c3d4e5f60718293a4c");
    const json_t *session = json_get_object(a.json, "session");
    CHECK_TEXT(json_get_text(session, "id", ""), in.room->session_id);
    CHECK_TEXT(json_get_text(session, "created_at", ""), "2023-11-14T22:13:20.000Z");
    const json_t *peers = json_get_array(session, "peers");
    CHECK_EQ(json_array_size(peers), 2);
    CHECK_TEXT(json_string_value(json_array_get(peers, 0)), "ann");
    CHECK_TEXT(json_string_value(json_array_get(peers, 1)), "bob");
    CHECK(!in.w->run); // nothing of it is the store's
    call_in_end(&in);
}

TEST(peers_are_listed_by_id_and_filtered_by_role_and_user)
{
    struct call_in in = call_in_new();
    struct answer a = see(&in, "/peers?role=guest");
    CHECK_TEXT(a.body, "{\"peers\":{\"bob\":{\"id\":\"bob\",\"name\":\"name\",\"user_id\":"
                       "\"bob\",\"metadata\":\"\",\"role\":\"guest\","
                       "\"joined_at\":\"2023-11-14T22:13:21.000Z\"}}}");
    a = see(&in, "/peers");
    CHECK_EQ(json_object_size(json_get_object(a.json, "peers")), 2);
    a = see(&in, "/peers?user_id=ann");
    CHECK_EQ(json_object_size(json_get_object(a.json, "peers")), 1);
    a = see(&in, "/peers?user_id=ann&role=guest");
    CHECK_TEXT(a.body, "{\"peers\":{}}");
    call_in_end(&in);
}

TEST(without_a_session_or_a_peer_it_is_404)
{
    struct call_in in = call_in_new();
    CHECK_REFUSED(see(&in, "/peers/nobody"), 404, "peer not found", "");
    CHECK_REFUSED(tell(&in, "/peers/nobody", "{\"name\":\"x\"}"), 404, "peer not found", "");
    CHECK_REFUSED(tell(&in, "/send-message", "{\"message\":\"x\",\"peer_id\":\"nobody\"}"), 404,
                  "peer not found", "");
    CHECK_REFUSED(tell(&in, "/remove-peers", "{\"peer_id\":\"nobody\"}"), 404, "peer not found",
                  "");
    CHECK_EQ(in.w->events.count, 0);

    in.id = make_room(in.w, "{\"name\":\"idle\"}");
    CHECK_REFUSED(see(&in, ""), 404, "session not found", "");
    CHECK_REFUSED(see(&in, "/peers"), 404, "session not found", "");
    CHECK_REFUSED(see(&in, "/peers/ann"), 404, "session not found", "");
    CHECK_REFUSED(tell(&in, "/peers/ann", "{}"), 404, "session not found", "");
    CHECK_REFUSED(tell(&in, "/send-message", "{\"message\":\"x\"}"), 404, "session not found",
                  "");
    CHECK_REFUSED(tell(&in, "/remove-peers", "{\"role\":\"host\"}"), 404, "session not found",
                  "");
    CHECK_REFUSED(tell(&in, "/end-room", "{\"lock\":true}"), 404, "session not found", "");
    call_in_end(&in);
}

TEST(only_a_management_token_opens_it)
{
    struct call_in in = call_in_new();
    const char *token = app(in.w, in.id, "host");
    CHECK_EQ(call(in.w, HTTP_GET, path(&in, ""), token, "").status, 403);
    CHECK_EQ(call(in.w, HTTP_POST, path(&in, "/end-room"), token, "").status, 403);
    CHECK_EQ(call(in.w, HTTP_POST, path(&in, "/end-room"), NULL, "").status, 401);
    CHECK_EQ(in.room->joined_count, 2);
    call_in_end(&in);
}

TEST(a_peer_is_renamed_and_gets_another_role_at_once)
{
    struct call_in in = call_in_new();
    struct answer a = tell(
        &in, "/peers/bob",
        "{\"name\":\"Bob B.\",\"role\":\"host\",\"metadata\":\"{\\\"isHandRaised\\\":true}\"}");
    CHECK_EQ(a.status, 200);
    CHECK_TEXT(text(&a, "name"), "Bob B.");
    CHECK_TEXT(text(&a, "role"), "host");
    CHECK_TEXT(text(&a, "metadata"), "{\"isHandRaised\":true}");
    CHECK(json_get_object(a.json, "tracks"));
    CHECK(event_of(&in, EVENT_ROLE_CHANGED));
    CHECK(event_of(&in, EVENT_PEER_UPDATED));
    a = tell(&in, "/peers/bob", "{\"metadata\":\"\"}");
    CHECK_TEXT(text(&a, "metadata"), "");
    CHECK_TEXT(text(&a, "name"), "Bob B.");
    call_in_end(&in);
}

TEST(an_update_of_a_peer_that_is_refused_changes_nothing_of_it)
{
    struct call_in in = call_in_new();
    CHECK_REFUSED(tell(&in, "/peers/bob", "{\"name\":\"x\",\"role\":\"king\"}"), 400,
                  "Invalid body param", "role not found");
    CHECK_REFUSED(tell(&in, "/peers/bob", "{\"name\":7,\"role\":\"host\"}"), 400,
                  "Invalid body param", "Invalid body param: name");
    char body[600] = "{\"role\":\"host\",\"name\":\"";
    memset(body + strlen(body), 'x', NAME_LEN_MAX + 1);
    strcat(body, "\"}");
    CHECK_REFUSED(tell(&in, "/peers/bob", body), 400, "Invalid body param",
                  "name or metadata is too long");
    in.room->template->roles[0].max_peer_count = 1;
    CHECK_REFUSED(tell(&in, "/peers/bob", "{\"name\":\"x\",\"role\":\"host\"}"), 400,
                  "role limit reached", "");
    CHECK_EQ(in.w->events.count, 1); // that it failed is told
    CHECK_EQ(in.w->events.at[0].kind, EVENT_ROLE_FAILED);
    CHECK_TEXT(room_peer(in.room, "bob")->name, "name");
    CHECK_TEXT(room_peer(in.room, "bob")->role->name, "guest");
    call_in_end(&in);
}

static const struct event *said(struct call_in *in, const char *body)
{
    struct answer a = tell(in, "/send-message", body);
    CHECK_TEXT(a.body, "{\"message\":\"message sent\"}");
    return event_of(in, EVENT_CHAT);
}

TEST(a_message_goes_to_all_to_a_role_or_to_one_and_has_no_sender)
{
    struct call_in in = call_in_new();
    const struct event *chat = said(&in, "{\"message\":\"hello\"}");
    CHECK_EQ(chat->chat.to_count, 2);
    CHECK_TEXT(chat->chat.type, "chat");
    CHECK(!chat->who);
    CHECK(!chat->chat.is_private);
    chat = said(&in, "{\"message\":\"hello\",\"role\":\"guest\",\"type\":\"ad\"}");
    CHECK_EQ(chat->chat.to_count, 1);
    CHECK_TEXT(chat->chat.type, "ad");
    // The SDK's types spell it so, and peer_id wins over role.
    chat = said(&in, "{\"message\":\"hello\",\"peerId\":\"ann\",\"role\":\"guest\"}");
    CHECK_EQ(chat->chat.to_count, 1);
    CHECK_EQ(chat->chat.to[0], room_peer(in.room, "ann")->number);
    CHECK(chat->chat.is_private);
    CHECK_EQ(said(&in, "{\"message\":\"hello\",\"peer_id\":\"\"}")->chat.to_count, 2);

    CHECK_REFUSED(tell(&in, "/send-message", "{\"message\":\"\"}"), 400, "Invalid body param",
                  "message is needed");
    CHECK_REFUSED(tell(&in, "/send-message", "{\"message\":\"x\",\"role\":\"king\"}"), 400,
                  "Invalid body param", "role not found");
    CHECK_EQ(in.w->events.count, 0);
    call_in_end(&in);
}

TEST(one_is_removed_or_all_of_a_role)
{
    struct call_in in = call_in_new();
    join(&in, "cat", "guest");
    join(&in, "dan", "guest");
    CHECK_REFUSED(tell(&in, "/remove-peers", "{}"), 400, "Invalid body param",
                  "peer_id or role is needed");
    CHECK_REFUSED(tell(&in, "/remove-peers", "{\"role\":\"king\"}"), 400, "Invalid body param",
                  "role not found");
    struct answer a = tell(&in, "/remove-peers", "{\"peer_id\":\"bob\",\"reason\":\"spam\"}");
    CHECK_TEXT(a.body, "{\"message\":\"peer remove request submitted\"}");
    const struct event *left = event_of(&in, EVENT_PEER_LEFT);
    CHECK_TEXT(left->who->id, "bob");
    CHECK_EQ(left->left.reason, LEAVE_REMOVED);
    CHECK_TEXT(left->left.by, "");
    CHECK_TEXT(left->left.why, "spam");
    CHECK_EQ(in.room->joined_count, 3);
    CHECK_EQ(tell(&in, "/remove-peers", "{\"role\":\"guest\"}").status, 200);
    CHECK_EQ(in.room->joined_count, 1);
    CHECK(room_peer(in.room, "ann"));
    call_in_end(&in);
}

TEST(a_session_is_ended_and_its_room_stays_open_or_not)
{
    struct call_in in = call_in_new();
    CHECK_REFUSED(tell(&in, "/end-room", "{\"lock\":\"yes\"}"), 400, "Invalid body param",
                  "lock is true or false");
    CHECK_EQ(in.room->joined_count, 2);
    struct answer a = tell(&in, "/end-room", "{\"reason\":\"over\"}");
    CHECK_TEXT(a.body, "{\"message\":\"session is ending\"}");
    CHECK_EQ(in.room->joined_count, 0);
    CHECK(!event_of(&in, EVENT_ROOM_ENDED)->ended.lock);
    CHECK(in.room->record.enabled);
    CHECK_REFUSED(tell(&in, "/end-room", ""), 404, "session not found", "");

    join(&in, "ann", "host");
    CHECK_EQ(tell(&in, "/end-room", "{\"lock\":true}").status, 200);
    CHECK(event_of(&in, EVENT_ROOM_ENDED)->ended.lock);
    CHECK(!in.room->record.enabled);
    call_in_end(&in);
}

TEST(a_live_room_follows_what_is_stored_of_it)
{
    struct call_in in = call_in_new();
    char target[64];
    snprintf(target, sizeof target, "/v2/rooms/%s", in.id);
    CHECK_EQ(rooms_deadline(&in.w->rooms), NEVER);
    CHECK_EQ(post(in.w, target, "{\"max_duration_seconds\":600}").status, 200);
    // It began a second ago: the first warning comes 299 s from now.
    CHECK_EQ(rooms_deadline(&in.w->rooms) - in.w->now.mono_us, 299 * 1000000LL);
    CHECK_EQ(post(in.w, target, "{\"max_duration_seconds\":601}").status, 200);
    CHECK_EQ(rooms_deadline(&in.w->rooms) - in.w->now.mono_us, 300 * 1000000LL);
    CHECK_EQ(post(in.w, target, "{\"max_duration_seconds\":602,\"size\":99999}").status, 400);
    CHECK_EQ(rooms_deadline(&in.w->rooms) - in.w->now.mono_us, 300 * 1000000LL);
    CHECK_EQ(post(in.w, target, "{\"enabled\":false}").status, 200);
    CHECK(!in.room->record.enabled);
    CHECK_EQ(in.room->joined_count, 2);
    call_in_end(&in);
}
