#include "rtc/codec.h"

#include "base/err.h"

#include <strings.h>

// Reads from the front of a payload, like struct writer in reverse: what is not there reads as
// 0 and sets `overrun`, so that a descriptor is read straight through and checked once.
struct reader {
    struct bytes rest;
    bool overrun;
    const uint8_t *start;
};

static struct reader reader_of(struct bytes payload)
{
    return (struct reader){.rest = payload, .start = payload.at};
}

// How far it has read. Of the front of a payload only.
static uint8_t place(const struct reader *r)
{
    return (uint8_t)(r->rest.at - r->start);
}

static uint8_t take_u8(struct reader *r)
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

static void take(struct reader *r, size_t len)
{
    if (r->rest.len < len) {
        r->overrun = true;
        len = r->rest.len;
    }
    r->rest.at += len;
    r->rest.len -= len;
}

// VP8 and VP9 have the same form: one octet, or two when the highest bit is set.
static void take_picture_id(struct reader *r, struct codec_packet *packet)
{
    packet->picture_id_at = place(r);
    uint8_t first = take_u8(r);
    packet->has_picture_id = true;
    packet->picture_id_long = first & 0x80;
    packet->picture_id = first & 0x7f;
    if (packet->picture_id_long)
        packet->picture_id = (uint16_t)(packet->picture_id << 8 | take_u8(r));
}

// --- Opus ---

// Every packet stands for itself.
static int parse_opus(struct bytes payload, struct codec_packet *packet)
{
    if (payload.len == 0)
        return ERR_MALFORMED;
    packet->frame_start = true;
    packet->key_frame = true;
    packet->layer_sync = true;
    return 0;
}

// --- VP8: RFC 7741 section 4.2 ---

static int parse_vp8(struct bytes payload, struct codec_packet *packet)
{
    struct reader r = reader_of(payload);
    uint8_t first = take_u8(&r);
    uint8_t fields = first & 0x80 ? take_u8(&r) : 0; // X: I L T K
    if (fields & 0x80)
        take_picture_id(&r, packet);
    if (fields & 0x40) {
        packet->has_tl0 = true;
        packet->tl0_at = place(&r);
        packet->tl0 = take_u8(&r);
    }
    bool depends_on_base_only = false;
    if (fields & 0x30) {
        uint8_t layer = take_u8(&r); // TID, Y, KEYIDX
        if (fields & 0x20) {
            packet->temporal = layer >> 6;
            depends_on_base_only = layer & 0x20;
        }
    }
    if (r.overrun || r.rest.len == 0)
        return ERR_MALFORMED;

    packet->descriptor_len = (uint8_t)(payload.len - r.rest.len);
    // S, and partition 0: then the VP8 frame header follows, whose lowest bit is 0 in a key
    // frame (section 4.3).
    packet->frame_start = (first & 0x17) == 0x10;
    packet->key_frame = packet->frame_start && (r.rest.at[0] & 0x01) == 0;
    packet->layer_sync = packet->temporal == 0 || depends_on_base_only;
    return 0;
}

// --- VP9: RFC 9628 section 4.2 ---

enum {
    VP9_I = 0x80, // picture id present
    VP9_P = 0x40, // inter-picture predicted
    VP9_L = 0x20, // layer indices present
    VP9_F = 0x10, // flexible mode
    VP9_B = 0x08, // start of a frame
    VP9_V = 0x02, // scalability structure present
};

// Up to three reference indices; the lowest bit says that another follows.
static int take_reference_indices(struct reader *r)
{
    for (int i = 0; i < 3; i++)
        if ((take_u8(r) & 0x01) == 0)
            return 0;
    return ERR_MALFORMED;
}

static void take_scalability_structure(struct reader *r)
{
    uint8_t first = take_u8(r);
    size_t layers = (first >> 5) + 1u;
    if (first & 0x10)
        take(r, 4 * layers); // width and height of each
    if (!(first & 0x08))
        return;
    uint8_t pictures = take_u8(r);
    for (uint8_t i = 0; i < pictures && !r->overrun; i++)
        take(r, take_u8(r) >> 2 & 3);
}

static int parse_vp9(struct bytes payload, struct codec_packet *packet)
{
    struct reader r = reader_of(payload);
    uint8_t first = take_u8(&r);
    packet->layer_sync = true;
    if (first & VP9_I)
        take_picture_id(&r, packet);
    if (first & VP9_L) {
        uint8_t layer = take_u8(&r); // TID, U, SID, D
        packet->temporal = layer >> 5;
        packet->spatial = layer >> 1 & 7;
        packet->layer_sync = packet->temporal == 0 || (layer & 0x10);
        if (!(first & VP9_F)) {
            packet->has_tl0 = true;
            packet->tl0_at = place(&r);
            packet->tl0 = take_u8(&r);
        }
    }
    // What follows is never rewritten and stays in the payload: it can be long.
    packet->descriptor_len = (uint8_t)(payload.len - r.rest.len);

    bool has_indices = (first & VP9_F) && (first & VP9_P);
    if (has_indices && take_reference_indices(&r) < 0)
        return ERR_MALFORMED;
    if (first & VP9_V)
        take_scalability_structure(&r);
    if (r.overrun || r.rest.len == 0)
        return ERR_MALFORMED;

    packet->frame_start = first & VP9_B;
    // In a key picture only the lowest spatial layer can be decoded by itself.
    packet->key_frame = !(first & VP9_P) && packet->spatial == 0;
    return 0;
}

// --- H.264: RFC 6184 section 5 ---

enum {
    NAL_SLICE = 1,
    NAL_IDR = 5,
    NAL_SPS = 7,
    NAL_PPS = 8,
    NAL_DELIMITER = 9,
    NAL_STAP_A = 24,
    NAL_FU_A = 28,
    FU_START = 0x80,
};

// `data` is what follows the NAL unit's header octet. The payload says where a frame starts
// only now and then; the timestamp tells the rest. RFC 7742 section 6.2: "WebRTC
// implementations MUST signal this information in-band", so a key frame begins with its SPS,
// and the IDR slice is not called a start: a receiver that began there could not decode it.
static void see_nal(struct codec_packet *packet, uint8_t type, struct bytes data)
{
    switch (type) {
    case NAL_SLICE:
        // first_mb_in_slice is an Exp-Golomb number: 0 is a single one bit.
        if (data.len > 0 && (data.at[0] & 0x80))
            packet->frame_start = true;
        break;
    case NAL_SPS:
        packet->frame_start = true;
        packet->key_frame = true;
        break;
    case NAL_DELIMITER:
        packet->frame_start = true;
        break;
    case NAL_IDR:
    case NAL_PPS:
        packet->key_frame = true;
        break;
    default:
        break;
    }
}

// Sizes of 16 bits, each before its NAL unit.
static int see_aggregate(struct codec_packet *packet, struct bytes rest)
{
    if (rest.len == 0)
        return ERR_MALFORMED;
    while (rest.len > 0) {
        if (rest.len < 3)
            return ERR_MALFORMED;
        size_t len = read_u16(rest.at);
        if (len == 0 || len > rest.len - 2)
            return ERR_MALFORMED;
        see_nal(packet, rest.at[2] & 0x1f, (struct bytes){rest.at + 3, len - 1});
        rest = (struct bytes){rest.at + 2 + len, rest.len - 2 - len};
    }
    return 0;
}

static int parse_h264(struct bytes payload, struct codec_packet *packet)
{
    if (payload.len == 0)
        return ERR_MALFORMED;
    packet->layer_sync = true;
    uint8_t type = payload.at[0] & 0x1f;
    struct bytes rest = {payload.at + 1, payload.len - 1};
    if (type == NAL_STAP_A)
        return see_aggregate(packet, rest);
    if (type != NAL_FU_A) {
        see_nal(packet, type, rest);
        return 0;
    }

    if (rest.len < 2) // its header, and something
        return ERR_MALFORMED;
    uint8_t fragment = rest.at[0];
    // Without a start there is no slice header; whether it is of an IDR is said all the same.
    bool is_start = fragment & FU_START;
    struct bytes data = {rest.at + 1, is_start ? rest.len - 1 : 0};
    see_nal(packet, fragment & 0x1f, data);
    packet->frame_start = packet->frame_start && is_start;
    return 0;
}

// --- AV1: "RTP Payload Format For AV1" 1.0 section 4.4 ---

enum {
    AV1_Z = 0x80, // goes on with an OBU of the packet before
    AV1_N = 0x08, // first packet of a coded video sequence
    OBU_TILE_GROUP = 4,
    OBU_EXTENSION = 0x04,
};

// The length in front of an OBU, in LEB128 of at most 8 octets (AV1 section 4.10.5).
static size_t take_leb128(struct reader *r)
{
    size_t value = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t octet = take_u8(r);
        value |= (size_t)(octet & 0x7f) << (7 * i);
        if (!(octet & 0x80))
            return value;
    }
    r->overrun = true;
    return 0;
}

static int parse_av1(struct bytes payload, struct codec_packet *packet)
{
    struct reader r = reader_of(payload);
    uint8_t aggregation = take_u8(&r);
    bool continues = aggregation & AV1_Z;
    bool starts_sequence = aggregation & AV1_N;
    uint8_t obu_count = aggregation >> 4 & 3; // 0: any number, all of them with a length
    size_t obu_len = obu_count == 1 ? r.rest.len : take_leb128(&r);
    if (r.overrun || obu_len > r.rest.len || r.rest.len == 0 || (continues && starts_sequence))
        return ERR_MALFORMED;

    packet->descriptor_len = 1;
    packet->layer_sync = true;
    if (continues || obu_len == 0)
        return 0;
    r.rest.len = obu_len;
    uint8_t header = take_u8(&r);
    if (header & OBU_EXTENSION) {
        uint8_t layer = take_u8(&r);
        packet->temporal = layer >> 5;
        packet->spatial = layer >> 3 & 3;
    }
    if (r.overrun)
        return ERR_MALFORMED;
    packet->frame_start = (header >> 3 & 0x0f) != OBU_TILE_GROUP;
    packet->key_frame = starts_sequence;
    return 0;
}

// --- All of them ---

static const struct {
    const char *name;
    uint32_t clock_rate;
    bool is_video;
    int (*parse)(struct bytes payload, struct codec_packet *packet);
} codecs[] = {
    [CODEC_NONE] = {"none", 0, false, NULL},
    [CODEC_OPUS] = {"opus", 48000, false, parse_opus},
    [CODEC_VP8] = {"VP8", 90000, true, parse_vp8},
    [CODEC_VP9] = {"VP9", 90000, true, parse_vp9},
    [CODEC_H264] = {"H264", 90000, true, parse_h264},
    [CODEC_AV1] = {"AV1", 90000, true, parse_av1},
};

const char *codec_name(enum codec c)
{
    return codecs[c].name;
}

enum codec codec_from_name(struct bytes name)
{
    for (enum codec c = CODEC_OPUS; c <= CODEC_AV1; c++)
        if (name.len == strlen(codecs[c].name) &&
            strncasecmp((const char *)name.at, codecs[c].name, name.len) == 0)
            return c;
    return CODEC_NONE;
}

uint32_t codec_clock_rate(enum codec c)
{
    return codecs[c].clock_rate;
}

bool codec_is_video(enum codec c)
{
    return codecs[c].is_video;
}

int codec_parse(enum codec c, struct bytes payload, struct codec_packet *packet)
{
    if (c == CODEC_NONE)
        return ERR_UNSUPPORTED;
    struct codec_packet parsed = {0};
    int err = codecs[c].parse(payload, &parsed);
    if (err < 0)
        return err;
    *packet = parsed;
    return 0;
}
