// One section of a viewer's offer, as data: what it can carry, and who is in it. Who gets which
// is sfu/seats.h.
#pragma once

#include "rtc/negotiate_watch.h"
#include "sfu/feed.h"

struct seat {
    char mid[MID_LEN_MAX + 1];
    enum media_kind kind;
    struct negotiated_codec codecs[WATCH_CODECS_MAX];
    size_t codec_count;
    struct extension_ids extensions;
    enum video_quality most; // of pictures, that the viewer wants
    uint32_t ssrc;
    uint32_t rtx_ssrc;     // 0: none
    struct feed *feed;     // NULL: nobody sits here
    struct feed_tail tail; // while nobody does
};
