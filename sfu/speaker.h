// The people who talk in a room, from the audio levels that publishers put into their packets
// (RFC 6464).
//
// Nobody can check a level, as nothing is decoded here: who always claims to be loudest would
// be the speaker for ever. So whoever speaks, and has spoken clearly less in the last half
// minute, comes before others, whatever the levels are: a liar then comes behind everybody who
// takes the word. A word or two do not take it, so "mhm" is no change of speaker. Clients sort
// by the levels that they are told: nobody's is above that of one who comes before.
#pragma once

#include "base/list.h"
#include "sfu/notice.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stdint.h>

// An audio track, as heard since the last look. Embedded in the track.
struct talker {
    struct list link; // in speakers.talkers while it was loud lately
    uint64_t track;
    uint32_t loud;             // packets loud enough to be speech
    uint32_t level;            // sum of their levels, 0..100 each
    int64_t first_at, last_at; // of these packets
    int64_t talked_us;         // at `talked_at`: how long it spoke, of late
    int64_t talked_at;
};

struct speakers {
    struct list talkers;
    struct notice_speaker said[SPEAKERS_MAX]; // what the last notice said
    size_t said_count;
    int64_t look_at; // NEVER while all are silent
    int64_t said_at;
};

void speakers_init(struct speakers *s);

void talker_init(struct talker *t, uint64_t track);
void talker_stop(struct talker *t); // muted or gone: not counted any more

// A packet says `level`: 0 is the loudest, 127 silence (-dBov). `s->look_at` may get nearer.
void speakers_hear(struct speakers *s, struct talker *t, uint8_t level, int64_t now);

// How loud the last notice said that a track is; 0: silent.
uint8_t speakers_level(const struct speakers *s, uint64_t track);

// Looks at `s->look_at`: adds NOTICE_SPEAKERS when the list changed, and says so.
bool speakers_expire(struct speakers *s, uint64_t room, const struct tick *tick);
