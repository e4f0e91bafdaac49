// The ways between people and router, each a link with its own rate, queue and losses; and the
// signalling between them, which is slow but loses nothing. A queue of what arrives when.
//
// A person's addresses are 10.N.*.*: all that go to 10.N share one link, all that come from
// there another. Each link has randomness of its own. OpenSSL's DTLS timers run by a real clock
// and disturb the order in which the router serves endpoints in a tick; what happens to a link
// does not depend on that, as network_send() puts a tick's trains in order.
#pragma once

#include "base/addr.h"
#include "base/batch.h"
#include "sfu/command.h"
#include "sfu/notice.h"
#include "tests/sim/link.h"
#include "tests/sim/message.h"

#include <stddef.h>
#include <stdint.h>

enum parcel_kind {
    PARCEL_TO_ROUTER,
    PARCEL_TO_CLIENT,
    PARCEL_TO_SERVER,
    PARCEL_TO_PERSON,
    PARCEL_COMMAND,
    PARCEL_NOTICE
};

struct parcel {
    int64_t at;
    uint64_t order; // of making: equal times keep it
    enum parcel_kind kind;
    struct addr from; // PARCEL_TO_ROUTER
    struct addr to;   // PARCEL_TO_CLIENT
    uint8_t *octets;
    size_t len;
    union {
        struct command command;
        struct notice notice;
        struct message message; // PARCEL_TO_SERVER, PARCEL_TO_PERSON
    };
};

enum { PEOPLE_OF_NETWORK_MAX = 256 };

struct network {
    struct link_plan plan; // of links that nobody planned
    uint64_t seed;
    struct link up[PEOPLE_OF_NETWORK_MAX];   // from 10.N to the router
    struct link down[PEOPLE_OF_NETWORK_MAX]; // and back
    bool planned[PEOPLE_OF_NETWORK_MAX];
    uint8_t
        down_of[PEOPLE_OF_NETWORK_MAX]; // whose `down` leads to a person: its own, or shared
    struct parcel **heap;
    size_t count;
    size_t cap;
    size_t most; // that ever were under way
    uint64_t made;
};

// All links are as `plan` says, but those of whom network_plan() speaks.
void network_init(struct network *n, const struct link_plan *plan, uint64_t seed);
void network_dispose(struct network *n);

// Before anything is sent there.
void network_plan(struct network *n, unsigned person, const struct link_plan *up,
                  const struct link_plan *down);

// What goes to `person` shares the link to `with`.
void network_share(struct network *n, unsigned person, unsigned with);
// The link to a person.
const struct link *network_down(const struct network *n, unsigned person);

// What was sealed: to the router from `from`, or from the router to everybody.
void network_send(struct network *n, enum parcel_kind kind, const struct addr *from,
                  struct batch *b, int64_t now);
// These are moved.
void network_command(struct network *n, const struct command *c, int64_t at);
void network_notice(struct network *n, const struct notice *notice, int64_t at);
void network_message(struct network *n, enum parcel_kind kind, const struct message *message,
                     int64_t at);

// What has arrived by `now`, in order; NULL when nothing. Then parcel_free(), after which only
// what was moved out of it lives.
struct parcel *network_next(struct network *n, int64_t now);
void parcel_free(struct parcel *e);
