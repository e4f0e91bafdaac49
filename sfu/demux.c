#include "sfu/demux.h"

#include <assert.h>
#include <string.h>

void demux_dispose(struct demux *d)
{
    map_dispose(&d->by_ufrag);
    map_dispose(&d->by_address);
    *d = (struct demux){0};
}

static void drop_ufrag(struct demux *d, char *ufrag)
{
    if (*ufrag)
        map_remove(&d->by_ufrag, bytes_of(ufrag));
    *ufrag = '\0';
}

void demux_set_ufrag(struct demux *d, struct demux_names *n, const char *ufrag)
{
    size_t len = strlen(ufrag);
    assert(len <= ICE_UFRAG_LEN);
    if (strcmp(n->ufrags[0], ufrag) == 0)
        return;
    // The keys of the table are these buffers: out with both before either is written.
    char before[ICE_UFRAG_LEN + 1];
    memcpy(before, n->ufrags[0], sizeof before);
    drop_ufrag(d, n->ufrags[0]);
    drop_ufrag(d, n->ufrags[1]);
    memcpy(n->ufrags[0], ufrag, len + 1);
    map_put(&d->by_ufrag, bytes_of(n->ufrags[0]), n);
    if (*before) {
        memcpy(n->ufrags[1], before, sizeof before);
        map_put(&d->by_ufrag, bytes_of(n->ufrags[1]), n);
    }
}

static void drop_addresses(struct demux *d, struct demux_names *n)
{
    for (size_t i = 0; i < n->address_count; i++) {
        struct bytes key = addr_bytes(&n->addresses[i]);
        if (map_get(&d->by_address, key) == n)
            map_remove(&d->by_address, key);
    }
    n->address_count = 0;
    d->last_names = NULL;
}

void demux_set_addresses(struct demux *d, struct demux_names *n, const struct addr *list,
                         size_t count)
{
    assert(count <= ICE_PATHS_MAX);
    drop_addresses(d, n);
    for (size_t i = 0; i < count; i++) {
        n->addresses[i] = list[i];
        // The key in the table may be another endpoint's copy: it goes before ours comes.
        struct demux_names *before = map_remove(&d->by_address, addr_bytes(&n->addresses[i]));
        if (before)
            before->contested = true;
        map_put(&d->by_address, addr_bytes(&n->addresses[i]), n);
    }
    n->address_count = count;
}

void demux_forget(struct demux *d, struct demux_names *n)
{
    drop_ufrag(d, n->ufrags[0]);
    drop_ufrag(d, n->ufrags[1]);
    drop_addresses(d, n);
}

struct endpoint *demux_by_ufrag(const struct demux *d, struct bytes ufrag)
{
    const struct demux_names *n = map_get(&d->by_ufrag, ufrag);
    return n ? n->endpoint : NULL;
}

struct endpoint *demux_by_address(struct demux *d, const struct addr *from)
{
    if (!d->last_names || !addr_equal(&d->last, from)) {
        d->last_names = map_get(&d->by_address, addr_bytes(from));
        d->last = *from;
    }
    return d->last_names ? d->last_names->endpoint : NULL;
}
