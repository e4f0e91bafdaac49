#include "rtc/padding.h"

#include "rtc/extension.h"
#include "rtc/negotiate.h"

#include <assert.h>

static const uint8_t padding_flag = 0x20; // P of the RTP header

static struct bytes octets_of(struct batch *b, const struct padding *padding)
{
    uint8_t *at = batch_space(b, padding->octets);
    memset(at, 0, padding->octets);
    at[padding->octets - 1] = padding->octets;
    return (struct bytes){at, padding->octets};
}

void padding_queue(struct batch *b, struct batch_path *path, const struct padding *padding)
{
    assert(padding->octets > 0 && (!padding->numbered || path->estimate));
    struct batch_shared *shared = batch_share(b);
    struct extension_values values = {.mid = padding->mid, .has_twcc = padding->numbered};
    struct writer w = writer_on(shared->head, sizeof shared->head);
    rtp_put_header(&w, &padding->header, padding->ids, &values);
    assert(!w.overflow);
    shared->head[0] |= padding_flag;
    shared->payload = octets_of(b, padding);
    shared->kind = BATCH_RTP;
    shared->urgent = false;
    shared->exact = false;
    shared->head_len = shared->clear_len = (uint8_t)w.len;
    shared->picture_id_at = shared->tl0_at = shared->frame_number_at = 0;
    shared->number_at = padding->numbered
                            ? rtp_extension_at((struct bytes){w.at, w.len}, padding->ids->twcc)
                            : 0;

    struct batch_packet *p = batch_media(b, path);
    p->ssrc = padding->header.ssrc;
    p->shared = shared;
    p->index = padding->index;
    p->timestamp = padding->header.timestamp;
    p->renumbered = false;
    p->cluster = padding->cluster;
}
