#include "sfu/last_n.h"

#include "scene.h"
#include "test.h"

#include <string.h>

enum {
    MS = 1000,
    SECOND = 1000 * MS,
    PACKET = 20 * MS,
    NOISE = 63,
    SILENCE = 127,
    VOICE = 30,
    SOUND = 60
};

// --- Who has a place ---

enum { VOICES = 30 };

static struct last_n list;
static struct voice voices[VOICES];
static int64_t now;

static void begin(void)
{
    list = (struct last_n){0};
    memset(voices, 0, sizeof voices);
    for (unsigned i = 0; i < VOICES; i++)
        voices[i].owner = 1 + i;
    now = 5 * SECOND;
}

static bool hear(unsigned i, uint8_t level)
{
    struct voice *silenced;
    bool heard = last_n_hear(&list, &voices[i], level, SOUND, now, &silenced);
    CHECK(!silenced || !silenced->among);
    return heard;
}

static void begin_with_all_silent(void)
{
    begin();
    for (unsigned i = 0; i < VOICES; i++)
        hear(i, NOISE);
}

TEST(up_to_ten_are_heard_however_quiet)
{
    begin();
    for (unsigned i = 0; i < LAST_N; i++)
        CHECK(hear(i, SILENCE));
    CHECK(!hear(LAST_N, SILENCE));
    CHECK(!hear(LAST_N, NOISE));
}

TEST(a_voice_that_begins_is_heard_from_its_first_packet)
{
    begin_with_all_silent();
    CHECK(!hear(20, NOISE));
    now += PACKET;
    CHECK(hear(20, VOICE));
    now += PACKET;
    CHECK(hear(20, SILENCE)); // a stop between two sounds
    CHECK_EQ(list.count, LAST_N);
}

TEST(the_quietest_gives_its_place_and_of_two_the_one_that_was_quiet_for_longer)
{
    begin_with_all_silent();
    for (unsigned i = 0; i < LAST_N; i++)
        hear(i, i == 3 || i == 7 ? NOISE : VOICE);
    now += PACKET;
    hear(3, NOISE);
    struct voice *silenced;
    CHECK(last_n_hear(&list, &voices[20], VOICE, SOUND, now, &silenced));
    CHECK(silenced == &voices[7]);
}

TEST(noise_takes_no_place_of_other_noise)
{
    begin_with_all_silent();
    for (int round = 0; round < 500; round++) {
        now += PACKET;
        for (unsigned i = 0; i < VOICES; i++)
            CHECK_EQ(hear(i, (uint8_t)(NOISE - 2 + (round + (int)i) % 5)), i < LAST_N);
    }
}

TEST(who_speaks_keeps_the_place_through_pauses)
{
    begin_with_all_silent();
    for (unsigned i = 0; i < LAST_N; i++)
        hear(i, VOICE);
    now += 500 * MS;         // nobody says anything for so long
    CHECK(!hear(20, VOICE)); // louder now, by 5 dB: too little
    now += 200 * MS;
    CHECK(hear(20, VOICE));
}

TEST(who_came_in_by_being_louder_stays_for_a_second)
{
    begin();
    for (unsigned i = 0; i < LAST_N; i++)
        hear(i, VOICE + 10);
    for (unsigned i = 10; i < 20; i++)
        CHECK(hear(i, VOICE));
    now += 900 * MS;
    CHECK(!hear(20, 0));
    now += 100 * MS;
    CHECK(hear(20, 0));
}

// Thirty who talk all at once, each packet as loud as chance will have it.
TEST(places_do_not_go_to_and_fro_when_all_speak)
{
    begin();
    struct rng rng = rng_seeded(7);
    unsigned changes = 0;
    for (int round = 0; round < 50 * 60; round++) {
        now += PACKET;
        for (unsigned i = 0; i < VOICES; i++) {
            struct voice *silenced;
            uint8_t level = (uint8_t)(25 + rng_below(&rng, 20));
            last_n_hear(&list, &voices[i], level, SOUND, now, &silenced);
            changes += silenced != NULL;
        }
    }
    CHECK(changes < 60); // in a minute
}

TEST(who_leaves_makes_room)
{
    begin_with_all_silent();
    last_n_leave(&voices[4]);
    last_n_leave(&voices[25]); // has none
    CHECK(hear(25, SILENCE));
    CHECK(!hear(4, SILENCE));
}

// --- Who lies ---

enum { HONEST = 20 }; // the others, up to LAST_N, do not tell the truth

enum lie { ALWAYS_LOUDEST, AT_RANDOM, LOUD_AT_RANDOM, WITHOUT_SOUND };

static bool lie(unsigned i, enum lie how, struct rng *rng)
{
    struct voice *silenced;
    uint32_t random = rng_below(rng, 128);
    uint8_t level = how == AT_RANDOM        ? (uint8_t)random
                    : how == LOUD_AT_RANDOM ? (uint8_t)(random % 20)
                                            : 0;
    return last_n_hear(&list, &voices[i], level, how == WITHOUT_SOUND ? 3 : SOUND, now,
                       &silenced);
}

// Somebody speaks: syllables, and every three seconds a breath.
static uint8_t speech_level(int64_t spoken_us, struct rng *rng)
{
    int64_t in_sentence = spoken_us % (3 * SECOND), in_word = spoken_us % (400 * MS);
    if (in_sentence >= 2600 * MS || in_word >= 300 * MS)
        return (uint8_t)(NOISE + rng_below(rng, 10));
    return (uint8_t)(VOICE - 5 + rng_below(rng, 15));
}

// Ten lie from the beginning; somebody else speaks later, for so long. Returns how many of the
// loud packets were sent, in per mille; `first`: whether the first one was.
static unsigned share_of_honest(enum lie how, int64_t later_us, int64_t span_us, bool *first)
{
    begin();
    struct rng rng = rng_seeded(11);
    int64_t begins = now + later_us;
    unsigned loud = 0, sent = 0;
    for (; now < begins + span_us; now += PACKET) {
        for (unsigned i = 0; i < LAST_N; i++)
            lie(i, how, &rng);
        if (now < begins)
            continue;
        uint8_t level = speech_level(now - begins, &rng);
        bool heard = hear(HONEST, level);
        if (loud == 0)
            *first = heard;
        loud += level < NOISE;
        sent += level < NOISE && heard;
    }
    return 1000 * sent / loud;
}

TEST(who_always_claims_to_be_loudest_keeps_nobody_out)
{
    bool first;
    CHECK_EQ(share_of_honest(ALWAYS_LOUDEST, 3 * SECOND, 120 * SECOND, &first), 1000);
    CHECK(first);
}

TEST(levels_at_random_keep_nobody_out)
{
    bool first;
    CHECK_EQ(share_of_honest(AT_RANDOM, 3 * SECOND, 120 * SECOND, &first), 1000);
    CHECK(first);
    CHECK_EQ(share_of_honest(LOUD_AT_RANDOM, 3 * SECOND, 120 * SECOND, &first), 1000);
    CHECK(first);
}

TEST(packets_without_sound_are_silence_whatever_they_say)
{
    bool first;
    CHECK_EQ(share_of_honest(WITHOUT_SOUND, 0, 120 * SECOND, &first), 1000);
    CHECK(first);
}

// At first they are ten who shout: somebody who begins together with them is let in after
// three sentences.
TEST(liars_that_begin_keep_others_out_for_a_moment)
{
    bool first;
    CHECK(share_of_honest(ALWAYS_LOUDEST, 0, 5 * SECOND, &first) < 500);
    CHECK(share_of_honest(ALWAYS_LOUDEST, 0, 20 * SECOND, &first) >= 500);
}

// Ten liars, and as many who speak by turns and at once: all their words are there.
TEST(as_many_honest_people_as_liars_are_heard_before_them)
{
    begin();
    struct rng rng = rng_seeded(12);
    unsigned loud = 0, sent = 0;
    for (int64_t from = now; now < from + 60 * SECOND; now += PACKET) {
        for (unsigned i = 0; i < LAST_N; i++)
            lie(i, i % 2 ? AT_RANDOM : ALWAYS_LOUDEST, &rng);
        int64_t spoken = now - from - 3 * SECOND;
        for (unsigned i = 0; i < LAST_N && spoken >= 0; i++) {
            uint8_t level = speech_level(spoken + 700 * MS * i, &rng);
            bool heard = hear(HONEST + i, level);
            loud += level < NOISE;
            sent += level < NOISE && heard;
        }
    }
    CHECK(loud > 0);
    CHECK(1000 * sent >= 990 * loud);
}

// Music has no pauses, and is nobody's lie.
TEST(music_that_is_always_loud_is_heard_while_there_is_room)
{
    begin();
    struct rng rng = rng_seeded(13);
    for (unsigned i = 0; i < VOICES; i++)
        hear(i, NOISE);
    for (int64_t from = now; now < from + 300 * SECOND; now += PACKET) {
        CHECK(hear(25, (uint8_t)(10 + rng_below(&rng, 4))));
        // Nine of them speak, in turn with others.
        unsigned turn = (unsigned)((now - from) / (20 * SECOND));
        bool speak = (now - from) % (20 * SECOND) > SECOND;
        for (unsigned i = 0; i < VOICES; i++)
            if (i != 25)
                hear(i, speak && (i + 9 * turn) % VOICES < 9
                            ? speech_level(now - from + 500 * MS * i, &rng)
                            : NOISE);
    }
}

// One who sends many microphones, all of them as loud as can be, was there first.
TEST(one_person_does_not_fill_all_places)
{
    begin();
    for (unsigned i = 0; i < 16; i++)
        voices[i].owner = 1;
    for (unsigned i = 0; i < LAST_N; i++)
        CHECK(hear(i, 0));
    for (int round = 0; round < 100; round++) {
        now += PACKET;
        for (unsigned i = 0; i < 16; i++)
            hear(i, 0);
        for (unsigned i = 20; i < 20 + LAST_N - LAST_N_OF_ONE; i++)
            CHECK(hear(i, VOICE));
    }
    unsigned own = 0;
    for (unsigned i = 0; i < 16; i++)
        own += voices[i].among != NULL;
    CHECK_EQ(own, LAST_N_OF_ONE);
}

TEST(of_many_microphones_of_one_person_the_loudest_are_heard)
{
    begin_with_all_silent();
    for (unsigned i = 10; i < 16; i++)
        voices[i].owner = 100;
    for (unsigned i = 10; i < 16; i++)
        CHECK_EQ(hear(i, VOICE), i < 10 + LAST_N_OF_ONE);
    now += 2 * SECOND;
    CHECK(hear(15, 0)); // instead of another of its own
    CHECK(!voices[10].among || !voices[11].among || !voices[12].among);
}

// --- In a meeting ---

enum { SUBSCRIBER = 900, TRACKS = 100 };

static struct scene scene;
static struct scene_client *people[VOICES], *subscriber;
static uint32_t ssrcs[VOICES]; // of the feeds

static void publish(unsigned i)
{
    struct client_section mic = scene_audio;
    mic.ssrc = 1001 + i;
    people[i] = scene_publisher(&scene, 1 + i, &mic, 1, TRACKS + i);
    people[i]->sources[0].level = NOISE;
}

static void meet(unsigned count)
{
    scene_open(&scene);
    for (unsigned i = 0; i < count; i++)
        publish(i);
    subscriber = scene_subscriber(&scene, SUBSCRIBER);
    for (unsigned i = 0; i < count; i++)
        scene_feed(&scene, COMMAND_FEED_OPEN, SUBSCRIBER, TRACKS + i, VIDEO_HIGH);
    scene_pass(&scene, SECOND, 100 * MS); // offers
    for (unsigned i = 0; i < count; i++)
        ssrcs[i] = subscriber->offered[i].ssrc;
}

// All send for so long; returns how many packets the router sent.
static uint64_t talk(unsigned count, int64_t span_us)
{
    struct router_stats before, after;
    router_get_stats(scene.router, &before);
    for (int64_t end = scene.now + span_us; scene.now < end;) {
        scene.now += PACKET;
        for (unsigned i = 0; i < count; i++)
            source_frame(&people[i]->sources[0], scene.now, &people[i]->out);
        scene_settle(&scene);
    }
    router_get_stats(scene.router, &after);
    return after.rtp_out - before.rtp_out;
}

// The frame that a packet carries, counted by its publisher.
static uint32_t frame_of(const struct scene_packet *p)
{
    struct mark mark;
    return mark_read(&mark, false, (struct bytes){p->payload, p->len}) ? mark.frame : 0;
}

static const struct scene_packet *next_of(unsigned i, size_t *at)
{
    while (*at < subscriber->got_count) {
        const struct scene_packet *p = &subscriber->got[(*at)++];
        if (p->ssrc == ssrcs[i])
            return p;
    }
    return NULL;
}

static size_t heard(unsigned i)
{
    size_t count = 0;
    for (size_t at = 0; next_of(i, &at);)
        count++;
    return count;
}

TEST(of_thirty_microphones_ten_are_sent)
{
    meet(VOICES);
    CHECK_EQ(talk(VOICES, SECOND), 10 * 50); // of 30 * 50
    scene_close(&scene);
}

TEST(of_ten_microphones_all_are_sent)
{
    meet(10);
    CHECK_EQ(talk(10, SECOND), 10 * 50);
    scene_close(&scene);
}

TEST(the_first_packet_of_a_word_is_sent_and_numbers_go_on_over_silence)
{
    meet(VOICES);
    talk(VOICES, 200 * MS);
    CHECK_EQ(heard(20), 0);
    people[20]->sources[0].level = VOICE;
    uint32_t first = people[20]->sources[0].layers[0].frame + 1;
    talk(VOICES, 200 * MS);
    size_t at = 0;
    const struct scene_packet *p = next_of(20, &at);
    CHECK(p && frame_of(p) == first);
    CHECK_EQ(heard(20), 10);

    // It is silent again, and ten others speak: its place is gone, and comes back.
    people[20]->sources[0].level = SILENCE;
    talk(VOICES, 3 * SECOND / 2);
    for (unsigned i = 0; i < 10; i++)
        people[i]->sources[0].level = VOICE - 10;
    talk(VOICES, 200 * MS);
    size_t before = heard(20);
    talk(VOICES, 200 * MS);
    CHECK_EQ(heard(20), before);
    people[20]->sources[0].level = 0;
    subscriber->got_count = 0;
    talk(VOICES, 60 * MS);
    CHECK_EQ(heard(20), 3);
    scene_close(&scene);
}

TEST(nothing_is_missing_in_the_numbers_of_who_was_silenced)
{
    meet(VOICES);
    people[20]->sources[0].level = VOICE;
    talk(VOICES, 100 * MS);
    size_t at = 0, last_at = 0;
    for (const struct scene_packet *p; (p = next_of(20, &at));)
        last_at = (size_t)(p - subscriber->got);
    struct scene_packet last = subscriber->got[last_at];

    people[20]->sources[0].level = SILENCE;
    talk(VOICES, 600 * MS);
    for (unsigned i = 0; i < 10; i++) // loud ones: places are taken of all who are not
        people[i]->sources[0].level = VOICE - 20;
    talk(VOICES, SECOND);
    at = 0;
    for (const struct scene_packet *p; (p = next_of(20, &at));)
        last = *p;
    subscriber->got_count = 0;
    talk(VOICES, 400 * MS);
    CHECK_EQ(heard(20), 0);

    people[20]->sources[0].level = 0;
    talk(VOICES, 20 * MS);
    at = 0;
    const struct scene_packet *p = next_of(20, &at);
    CHECK(p != NULL);
    CHECK_EQ(p->seq, (uint16_t)(last.seq + 1));
    // Its clock went on.
    CHECK_EQ((p->timestamp - last.timestamp) / 960, frame_of(p) - frame_of(&last));
    scene_close(&scene);
}

TEST(who_does_not_say_how_loud_it_is_is_heard_beside_ten_others)
{
    meet(VOICES);
    people[20]->sources[0].no_level = true;
    CHECK_EQ(talk(VOICES, SECOND), 11 * 50);
    scene_close(&scene);
}

TEST(all_that_speak_are_told_whether_they_are_sent_or_not)
{
    meet(VOICES);
    people[3]->sources[0].level = people[25]->sources[0].level = VOICE;
    talk(VOICES, 500 * MS);
    const struct notice *n = scene_last(&scene, NOTICE_SPEAKERS);
    CHECK(n != NULL);
    CHECK_EQ(n->speakers.count, 2);
    scene_close(&scene);
}

// What is muted counts as silent, whatever its packets say: it takes nobody's place.
TEST(who_is_muted_takes_no_place)
{
    meet(VOICES);
    talk(VOICES, 200 * MS);
    scene_command(&scene, (struct command){.kind = COMMAND_TRACK_MUTE,
                                           .room = SCENE_ROOM,
                                           .track = TRACKS + 20,
                                           .mute = {.muted = true}});
    people[20]->sources[0].level = VOICE;
    subscriber->got_count = 0;
    talk(VOICES, 200 * MS);
    CHECK_EQ(heard(20), 0);
    scene_close(&scene);
}
