// A part of a layer that can be decoded by itself, with dense numbers of its own: what is left
// below a bound of temporal or spatial layers, or what a decode target needs. A feed that sends
// a substream then sends one row of numbers with a constant shift, as of a whole layer, and a
// number that is asked for again leads back to its packet.
//
//     layer       1   2   3   4   5   6   7   8      dense numbers
//     temporal    0   2   1   2   0   2   1   2
//     T0 and T1   1   .   2   .   3   .   4   .      its numbers
//     T0          1   .   .   .   2   .   .   .
//
// Whether a packet that is missing belongs to it, nobody knows before it comes: its number is
// reserved. When it comes and does not belong, an empty packet has that number, so that nobody
// asks for it in vain. So numbers never fall, and late packets find their place:
//
//     layer       1   2   .   4   3      3 is late, and of T1
//     T0          1   .   2!  .          reserved when 4 came, sent empty when 3 does
//
// The whole layer needs none of this: its numbers are the dense ones.
#pragma once

#include "rtc/history.h"
#include "sfu/segment.h"

#include <stdbool.h>
#include <stdint.h>

enum { SUBSTREAMS_MAX = 16 }; // of a layer, all of it included

// What a packet of the layer is to a substream.
enum substream_part {
    SUBSTREAM_UNKNOWN, // it came before the substream was there, or is forgotten
    SUBSTREAM_WITHOUT,
    SUBSTREAM_WITH,
    SUBSTREAM_EMPTY, // it has a number, and no part
};

struct substream_mark {
    uint64_t dropped;  // of the layer's packets before this one
    uint32_t seq;      // dense, of the layer: its low half
    uint16_t pictures; // that were dropped before this one
    uint8_t part;
};

struct substream {
    struct progress progress;     // newest: its own number, the reserved ones included
    uint64_t seq;                 // the newest of the layer, dense
    uint16_t pictures;            // that were dropped, and are not to be missed
    uint32_t last_picture;        // the last of them
    uint32_t size;                // how many packets are remembered: as many as in the history
    struct substream_mark *marks; // by dense number
    uint32_t *seqs;               // low halves of dense numbers, by own number
};

// A packet, as a substream has it.
struct substream_packet {
    enum substream_part part;
    uint64_t number;   // with a part, or empty
    uint16_t pictures; // to be taken off its picture id
};

// Begins where its layer stands. `size` is a power of two.
void substream_init(struct substream *s, uint32_t size, const struct progress *layer);
void substream_dispose(struct substream *s);

// A packet came into the layer's history: `within` the substream or not. `uncounted`: of a
// picture that is not within, and whose id receivers would miss.
void substream_note(struct substream *s, const struct history_slot *slot, bool within,
                    bool uncounted);
// The layer begins anew, `gap` numbers behind its newest.
void substream_restart(struct substream *s, uint64_t gap);

struct substream_packet substream_packet(const struct substream *s, uint64_t seq);
// The dense number of the packet that has this number; 0: it is forgotten, or never came.
uint64_t substream_seq(const struct substream *s, uint64_t number);
