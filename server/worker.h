// A media worker: a thread with one UDP port and one router. docs/architecture.md, "Life of a
// packet".
#pragma once

#include "base/addr.h"
#include "base/histogram.h"
#include "net/inbox.h"
#include "net/udp.h"
#include "rtc/dtls.h"
#include "sfu/command.h"
#include "sfu/router.h"

#include <stddef.h>
#include <stdint.h>

struct worker_config {
    uint8_t number;
    struct addr listen;                   // its UDP port
    const struct addr *candidates;        // addresses that clients are told; the port is ours
    size_t candidate_count;               //
    const struct dtls_identity *identity; // borrowed, shared by all workers
    struct inbox *notices;                // borrowed: struct notice, of all workers
    struct inbox *counters; // borrowed: struct worker_counters, of all workers; NULL: untold
};

// How a worker's turns went: counts of 64 bits and nothing else.
struct worker_stats {
    struct histogram took_us;      // from when something is there until all of it is sent
    struct histogram reads, sends; // packets that one call brought, and that one flush sent
};

// What a worker has counted since it began. It tells them about once a second, while they
// change; the last it tells are the latest.
struct worker_counters {
    uint8_t worker;
    struct udp_stats socket;
    struct router_stats router;
    struct worker_stats turns;
};

extern const struct histogram_bounds worker_batches, worker_turns_us;

struct worker;

// NULL when the port is not to be had; the reason is logged.
struct worker *worker_new(const struct worker_config *config);
// Ends the thread.
void worker_free(struct worker *w);

// Moves `command` to the worker. Offers, SCTP packets and questions, which can be refused or
// repeated, are not taken when its inbox is full: false, and the command is still the caller's.
// All else is told once only (a feed that opens, a mute), and is taken beyond the bound too.
bool worker_put(struct worker *w, const struct command *command);

// The same to an inbox.
bool worker_post(struct inbox *commands, const struct command *command);

// Clients are told other addresses from now on; the port is ours.
void worker_set_candidates(struct worker *w, const struct addr *list, size_t count);

const char *worker_cipher(const struct worker *w); // which SRTP back end it chose
