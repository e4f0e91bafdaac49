#include "rtc/codec.h"

#include "base/err.h"
#include "rtc/codec_parts.h"

#include <strings.h>

static const struct {
    const char *name;
    uint32_t clock_rate;
    bool is_video;
    int (*parse)(struct bytes payload, struct codec_packet *packet);
} codecs[] = {
    [CODEC_NONE] = {"none", 0, false, NULL},
    [CODEC_OPUS] = {"opus", 48000, false, codec_opus_parse},
    [CODEC_VP8] = {"VP8", 90000, true, codec_vp8_parse},
    [CODEC_VP9] = {"VP9", 90000, true, codec_vp9_parse},
    [CODEC_H264] = {"H264", 90000, true, codec_h264_parse},
    [CODEC_AV1] = {"AV1", 90000, true, codec_av1_parse},
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

void codec_read_size(enum codec c, struct bytes payload, const struct codec_packet *packet,
                     struct codec_size *size)
{
    if (c == CODEC_VP8)
        codec_vp8_read_size(payload, packet, size);
}
