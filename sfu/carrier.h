// What carries padding to a subscriber: the retransmission stream of one of its pictures, whose
// numbers are nobody's but its own.
#pragma once

#include "sfu/feed.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CARRIER_PACKET = 255 + 28 + 12 + 16 + 16 }; // octets of one packet, as sfu/pace.h counts

// NULL: none can. `numbered`: with transport-wide numbers.
struct feed *carrier_find(const struct feed_list *feeds, bool numbered);

// Sends so many octets of padding, or little more, as part of `cluster`. Returns how many.
size_t carrier_pad(struct feed *f, size_t octets, bool numbered, uint8_t cluster,
                   const struct tick *tick);
