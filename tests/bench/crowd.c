// A room full of people who only listen and write: how does the server bear them?
//
// Starts the server beside it on loopback, makes a room for a crowd, and opens a web socket for
// each of N people, who speak the protocol as the SDK does but have no media. Then measures
//
//     join     until all are in and everybody has been told so
//     chat     from a message being sent until all others have it
//     memory   that the server needs for each of them
//     churn    the control thread's share of a core while 1 % leave and come each second
//
//     crowd [--peers N] [--seconds N] [--parlor FILE]
//
// Prints one figure a line and fails when one misses its goal. Web sockets need descriptors:
// the hard limit of open files has to be above 4 N.
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    GOAL_JOIN_MS = 20000,
    GOAL_CHAT_MS = 250,
    GOAL_PEER_BYTES = 40 * 1024,
    GOAL_CPU_PERCENT = 60,
    OPENING_AT_ONCE = 64,
    CHATS = 40,
    PING_MS = 3000,
    BUFFER = 64 * 1024,
};

enum person_state { PERSON_OUT, PERSON_OPENING, PERSON_COMING, PERSON_JOINING, PERSON_IN };

struct person {
    int fd;
    enum person_state state;
    unsigned number; // grows with each coming: the peer id
    uint8_t *in;     // octets that are no whole frame yet
    size_t in_len, in_cap;
    struct text out; // what the socket did not take
    double pinged_at;
    long counted; // the last session-info
};

static struct {
    unsigned peers, seconds;
    struct bench_server server;
    struct text app_token, room_id;
    struct person *people;
    int epoll;
    unsigned inside, opening, next_number;
    unsigned chat; // the message that is under way
    double chat_at;
    double *latencies;
    size_t latency_count;
    unsigned long long received;
    bool failed;
} b = {.peers = 2000, .seconds = 20, .server = {.name = "crowd", .parlor = "build/parlor"}};

static void make_room(void)
{
    struct text answer = {0}, template_id = {0}, body = {0}, code = {0};
    bench_post(
        &b.server, "/v2/templates",
        "{\"name\":\"crowd\",\"roles\":{\"listener\":{\"publishParams\":{\"allowed\":[]},"
        "\"subscribeParams\":{\"subscribeToRoles\":[]}}}}",
        &answer);
    bench_member(&b.server, answer.at, "id", &template_id);
    text_addf(&body, "{\"template_id\":\"%s\",\"large_room\":true,\"size\":20000}",
              template_id.at);
    text_clear(&answer);
    bench_post(&b.server, "/v2/rooms", body.at, &answer);
    bench_member(&b.server, answer.at, "id", &b.room_id);
    text_clear(&body);
    text_addf(&body, "/v2/room-codes/room/%s", b.room_id.at);
    text_clear(&answer);
    bench_post(&b.server, body.at, "", &answer);
    bench_member(&b.server, answer.at, "code", &code);
    text_clear(&body);
    text_addf(&body, "{\"code\":\"%s\",\"user_id\":\"crowd\"}", code.at);
    text_clear(&answer);
    bench_post(&b.server, "/v2/token", body.at, &answer);
    bench_member(&b.server, answer.at, "token", &b.app_token);
    text_dispose(&answer);
    text_dispose(&template_id);
    text_dispose(&body);
    text_dispose(&code);
}

// --- People ---

static void watch(struct person *p, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = p};
    if (epoll_ctl(b.epoll, how, p->fd, &e) < 0)
        bench_die(&b.server, "epoll");
}

static void flush_out(struct person *p)
{
    while (p->out.len) {
        ssize_t n = write(p->fd, p->out.at, p->out.len);
        if (n <= 0)
            break;
        memmove(p->out.at, p->out.at + n, p->out.len - (size_t)n);
        p->out.len -= (size_t)n;
    }
    watch(p, EPOLLIN | (p->out.len ? EPOLLOUT : 0), EPOLL_CTL_MOD);
}

static void say(struct person *p, const char *text)
{
    bench_add_frame(&p->out, text);
    flush_out(p);
}

static void come(struct person *p)
{
    p->number = ++b.next_number;
    p->fd = bench_connect(&b.server, false);
    if (p->fd < 0)
        bench_die(&b.server, "connect");
    p->state = PERSON_OPENING;
    p->in_len = 0;
    p->counted = 0;
    text_clear(&p->out);
    b.opening++;
    char peer[32];
    snprintf(peer, sizeof peer, "crowd-%u", p->number);
    bench_add_upgrade(&p->out, peer, b.app_token.at);
    watch(p, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
}

static void go(struct person *p)
{
    if (p->state == PERSON_IN)
        b.inside--;
    else if (p->state != PERSON_OUT)
        b.opening--;
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    p->state = PERSON_OUT;
}

static void hear_text(void *context, char *text)
{
    struct person *p = context;
    if (p->state == PERSON_COMING && strstr(text, "\"on-policy-change\"")) {
        char join[128];
        snprintf(join, sizeof join,
                 "{\"jsonrpc\":\"2.0\",\"id\":\"j\",\"method\":\"join\",\"params\":{\"name\":"
                 "\"Person %u\",\"data\":\"\"}}",
                 p->number);
        p->state = PERSON_JOINING;
        say(p, join);
    } else if (p->state == PERSON_JOINING && strstr(text, "\"id\":\"j\"")) {
        if (!strstr(text, "\"result\"")) {
            fprintf(stderr, "%.300s\n", text);
            bench_die(&b.server, "join");
        }
        p->state = PERSON_IN;
        b.inside++;
        b.opening--;
        p->pinged_at = bench_now_ms();
    } else if (strncmp(text, "{\"method\":\"session-info\"", 24) == 0) {
        const char *count = strstr(text, "\"peer_count\":");
        p->counted = count ? atol(count + 13) : 0;
    } else if (strncmp(text, "{\"method\":\"on-broadcast\"", 24) == 0) {
        const char *mark = strstr(text, "\"#");
        if (mark && (unsigned)atol(mark + 2) == b.chat)
            b.latencies[b.latency_count++] = bench_now_ms() - b.chat_at;
    } else if (strncmp(text, "{\"method\":\"on-error\"", 20) == 0) {
        fprintf(stderr, "%.300s\n", text);
        bench_die(&b.server, "refused");
    }
}

static void hear(struct person *p)
{
    for (;;) {
        if (p->in_cap - p->in_len < BUFFER / 2) {
            p->in_cap = p->in_cap ? 2 * p->in_cap : BUFFER;
            p->in = mem_resize(p->in, p->in_cap + 1);
        }
        ssize_t n = read(p->fd, p->in + p->in_len, p->in_cap - p->in_len);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            bench_die(&b.server, "a socket was lost");
        b.received += (unsigned long long)n;
        p->in_len += (size_t)n;
        size_t used = 0;
        if (p->state == PERSON_OPENING) {
            p->in[p->in_len] = 0;
            char *end = strstr((char *)p->in, "\r\n\r\n");
            if (!end)
                continue;
            if (strncmp((char *)p->in, "HTTP/1.1 101", 12) != 0)
                bench_die(&b.server, "no upgrade");
            p->state = PERSON_COMING;
            used = (size_t)((uint8_t *)end + 4 - p->in);
            memmove(p->in, p->in + used, p->in_len - used);
            p->in_len -= used;
        }
        used = bench_take_frames(&b.server, p->in, p->in_len, &p->out, hear_text, p);
        if (p->out.len)
            flush_out(p);
        memmove(p->in, p->in + used, p->in_len - used);
        p->in_len -= used;
    }
}

static void turn(int wait_ms)
{
    struct epoll_event events[256];
    int count = epoll_wait(b.epoll, events, 256, wait_ms);
    for (int i = 0; i < count; i++) {
        struct person *p = events[i].data.ptr;
        if (p->fd < 0)
            continue;
        if (events[i].events & EPOLLOUT)
            flush_out(p);
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            hear(p);
    }
    double now = bench_now_ms();
    for (unsigned i = 0; i < b.peers; i++) {
        struct person *p = &b.people[i];
        if (p->state == PERSON_IN && now - p->pinged_at > PING_MS) {
            p->pinged_at = now;
            say(p, "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\",\"params\":{"
                   "\"timestamp\":1}}");
        }
    }
}

static bool all_know(void)
{
    for (unsigned i = 0; i < b.peers; i++) {
        if (b.people[i].counted != (long)b.peers)
            return false;
    }
    return b.inside == b.peers;
}

static void figure(const char *name, double value, const char *unit, double goal)
{
    bool pass = value <= goal;
    b.failed |= !pass;
    printf("%-28s %10.1f %-8s goal %8.0f   %s\n", name, value, unit, goal,
           pass ? "PASS" : "FAIL");
    fflush(stdout);
}

// --- The four measurements ---

static void measure_join(void)
{
    long before = bench_rss_bytes(&b.server);
    double start = bench_now_ms(), told = start;
    unsigned next = 0;
    while (!all_know() && bench_now_ms() - start < 6 * GOAL_JOIN_MS) {
        while (next < b.peers && b.opening < OPENING_AT_ONCE)
            come(&b.people[next++]);
        turn(5);
        if (bench_now_ms() - told > 5000) {
            told = bench_now_ms();
            fprintf(stderr, "  %u of %u are in, %llu MB received\n", b.inside, b.peers,
                    b.received / 1000000);
        }
    }
    figure("join: all in and told", bench_now_ms() - start, "ms", GOAL_JOIN_MS);
    printf("%-28s %10.1f kB\n", "join: sent to each", (double)b.received / b.peers / 1000);
    for (double end = bench_now_ms() + 2000; bench_now_ms() < end;)
        turn(10);
    figure("memory for each", (double)(bench_rss_bytes(&b.server) - before) / b.peers, "octets",
           GOAL_PEER_BYTES);
}

static int by_size(const void *a, const void *c)
{
    double left = *(const double *)a, right = *(const double *)c;
    return left < right ? -1 : left > right;
}

static void measure_chat(void)
{
    for (unsigned i = 1; i <= CHATS; i++) {
        char text[160];
        size_t due = b.latency_count + b.peers - 1;
        snprintf(
            text, sizeof text,
            "{\"jsonrpc\":\"2.0\",\"id\":\"c\",\"method\":\"broadcast\",\"params\":{\"info\":{"
            "\"type\":\"chat\",\"message\":\"#%u\"}}}",
            i);
        b.chat = i;
        b.chat_at = bench_now_ms();
        say(&b.people[(i * 997) % b.peers], text);
        while (b.latency_count < due && bench_now_ms() - b.chat_at < 10000)
            turn(1);
        if (b.latency_count < due) {
            errno = 0;
            bench_die(&b.server, "a message did not reach everybody");
        }
        for (double end = bench_now_ms() + 50; bench_now_ms() < end;)
            turn(5);
    }
    qsort(b.latencies, b.latency_count, sizeof *b.latencies, by_size);
    printf("%-28s %10.1f ms\n", "chat: p50", b.latencies[b.latency_count / 2]);
    figure("chat: p99", b.latencies[b.latency_count * 99 / 100], "ms", GOAL_CHAT_MS);
}

static void measure_churn(void)
{
    double start = bench_now_ms(), cpu = bench_control_seconds(&b.server);
    unsigned moved = 0, at = 0;
    while (bench_now_ms() - start < b.seconds * 1000.0) {
        double due = (bench_now_ms() - start) / 1000 * b.peers / 100;
        while (moved < due && b.opening < OPENING_AT_ONCE) {
            struct person *p = &b.people[at++ % b.peers];
            if (p->state != PERSON_IN)
                continue;
            say(p, "{\"method\":\"leave\",\"params\":{\"client_reason\":\"user request\"}}");
            go(p);
            come(p);
            moved++;
        }
        turn(5);
    }
    double seconds = (bench_now_ms() - start) / 1000;
    printf("%-28s %10.1f a second\n", "churn: left and came", moved / seconds);
    figure("churn: control thread", (bench_control_seconds(&b.server) - cpu) / seconds * 100,
           "% core", GOAL_CPU_PERCENT);
}

static int read_options(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && strcmp(argv[i], "--peers") == 0)
            b.peers = (unsigned)atoi(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0)
            b.seconds = (unsigned)atoi(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--parlor") == 0)
            b.server.parlor = argv[++i];
        else
            return -1;
    }
    return b.peers >= 2 && b.seconds >= 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (read_options(argc, argv) < 0) {
        fprintf(stderr,
                "usage: crowd [--peers N] [--seconds N] [--parlor FILE]\n"
                "N people (2000) in one room, and N seconds (20) of coming and going\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    b.people = mem_alloc_array(b.peers, sizeof *b.people);
    for (unsigned i = 0; i < b.peers; i++)
        b.people[i].fd = -1;
    b.latencies = mem_alloc_array((size_t)CHATS * b.peers, sizeof *b.latencies);
    b.epoll = epoll_create1(EPOLL_CLOEXEC);
    bench_start(&b.server);
    make_room();
    measure_join();
    measure_chat();
    measure_churn();
    bench_end(&b.server);
    return b.failed ? 1 : 0;
}
