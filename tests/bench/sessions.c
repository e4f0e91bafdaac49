// How fast is a store that has seen many meetings? Fills the database of a server beside it, on
// SQLite, and asks over loopback, one after the other:
//
//     room       the sessions of a room that has a tenth of them
//     events     a page of the events of that room, the newest and one from the middle
//     get        GET /v2/rooms/<id>, alone and while six lists that read a whole room are
//                under way all the time
//
//     sessions [--sessions N] [--parlor FILE]
//
// Prints one figure a line and fails when one misses its goal.
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    ASKED = 200, // of each, before the slowest hundredth is left out
    SLOW_LISTS = 6,
    ROWS_PER_COMMIT = 100 * 1000,
    PEERS_PER_SESSION = 2,
    ANSWER_MAX = 1024 * 1024,
    GOAL_LIST_MS = 30,
    GOAL_GET_MS = 20,
    GOAL_GET_BEHIND_MS = 60,
};

static struct {
    long sessions;
    struct bench_server server;
    struct text room;
    char answer[ANSWER_MAX];
    bool failed;
} b = {.sessions = 1000 * 1000, .server = {.name = "sessions", .parlor = "build/parlor"}};

// --- Filling ---

static void sql(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s\n", sqlite3_errmsg(db));
        bench_die(&b.server, "SQLite");
    }
}

// `insert` for each `n` of `count`, from 1 on. Ids begin with the time, as the server's do.
static void fill(sqlite3 *db, const char *insert, long count)
{
    for (long done = 0; done < count; done += ROWS_PER_COMMIT) {
        long end = done + ROWS_PER_COMMIT < count ? done + ROWS_PER_COMMIT : count;
        struct text statement = {0};
        text_addf(
            &statement,
            "%s FROM (WITH RECURSIVE c (n) AS (VALUES (%ld) UNION ALL SELECT n + 1 FROM c "
            "WHERE n < %ld) SELECT n FROM c)",
            insert, done + 1, end);
        sql(db, statement.at);
        text_dispose(&statement);
    }
}

// The second after which the n-th session began: all of them within the last twenty days, which
// are those that events are shown of.
static void add_moment(struct text *t)
{
    long begin = (long)time(NULL) - 20 * 86400;
    text_addf(t, "(%ld + n * 1728000 / %ld)", begin, b.sessions);
}

static void fill_sessions(sqlite3 *db)
{
    struct text insert = {0};
    text_add(&insert, "INSERT INTO sessions (id, room_id, started_at, ended_at, updated_at) "
                      "SELECT printf('%08x%016x', ");
    add_moment(&insert);
    text_addf(&insert, ", n), iif(n %% 10, printf('%%024x', n %% 1000), '%s'), 1000 * ",
              b.room.at);
    add_moment(&insert);
    text_add(&insert, ", 1000 * ");
    add_moment(&insert);
    text_add(&insert, " + 60000, 1000 * ");
    add_moment(&insert);
    text_add(&insert, " + 60000");
    fill(db, insert.at, b.sessions);
    text_dispose(&insert);
    text_addf(
        &insert,
        "INSERT INTO visits (session_id, peer_id, user_id, joined_at, left_at, name, role) "
        "SELECT s.id, 'peer-' || p.n, 'user-' || p.n, s.started_at, s.ended_at, 'n', "
        "'guest' FROM sessions s, (SELECT 1 n UNION ALL SELECT %d) p",
        PEERS_PER_SESSION);
    sql(db, insert.at);
    text_dispose(&insert);
}

// Three of each ten sessions' worth, all of one room.
static void fill_events(sqlite3 *db)
{
    struct text insert = {0};
    text_add(&insert, "INSERT INTO session_events (id, uuid, session_id, room_id, peer_id, "
                      "user_id, type, is_error, at, data) SELECT printf('%08x%016x', ");
    add_moment(&insert);
    text_addf(
        &insert,
        ", n), printf('%%036x', n), printf('%%024x', n / 30), '%s', 'peer-' || (n %% 500), "
        "'user-' || (n %% 500), iif(n %% 2, 'peer.join.success', 'peer.leave.success'), 0, "
        "1000 * ",
        b.room.at);
    add_moment(&insert);
    text_add(&insert, ", '{\"event\":\"' || n || '\"}'");
    fill(db, insert.at, b.sessions * 3 / 10);
    text_dispose(&insert);
}

static void fill_store(void)
{
    char path[96];
    sqlite3 *db;
    double start = bench_now_ms();
    snprintf(path, sizeof path, "%s/parlor.db", b.server.folder);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        bench_die(&b.server, path);
    sqlite3_busy_timeout(db, 10000);
    sql(db, "PRAGMA synchronous = OFF");
    fill_sessions(db);
    fill_events(db);
    sql(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(db);
    printf("%ld sessions, %ld visits and %ld events were written in %.1f s\n", b.sessions,
           b.sessions * PEERS_PER_SESSION, b.sessions * 3 / 10,
           (bench_now_ms() - start) / 1000);
}

// --- Asking ---

static void ask(int fd, const char *path)
{
    struct text request = {0};
    text_addf(&request,
              "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", path,
              b.server.token.at);
    if (write(fd, request.at, request.len) != (ssize_t)request.len)
        bench_die(&b.server, "write");
    text_dispose(&request);
}

// The status; the whole answer is in `b.answer`.
static int hear(int fd)
{
    size_t len = 0;
    for (;;) {
        ssize_t n = read(fd, b.answer + len, ANSWER_MAX - 1 - len);
        if (n <= 0)
            bench_die(&b.server, "a connection was lost");
        len += (size_t)n;
        b.answer[len] = 0;
        const char *end = strstr(b.answer, "\r\n\r\n");
        const char *length = end ? strcasestr(b.answer, "content-length:") : NULL;
        if (length && len >= (size_t)(end + 4 - b.answer) + (size_t)atol(length + 15))
            return atoi(b.answer + sizeof "HTTP/1.1");
    }
}

static int by_size(const void *a, const void *c)
{
    double left = *(const double *)a, right = *(const double *)c;
    return left < right ? -1 : left > right;
}

static void measure(const char *name, const char *path, double goal_ms)
{
    double times[ASKED];
    int fd = bench_connect(&b.server, true);
    for (size_t i = 0; i < ASKED; i++) {
        double start = bench_now_ms();
        ask(fd, path);
        if (hear(fd) != 200) {
            fprintf(stderr, "%.300s\n", b.answer);
            bench_die(&b.server, path);
        }
        times[i] = bench_now_ms() - start;
    }
    close(fd);
    qsort(times, ASKED, sizeof *times, by_size);
    double p99 = times[ASKED * 99 / 100];
    bool pass = p99 <= goal_ms;
    b.failed |= !pass;
    printf("%-44s p50 %7.2f ms  p99 %7.2f ms  goal under %3.0f   %s\n", name, times[ASKED / 2],
           p99, goal_ms, pass ? "PASS" : "FAIL");
    fflush(stdout);
}

// A process of its own that has one of them under way all the time, until it is killed. Whether
// the list is answered or takes too long is one to it.
static pid_t start_slow_list(void)
{
    char path[160];
    pid_t pid = fork();
    if (pid)
        return pid;
    snprintf(path, sizeof path, "/v2/analytics/events?room_id=%s&beam_id=nobody", b.room.at);
    int fd = bench_connect(&b.server, true);
    for (;;) {
        ask(fd, path);
        hear(fd);
    }
}

static void measure_all(void)
{
    char path[192];
    pid_t slow[SLOW_LISTS];
    snprintf(path, sizeof path, "/v2/sessions?room_id=%s", b.room.at);
    measure("GET /v2/sessions?room_id=", path, GOAL_LIST_MS);
    snprintf(path, sizeof path, "/v2/sessions?room_id=%024x", 7);
    measure("  of a room with a thousandth", path, GOAL_LIST_MS);
    snprintf(path, sizeof path, "/v2/sessions?limit=100");
    measure("GET /v2/sessions?limit=100", path, GOAL_LIST_MS);
    snprintf(path, sizeof path, "/v2/analytics/events?room_id=%s&limit=100", b.room.at);
    measure("GET /v2/analytics/events?room_id=&limit=100", path, GOAL_LIST_MS);
    long middle = b.sessions * 3 / 20;
    snprintf(path, sizeof path, "/v2/analytics/events?room_id=%s&limit=100&start=%08lx%016lx",
             b.room.at, (long)time(NULL) - 20 * 86400 + middle * 1728000 / b.sessions, middle);
    measure("  from the middle", path, GOAL_LIST_MS);
    snprintf(path, sizeof path, "/v2/rooms/%s", b.room.at);
    measure("GET /v2/rooms/<id>", path, GOAL_GET_MS);
    for (size_t i = 0; i < SLOW_LISTS; i++)
        slow[i] = start_slow_list();
    poll(NULL, 0, 500);
    measure("  behind six lists of a whole room", path, GOAL_GET_BEHIND_MS);
    for (size_t i = 0; i < SLOW_LISTS; i++)
        kill(slow[i], SIGKILL);
}

static int read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "--sessions") == 0)
            b.sessions = atol(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--parlor") == 0)
            b.server.parlor = argv[++i];
        else
            return -1;
    }
    return b.sessions >= 1000 ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (read_options(argc, argv) < 0) {
        fprintf(stderr, "usage: sessions [--sessions N] [--parlor FILE]\n"
                        "N sessions (1000000) are in the store, and three events for ten of "
                        "them\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    bench_start(&b.server);
    struct text answer = {0};
    bench_post(&b.server, "/v2/rooms", "{\"name\":\"busy\"}", &answer);
    bench_member(&b.server, answer.at, "id", &b.room);
    fill_store();
    measure_all();
    text_dispose(&answer);
    text_dispose(&b.room);
    bench_end(&b.server);
    return b.failed ? 1 : 0;
}
