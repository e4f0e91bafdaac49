// How fast is the management API? Starts the server beside it on loopback and asks over 32
// connections that stay open:
//
//     large     with 10 000 rooms: a list, a search, a page from the middle; memory
//     ceiling   the same row written by SQLite alone, one commit each, and 32 in one commit
//     reads     GET /v2/rooms/<id>
//     writes    POST /v2/rooms: each answer comes after its commit
//     call      two people talk on the same server during both: no packet may be lost
//
//     rest [--seconds N] [--rooms N] [--parlor FILE] [--database URL]
//
// Prints one figure a line and fails when one misses its goal.
#include "base/mem.h"
#include "bench.h"
#include "call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS = 32,
    ANSWER_MAX = 256 * 1024,
    SAMPLES_MAX = 1000 * 1000,
    GOAL_READS = 5000,
    GOAL_WRITES = 1500,
    GOAL_READ_P99_MS = 20,
    GOAL_LARGE_MS = 20,
    GOAL_LARGE_BYTES = 10 * 1000 * 1000,
    CEILING_COMMITS = 400,
};

struct connection {
    int fd;
    double asked_at;
    size_t len;
    char answer[ANSWER_MAX];
};

static struct {
    unsigned seconds, rooms;
    struct bench_server server;
    struct connection *connections;
    int epoll;
    double *samples;
    size_t sample_count;
    unsigned next_name;
    bool failed;
} b = {.seconds = 8, .rooms = 10000, .server = {.name = "rest", .parlor = "build/parlor"}};

static void figure(const char *name, double value, const char *unit, double goal, bool at_least)
{
    bool pass = at_least ? value >= goal : value <= goal;
    b.failed |= !pass;
    printf("%-34s %10.1f %-10s goal %s %8.0f   %s\n", name, value, unit,
           at_least ? "over " : "under", goal, pass ? "PASS" : "FAIL");
    fflush(stdout);
}

// --- Asking ---

// What the next request of a run is.
typedef void wording(struct text *request);

static const char *room_id;

static void put_head(struct text *request, const char *method, const char *path, size_t len)
{
    text_addf(request,
              "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
              "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
              method, path, b.server.token.at, len);
}

static void word_read(struct text *request)
{
    char path[64];
    snprintf(path, sizeof path, "/v2/rooms/%s", room_id);
    put_head(request, "GET", path, 0);
}

static void word_write(struct text *request)
{
    char body[64];
    int len = snprintf(body, sizeof body, "{\"name\":\"bench-%u\"}", b.next_name++);
    put_head(request, "POST", "/v2/rooms", (size_t)len);
    text_add(request, body);
}

static void ask(struct connection *c, wording *word)
{
    struct text request = {0};
    word(&request);
    c->len = 0;
    c->asked_at = bench_now_ms();
    if (write(c->fd, request.at, request.len) != (ssize_t)request.len)
        bench_die(&b.server, "write");
    text_dispose(&request);
}

// Whether the whole answer is there: its head names its length.
static bool hear(struct connection *c)
{
    ssize_t n = read(c->fd, c->answer + c->len, ANSWER_MAX - 1 - c->len);
    if (n <= 0)
        bench_die(&b.server, "a connection was lost");
    c->len += (size_t)n;
    c->answer[c->len] = 0;
    const char *end = strstr(c->answer, "\r\n\r\n");
    if (!end)
        return false;
    const char *length = strcasestr(c->answer, "content-length:");
    if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0 || !length || length > end) {
        fprintf(stderr, "%.300s\n", c->answer);
        bench_die(&b.server, "an answer");
    }
    return c->len >= (size_t)(end + 4 - c->answer) + (size_t)atol(length + 15);
}

static void open_connections(void)
{
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &b.connections[i];
        c->fd = bench_connect(&b.server, true);
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
        if (c->fd < 0 || epoll_ctl(b.epoll, EPOLL_CTL_ADD, c->fd, &e) < 0)
            bench_die(&b.server, "connect");
    }
}

// Answers a second.
static double run(wording *word, double seconds, unsigned most)
{
    double start = bench_now_ms(), end = start + seconds * 1000;
    unsigned asked = 0, open = 0;
    b.sample_count = 0;
    for (int i = 0; i < CONNECTIONS && asked < most; i++, asked++, open++)
        ask(&b.connections[i], word);
    while (open) {
        struct epoll_event events[CONNECTIONS];
        int count = epoll_wait(b.epoll, events, CONNECTIONS, 10000);
        if (count <= 0)
            bench_die(&b.server, "no answer for 10 s");
        double now = bench_now_ms();
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (!hear(c))
                continue;
            if (b.sample_count < SAMPLES_MAX)
                b.samples[b.sample_count++] = now - c->asked_at;
            open--;
            if (now < end && asked < most) {
                ask(c, word);
                asked++;
                open++;
            }
        }
    }
    return (double)b.sample_count / ((bench_now_ms() - start) / 1000);
}

static int by_size(const void *a, const void *c)
{
    double left = *(const double *)a, right = *(const double *)c;
    return left < right ? -1 : left > right;
}

static double percentile(unsigned percent)
{
    qsort(b.samples, b.sample_count, sizeof *b.samples, by_size);
    return b.samples[b.sample_count * percent / 100];
}

// --- The machine's own measure ---

static void sql(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s\n", sqlite3_errmsg(db));
        bench_die(&b.server, "SQLite");
    }
}

// Rows a second, `rows` of them in each commit.
static double ceiling(sqlite3 *db, unsigned rows)
{
    char text[256];
    double start = bench_now_ms();
    for (unsigned i = 0; i < CEILING_COMMITS; i++) {
        sql(db, "BEGIN");
        for (unsigned k = 0; k < rows; k++) {
            snprintf(text, sizeof text,
                     "INSERT INTO rooms VALUES ('%08x%08x%08x', 'bench-%u-%u', 'bench-%u-%u', "
                     "1, '', '', 0)",
                     rows, i, k, i, k, rows * 1000000 + i, k);
            sql(db, text);
        }
        sql(db, "COMMIT");
    }
    return CEILING_COMMITS * rows / ((bench_now_ms() - start) / 1000);
}

static void measure_ceiling(void)
{
    char path[96];
    sqlite3 *db;
    snprintf(path, sizeof path, "%s/ceiling.db", b.server.folder);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        bench_die(&b.server, path);
    sql(db, "PRAGMA journal_mode = WAL");
    sql(db, "PRAGMA synchronous = FULL");
    sql(db, "CREATE TABLE rooms (id TEXT PRIMARY KEY, name TEXT, name_key TEXT UNIQUE, enabled "
            "INT, a TEXT, b TEXT, c INT)");
    printf("%-34s %10.1f rows/s\n", "SQLite alone, a commit each", ceiling(db, 1));
    printf("%-34s %10.1f rows/s\n", "SQLite alone, 32 in a commit", ceiling(db, CONNECTIONS));
    sqlite3_close(db);
}

// --- Many rooms ---

static const char *large_path;

static void word_large(struct text *request)
{
    put_head(request, "GET", large_path, 0);
}

static void measure_large(void)
{
    struct text answer = {0}, middle = {0};
    long before = bench_rss_bytes(&b.server);
    run(word_write, 600, b.rooms);
    long grown = bench_rss_bytes(&b.server) - before;
    bench_post(&b.server, "/v2/rooms", "{\"name\":\"in-the-middle\"}", &answer);
    bench_member(&b.server, answer.at, "id", &middle);
    run(word_write, 600, 100);
    char page[96];
    snprintf(page, sizeof page, "/v2/rooms?limit=100&start=%s", middle.at);
    const struct {
        const char *name, *path;
    } asks[] = {
        {"10 000 rooms: a list of 100, p99", "/v2/rooms?limit=100"},
        {"10 000 rooms: a search, p99", "/v2/rooms?name=BENCH-17"},
        {"10 000 rooms: a later page, p99", page},
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        large_path = asks[i].path;
        // One after the other: what a person waits for.
        double most[200];
        for (size_t k = 0; k < 200; k++) {
            run(word_large, 60, 1);
            most[k] = b.samples[0];
        }
        qsort(most, 200, sizeof *most, by_size);
        figure(asks[i].name, most[198], "ms", GOAL_LARGE_MS, false);
    }
    figure("10 000 rooms: memory grew by", (double)grown / 1e6, "MB", GOAL_LARGE_BYTES / 1e6,
           false);
    text_dispose(&answer);
    text_dispose(&middle);
}

static void judge_call(struct call_count count)
{
    printf("%-34s %10lu packets\n", "the call meanwhile: sent", count.sent);
    figure("  lost on the way", (double)count.sent - (double)count.received, "packets", 0,
           false);
    printf("%-34s %10lu packets\n", "  sent again", count.repaired);
    printf("%-34s %10.1f ms\n", "  the longest way", count.latest_ms);
}

static int read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0)
            b.seconds = (unsigned)atoi(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--rooms") == 0)
            b.rooms = (unsigned)atoi(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--parlor") == 0)
            b.server.parlor = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--database") == 0)
            b.server.database = argv[++i];
        else
            return -1;
    }
    return b.seconds >= 1 && b.rooms >= 100 ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (read_options(argc, argv) < 0) {
        fprintf(stderr,
                "usage: rest [--seconds N] [--rooms N] [--parlor FILE] [--database URL]\n"
                "N seconds (8) of reading and of writing, and N rooms (10000); on SQLite, "
                "or on the empty\nPostgreSQL database of the URL\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    b.connections = mem_alloc_array(CONNECTIONS, sizeof *b.connections);
    b.samples = mem_alloc_array(SAMPLES_MAX, sizeof *b.samples);
    bench_start(&b.server);
    struct text answer = {0}, id = {0};
    bench_post(&b.server, "/v2/rooms", "{}", &answer);
    bench_member(&b.server, answer.at, "id", &id);
    room_id = id.at;
    open_connections();
    measure_large(); // first: what the loads below leave behind would hide its memory
    measure_ceiling();
    struct call call;
    call_start(&call, &b.server);
    double reads = run(word_read, b.seconds, UINT32_MAX);
    figure("GET /v2/rooms/<id>", reads, "a second", GOAL_READS, true);
    printf("%-34s %10.1f ms\n", "  p50", percentile(50));
    figure("  p99", percentile(99), "ms", GOAL_READ_P99_MS, false);
    double writes = run(word_write, b.seconds, UINT32_MAX);
    figure("POST /v2/rooms, durable", writes, "a second", GOAL_WRITES, true);
    printf("%-34s %10.1f ms\n", "  p50", percentile(50));
    printf("%-34s %10.1f ms\n", "  p99", percentile(99));
    judge_call(call_end(&call));
    text_dispose(&answer);
    text_dispose(&id);
    bench_end(&b.server);
    return b.failed ? 1 : 0;
}
