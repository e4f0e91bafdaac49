#include "tests/sim/outflow.h"

#include "tests/sim/meeting.h"

#include <assert.h>

// In a tick the router may answer 64 datagrams with a packet for each subscriber, and repair
// what they ask for.
static uint32_t most_packets(const struct meeting_sim *m)
{
    return 64 * (m->plan->people + 20);
}

static struct outflow *find(struct outflows *flows, uint32_t ssrc)
{
    for (size_t i = 0; i < flows->count; i++)
        if (flows->list[i].ssrc == ssrc)
            return &flows->list[i];
    return NULL;
}

static void add(struct outflows *flows, uint32_t ssrc, bool video)
{
    assert(flows->count < OUTFLOWS_MAX);
    flows->list[flows->count++] = (struct outflow){.ssrc = ssrc, .video = video};
}

void outflow_note_offer(struct meeting_sim *m, const char *sdp)
{
    struct client_offered offered[SINKS_MAX];
    size_t count = client_read_offer(sdp, offered, SINKS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct outflow *flow = find(&m->outflows, offered[i].ssrc);
        if (!flow && offered[i].ssrc)
            add(&m->outflows, offered[i].ssrc, offered[i].rtx_ssrc != 0);
        if (flow && !offered[i].active)
            flow->closed = true;
    }
}

static void judge_packet(struct meeting_sim *m, const struct batch_path *path,
                         const struct batch_packet *p)
{
    if (!path->protect && !m->closing)
        meeting_fail(m, "media for a connection that is not up");
    uint32_t ssrc = p->ssrc;
    // A sum, as the order of endpoints in a tick is not part of the play.
    uint64_t hash = (ssrc ^ p->index << 32 ^ (uint64_t)m->now) * 0x9e3779b97f4a7c15u;
    m->hash += hash ^ hash >> 29;
    m->sent++;
    struct outflow *flow = find(&m->outflows, ssrc);
    if (!flow) // a retransmission stream
        return;
    if (flow->closed)
        meeting_fail(m, "a packet of a feed that is closed");
    if (flow->begun)
        return;
    flow->begun = true;
    struct mark mark;
    if (flow->video ? !mark_read(&mark, true, p->shared->payload)
                    : !mark_read_red(&mark, p->shared->payload))
        meeting_fail(m, "a stream begins with something else than media");
    else if (flow->video && !(mark.key && mark.index == 0))
        meeting_fail(m, "a video begins without a key frame");
}

void outflow_judge(struct meeting_sim *m, const struct batch *b)
{
    if (b->packet_count > m->most_packets)
        m->most_packets = b->packet_count;
    if (b->packet_count > most_packets(m))
        meeting_fail(m, "%u packets in one batch", b->packet_count);
    for (uint32_t i = 0; i < b->path_count; i++) {
        const struct batch_path *path = b->paths[i];
        for (uint32_t at = path->first; at != BATCH_END; at = b->packets[at].next)
            if (b->packets[at].shared->kind == BATCH_RTP)
                judge_packet(m, path, &b->packets[at]);
    }
}
