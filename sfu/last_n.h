// Which microphones of a meeting are heard where there are many: above LAST_N of them, the
// loudest only. What the others send goes to nobody, so it costs no encryption and no line, and
// their receivers take it for silence.
//
// How loud each is, its publisher says in every packet (RFC 6464). A voice is as loud as its
// loudest packet was, less 10 dB for each second since, so that pauses between words take no
// place away:
//
//     loudness   ^     __                    a packet: 127 - its level
//                |    /  `--..__  __         a voice: what it was, or less with time
//                |___/          `'  `--.
//
// A packet that is louder by LAST_N_MARGIN than the weakest voice with a place gets that place,
// and is itself the first that is sent. So the first syllable is there when somebody begins to
// speak, as of ten with a place some are silent; and where more than ten speak at once, places
// do not go to and fro: whoever came in that way stays for a second.
//
// Nobody can check a level, as nothing is decoded here: who always claims to be loudest would
// keep everybody else out. So where all places are taken by voices that speak, they are had in
// turns, whatever the levels are. Each voice has its time of speech, in which the last half
// minute counts most; pauses count as speech when they are too short to draw breath, so that
// levels at random gain nothing. Who spoke LAST_N_TURN_US less than another takes its place,
// and cannot lose it to the other by loudness. And a packet in which there is no room for sound
// is silence, whatever it says. A liar then has as much as somebody who talks all the time:
// heard while there is room, and the first to give way.
//
// Whose packets do not say how loud they are (encoders that are no browsers) is always heard,
// and takes nobody's place: it could only be let in or left out for good.
//
// A person may send several microphones and say anything of them. Where places are short, those
// of one person beyond LAST_N_OF_ONE give way to any speech, and more take no place of others:
// nobody can fill all ten.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LAST_N = 10,
    LAST_N_OF_ONE = 3,            // places that one person keeps whatever others say
    LAST_N_MARGIN = 6,            // dB; background noise varies by 3
    LAST_N_STAY_US = 1000 * 1000, // of a voice that took another's place
    LAST_N_FADE_US = 100 * 1000,  // for each dB
    // Quieter than this (-dBov) is silence: what remains behind noise suppression. Speech that
    // can be understood is 20 dB above it (sfu/speaker.c).
    LAST_N_SILENCE = 65,
    // Louder than this is speech (sfu/speaker.c).
    LAST_N_SPEECH = 50,
    LAST_N_PAUSE_US = 1000 * 1000, // who says nothing for so long gives way to any speech
    LAST_N_TURN_US = 1000 * 1000,
    LAST_N_BREATH_US = 300 * 1000,       // a shorter pause is speech
    LAST_N_MEMORY_US = 30 * 1000 * 1000, // of the time of speech: after it 1/e is left
    // Speech of 6 kbit/s, the least that Opus does, is 15 octets in 20 ms; what it sends of
    // silence (DTX) are one or two.
    LAST_N_SOUND_OCTETS = 8,
};

// One microphone. Embedded in the track; zero-initialised has no place.
struct voice {
    uint64_t owner;       // whose it is: the number of the endpoint that sends it
    struct last_n *among; // NULL: it has no place
    int32_t loudest;      // at that time, in dB above silence
    int64_t loudest_at;
    int64_t stays_until;
    int64_t talked_us; // at `talked_at`
    int64_t talked_at;
    int64_t spoke_at; // the last packet of speech
};

// Of a meeting. Zero-initialised: all places are free.
struct last_n {
    struct voice *at[LAST_N];
    uint32_t count;
};

// The newest packet of `v` says `level`: 0 is the loudest, 127 silence (-dBov); its sound takes
// `octets`. Returns whether it is sent. `*silenced`: the voice that gave its place to it, of
// which nothing more is sent; or NULL.
bool last_n_hear(struct last_n *l, struct voice *v, uint8_t level, size_t octets, int64_t now,
                 struct voice **silenced);
// It is gone: another may have its place.
void last_n_leave(struct voice *v);
