#include "room/room.h"

#include "base/err.h"
#include "fixture.h"
#include "room/media.h"
#include "test.h"

#include <stdio.h>

static struct fixture f;

TEST(peer_ids_are_checked)
{
    char longest[PEER_ID_LEN_MAX + 2] = {0};
    memset(longest, 'a', PEER_ID_LEN_MAX);
    CHECK(peer_id_is_valid("241a65a4-5ab1-4c5a-badc-5bbae6cd014e"));
    CHECK(peer_id_is_valid("A_z-9"));
    CHECK(peer_id_is_valid(longest));
    longest[PEER_ID_LEN_MAX] = 'a';
    CHECK(!peer_id_is_valid(longest));
    CHECK(!peer_id_is_valid(""));
    CHECK(!peer_id_is_valid("a b"));
    CHECK(!peer_id_is_valid("a/b"));
    CHECK(!peer_id_is_valid("\xc3\xa9"));
}

TEST(refusals_have_the_texts_that_roomkit_knows)
{
    CHECK_TEXT(admission_text(ADMISSION_ROOM_DISABLED), "room is not active");
    CHECK_TEXT(admission_text(ADMISSION_ROLE_UNKNOWN), "role is invalid");
    CHECK_EQ(admission_code(ADMISSION_ROOM_FULL), 403);
    CHECK_EQ(admission_code(ADMISSION_GRANTED), 0);
}

TEST(nobody_knows_of_a_peer_before_its_first_offer_was_accepted)
{
    fixture_init(&f);
    struct join_wish wish = fixture_wish("a", "host");
    struct peer *peer;
    enum admission why;
    CHECK_EQ(room_join(f.room, &wish, 7, f.now, &f.events, &peer, &why), 0);
    CHECK_EQ(peer->state, PEER_JOINING);
    CHECK_EQ(f.room->joined_count, 0);
    CHECK_TEXT(f.room->session_id, "");
    CHECK_EQ(fixture_count(&f, EVENT_PEER_JOINED), 0);
    const struct event *publish = fixture_event(&f, EVENT_PUBLISH);
    CHECK_EQ(publish->publish.request, 7);
    CHECK_TEXT(publish->publish.sdp, "sdp");
    CHECK_TEXT(publish->publish.video_codec, "vp8");
    event_list_clear(&f.events);

    media_answered(peer, 7, 0, "answer", NULL, 0, f.now, &f.events);
    CHECK_EQ(peer->state, PEER_JOINED);
    CHECK_EQ(f.room->joined_count, 1);
    CHECK_EQ(strlen(f.room->session_id), 24);
    CHECK_EQ(f.events.at[0].kind, EVENT_ROOM_OPENED);
    CHECK_TEXT(f.events.at[0].session.room_name, "standup");
    CHECK_EQ(f.events.at[1].kind, EVENT_ANSWERED);
    CHECK_TEXT(f.events.at[1].answered.text, "answer");
    CHECK_EQ(f.events.at[2].kind, EVENT_PEER_JOINED);
    CHECK_EQ(f.events.at[3].kind, EVENT_ENDPOINT_OPEN);
    CHECK(f.events.at[3].endpoint.subscribe);
    fixture_dispose(&f);
}

TEST(the_session_is_logged_from_the_first_join_to_the_last_leave)
{
    fixture_init(&f);
    struct peer *a = fixture_join(&f, "a", "host");
    struct peer *b = fixture_join(&f, "b", "guest");
    char session_id[OBJECT_ID_LEN + 1];
    memcpy(session_id, f.room->session_id, sizeof session_id);
    room_leave(a, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(fixture_count(&f, EVENT_ROOM_CLOSED), 0);
    f.now.wall_ms += 5000;
    room_leave(b, LEAVE_WEBSOCKET_CLOSED, f.now, &f.events);
    const struct event *closed = fixture_event(&f, EVENT_ROOM_CLOSED);
    CHECK_TEXT(closed->session.session_id, session_id);
    CHECK_EQ(closed->session.started_at, 1700000000000);
    CHECK_EQ(closed->session.ended_at, 1700000005000);
    CHECK_TEXT(closed->session.template_id, "64b0000000000000000000aa");
    CHECK_TEXT(f.room->session_id, "");
    const struct event *left = fixture_event(&f, EVENT_PEER_LEFT);
    CHECK_TEXT(left->who->id, "a");
    CHECK_TEXT(leave_reason_text(left->left.reason), "client request");
    fixture_dispose(&f);
}

TEST(a_failed_join_leaves_no_peer_and_no_session)
{
    fixture_init(&f);
    struct join_wish wish = fixture_wish("a", "host");
    struct peer *peer;
    enum admission why;
    CHECK_EQ(room_join(f.room, &wish, 7, f.now, &f.events, &peer, &why), 0);
    media_answered(peer, 7, ERR_MALFORMED, "line 3", NULL, 0, f.now, &f.events);
    CHECK_EQ(fixture_event(&f, EVENT_ANSWERED)->answered.err, ERR_MALFORMED);
    CHECK_EQ(fixture_count(&f, EVENT_ROOM_OPENED), 0);
    CHECK_EQ(fixture_count(&f, EVENT_PEER_LEFT), 0);
    CHECK_EQ(f.room->peers.count, 0);
    fixture_dispose(&f);
}

TEST(a_peer_without_a_socket_stays_for_a_minute)
{
    fixture_init(&f);
    struct peer *a = fixture_join(&f, "a", "host");
    struct peer *b = fixture_join(&f, "b", "host");
    CHECK_EQ(rooms_deadline(&f.rooms), NEVER);
    room_detach(a, f.now, &f.events);
    f.now.mono_us += 10 * 1000000;
    room_detach(b, f.now, &f.events);
    CHECK_EQ(rooms_deadline(&f.rooms), 61000000);

    // One comes back, the other does not.
    room_attach(a, &f.events);
    CHECK_EQ(rooms_deadline(&f.rooms), 71000000);
    f.now.mono_us = 70999999;
    rooms_expire(&f.rooms, f.now, &f.events);
    CHECK_EQ(f.events.count, 0);
    f.now.mono_us = 71000000;
    rooms_expire(&f.rooms, f.now, &f.events);
    CHECK_TEXT(fixture_event(&f, EVENT_PEER_LEFT)->who->id, "b");
    CHECK_EQ(fixture_event(&f, EVENT_PEER_LEFT)->left.reason, LEAVE_WEBSOCKET_CLOSED);
    CHECK_EQ(rooms_deadline(&f.rooms), NEVER);
    CHECK(room_peer(f.room, "a") == a);
    fixture_dispose(&f);
}

TEST(a_room_is_forgotten_when_nobody_is_in_and_nobody_holds_it)
{
    fixture_init(&f);
    struct peer *a = fixture_join(&f, "a", "host");
    room_release(f.room);
    CHECK(rooms_find(&f.rooms, f.record.id) == f.room);
    room_leave(a, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK(rooms_find(&f.rooms, f.record.id) == NULL);
    fixture_dispose(&f);
}

TEST(what_the_store_says_of_a_live_room_is_refreshed_but_not_its_template)
{
    fixture_init(&f);
    const struct template *first = f.room->template;
    fixture_join(&f, "a", "host");
    memcpy(f.record.name, "retro", 6);
    CHECK(rooms_put(&f.rooms, &f.record, fixture_template()) == f.room);
    CHECK_TEXT(f.room->record.name, "retro");
    CHECK(f.room->template == first);

    // The next session takes the new one.
    room_leave(room_peer(f.room, "a"), LEAVE_CLIENT_REQUEST, f.now, &f.events);
    struct template *next = fixture_template();
    rooms_put(&f.rooms, &f.record, next);
    CHECK(f.room->template == next);
    fixture_dispose(&f);
}

TEST(names_and_metadata_change_one_by_one)
{
    fixture_init(&f);
    struct peer *a = fixture_join(&f, "a", "host");
    CHECK_EQ(room_update_peer(a, NULL, "{}", f.now, &f.events), 0);
    CHECK_TEXT(a->name, "name");
    CHECK_TEXT(a->metadata, "{}");
    CHECK_EQ(room_update_peer(a, "new", NULL, f.now, &f.events), 0);
    CHECK_TEXT(a->metadata, "{}");
    CHECK_TEXT(f.events.at[1].who->name, "new");
    fixture_dispose(&f);
}
