#include "sfu/speaker.h"

#include "base/moment.h"

#include <assert.h>
#include <string.h>

enum {
    SILENCE = 127, // RFC 6464 section 3: "digital silence"
    // Quieter than this is breath and fans. Speech at a laptop's microphone with automatic
    // gain lies between 15 and 40.
    LOUD_ENOUGH = 50,
    LOUD_PACKETS_MIN = 5,    // 100 ms of 20 ms packets: a click is not speech
    LEVEL_STEP = 10,         // a change of level worth telling
    LOOK_FIRST_US = 200000,  // after the first loud packet
    LOOK_PERIOD_US = 1000000 // at most one notice a second
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

void speakers_hear(struct speakers *s, struct talker *t, uint8_t level, int64_t now)
{
    assert((t->loud > 0) != list_empty(&t->link));
    if (level > LOUD_ENOUGH)
        return;
    t->loud++;
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

static void insert_by_level(struct notice_speaker *list, size_t *count,
                            struct notice_speaker one)
{
    assert(*count <= SPEAKERS_MAX);
    size_t at = *count;
    while (at > 0 && list[at - 1].level < one.level)
        at--;
    if (at == SPEAKERS_MAX)
        return;
    size_t last = *count < SPEAKERS_MAX ? (*count)++ : SPEAKERS_MAX - 1;
    memmove(&list[at + 1], &list[at], (last - at) * sizeof *list);
    list[at] = one;
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
    struct notice_speaker list[SPEAKERS_MAX] = {0};
    size_t count = 0;
    LIST_EACH(&s->talkers, each)
    {
        struct talker *t = LIST_ENTRY(each, struct talker, link);
        assert(t->loud > 0); // or it would not be in the list
        if (t->loud >= LOUD_PACKETS_MIN) {
            uint32_t level = t->level / t->loud;
            insert_by_level(list, &count, (struct notice_speaker){t->track, (uint8_t)level});
        }
        talker_stop(t);
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
