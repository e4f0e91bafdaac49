// The bridge between people and packets: turns room events into commands for the media worker
// that the room lives on, and the worker's notices into calls of room/. Pure: no socket, no
// thread, no clock, so that simulations run both towers.
//
//     people  --- event --->  bridge_deliver()  --- command --->  worker
//     people  <--- call ---   bridge_notice()   <--- notice ----  worker
//
// A room gets a worker when its first endpoint opens (the one with the fewest endpoints), and
// keeps it until its last one is closed.
#pragma once

#include "room/rooms.h"
#include "sfu/command.h"
#include "sfu/notice.h"

#include <stddef.h>
#include <stdint.h>

// A person has two peer connections; their numbers follow from the person's.
static inline uint64_t bridge_endpoint(uint64_t peer, enum endpoint_kind kind)
{
    return peer << 1 | (kind == ENDPOINT_SUBSCRIBE);
}

static inline uint64_t bridge_peer(uint64_t endpoint)
{
    return endpoint >> 1;
}

static inline enum endpoint_kind bridge_kind(uint64_t endpoint)
{
    return endpoint & 1 ? ENDPOINT_SUBSCRIBE : ENDPOINT_PUBLISH;
}

struct bridge_command {
    size_t worker;
    struct command command; // the receiver's to command_dispose()
};

// Zero-initialised is an empty list.
struct bridge_commands {
    struct bridge_command *at;
    size_t count;
    size_t cap;
};

void bridge_commands_clear(struct bridge_commands *list);   // forgets them: they were moved on
void bridge_commands_dispose(struct bridge_commands *list); // with what is still in it

struct bridge;

struct bridge *bridge_new(struct rooms *rooms, size_t worker_count); // borrows `rooms`
void bridge_free(struct bridge *b);

void bridge_deliver(struct bridge *b, const struct event_list *events,
                    struct bridge_commands *out);

// Takes no part of `notice`. SCTP packets are not for people: the owner of the associations
// handles NOTICE_SCTP, and NOTICE_CONNECTED, beside this call.
void bridge_notice(struct bridge *b, const struct notice *notice, struct moment now,
                   struct event_list *events);

// The worker's inbox was full. What waits for an answer gets ERR_BUSY at once; nothing else
// waits for an answer. The caller disposes of the command.
void bridge_undelivered(struct bridge *b, const struct command *command, struct moment now,
                        struct event_list *events);

// Where the endpoint lives, for commands that do not come from people (COMMAND_SCTP_SEND).
// Returns 0, or ERR_NOT_FOUND when it is closed.
int bridge_find(const struct bridge *b, uint64_t endpoint, size_t *worker, uint64_t *room);
