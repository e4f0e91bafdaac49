// Whose datagram is this? A STUN check names its receiver's ufrag; everything else is known by
// the address it comes from, which an authenticated check made known before.
#pragma once

#include "base/addr.h"
#include "base/map.h"
#include "rtc/ice.h"

#include <stdbool.h>
#include <stdint.h>

struct endpoint;

// What leads to one endpoint. Embedded in it.
struct demux_names {
    struct endpoint *endpoint;
    // The present ufrag and, during an ICE restart, the one before: checks of the old session
    // keep the old path alive until the new one is there.
    char ufrags[2][ICE_UFRAG_LEN + 1];
    struct addr addresses[ICE_PATHS_MAX];
    size_t address_count;
    bool contested; // another endpoint has an address that a check of this one came from
};

struct demux {
    struct map by_ufrag;
    struct map by_address;
    // Datagrams of one client come in rows.
    struct addr last;
    struct demux_names *last_names;
};

void demux_dispose(struct demux *d);

void demux_set_ufrag(struct demux *d, struct demux_names *n, const char *ufrag);
// The addresses are now these, at most ICE_PATHS_MAX. One that belonged to another endpoint is
// taken over, and that one's are `contested`.
void demux_set_addresses(struct demux *d, struct demux_names *n, const struct addr *list,
                         size_t count);
void demux_forget(struct demux *d, struct demux_names *n);

struct endpoint *demux_by_ufrag(const struct demux *d, struct bytes ufrag);  // NULL: unknown
struct endpoint *demux_by_address(struct demux *d, const struct addr *from); // NULL: unknown
