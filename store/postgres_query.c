// Statements of the PostgreSQL back end, and their rows.
#include "store/postgres_state.h"

#include "base/err.h"
#include "base/mem.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// pg_type.h, which only servers have.
enum { BIGINT = 20, INTEGER = 23, TEXT = 25 };

enum { NUMBER_LEN_MAX = 24 };

static struct postgres_query *own(struct db_query *q)
{
    return (struct postgres_query *)q;
}

void postgres_prepare(struct db_query *q)
{
    snprintf(own(q)->name, sizeof own(q)->name, "q%u", ++postgres_of(q->db)->last_name);
}

static void bind(struct postgres_query *q, int at, Oid type, char *text)
{
    // The types are a part of what is prepared.
    assert(!q->types[at - 1] || q->types[at - 1] == type);
    q->types[at - 1] = type;
    q->texts[at - 1] = text;
    q->values[at - 1] = text;
    q->count = q->count > at ? q->count : at;
}

void postgres_bind_text(struct db_query *q, int at, const char *value)
{
    bind(own(q), at, TEXT, mem_text(value));
}

void postgres_bind_int(struct db_query *q, int at, int64_t value)
{
    char *text = mem_alloc(NUMBER_LEN_MAX);
    snprintf(text, NUMBER_LEN_MAX, "%" PRId64, value);
    bind(own(q), at, BIGINT, text);
}

static void queue(struct postgres *pg, struct postgres_query *q, PGresult **keep)
{
    struct link *link = &pg->link;
    bool known = q->prepared == link->generation ||
                 (q->prepared_in == link->flight + 1 && link->part_count > 0);
    if (!known) {
        link_prepare(link, q->name, q->q.sql, q->count, q->types, &q->prepared);
        q->prepared_in = link->flight + 1;
    }
    link_execute(link, q->name, q->count, q->values, keep);
}

// A statement failed. What it did is undone, when there is something to go back to.
static void recover(struct postgres *pg, int err, bool guarded, bool after_later)
{
    if (!postgres_is_writing(pg) || pg->begin_err || !link_has_failed(&pg->link))
        return;
    if (!pg->link.conn || after_later || (pg->job_wrote && !guarded)) {
        pg->job_err = err;
    } else if (guarded) {
        link_send(&pg->link, "ROLLBACK TO statement");
        link_send(&pg->link, "RELEASE statement");
    } else {
        link_send(&pg->link, "ROLLBACK TO job");
    }
}

// Why no statement can be sent now, or 0.
static int check_transaction(const struct postgres *pg)
{
    if (!pg->link.conn)
        return ERR_IO;
    if (!postgres_is_writing(pg))
        return 0;
    return pg->begin_err ? pg->begin_err : pg->job_err;
}

static int start(struct postgres *pg, struct postgres_query *q)
{
    int err = check_transaction(pg);
    if (err)
        return err;
    // Going back to the beginning of the job is as good while it has written nothing.
    bool guarded = postgres_is_writing(pg) && q->q.writes && pg->job_wrote;
    bool after_later = pg->later;
    if (guarded)
        link_send(&pg->link, "SAVEPOINT statement");
    queue(pg, q, &q->result);
    err = postgres_land(pg);
    if (err) {
        recover(pg, err, guarded, after_later);
        return err;
    }
    if (guarded)
        link_send(&pg->link, "RELEASE statement");
    pg->job_wrote |= q->q.writes;
    pg->wrote |= q->q.writes;
    q->started = true;
    q->row = -1;
    return 0;
}

int postgres_step(struct db_query *q)
{
    struct postgres_query *p = own(q);
    int err = p->started ? 0 : start(postgres_of(q->db), p);
    if (err)
        return err;
    p->row++;
    return p->result && p->row < PQntuples(p->result) ? DB_ROW : DB_DONE;
}

int postgres_run_later(struct db_query *q)
{
    struct postgres *pg = postgres_of(q->db);
    int err = check_transaction(pg);
    if (err || !postgres_is_writing(pg))
        return err ? err : postgres_step(q);
    queue(pg, own(q), NULL);
    pg->later = pg->job_wrote = pg->wrote = true;
    return 0;
}

int postgres_columns(struct db_query *q)
{
    return PQnfields(own(q)->result);
}

bool postgres_is_int(struct db_query *q, int column)
{
    Oid type = PQftype(own(q)->result, column);
    return type == BIGINT || type == INTEGER;
}

const char *postgres_text(struct db_query *q, int column)
{
    return PQgetvalue(own(q)->result, own(q)->row, column);
}

int64_t postgres_integer(struct db_query *q, int column)
{
    return strtoll(postgres_text(q, column), NULL, 10);
}

bool postgres_reset(struct db_query *q)
{
    struct postgres_query *p = own(q);
    for (int i = 0; i < p->count; i++) {
        mem_free(p->texts[i]);
        p->texts[i] = NULL;
        p->values[i] = NULL;
    }
    postgres_clear(&p->result);
    p->started = false;
    return true;
}

void postgres_discard(struct db_query *q)
{
    postgres_reset(q);
    mem_free(q);
}

// Texts are compared as octets, as in SQLite, whatever the database's own order is. An index on
// a large table takes its time.
