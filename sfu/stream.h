// The packets of a track, for all who are sent them: a history for each layer, a line for each
// feed that flows, and their wishes. It knows no publisher, and can be filled from anywhere.
//
// Numbers: a layer's packets are counted three times.
//
//     arrived   the publisher's sequence numbers, extended; nack and reports use them
//     dense     without those that carry nothing for a subscriber (padding-only probes); the
//               history uses them
//     outgoing  a feed's: dense plus a shift that changes when the feed switches layers
#pragma once

#include "base/list.h"
#include "rtc/history.h"
#include "rtc/negotiate.h"
#include "rtc/report.h"
#include "sfu/allocate.h"
#include "sfu/cap.h"
#include "sfu/rate.h"
#include "sfu/segment.h"
#include "sfu/substream.h"
#include "sfu/tick.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    // How far a layer may be silent, in its siblings' presence, and still count as sent.
    LAYER_SILENCE_US = 1000 * 1000,
    // How long a key frame may take to come before another is asked for: what is asked for
    // again takes no longer (rtc/nack.h).
    KEY_COMES_US = 1000 * 1000,
    // The same in pictures, of a spatial layer that is sent alone: nothing is shown meanwhile.
    SPATIAL_MISSED_MAX = 5,
};

struct feed; // sfu/feed.h

// What is read of a feed for every packet of its stream.
struct feed_line {
    struct batch_path *path;
    struct feed *feed;
    struct shift shift;
    uint64_t from; // dense number of the segment's first packet
    uint32_t ssrc;
    uint8_t current;    // layer; NO_LAYER: nothing is sent
    uint8_t substream;  // of that layer
    uint8_t wanted;     // the substream of that layer that is to be sent, as soon as may be
    uint8_t start_mask; // a key frame of one of these layers begins the next segment
    bool seated;        // the packets' heads are written as the seat wants them
    bool numbered;      // they have transport-wide numbers, if the path has an estimate
    uint8_t redundancy; // how many packets of sound each one repeats (sfu/redundancy.h)
};
static_assert(sizeof(struct feed_line) <= 64, "one line of the processor's cache");

struct stream_layer {
    char rid[RID_LEN_MAX + 1]; // of the encoding; "" without simulcast
    bool started;              // a packet came; the history is there
    bool wanted;               // a wish that nobody has taken yet: a key frame
    struct history history;
    struct progress progress; // where feeds leave off when they switch
    struct report_origin origin;
    // The newest key frame, in dense numbers:
    uint64_t key_seq;    // its first packet; 0: none to begin with
    uint64_t key_next;   // its first packet that has not come; 0: it is whole, or there is none
    int64_t key_at;      // when its first packet came
    bool key_endless;    // the one before was longer than the history: none is seen whole
    uint64_t past_until; // dense: nobody begins with what is up to here
    // Dense, of the first packet of the newest picture; 0: that is missing.
    uint64_t picture_seq;
    uint32_t pictures;      // ever
    struct codec_size size; // of the newest key frame, where its codec says it
    uint8_t spatial_most;   // of the layers inside of it that came so far; from CAP_ALL on that
    uint8_t temporal_most;
    bool shaped; // a picture is over, which has shown what layers there are
    bool apart;  // upper spatial layers need those below in key pictures alone
    int64_t spatial_at[CAP_ALL + 1];     // when a packet of that spatial layer came last
    uint8_t spatial_missed[CAP_ALL + 1]; // pictures that ended below it since
    struct substream *substreams;        // from 1 on; all of the layer is 0
    uint8_t substream_count;             // without that
    // Of all substreams, that of 0 too:
    struct cap caps[SUBSTREAMS_MAX];
    struct rate rates[SUBSTREAMS_MAX];
};

// Which substreams of its layer a packet is part of, bit n of substream n; and which do not
// count its picture, as none of it is part of them.
struct stream_parts {
    uint16_t within;
    uint16_t uncounted;
};

struct stream {
    uint64_t id; // the track's
    enum media_kind kind;
    char stream_id[MSID_LEN_MAX + 1];
    char track_id[MSID_LEN_MAX + 1];
    char cname[CNAME_LEN + 1]; // of the publisher, as subscribers see it
    struct negotiated_codec codec;
    struct report_clock clock; // of the publisher
    bool screen;               // what is shown of a screen: comes first, and is to be sharp
    bool muted;
    bool held;    // nothing is sent of it until it is muted no more
    bool unheard; // sound that is not among the loudest (sfu/last_n.h): nothing is sent of it

    uint8_t layer_count;
    struct stream_layer layers[LAYERS_MAX]; // best first

    // One line for each feed that may be sent now, read for every packet: kept together.
    struct feed_line *lines;
    uint32_t line_count;
    uint32_t line_cap;
    // All feeds, those not yet answered included.
    struct list feeds;
    struct list wishes; // in shared.wishes, while a layer is wanted

    // What subscribers choose from, the least first (sfu/choice.h), as of `steps_at`.
    struct allocate_step steps[ALLOCATE_STEPS_MAX];
    int64_t steps_at;
};

void stream_init(struct stream *s, uint64_t id, enum media_kind kind);
void stream_dispose(struct stream *s); // without feeds

// Keeps a packet of `layer` under its dense number. NULL when it is there already.
const struct history_slot *stream_add(struct stream *s, unsigned layer, uint64_t dense,
                                      const struct rtp_packet *packet,
                                      const struct extension_values *values,
                                      const struct codec_packet *info,
                                      struct stream_parts parts, int64_t now);

// From now on nobody begins with what came until now, nor with what is missing of it.
void stream_end_past(struct stream *s);

// Whether that packet is there.
bool stream_has(const struct stream *s, unsigned layer, uint64_t dense);
// What a packet of `layer` is part of, by the caps of substreams.
struct stream_parts stream_parts(const struct stream *s, unsigned layer,
                                 const struct codec_packet *info);

// Numbers a part of `layer` from now on. Returns its number, from 1.
unsigned stream_add_substream(struct stream *s, unsigned layer, struct cap cap);
// The substream of `layer` that has this cap; negative: there is none.
int stream_find_substream(const struct stream *s, unsigned layer, struct cap cap);
// The cap of a substream, CAP_ALL where it has all spatial layers that there are.
struct cap stream_cap(const struct stream *s, unsigned layer, unsigned substream);
const struct progress *stream_progress(const struct stream *s, unsigned layer,
                                       unsigned substream);
// What a packet of `layer` is to a substream of it.
struct substream_packet stream_packet(const struct stream *s, unsigned layer,
                                      unsigned substream, uint64_t dense);
// Whether the packet is the last one of its picture in a substream, and bears the marker there.
bool stream_ends_picture(const struct stream *s, unsigned layer, unsigned substream,
                         const struct history_slot *slot);
// The packet of that number in a substream; NULL: it is forgotten, or never came. `*packet`:
// what it is there, when it is.
const struct history_slot *stream_find(const struct stream *s, unsigned layer,
                                       unsigned substream, uint64_t number,
                                       struct substream_packet *packet);
// A layer begins anew under another SSRC, or after a while without any packet: numbers go on
// `gap` behind its newest. Nobody's segment is on it any more. `other`: clock and pictures are
// others, too.
void stream_restart(struct stream *s, unsigned layer, uint64_t gap, bool other);

// A key frame began to come with that packet.
void stream_note_key(struct stream *s, unsigned layer, const struct history_slot *slot);
// The first packet of the newest key frame of `layer`, if it became whole with what came last:
// that is said once. NULL: it did not, or was too long for the history.
const struct history_slot *stream_whole_key(struct stream *s, unsigned layer);
// It is not waited for any more.
void stream_forget_key(struct stream *s, unsigned layer);

// Whether a key frame of `layer` has begun to come and may still become whole.
bool stream_key_is_coming(const struct stream *s, unsigned layer, int64_t now);
// Somebody needs a key frame of `layer`: whoever fills the stream is to ask for it, unless one
// is coming.
void stream_want_key_frame(struct stream *s, unsigned layer, const struct tick *tick);
// Whether some feed waits for a key frame of `layer`.
bool stream_is_awaited(const struct stream *s, unsigned layer);

// What a substream of a layer takes of a subscriber's way (sfu/rate.h), `guess` before that is
// known. `is_least`: a picture could be given up instead, and nothing less of it be sent.
double stream_bps(struct stream *s, unsigned layer, unsigned substream, double guess,
                  bool is_least, int64_t now);

// Whether packets of the layer have come lately.
bool stream_layer_is_alive(const struct stream *s, unsigned layer, int64_t now);
