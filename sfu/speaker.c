#include "sfu/speaker.h"

#include "base/moment.h"

#include <assert.h>
#include <string.h>

enum {
    SILENCE = 127, // RFC 6464 section 3: "digital silence"
    // Quieter than this is breath and fans. Speech at a laptop's microphone with automatic
    // gain lies between 15 and 40.
    LOUD_ENOUGH = 50,
    LOUD_PACKETS_MIN = 5,         // 100 ms of 20 ms packets: a click is not speech
    LEVEL_STEP = 10,              // a change of level worth telling
    LOOK_FIRST_US = 200000,       // after the first loud packet
    LOOK_PERIOD_US = 1000000,     // at most one notice a second
    WORDS_US = 400 * 1000,        // who speaks for so long between two looks takes the word
    MEMORY_US = 30 * 1000 * 1000, // of the time of speech: after it 1/e is left
    CLEARLY_US = 5 * 1000 * 1000, // less
};

void speakers_init(struct speakers *s)
{
    *s = (struct speakers){.look_at = NEVER, .said_at = INT64_MIN / 2};
    list_init(&s->talkers);
}

void talker_init(struct talker *t, uint64_t track)
{
    *t = (struct talker){.track = track};
    list_init(&t->link);
}

void talker_stop(struct talker *t)
{
    list_remove(&t->link);
    t->loud = t->level = 0;
}

// A look finds it speaking.
static void note_speech(struct talker *t, int64_t now)
{
    int64_t since = now - t->talked_at;
    int64_t left = since < MEMORY_US ? t->talked_us - t->talked_us * since / MEMORY_US : 0;
    t->talked_us = left + (since < LOOK_PERIOD_US ? since : LOOK_PERIOD_US);
    t->talked_at = now;
}

void speakers_hear(struct speakers *s, struct talker *t, uint8_t level, int64_t now)
{
    assert((t->loud > 0) != list_empty(&t->link));
    if (level > LOUD_ENOUGH)
        return;
    if (t->loud++ == 0)
        t->first_at = now;
    t->last_at = now;
    t->level += (uint32_t)(SILENCE - level) * 100 / SILENCE;
    if (t->loud > 1)
        return;
    list_remove(&t->link);
    list_append(&s->talkers, &t->link);
    if (s->look_at == NEVER) {
        int64_t next_allowed = s->said_at + LOOK_PERIOD_US;
        s->look_at = now + LOOK_FIRST_US;
        if (s->look_at < next_allowed)
            s->look_at = next_allowed;
    }
}

struct candidate {
    struct notice_speaker is;
    int64_t rank; // the lower, the earlier; then the louder
};

static bool is_before(const struct candidate *a, const struct candidate *b)
{
    return a->rank < b->rank || (a->rank == b->rank && a->is.level > b->is.level);
}

static void insert(struct candidate *list, size_t *count, struct candidate one)
{
    assert(*count <= SPEAKERS_MAX);
    size_t at = *count;
    while (at > 0 && is_before(&one, &list[at - 1]))
        at--;
    if (at == SPEAKERS_MAX)
        return;
    size_t last = *count < SPEAKERS_MAX ? (*count)++ : SPEAKERS_MAX - 1;
    memmove(&list[at + 1], &list[at], (last - at) * sizeof *list);
    list[at] = one;
}

static struct candidate candidate_of(const struct talker *t)
{
    bool has_word = t->last_at - t->first_at >= WORDS_US;
    return (struct candidate){
        .is = {t->track, (uint8_t)(t->level / t->loud)},
        .rank = has_word ? t->talked_us / CLEARLY_US : MEMORY_US,
    };
}

static bool worth_telling(const struct speakers *s, const struct notice_speaker *list,
                          size_t count)
{
    if (count != s->said_count)
        return true;
    for (size_t i = 0; i < count; i++) {
        int change = list[i].level - s->said[i].level;
        if (list[i].track != s->said[i].track || change >= LEVEL_STEP || change <= -LEVEL_STEP)
            return true;
    }
    return false;
}

uint8_t speakers_level(const struct speakers *s, uint64_t track)
{
    for (size_t i = 0; i < s->said_count; i++)
        if (s->said[i].track == track)
            return s->said[i].level;
    return 0;
}

bool speakers_expire(struct speakers *s, uint64_t room, const struct tick *tick)
{
    if (tick->now < s->look_at)
        return false;
    struct candidate found[SPEAKERS_MAX];
    struct notice_speaker list[SPEAKERS_MAX] = {0};
    size_t count = 0;
    LIST_EACH(&s->talkers, each)
    {
        struct talker *t = LIST_ENTRY(each, struct talker, link);
        assert(t->loud > 0); // or it would not be in the list
        if (t->loud >= LOUD_PACKETS_MIN) {
            insert(found, &count, candidate_of(t));
            note_speech(t, tick->now);
        }
        talker_stop(t);
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = found[i].is;
        if (i > 0 && list[i].level > list[i - 1].level)
            list[i].level = list[i - 1].level - 1;
    }
    bool changed = worth_telling(s, list, count);
    if (changed) {
        struct notice *n = notice_add(tick->notices, NOTICE_SPEAKERS);
        n->room = room;
        memcpy(n->speakers.list, list, sizeof list);
        n->speakers.count = count;
        memcpy(s->said, list, sizeof list);
        s->said_count = count;
        s->said_at = tick->now;
    }
    s->look_at = s->said_count ? tick->now + LOOK_PERIOD_US : NEVER;
    return changed;
}
