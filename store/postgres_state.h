// Inside the PostgreSQL back end: what its files share. Not for others.
//
//     postgres.c           the connection, transactions, scripts
//     postgres_query.c     statements and their rows
//     postgres_location.c  URLs of databases
//     postgres_link.c      what is on its way
#pragma once

#include "store/backend.h"
#include "store/db.h"
#include "store/postgres_link.h"

struct postgres_query {
    struct db_query q; // first
    char name[16];     // on the server
    int count;         // of the parameters
    Oid types[DB_PARAMETERS_MAX];
    const char *values[DB_PARAMETERS_MAX]; // the text of each, or NULL
    char *texts[DB_PARAMETERS_MAX];        // ours
    uint32_t prepared;                     // on the connection of this generation
    uint64_t prepared_in;                  // the flight in which that is asked for
    bool started;
    PGresult *result; // NULL: it has no rows
    int row;
};

struct postgres {
    struct db db; // first
    struct link link;
    char *location;
    enum db_use use;
    unsigned last_name;
    int64_t retry_at_ms;
    int pause_ms;

    bool in_transaction;
    enum db_purpose purpose;
    PGresult *xid; // one row: its number; NULL until it has begun
    int begin_err; // why it did not
    bool wrote;    // some job did
    bool job_wrote;
    int job_err; // why there is nothing to be done with the job but to undo it
    bool later;  // statements that nobody has waited for are queued
};

static inline struct postgres *postgres_of(struct db *db)
{
    return (struct postgres *)db;
}

static inline void postgres_clear(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

static inline bool postgres_is_writing(const struct postgres *pg)
{
    return pg->in_transaction && pg->purpose == DB_WRITE;
}

// --- postgres.c ---
// Lands the flight, and keeps in mind what it means for the transaction.
int postgres_land(struct postgres *pg);

// --- postgres_location.c ---
bool postgres_owns(const char *location);

// --- postgres_query.c: see store/backend.h ---
void postgres_prepare(struct db_query *q);
void postgres_bind_text(struct db_query *q, int at, const char *value);
void postgres_bind_int(struct db_query *q, int at, int64_t value);
int postgres_step(struct db_query *q);
int postgres_run_later(struct db_query *q);
int postgres_columns(struct db_query *q);
bool postgres_is_int(struct db_query *q, int column);
const char *postgres_text(struct db_query *q, int column);
int64_t postgres_integer(struct db_query *q, int column);
bool postgres_reset(struct db_query *q);
void postgres_discard(struct db_query *q);
