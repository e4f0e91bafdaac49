// The entry to one worker's media: datagrams, commands and time go in, datagrams and notices
// come out. A worker has one router; it holds many rooms.
#pragma once

#include "base/addr.h"
#include "base/batch.h"
#include "sfu/command.h"
#include "sfu/config.h"
#include "sfu/notice.h"

#include <stddef.h>
#include <stdint.h>

// A datagram as it came in; its octets are decrypted in place.
struct router_datagram {
    struct addr from;
    uint8_t *at;
    size_t len;
    int64_t waited_us; // since it arrived, until `now`
};

struct router;

struct router *router_new(const struct router_config *config);
void router_free(struct router *r);

// All that one receive call brought. Media of connected transports is unprotected in one
// multi-buffer call.
void router_receive(struct router *r, struct router_datagram *datagrams, size_t count,
                    int64_t now, struct batch *out, struct notice_list *notices);

// Takes what the command points to. Offers to subscribers are made by router_expire(), whose
// deadline is then at once: all commands of a tick share one. What a command closes is kept
// until router_flushed(), as `out` may name it.
void router_command(struct router *r, struct command *command, int64_t now, struct batch *out,
                    struct notice_list *notices);

int64_t router_deadline(const struct router *r); // NEVER when nothing is pending
void router_expire(struct router *r, int64_t now, struct batch *out,
                   struct notice_list *notices);

// The batch was sealed and sent: what only waited for that is freed.
void router_flushed(struct router *r);

void router_get_stats(const struct router *r, struct router_stats *stats);
