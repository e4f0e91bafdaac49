#include "store/postgres_link.h"

#include "base/err.h"
#include "base/log.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// pg_current_xact_id() came with 13.
enum { SERVER_VERSION_MIN = 130000 };

enum { READS_MAX = 8, SCRIPT_PATIENCE_MS = 3600 * 1000 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// --- What the server says ---

static bool is_class(const char *state, const char *class)
{
    return strncmp(state, class, strlen(class)) == 0;
}

// SQLSTATE, PostgreSQL's appendix A, as a code of store/db.h.
static int err_of(struct link *link, const char *state)
{
    link->full = is_class(state, "53100");
    if (is_class(state, "23505"))
        return ERR_EXISTS;
    if (is_class(state, "23"))
        return ERR_REFUSED;
    if (link->full)
        return ERR_FULL;
    if (is_class(state, "25006"))
        return ERR_WRONG_STATE;
    if (is_class(state, "57014"))
        return ERR_TOO_LONG;
    if (is_class(state, "55P03") || is_class(state, "40"))
        return ERR_BUSY;
    // A value that is not one of its type, as a text that is no UTF-8; or too long for an
    // index.
    if (is_class(state, "22") || is_class(state, "54000"))
        return ERR_MALFORMED;
    return ERR_IO;
}

// The first line of what libpq says.
static void add_reason(struct text *t, const char *said)
{
    text_add_escaped(t, (struct bytes){(const uint8_t *)said, strcspn(said, "\n")});
}

static void note_error(struct link *link, const PGresult *r)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    int err = err_of(link, state ? state : "");
    if (!link->err)
        link->err = err;
    // What comes behind an error, in a transaction that has failed, is not news.
    bool follows = state && is_class(state, "25P02");
    if ((err != ERR_IO && err != ERR_MALFORMED) || follows)
        return;
    struct text reason = {0};
    add_reason(&reason, message ? message : PQresultErrorMessage(r));
    log_error("store", "database: %s (%s)", reason.at ? reason.at : "", state ? state : "lost");
    text_dispose(&reason);
}

// --- Waiting ---

static bool wait_for(PGconn *conn, short events, int64_t deadline_ms)
{
    struct pollfd wait = {.fd = PQsocket(conn), .events = events};
    int64_t left = deadline_ms - now_ms();
    return wait.fd >= 0 && left > 0 && poll(&wait, 1, (int)left) > 0;
}

// Sends what is in libpq's buffer and reads until there is a result, both at once: a server
// that cannot get rid of its answers would not take more statements.
static bool wait_for_result(struct link *link, int64_t deadline_ms)
{
    for (;;) {
        int unsent = PQflush(link->conn);
        if (unsent < 0)
            return false;
        if (!unsent && !PQisBusy(link->conn))
            return true;
        short events = unsent ? POLLIN | POLLOUT : POLLIN;
        if (!wait_for(link->conn, events, deadline_ms) || !PQconsumeInput(link->conn))
            return false;
    }
}

void link_close(struct link *link)
{
    PQfinish(link->conn);
    link->conn = NULL;
    link->part_count = 0;
}

static int lose(struct link *link)
{
    struct text reason = {0};
    add_reason(&reason, PQerrorMessage(link->conn));
    log_error("store", "the connection to the database is lost: %s",
              reason.at ? reason.at : "it does not answer");
    text_dispose(&reason);
    link_close(link);
    link->err = 0;
    return ERR_IO;
}

// --- Opening ---

static bool wait_for_connection(struct link *link, int64_t deadline_ms)
{
    for (;;) {
        switch (PQconnectPoll(link->conn)) {
        case PGRES_POLLING_OK:
            return true;
        case PGRES_POLLING_READING:
            if (!wait_for(link->conn, POLLIN, deadline_ms))
                return false;
            break;
        case PGRES_POLLING_WRITING:
            if (!wait_for(link->conn, POLLOUT, deadline_ms))
                return false;
            break;
        default:
            return false;
        }
    }
}

static int check_server(struct link *link, struct text *why)
{
    const char *encoding = PQparameterStatus(link->conn, "server_encoding");
    if (PQserverVersion(link->conn) < SERVER_VERSION_MIN) {
        text_addf(why, "PostgreSQL %d is too old: 13 or later is needed",
                  PQserverVersion(link->conn) / 10000);
        return ERR_UNSUPPORTED;
    }
    if (!encoding || strcmp(encoding, "UTF8") != 0) {
        text_addf(why, "the database holds %.20s: create it with ENCODING 'UTF8'",
                  encoding ? encoding : "unknown text");
        return ERR_UNSUPPORTED;
    }
    return 0;
}

// What waits too long is given up there before it is given up here.
void link_set_time(struct link *link)
{
    char timeout[96];
    snprintf(timeout, sizeof timeout, "SELECT set_config('statement_timeout', '%d', false)",
             link->statement_ms ? link->statement_ms : link->patience_ms - 500);
    link_send(link, timeout);
}

// A commit is durable whatever the server's default is; a stronger setting stays.
static int apply_settings(struct link *link)
{
    link_set_time(link);
    link_send(link, "SELECT set_config('synchronous_commit', 'on', false) WHERE "
                    "current_setting('synchronous_commit') IN ('off', 'local', "
                    "'remote_write')");
    link_send(link, "SELECT set_config('lock_timeout', '5s', false), "
                    "set_config('idle_in_transaction_session_timeout', '60s', false), "
                    "set_config('default_transaction_isolation', 'read committed', false)");
    return link_land(link);
}

static int connect_within(struct link *link, int wait_ms, struct text *why)
{
    int64_t deadline_ms = now_ms() + wait_ms;
    // Those before the location can be set by it, those behind it cannot.
    static const char *const names[] = {"fallback_application_name",
                                        "target_session_attrs",
                                        "keepalives_idle",
                                        "keepalives_interval",
                                        "keepalives_count",
                                        "tcp_user_timeout",
                                        "dbname",
                                        "client_encoding",
                                        NULL};
    const char *const values[] = {"parlor", "read-write",   "10",   "5", "3",
                                  "10000",  link->location, "UTF8", NULL};
    link->conn = PQconnectStartParams(names, values, 1);
    if (!wait_for_connection(link, deadline_ms)) {
        // Of a server that is waited for libpq has said where it is, and no more.
        add_reason(why, PQerrorMessage(link->conn));
        if (PQstatus(link->conn) != CONNECTION_BAD && now_ms() >= deadline_ms)
            text_addf(why, "%sit does not answer within %d ms", why->len ? " " : "", wait_ms);
        return ERR_IO;
    }
    return check_server(link, why);
}

// What the server says beside its answers: libpq would print it.
static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context, (void)notice;
}

int link_open(struct link *link, int wait_ms, struct text *why)
{
    int err = connect_within(link, wait_ms, why);
    if (!err) {
        PQsetNoticeReceiver(link->conn, ignore_notice, NULL);
        link->generation++;
        link->err = 0;
        PQsetnonblocking(link->conn, 1);
        PQenterPipelineMode(link->conn);
        err = apply_settings(link);
        if (err)
            text_add(why, "it does not take the settings");
    }
    if (err && link->conn)
        link_close(link);
    return err;
}

// A server that ends says so, and then closes.
bool link_is_alive(struct link *link)
{
    if (!link->conn)
        return false;
    struct pollfd look = {.fd = PQsocket(link->conn), .events = POLLIN};
    for (int i = 0; i < READS_MAX && poll(&look, 1, 0) > 0; i++) {
        if (!PQconsumeInput(link->conn) || PQstatus(link->conn) != CONNECTION_OK) {
            lose(link);
            return false;
        }
    }
    return true;
}

// --- Flights ---

// Whether there is a flight to add to; a full one lands first.
static bool board(struct link *link)
{
    if (link->part_count == LINK_FLIGHT_MAX) {
        int err = link_land(link);
        link->err = link->err ? link->err : err;
    }
    return link->conn;
}

static void add_part(struct link *link, int sent, struct link_part part)
{
    if (sent)
        link->parts[link->part_count++] = part;
    else if (!link->err)
        link->err = ERR_IO; // the connection is gone: landing will find out
}

static void send_literal(struct link *link, const char *sql, struct link_part part)
{
    if (board(link))
        add_part(link, PQsendQueryParams(link->conn, sql, 0, NULL, NULL, NULL, NULL, 0), part);
}

void link_ask(struct link *link, const char *sql, PGresult **keep)
{
    send_literal(link, sql, (struct link_part){.keep = keep});
}

void link_send(struct link *link, const char *sql)
{
    send_literal(link, sql, (struct link_part){0});
}

void link_commit(struct link *link)
{
    send_literal(link, "COMMIT", (struct link_part){.commits = true});
}

void link_prepare(struct link *link, const char *name, const char *sql, int count,
                  const Oid *types, uint32_t *prepared)
{
    if (board(link))
        add_part(link, PQsendPrepare(link->conn, name, sql, count, types),
                 (struct link_part){.prepared = prepared});
}

void link_execute(struct link *link, const char *name, int count, const char *const *values,
                  PGresult **keep)
{
    if (board(link))
        add_part(link, PQsendQueryPrepared(link->conn, name, count, values, NULL, NULL, 0),
                 (struct link_part){.keep = keep});
}

static void take_result(struct link *link, const struct link_part *part, PGresult *r)
{
    switch (PQresultStatus(r)) {
    case PGRES_COMMAND_OK:
        link->changes += strtoull(PQcmdTuples(r), NULL, 10);
        if (part->prepared)
            *part->prepared = link->generation;
        // The end of a transaction that had failed is its undoing.
        if (part->commits && strcmp(PQcmdStatus(r), "COMMIT") != 0 && !link->err)
            link->err = ERR_IO;
        break;
    case PGRES_TUPLES_OK:
        if (part->keep) {
            PQclear(*part->keep);
            *part->keep = r;
            return;
        }
        break;
    case PGRES_PIPELINE_ABORTED:
        break;
    default:
        note_error(link, r);
    }
    PQclear(r);
}

// Whether all answers came.
static bool hear(struct link *link)
{
    int64_t deadline_ms = now_ms() + link->patience_ms;
    size_t at = 0;
    while (wait_for_result(link, deadline_ms)) {
        PGresult *r = PQgetResult(link->conn);
        if (r && PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            return PQstatus(link->conn) == CONNECTION_OK;
        }
        if (PQstatus(link->conn) != CONNECTION_OK || at == link->part_count) {
            PQclear(r);
            return false;
        }
        if (r)
            take_result(link, &link->parts[at], r);
        else
            at++; // that was all of it
    }
    return false;
}

int link_land(struct link *link)
{
    if (!link->conn)
        return ERR_IO;
    link->flight++;
    if (link->part_count && (!PQpipelineSync(link->conn) || !hear(link)))
        return lose(link);
    int err = link->err;
    link->err = 0;
    link->part_count = 0;
    return err;
}

int link_script(struct link *link, const char *sql)
{
    int err = link_land(link);
    if (err)
        return err;
    int64_t deadline_ms = now_ms() + SCRIPT_PATIENCE_MS;
    if (!PQexitPipelineMode(link->conn) || !PQsendQuery(link->conn, sql))
        return lose(link);
    for (;;) {
        if (!wait_for_result(link, deadline_ms))
            return lose(link);
        PGresult *r = PQgetResult(link->conn);
        if (!r)
            break;
        take_result(link, &(struct link_part){0}, r);
    }
    if (PQstatus(link->conn) != CONNECTION_OK || !PQenterPipelineMode(link->conn))
        return lose(link);
    err = link->err;
    link->err = 0;
    return err;
}

bool link_has_failed(const struct link *link)
{
    return !link->conn || PQtransactionStatus(link->conn) == PQTRANS_INERROR;
}
