// What forwarding needs to know of a codec: is this packet the beginning of a key frame, which
// layer is it of, and which numbers in its payload descriptor must be rewritten so that a
// receiver sees no gap where we dropped something.
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum codec { CODEC_NONE, CODEC_OPUS, CODEC_VP8, CODEC_VP9, CODEC_H264, CODEC_AV1 };

const char *codec_name(enum codec c);          // as in a=rtpmap: "VP8"
enum codec codec_from_name(struct bytes name); // ignores case; CODEC_NONE when unknown
uint32_t codec_clock_rate(enum codec c);       // Hz
bool codec_is_video(enum codec c);

// What one packet's payload says.
struct codec_packet {
    bool frame_start; // first packet of a frame, as far as the payload tells
    bool key_frame;   // belongs to a key frame; only sure when frame_start
    uint8_t temporal; // temporal layer, 0 when there are none
    uint8_t spatial;  // spatial layer inside the stream (VP9 SVC), 0 when there are none
    bool layer_sync;  // a receiver may switch up to `temporal` here
    // No later frame needs this one: N of VP8, nal_ref_idc 0 of H.264. Never set for others.
    bool discardable;
    // VP9 SVC. A picture is the frames of all spatial layers with one timestamp; the RTP marker
    // is on the last packet of a picture.
    bool frame_end;     // last packet of its frame
    bool inter_picture; // its frame needs earlier pictures: without, one may begin at `spatial`
    bool inter_layer;   // its frame needs the layer below in the same picture
    bool upper_apart;   // no layer above needs its frame
    // Where a descriptor says what a frame needs (rtc/frames.h):
    bool describes_needs;
    bool needs_unseen; // its frame needs one of which nothing came
    bool dtx;          // Opus: nothing is said; the next packet may be a while away
    bool has_picture_id;
    bool picture_id_long; // 15 bits instead of 7
    // Or the number of the frame, where a descriptor says it (rtc/frames.h).
    uint16_t picture_id;
    uint8_t picture_id_at; // in the payload, never at its begin
    bool has_tl0;
    uint8_t tl0; // TL0PICIDX of VP8, and of VP9 in its non-flexible mode
    uint8_t tl0_at;
    uint8_t descriptor_len; // octets of the payload descriptor; of VP9's only those in front of
                            // reference indices and scalability structure, at most 6
};

// Reads the payload of a packet. Returns 0, ERR_MALFORMED (also for an empty payload), or
// ERR_UNSUPPORTED for CODEC_NONE.
//
// A frame_start with key_frame and spatial 0 is where a receiver may start. Not every start of
// a frame shows in the payload (H.264, AV1): a new timestamp is one too. A key frame of H.264
// starts at its SPS.
int codec_parse(enum codec c, struct bytes payload, struct codec_packet *packet);

// How large pictures are; 0: not known.
struct codec_size {
    uint16_t width;
    uint16_t height;
};
// Reads it where a key frame starts: `packet` is what codec_parse() read of `payload`. Of
// codecs that say it in the first octets, which is VP8; else `*size` stays.
void codec_read_size(enum codec c, struct bytes payload, const struct codec_packet *packet,
                     struct codec_size *size);
