#include "tests/sim/uplink.h"

#include "rtc/rtcp.h"
#include "tests/sim/link.h"

#include <assert.h>

enum {
    TAG_LEN = 16,
    ALLOT_US = 200 * 1000,
    AUDIO_BPS = 50 * 1000,  // with its headers
    START_BPS = 300 * 1000, // libwebrtc's
    PROBED_FACTOR = 2,      // of all that encoders may take: more it does not look for
};

void uplink_init(struct uplink *u, int64_t now)
{
    *u = (struct uplink){.allotted_at = now};
    bwe_init(&u->bwe, START_BPS, now);
    u->bwe.probe.least = 0; // as browsers do
}

void uplink_dispose(struct uplink *u)
{
    bwe_dispose(&u->bwe);
}

void uplink_note(struct uplink *u, const struct batch *b, int64_t now)
{
    // Packets lie in the order in which they were made, whatever their path.
    for (uint32_t i = 0; i < b->packet_count; i++) {
        const struct batch_shared *p = b->packets[i].shared;
        if (p->kind != BATCH_RTP)
            continue;
        size_t len = p->head_len + p->payload.len + TAG_LEN + LINK_OVERHEAD;
        bwe_sent(&u->bwe, len, u->probing ? u->cluster.id : 0, now);
    }
}

void uplink_feedback(struct uplink *u, struct bytes compound, int64_t now)
{
    struct rtcp_cursor cursor;
    int err = rtcp_begin(&cursor, compound);
    assert(err == 0); // the server sends nothing that it would not read
    for (struct rtcp_packet packet; rtcp_next(&cursor, &packet);) {
        struct twcc_feedback feedback;
        if (packet.kind == RTCP_TWCC && twcc_parse(&feedback, packet.whole) == 0)
            bwe_feedback(&u->bwe, &feedback, now);
        if (packet.kind == RTCP_REMB)
            u->remb_bps = packet.rate_bps;
    }
}

void uplink_allot(struct uplink *u, struct source *camera, int64_t now)
{
    if (now - u->allotted_at < ALLOT_US)
        return;
    u->allotted_at = now;
    double bps = bwe_bps(&u->bwe);
    if (u->remb_bps && bps > (double)u->remb_bps)
        bps = (double)u->remb_bps;
    source_allot(camera, bps > AUDIO_BPS ? (unsigned)((bps - AUDIO_BPS) / 1000) : 0);
}

void uplink_probe(struct uplink *u, struct source *camera, int64_t now, struct batch *out)
{
    double most_bps = PROBED_FACTOR * 1000.0 * source_most(camera);
    if (u->probing == 0) {
        if (bwe_bps(&u->bwe) > most_bps || !bwe_cluster(&u->bwe, &u->cluster, 0, now))
            return;
        if (u->cluster.bps > most_bps)
            u->cluster.bps = most_bps;
        u->probing = (uint32_t)(u->cluster.octets / SOURCE_PADDING_MAX) + 1;
        if (u->probing < u->cluster.packets)
            u->probing = u->cluster.packets;
        u->credit = SOURCE_PADDING_MAX;
        u->probed_at = now;
    }
    u->credit += u->cluster.bps / 8 * (double)(now - u->probed_at) / 1e6;
    u->probed_at = now;
    for (; u->probing && u->credit >= SOURCE_PADDING_MAX; u->credit -= SOURCE_PADDING_MAX) {
        source_probe(camera, SOURCE_PADDING_MAX, now, out);
        u->probing--;
    }
}
