// What a publisher sends, packet by packet: which SSRC is which layer of which track, learnt
// when the description does not say; retransmissions unwrapped; and on to all who want it.
#pragma once

#include "base/bytes.h"
#include "base/list.h"
#include "rtc/extension.h"
#include "rtc/negotiate.h"
#include "rtc/twcc.h"
#include "sfu/leg.h"
#include "sfu/tick.h"
#include "sfu/track.h"

#include <stdbool.h>
#include <stdint.h>

enum stream_role {
    STREAM_MEDIA,
    STREAM_RTX, // retransmissions
    STREAM_FEC, // sums (rtc/fec.h)
};

// What an SSRC means.
struct ingest_stream {
    uint32_t ssrc;
    struct track *track;
    uint8_t layer;
    enum stream_role role;
};

struct ingest {
    struct leg *leg;
    struct list tracks;
    struct ingest_stream streams[SSRC_PER_TRANSPORT_MAX];
    uint32_t stream_count;
    uint32_t last_stream; // of the last packet: frames come in rows
    int64_t learn_window_at;
    uint32_t learnt_in_window;

    struct extension_ids extensions; // of all sections: one meaning for each id in a BUNDLE
    struct twcc_recorder twcc;
    uint32_t twcc_ssrc; // of a media stream, to be named in feedback; 0: nothing came
};

void ingest_init(struct ingest *in, struct leg *leg);

// NULL: that SSRC is unknown.
struct ingest_stream *ingest_find(struct ingest *in, uint32_t ssrc);
// The description says what `ssrc` is.
struct ingest_stream *ingest_add(struct ingest *in, uint32_t ssrc, struct track *t,
                                 unsigned layer, enum stream_role role);
void ingest_forget(struct ingest *in, const struct track *t);
// The peer sent under an SSRC that is no stream of ours.
void ingest_note_stray(struct ingest *in, uint32_t ssrc);

// Returns whether it was a packet of a stream that is known.
bool ingest_packet(struct ingest *in, struct bytes datagram, int64_t arrived_at,
                   const struct tick *tick);
