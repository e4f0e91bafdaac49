#include "sfu/layer.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/moment.h"
#include "rtc/rtcp.h"
#include "sfu/gap.h"

#include <assert.h>

enum { KEY_FRAME_INTERVAL_US = KEY_FRAME_REQUEST_INTERVAL_MS * 1000 };

void layer_reset(struct layer *l)
{
    l->seq = (struct seq){0};
    l->skipped_count = 0;
    l->floor = 0;
    l->report = (struct report_receiver){0};
    l->nack = (struct nack){.rtt_us = l->nack.rtt_us, // the way is the same
                            .rtt_is_guess = l->nack.rtt_is_guess};
    l->ask_at = NEVER;
    l->asked_at = INT64_MIN / 2;
    layer_dispose(l);
}

void layer_dispose(struct layer *l)
{
    mem_free(l->frames);
    l->frames = NULL;
    early_forget(&l->early);
    mem_free(l->rebuild);
    l->rebuild = NULL;
}

int layer_read(struct layer *l, enum codec codec, const struct rtp_packet *packet,
               const struct extension_values *values, struct codec_packet *info)
{
    int err = codec_parse(codec, packet->payload, info);
    if (err < 0 || codec != CODEC_AV1)
        return err;
    // The payload tells layers in the first packet of a frame only. Of what no descriptor tells
    // them, nothing can be left out.
    info->spatial = info->temporal = 0;
    if (values->dependency.len == 0)
        return 0;
    if (!l->frames)
        l->frames = mem_alloc(sizeof *l->frames);
    return frames_read(l->frames, values->dependency, info);
}

// --- Numbers ---

uint64_t layer_arrive(struct layer *l, const struct rtp_packet *packet, enum layer_way way,
                      uint32_t clock_rate, uint64_t newest, int64_t arrived_at)
{
    if (way != LAYER_SENT && l->seq.highest == 0)
        return 0; // repairs a stream that never began
    uint64_t arrived = seq_extend(&l->seq, packet->seq);
    if (l->report.base_seq == 0)
        l->floor = newest;
    // Answers are retransmissions, where the publisher has a stream for these.
    if (way == LAYER_REBUILT || (way == LAYER_SENT && l->rtx_ssrc))
        nack_unasked(&l->nack, arrived);
    if (way == LAYER_SENT)
        report_received(&l->report, arrived, packet->timestamp, clock_rate, packet->payload.len,
                        arrived_at);
    return arrived;
}

static uint64_t length(const struct skipped *run)
{
    return run->last - run->first + 1;
}

void layer_skip(struct layer *l, uint64_t arrived)
{
    assert(arrived == l->seq.highest); // so `skipped` is in order
    struct skipped *last =
        l->skipped_count ? &l->skipped[(l->skipped_count - 1) % SKIPPED_MAX] : NULL;
    if (last && last->last + 1 == arrived) {
        last->last = arrived;
        return;
    }
    uint64_t before = last ? last->before + length(last) : 0;
    l->skipped[l->skipped_count++ % SKIPPED_MAX] =
        (struct skipped){.first = arrived, .last = arrived, .before = before};
}

// How many numbers before `arrived` were skipped; false: that is forgotten, or it was itself.
static bool count_skipped(const struct layer *l, uint64_t arrived, uint64_t *before)
{
    *before = 0;
    for (uint64_t place = l->skipped_count; place > 0; place--) {
        if (l->skipped_count - place == SKIPPED_MAX)
            return false;
        const struct skipped *run = &l->skipped[(place - 1) % SKIPPED_MAX];
        if (run->first > arrived)
            continue;
        *before = run->before + length(run);
        return arrived > run->last;
    }
    return true;
}

// Those of the first packet's SSRC begin behind all that were given before; there is room for
// what it overtook, and no more.
uint64_t layer_dense(const struct layer *l, uint64_t arrived)
{
    uint64_t skipped;
    if (!count_skipped(l, arrived, &skipped))
        return 0;
    uint64_t number = LAYER_RESTART_GAP + 1 + arrived - skipped;
    return number > l->report.base_seq ? l->floor + number - l->report.base_seq : 0;
}

// --- Requests ---

void layer_want_key_frame(struct layer *l, int64_t now)
{
    int64_t allowed_at = l->asked_at + KEY_FRAME_INTERVAL_US;
    int64_t at = allowed_at > now ? allowed_at : now;
    if (at < l->ask_at)
        l->ask_at = at;
}

int64_t layer_deadline(const struct layer *l)
{
    int64_t nack_at = l->nack.count ? nack_deadline(&l->nack) : NEVER;
    return nack_at < l->ask_at ? nack_at : l->ask_at;
}

// Whether a key frame must make up for what will not come.
static bool is_missed(const struct layer *l, const struct history *history,
                      const struct nack_lost *lost)
{
    for (size_t i = 0; i < lost->count; i++) {
        uint64_t dense = layer_dense(l, lost->seqs[i]);
        if (!history || dense == 0 || !gap_heals(history, dense))
            return true;
    }
    return false;
}

static bool put_missing(struct layer *l, const struct history *history, uint32_t own_ssrc,
                        int64_t now, struct writer *w)
{
    uint16_t seqs[NACK_MISSING_MAX];
    struct nack_lost lost;
    size_t count = nack_due(&l->nack, now, seqs, &lost);
    l->packets_asked += (uint32_t)count;
    if (count)
        rtcp_put_nack(w, own_ssrc, l->ssrc, seqs, count);
    if (l->ask_at > l->asked_at + KEY_FRAME_INTERVAL_US && is_missed(l, history, &lost))
        l->ask_at = l->asked_at + KEY_FRAME_INTERVAL_US;
    return count > 0;
}

bool layer_put_request(struct layer *l, const struct history *history, bool muted, bool awaited,
                       uint32_t own_ssrc, int64_t now, struct writer *w)
{
    if (l->nack.count && nack_deadline(&l->nack) <= now &&
        put_missing(l, history, own_ssrc, now, w))
        return true;
    if (l->ask_at > now)
        return false;
    // Without a SSRC there is nothing to name yet; a muted camera sends nothing worth it.
    bool asks = l->ssrc && !muted;
    if (asks) {
        rtcp_put_pli(w, own_ssrc, l->ssrc);
        l->asked_at = now;
        l->keys_asked++;
    }
    // The request or the key frame's first packet may get lost: again, while somebody waits.
    l->ask_at = !muted && awaited ? now + KEY_FRAME_INTERVAL_US : NEVER;
    return asks;
}
