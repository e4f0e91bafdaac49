// A connection to PostgreSQL, spoken over in flights: statements are queued without waiting,
// then sent together and answered together, in one round trip. The first that fails makes the
// server skip the rest of its flight. Private to store/postgres.c.
//
// No call waits longer than `patience_ms`. Whatever happens to the connection, it is closed and
// `conn` NULL then, until link_open().
#pragma once

#include "base/text.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

enum { LINK_FLIGHT_MAX = 256 };

// What is to be done with the answer to a part of a flight.
struct link_part {
    uint32_t *prepared; // set to `generation` when it was a statement's preparation
    PGresult **keep;    // where its rows go; NULL: nowhere
    bool commits;
};

struct link {
    const char *location; // borrowed
    PGconn *conn;         // NULL: none
    int patience_ms;
    int statement_ms;    // of one statement; 0: somewhat less than the patience
    uint32_t generation; // of the connection; the first is 1
    uint64_t flight;     // its number

    struct link_part parts[LINK_FLIGHT_MAX]; // on their way
    size_t part_count;
    int err;          // why the flight will come to nothing
    uint64_t changes; // rows written, ever
    bool full;        // the last error was that the disk is full
};

// Connects within `wait_ms`. Returns 0; ERR_IO when nobody answers, ERR_UNSUPPORTED for a
// server that cannot be used. What is wrong goes to `why`, without the password.
int link_open(struct link *link, int wait_ms, struct text *why);
void link_close(struct link *link);
bool link_is_alive(struct link *link); // looks at what came by itself

void link_set_time(struct link *link); // after `statement_ms` has changed

// Queue something. When the flight is full it lands first.
void link_send(struct link *link, const char *sql);
void link_ask(struct link *link, const char *sql, PGresult **keep);
void link_commit(struct link *link); // of a transaction that has failed: ERR_IO
void link_prepare(struct link *link, const char *name, const char *sql, int count,
                  const Oid *types, uint32_t *prepared);
void link_execute(struct link *link, const char *name, int count, const char *const *values,
                  PGresult **keep);

// Waits for the answers to all that is queued. Returns 0, or the first thing that went wrong
// as a code of store/db.h.
int link_land(struct link *link);

// Several statements, told apart by ";", in one call. Lands what is queued.
int link_script(struct link *link, const char *sql);

// Whether the transaction is one in which nothing can be done any more but to undo.
bool link_has_failed(const struct link *link);
