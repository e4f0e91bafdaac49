// A network with loss, delay, reordering and duplicates, all from a seed; and the signalling
// between people and router, which is slow but loses nothing. A queue of what arrives when.
//
// Each client's link has randomness of its own. OpenSSL's DTLS timers run by a real clock and
// disturb the order in which the router serves endpoints in a tick; what happens to a link
// does not depend on that.
#pragma once

#include "base/addr.h"
#include "base/rng.h"
#include "sfu/command.h"
#include "sfu/notice.h"

#include <stddef.h>
#include <stdint.h>

struct weather {
    uint32_t loss_ppm; // of media; handshakes get through, as OpenSSL's timer is a real clock
    uint32_t duplicate_ppm;
    int64_t delay_us;
    int64_t jitter_us; // uniform, so that packets overtake each other
};

enum event_kind { EVENT_TO_ROUTER, EVENT_TO_CLIENT, EVENT_COMMAND, EVENT_NOTICE };

struct event {
    int64_t at;
    uint64_t order; // of making: equal times keep it
    enum event_kind kind;
    struct addr from; // EVENT_TO_ROUTER
    struct addr to;   // EVENT_TO_CLIENT
    uint8_t *octets;
    size_t len;
    union {
        struct command command;
        struct notice notice;
    };
};

// One direction of one client's connection.
struct link {
    enum event_kind kind;
    struct addr client;
    struct rng rng;
};

enum { LINKS_MAX = 512 };

struct network {
    struct weather weather;
    uint64_t seed;
    struct link links[LINKS_MAX];
    size_t link_count;
    struct event **heap;
    size_t count;
    size_t cap;
    size_t most; // that ever were under way
    uint64_t made;
};

void network_init(struct network *n, const struct weather *weather, uint64_t seed);
void network_dispose(struct network *n);

void network_datagram(struct network *n, enum event_kind kind, const struct addr *from,
                      const struct addr *to, const uint8_t *at, size_t len, int64_t now);
void network_command(struct network *n, const struct command *c, int64_t at);    // moved
void network_notice(struct network *n, const struct notice *notice, int64_t at); // moved

// What has arrived by `now`, in order; NULL when nothing. Then event_free(), after which only
// what was moved out of it lives.
struct event *network_next(struct network *n, int64_t now);
void event_free(struct event *e);
