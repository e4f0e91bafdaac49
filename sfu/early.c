#include "sfu/early.h"

#include "base/limits.h"
#include "base/mem.h"

#include <string.h>

struct early {
    int64_t since;
    unsigned taken;
    unsigned count;
    struct early_packet packets[EARLY_PACKETS_MAX];
};

bool early_keep(struct early **e, uint64_t arrived, const struct rtp_packet *packet,
                const struct extension_values *values, int64_t now)
{
    if (!*e) {
        *e = mem_alloc(sizeof **e);
        (*e)->since = now;
    }
    if ((*e)->count == EARLY_PACKETS_MAX)
        return false;
    struct early_packet *kept = &(*e)->packets[(*e)->count++];
    struct bytes payload = packet->payload, descriptor = values->dependency;
    *kept = (struct early_packet){.arrived = arrived, .packet = *packet, .values = *values};
    kept->octets = mem_alloc(payload.len + descriptor.len);
    memcpy(kept->octets, payload.at, payload.len);
    memcpy(kept->octets + payload.len, descriptor.at, descriptor.len);
    kept->packet.extension = (struct bytes){0};
    kept->packet.payload.at = kept->octets;
    kept->values.dependency.at = kept->octets + payload.len;
    kept->values.mid = kept->values.rid = kept->values.repaired_rid = (struct bytes){0};
    return true;
}

int64_t early_since(const struct early *e)
{
    return e ? e->since : INT64_MAX;
}

bool early_take(struct early **e, struct early_packet *packet)
{
    if (*e && (*e)->taken < (*e)->count) {
        *packet = (*e)->packets[(*e)->taken++];
        return true;
    }
    mem_free(*e);
    *e = NULL;
    return false;
}

void early_forget(struct early **e)
{
    struct early_packet packet;
    while (early_take(e, &packet))
        mem_free(packet.octets);
}
