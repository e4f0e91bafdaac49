// What the files of the codecs share: rtc/codec_table.c has the table of them. For rtc/codec*.c
// only.
#pragma once

#include "rtc/codec.h"

// Reads from the front of a payload, like struct writer in reverse: what is not there reads as
// 0 and sets `overrun`, so that a descriptor is read straight through and checked once.
struct reader {
    struct bytes rest;
    bool overrun;
    const uint8_t *start;
};

static inline struct reader reader_of(struct bytes payload)
{
    return (struct reader){.rest = payload, .start = payload.at};
}

// How far it has read. Of the front of a payload only.
static inline uint8_t place(const struct reader *r)
{
    return (uint8_t)(r->rest.at - r->start);
}

static inline uint8_t take_u8(struct reader *r)
{
    if (r->rest.len == 0) {
        r->overrun = true;
        return 0;
    }
    uint8_t v = r->rest.at[0];
    r->rest.at++;
    r->rest.len--;
    return v;
}

static inline void take(struct reader *r, size_t len)
{
    if (r->rest.len < len) {
        r->overrun = true;
        len = r->rest.len;
    }
    r->rest.at += len;
    r->rest.len -= len;
}

// VP8 and VP9 have the same form: one octet, or two when the highest bit is set.
static inline void take_picture_id(struct reader *r, struct codec_packet *packet)
{
    packet->picture_id_at = place(r);
    uint8_t first = take_u8(r);
    packet->has_picture_id = true;
    packet->picture_id_long = first & 0x80;
    packet->picture_id = first & 0x7f;
    if (packet->picture_id_long)
        packet->picture_id = (uint16_t)(packet->picture_id << 8 | take_u8(r));
}

void codec_vp8_read_size(struct bytes payload, const struct codec_packet *packet,
                         struct codec_size *size);

// Each reads a payload of its codec into a packet that is all zero. 0 or ERR_MALFORMED.
int codec_opus_parse(struct bytes payload, struct codec_packet *packet);
int codec_vp8_parse(struct bytes payload, struct codec_packet *packet);
int codec_vp9_parse(struct bytes payload, struct codec_packet *packet);
int codec_h264_parse(struct bytes payload, struct codec_packet *packet);
int codec_av1_parse(struct bytes payload, struct codec_packet *packet);
