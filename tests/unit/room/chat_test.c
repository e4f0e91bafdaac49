#include "room/chat.h"

#include "base/err.h"
#include "fixture.h"
#include "test.h"

static struct fixture f;
static struct peer *host, *guest, *lurker;
static struct chat_receipt receipt;

static void begin(void)
{
    fixture_init(&f);
    host = fixture_join(&f, "host", "host");
    guest = fixture_join(&f, "guest", "guest");
    lurker = fixture_join(&f, "lurker", "lurker");
}

static struct chat_wish wish(void)
{
    return (struct chat_wish){.type = "chat", .message = "hello"};
}

TEST(without_an_address_all_others_get_it)
{
    begin();
    struct chat_wish w = wish();
    CHECK_EQ(chat_send(host, &w, f.now, &f.events, &receipt), 0);
    const struct event *chat = fixture_event(&f, EVENT_CHAT);
    CHECK_EQ(chat->chat.to_count, 2);
    for (size_t i = 0; i < 2; i++)
        CHECK(chat->chat.to[i] == guest->number || chat->chat.to[i] == lurker->number);
    CHECK(!chat->chat.is_private);
    CHECK_TEXT(chat->chat.message_id, receipt.message_id);
    CHECK_EQ(strlen(receipt.message_id), 36);
    CHECK_EQ(receipt.sent_at, 1700000000000);
    fixture_dispose(&f);
}

TEST(roles_choose_the_receivers)
{
    begin();
    const char *roles[] = {"guest", "host", "nobody"};
    struct chat_wish w = wish();
    w.roles = roles;
    w.role_count = 3;
    CHECK_EQ(chat_send(host, &w, f.now, &f.events, &receipt), 0);
    const struct event *chat = fixture_event(&f, EVENT_CHAT);
    CHECK_EQ(chat->chat.to_count, 1);
    CHECK_EQ(chat->chat.to[0], guest->number);
    CHECK_EQ(chat->chat.role_count, 3);
    fixture_dispose(&f);
}

TEST(a_message_to_one_goes_to_that_one)
{
    begin();
    struct chat_wish w = wish();
    w.peer_id = "lurker";
    CHECK_EQ(chat_send(host, &w, f.now, &f.events, &receipt), 0);
    const struct event *chat = fixture_event(&f, EVENT_CHAT);
    CHECK_EQ(chat->chat.to_count, 1);
    CHECK_EQ(chat->chat.to[0], lurker->number);
    CHECK(chat->chat.is_private);
    w.peer_id = "stranger";
    CHECK_EQ(chat_send(host, &w, f.now, &f.events, &receipt), ERR_NOT_FOUND);
    CHECK_EQ(fixture_count(&f, EVENT_CHAT), 1);
    fixture_dispose(&f);
}

TEST(who_is_only_joining_gets_nothing)
{
    begin();
    struct join_wish joining = fixture_wish("late", "guest");
    struct peer *late;
    enum admission why;
    CHECK_EQ(room_join(f.room, &joining, 9, f.now, &f.events, &late, &why), 0);
    struct chat_wish w = wish();
    CHECK_EQ(chat_send(host, &w, f.now, &f.events, &receipt), 0);
    CHECK_EQ(fixture_event(&f, EVENT_CHAT)->chat.to_count, 2);
    w.peer_id = "late";
    CHECK_EQ(chat_send(host, &w, f.now, &f.events, &receipt), ERR_NOT_FOUND);
    fixture_dispose(&f);
}
