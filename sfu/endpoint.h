// One peer connection: its leg (sfu/leg.h), and what it is for. A person has two: one to
// publish, one to subscribe, so the two sides never offer at the same time.
#pragma once

#include "base/list.h"
#include "base/timers.h"
#include "sfu/command.h"
#include "sfu/leg.h"
#include "sfu/tick.h"

#include <stdint.h>

struct publisher;
struct subscriber;

struct endpoint {
    struct leg leg;
    enum endpoint_kind kind;
    union {
        struct publisher *publisher;
        struct subscriber *subscriber;
    };
    struct timer timer;
    struct list closed; // link in shared.closed_endpoints once it is
};

struct endpoint *endpoint_open(struct meeting *meeting, const struct command *command,
                               const struct tick *tick);
// Closes its tracks or ends its feeds, says goodbye, and moves it to shared.closed_endpoints.
void endpoint_close(struct endpoint *e, const struct tick *tick);
void endpoint_free(struct endpoint *e); // one that was closed

// A datagram that is not media of a connected transport.
void endpoint_receive(struct endpoint *e, const struct addr *from, uint8_t *datagram,
                      size_t len, int64_t arrived_at, const struct tick *tick);
// A media packet that was unprotected.
void endpoint_media(struct endpoint *e, struct bytes packet, int64_t arrived_at,
                    const struct tick *tick);

// Looks what is due, and sets the timer to the next deadline.
void endpoint_expire(struct endpoint *e, const struct tick *tick);
// The deadline may have come nearer.
void endpoint_touch(struct endpoint *e, const struct tick *tick);
