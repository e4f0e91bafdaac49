#include "sfu/speaker.h"

#include "base/moment.h"
#include "test.h"

enum { SECOND = 1000000, PACKET = 20000, ROOM = 9 };

static struct speakers speakers;
static struct notice_list notices;
static int64_t now;

static void begin(void)
{
    speakers_init(&speakers);
    now = 5 * SECOND;
}

// One look, if one is due; the notice that it made, or NULL.
static const struct notice *look(void)
{
    struct tick tick = {.now = now, .notices = &notices};
    notice_list_clear(&notices);
    speakers_expire(&speakers, ROOM, &tick);
    return notices.count ? &notices.at[0] : NULL;
}

static void hear(struct talker *t, uint8_t level, int packets)
{
    for (int i = 0; i < packets; i++)
        speakers_hear(&speakers, t, level, now);
}

TEST(a_voice_is_told_after_a_fifth_of_a_second_with_its_level)
{
    begin();
    struct talker t;
    talker_init(&t, 100);
    hear(&t, 27, 10);
    CHECK_EQ(speakers.look_at, now + 200000);
    CHECK(look() == NULL);
    now += 200000;
    const struct notice *n = look();
    CHECK_EQ(n->kind, NOTICE_SPEAKERS);
    CHECK_EQ(n->room, ROOM);
    CHECK_EQ(n->speakers.count, 1);
    CHECK_EQ(n->speakers.list[0].track, 100);
    CHECK_EQ(n->speakers.list[0].level, 78); // (127 - 27) * 100 / 127
    notice_list_dispose(&notices);
}

TEST(silence_is_an_empty_list_once)
{
    begin();
    struct talker t;
    talker_init(&t, 100);
    hear(&t, 20, 10);
    now += 200000;
    CHECK(look() != NULL);
    CHECK_EQ(speakers.look_at, now + SECOND);
    now += SECOND;
    const struct notice *n = look();
    CHECK_EQ(n->speakers.count, 0);
    CHECK_EQ(speakers.look_at, NEVER);
    notice_list_dispose(&notices);
}

TEST(what_did_not_change_is_not_told_again)
{
    begin();
    struct talker t;
    talker_init(&t, 100);
    hear(&t, 30, 10);
    now += 200000;
    CHECK(look() != NULL);
    hear(&t, 32, 50);
    now += SECOND;
    CHECK(look() == NULL);
    hear(&t, 10, 50);
    now += SECOND;
    CHECK(look() != NULL);
    notice_list_dispose(&notices);
}

TEST(a_click_and_a_whisper_are_no_speech)
{
    begin();
    struct talker click;
    struct talker whisper;
    talker_init(&click, 100);
    talker_init(&whisper, 101);
    hear(&click, 5, 4);
    hear(&whisper, 51, 50);
    now += 200000;
    CHECK(look() == NULL);
    CHECK_EQ(speakers.look_at, NEVER);
    notice_list_dispose(&notices);
}

TEST(the_loudest_come_first_and_eight_at_most)
{
    begin();
    struct talker list[10];
    for (int i = 0; i < 10; i++) {
        talker_init(&list[i], 100 + (uint64_t)i);
        hear(&list[i], (uint8_t)(48 - 4 * i), 10);
    }
    now += 200000;
    const struct notice *n = look();
    CHECK_EQ(n->speakers.count, 8);
    CHECK_EQ(n->speakers.list[0].track, 109);
    CHECK_EQ(n->speakers.list[7].track, 102);
    notice_list_dispose(&notices);
}

TEST(notices_are_a_second_apart)
{
    begin();
    struct talker t;
    talker_init(&t, 100);
    hear(&t, 30, 10);
    now += 200000;
    CHECK(look() != NULL);
    int64_t said_at = now;
    now += SECOND;
    CHECK(look() != NULL); // silence
    now += 300000;
    hear(&t, 30, 10);
    CHECK_EQ(speakers.look_at, said_at + 2 * SECOND);
    notice_list_dispose(&notices);
}

TEST(one_who_stops_is_not_counted)
{
    begin();
    struct talker t;
    talker_init(&t, 100);
    hear(&t, 30, 10);
    talker_stop(&t);
    now += 200000;
    CHECK(look() == NULL);
    notice_list_dispose(&notices);
}
