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

// A second of speech of each, and what is told of it; 0: nothing new.
static const struct notice *second(struct talker **talkers, const uint8_t *levels, int count)
{
    for (int packet = 0; packet < 50; packet++, now += PACKET)
        for (int i = 0; i < count; i++)
            hear(talkers[i], levels[i], 1);
    return look();
}

TEST(who_claims_to_be_loudest_all_the_time_comes_behind_whoever_takes_the_word)
{
    begin();
    struct talker liar, speaker;
    talker_init(&liar, 100);
    talker_init(&speaker, 101);
    struct talker *both[] = {&liar, &speaker};
    const uint8_t levels[] = {0, 40};
    for (int i = 0; i < 40; i++)
        second(both, levels, 1);
    CHECK_EQ(speakers.said[0].track, 100);
    int first = 0, spoken = 0;
    for (int turn = 0; turn < 10; turn++) { // of ten seconds, and as many of silence
        for (int i = 0; i < 10; i++, spoken++) {
            second(both, levels, 2);
            CHECK_EQ(speakers.said_count, 2);
            CHECK(speakers.said[0].level > speakers.said[1].level);
            first += speakers.said[0].track == 101;
        }
        for (int i = 0; i < 10; i++)
            second(both, levels, 1);
        CHECK_EQ(speakers.said[0].track, 100);
    }
    CHECK_EQ(first, spoken);
    notice_list_dispose(&notices);
}

TEST(many_who_lie_leave_room_in_the_list)
{
    begin();
    struct talker list[SPEAKERS_MAX + 3], *all[SPEAKERS_MAX + 3];
    uint8_t levels[SPEAKERS_MAX + 3] = {0};
    for (int i = 0; i < SPEAKERS_MAX + 3; i++) {
        talker_init(&list[i], 100 + (uint64_t)i);
        all[i] = &list[i];
    }
    for (int i = 0; i < 40; i++)
        second(all, levels, SPEAKERS_MAX + 2);
    levels[SPEAKERS_MAX + 2] = 35;
    second(all, levels, SPEAKERS_MAX + 3);
    CHECK_EQ(speakers.said[0].track, 100 + SPEAKERS_MAX + 2);
    notice_list_dispose(&notices);
}

TEST(a_word_of_assent_takes_nobodys_place)
{
    begin();
    struct talker speaker, other;
    talker_init(&speaker, 100);
    talker_init(&other, 101);
    struct talker *one[] = {&speaker};
    const uint8_t level = 30;
    for (int i = 0; i < 40; i++)
        second(one, &level, 1);
    for (int i = 0; i < 15; i++) {
        hear(&other, 15, 1);
        hear(&speaker, 30, 1);
        now += PACKET;
    }
    now += 500000;
    hear(&speaker, 30, 20);
    now += SECOND;
    look();
    CHECK_EQ(speakers.said_count, 2);
    CHECK_EQ(speakers.said[0].track, 100);
    notice_list_dispose(&notices);
}
