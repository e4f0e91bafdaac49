#include "sfu/carrier.h"

#include "rtc/negotiate.h"
#include "rtc/padding.h"
#include "sfu/pace.h"
#include "sfu/seat.h"

struct feed *carrier_find(const struct feed_list *feeds, bool numbered)
{
    for (uint32_t i = 0; i < feeds->count; i++) {
        struct feed *f = feeds->at[i];
        if (f->answer == FEED_ACCEPTED && f->stream->kind == MEDIA_VIDEO && f->rtx_ssrc &&
            (f->numbered || !numbered) && feed_line(f))
            return f;
    }
    return NULL;
}

static uint8_t payload_type_of(const struct feed *f)
{
    return f->seat
               ? f->seated_codec->rtx_payload_type
               : negotiate_rtx_payload_type(f->stream->codec.codec, f->stream->codec.profile);
}

size_t carrier_pad(struct feed *f, size_t octets, bool numbered, uint8_t cluster,
                   const struct tick *tick)
{
    const struct feed_line *line = feed_line(f);
    const struct progress *at = feed_progress(f);
    size_t sent = 0;
    while (sent < octets) {
        struct padding padding = {
            .header = {.ssrc = f->rtx_ssrc,
                       .timestamp = at ? at->timestamp + line->shift.timestamp
                                       : f->segments.tail.timestamp,
                       .payload_type = payload_type_of(f)},
            .index = f->rtx_seq++,
            .ids = f->seat ? &f->seat->extensions : &negotiate_extensions,
            .numbered = numbered,
            .octets = PADDING_MAX,
            .cluster = cluster,
        };
        if (f->seat)
            padding.mid = bytes_of(f->seat->mid);
        padding_queue(tick->out, line->path, &padding);
        sent += pace_octets(PADDING_MAX);
    }
    return sent;
}
