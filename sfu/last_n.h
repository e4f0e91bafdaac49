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
// Whose packets do not say how loud they are (encoders that are no browsers) is always heard,
// and takes nobody's place: it could only be let in or left out for good.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    LAST_N = 10,
    LAST_N_MARGIN = 6,            // dB; background noise varies by 3
    LAST_N_STAY_US = 1000 * 1000, // of a voice that took another's place
    LAST_N_FADE_US = 100 * 1000,  // for each dB
    // Quieter than this (-dBov) is silence: what remains behind noise suppression. Speech that
    // can be understood is 20 dB above it (sfu/speaker.c).
    LAST_N_SILENCE = 65,
};

// One microphone. Embedded in the track; zero-initialised has no place.
struct voice {
    struct last_n *among; // NULL: it has no place
    int32_t loudest;      // at that time, in dB above silence
    int64_t loudest_at;
    int64_t stays_until;
};

// Of a meeting. Zero-initialised: all places are free.
struct last_n {
    struct voice *at[LAST_N];
    uint32_t count;
};

// The newest packet of `v` says `level`: 0 is the loudest, 127 silence (-dBov). Returns whether
// it is sent. `*silenced`: who gave its place to it, of whom nothing more is; or NULL.
bool last_n_hear(struct last_n *l, struct voice *v, uint8_t level, int64_t now,
                 struct voice **silenced);
// It is gone: another may have its place.
void last_n_leave(struct voice *v);
