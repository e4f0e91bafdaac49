// Packets of a layer that came before what describes them: the first packet of a key frame was
// lost, with the structure by which all others are read (rtc/frames.h). They wait for it, as
// nobody knows what they are part of, and a receiver could not read them either.
#pragma once

#include "rtc/extension.h"
#include "rtc/rtp.h"

#include <stdbool.h>
#include <stdint.h>

struct early_packet {
    uint64_t arrived; // extended number
    struct rtp_packet packet;
    struct extension_values values;
    uint8_t *octets; // its payload and its descriptor
};

struct early; // NULL: nothing waits

// Keeps a copy. False: EARLY_PACKETS_MAX wait already.
bool early_keep(struct early **e, uint64_t arrived, const struct rtp_packet *packet,
                const struct extension_values *values, int64_t now);
// When the first one came; INT64_MAX: none waits.
int64_t early_since(const struct early *e);
// Takes one after the other, in the order in which they came; its octets are the caller's to
// free. False: there are no more.
bool early_take(struct early **e, struct early_packet *packet);
void early_forget(struct early **e);
