#include "room/chat_history.h"

#include "fixture.h"
#include "room/chat.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

static struct fixture f;
static struct peer *host;

static void begin(int kept)
{
    fixture_init(&f);
    f.room->record.chat_history = kept;
    host = fixture_join(&f, "host", "host");
}

static void say(const char *message)
{
    struct chat_wish wish = {.type = "chat", .message = message};
    struct chat_receipt receipt;
    CHECK_EQ(chat_send(host, &wish, f.now, &f.events, &receipt), 0);
    event_list_clear(&f.events);
}

static size_t told_to_a_joiner(void)
{
    struct peer *late = fixture_join(&f, "late", "lurker");
    chat_history_tell(late, 0, &f.events); // fixture_join() forgot the first time
    size_t count = fixture_count(&f, EVENT_CHAT_PAST);
    room_leave(late, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    return count;
}

TEST(nothing_is_kept_unless_the_room_is_made_so)
{
    begin(0);
    say("hello");
    CHECK(!f.room->history.first);
    CHECK_EQ(told_to_a_joiner(), 0);
    fixture_dispose(&f);
}

static size_t told_to(const char *peer_id, const char *token)
{
    struct join_wish wish = fixture_wish(peer_id, "guest");
    struct peer *peer;
    enum admission why;
    uint64_t request = rooms_number(&f.rooms);
    wish.token = token_hash_of(bytes_of(token));
    wish.offer = NULL;
    event_list_clear(&f.events);
    CHECK_EQ(room_join(f.room, &wish, request, f.now, &f.events, &peer, &why), 0);
    size_t count = fixture_count(&f, EVENT_CHAT_PAST);
    room_leave(peer, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    event_list_clear(&f.events);
    return count;
}

// An id is free once its peer has left, and everybody has seen it and the user's.
TEST(what_was_private_is_not_for_who_takes_the_id_later)
{
    begin(3);
    struct join_wish wish = fixture_wish("guest", "guest");
    struct peer *guest;
    enum admission why;
    wish.token = token_hash_of(bytes_of("one"));
    wish.offer = NULL;
    CHECK_EQ(room_join(f.room, &wish, 9, f.now, &f.events, &guest, &why), 0);
    struct chat_wish to_guest = {.type = "chat", .message = "psst", .peer_id = "guest"};
    struct chat_wish to_host = {.type = "chat", .message = "what", .peer_id = "host"};
    struct chat_receipt receipt;
    CHECK_EQ(chat_send(host, &to_guest, f.now, &f.events, &receipt), 0);
    CHECK_EQ(chat_send(guest, &to_host, f.now, &f.events, &receipt), 0);
    room_leave(guest, LEAVE_CLIENT_REQUEST, f.now, &f.events);
    CHECK_EQ(told_to("guest", "two"), 0);
    CHECK_EQ(told_to("guest", "one"), 2);
    CHECK_EQ(told_to("other", "one"), 0);
    fixture_dispose(&f);
}

TEST(the_oldest_go_first)
{
    begin(3);
    char text[8];
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof text, "m%d", i);
        say(text);
    }
    CHECK_EQ(f.room->history.count, 3);
    CHECK_TEXT(f.room->history.first->text, "m2");
    CHECK_TEXT(f.room->history.last->text, "m4");
    CHECK_EQ(told_to_a_joiner(), 3);
    fixture_dispose(&f);
}

// Control characters are escaped on their way out, to six octets each, and 256 KiB of that are
// kept: two of these messages, and not three.
TEST(the_size_is_bounded_by_what_goes_out)
{
    begin(500);
    static char text[16 * 1024 + 1];
    memset(text, 1, sizeof text - 1);
    for (int i = 0; i < 5; i++)
        say(text);
    CHECK_EQ(f.room->history.count, 2);
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 40; i++)
        say(text);
    CHECK_EQ(f.room->history.count, 15);
    CHECK(f.room->history.size_bytes <= 256 * 1024);
    fixture_dispose(&f);
}

TEST(a_room_that_keeps_less_meanwhile_forgets_with_the_next_message)
{
    begin(10);
    for (int i = 0; i < 5; i++)
        say("x");
    f.room->record.chat_history = 2;
    say("y");
    CHECK_EQ(f.room->history.count, 2);
    fixture_dispose(&f);
}

TEST(what_the_back_end_says_is_kept_and_has_no_sender)
{
    begin(3);
    struct chat_wish wish = {.type = "chat", .message = "hello"};
    CHECK_EQ(chat_announce(f.room, &wish, f.now, &f.events), 0);
    CHECK_EQ(fixture_event(&f, EVENT_CHAT)->chat.to_count, 1);
    CHECK(!fixture_event(&f, EVENT_CHAT)->who);
    struct peer *late = fixture_join(&f, "late", "lurker");
    chat_history_tell(late, 0, &f.events);
    const struct event *past = fixture_event(&f, EVENT_CHAT_PAST);
    CHECK_TEXT(past->chat.message, "hello");
    CHECK(!past->who);
    fixture_dispose(&f);
}
