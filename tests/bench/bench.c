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
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double bench_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void bench_end(struct bench_server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGTERM);
        waitpid(s->pid, NULL, 0);
        s->pid = 0;
    }
    char command[128];
    if (s->folder[0] && snprintf(command, sizeof command, "rm -rf '%s'", s->folder) > 0 &&
        system(command) != 0)
        fprintf(stderr, "%s: %s is left\n", s->name, s->folder);
    s->folder[0] = 0;
}

_Noreturn void bench_die(struct bench_server *s, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", s->name, what, strerror(errno));
    bench_end(s);
    exit(1);
}

int bench_connect(struct bench_server *s, bool blocking)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)s->port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int one = 1;
    if (fd < 0)
        bench_die(s, "socket");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (!blocking)
        fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static void write_out(struct bench_server *s, int fd, const void *at, size_t len)
{
    for (const char *p = at; len > 0;) {
        ssize_t n = write(fd, p, len);
        if (n < 0)
            bench_die(s, "write");
        p += n;
        len -= (size_t)n;
    }
}

void bench_post(struct bench_server *s, const char *path, const char *body, struct text *answer)
{
    char buffer[4096];
    struct text head = {0};
    int fd = bench_connect(s, true);
    if (fd < 0)
        bench_die(s, "connect");
    text_addf(
        &head,
        "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
        path, s->token.at ? s->token.at : "", strlen(body));
    write_out(s, fd, head.at, head.len);
    write_out(s, fd, body, strlen(body));
    struct text all = {0};
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;)
        text_add_bytes(&all, (struct bytes){(uint8_t *)buffer, (size_t)n});
    close(fd);
    const char *start = all.at ? strstr(all.at, "\r\n\r\n") : NULL;
    if (!start || strncmp(all.at, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "%s\n", all.at ? all.at : "no answer");
        bench_die(s, path);
    }
    text_add(answer, start + 4);
    text_dispose(&all);
    text_dispose(&head);
}

void bench_member(struct bench_server *s, const char *json, const char *key, struct text *value)
{
    char pattern[64];
    snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
    const char *at = strstr(json, pattern);
    if (!at)
        bench_die(s, key);
    at += strlen(pattern);
    text_add_bytes(value, (struct bytes){(const uint8_t *)at, strcspn(at, "\"")});
}

void bench_login(struct bench_server *s, const char *room_id, const char *role,
                 struct text *token)
{
    struct text path = {0}, answer = {0}, code = {0}, body = {0};
    text_addf(&path, "/v2/room-codes/room/%s/role/%s", room_id, role);
    bench_post(s, path.at, "", &answer);
    bench_member(s, answer.at, "code", &code);
    text_addf(&body, "{\"code\":\"%s\",\"user_id\":\"%s\"}", code.at, role);
    text_clear(&answer);
    bench_post(s, "/v2/token", body.at, &answer);
    bench_member(s, answer.at, "token", token);
    text_dispose(&path);
    text_dispose(&answer);
    text_dispose(&code);
    text_dispose(&body);
}

// --- Web sockets ---

void bench_add_upgrade(struct text *out, const char *peer, const char *token)
{
    text_addf(out,
              "GET /ws?peer=%s&token=%s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
              peer, token);
}

// Masked with zeros: the mask is there, the text stays.
static void add_frame(struct text *out, uint8_t kind, const char *message)
{
    size_t len = strlen(message), head_len = 2;
    uint8_t head[10] = {kind};
    if (len < 126) {
        head[1] = (uint8_t)(0x80 | len);
    } else if (len < 65536) {
        head[1] = 0x80 | 126;
        write_u16(head + 2, (uint16_t)len);
        head_len = 4;
    } else {
        head[1] = 0x80 | 127;
        write_u32(head + 6, (uint32_t)len);
        head_len = 10;
    }
    static const uint8_t mask[4];
    text_add_bytes(out, (struct bytes){head, head_len});
    text_add_bytes(out, (struct bytes){mask, sizeof mask});
    text_add(out, message);
}

void bench_add_frame(struct text *out, const char *message)
{
    add_frame(out, 0x81, message);
}

size_t bench_take_frames(struct bench_server *s, uint8_t *in, size_t in_len, struct text *out,
                         void (*hear)(void *context, char *message), void *context)
{
    size_t at = 0;
    while (in_len - at >= 2) {
        const uint8_t *f = in + at;
        size_t len = f[1] & 0x7f, head = len == 126 ? 4 : len == 127 ? 10 : 2;
        if (in_len - at < head)
            break;
        if (head == 4)
            len = read_u16(f + 2);
        if (head == 10)
            len = read_u32(f + 6); // no message is longer
        if (in_len - at < head + len)
            break;
        char *text = (char *)in + at + head, kept = text[len];
        text[len] = 0;
        if ((f[0] & 0x0f) == 1)
            hear(context, text);
        if ((f[0] & 0x0f) == 9)
            add_frame(out, 0x8a, text);
        if ((f[0] & 0x0f) == 8)
            bench_die(s, "the server closed a socket");
        text[len] = kept;
        at += head + len;
    }
    return at;
}

static void run_for_line(struct bench_server *s, const char *arguments, struct text *line)
{
    char command[512], buffer[4096];
    snprintf(command, sizeof command, "'%s' %s --data '%s'", s->parlor, arguments, s->folder);
    FILE *pipe = popen(command, "r");
    if (!pipe || !fgets(buffer, sizeof buffer, pipe))
        bench_die(s, arguments);
    pclose(pipe);
    buffer[strcspn(buffer, "\n")] = 0;
    text_add(line, buffer);
}

static unsigned free_port(struct bench_server *s, int type)
{
    int fd = socket(AF_INET, type, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        bench_die(s, "no free port");
    close(fd);
    return ntohs(at.sin_port);
}

void bench_start(struct bench_server *s)
{
    char listen[32], media[16];
    strcpy(s->folder, "/tmp/parlor-bench-XXXXXX");
    if (!mkdtemp(s->folder))
        bench_die(s, "mkdtemp");
    s->port = free_port(s, SOCK_STREAM);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
    s->media_port = free_port(s, SOCK_DGRAM);
    snprintf(media, sizeof media, "%u", s->media_port);
    s->pid = fork();
    if (s->pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        execl(s->parlor, s->parlor, "serve", "--listen", listen, "--media-port", media,
              "--workers", "1", "--data", s->folder, "--rate-limit", "off", "--allow-root",
              "--database", s->database ? s->database : "", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 500; i++) {
        int fd = bench_connect(s, true);
        if (fd >= 0) {
            close(fd);
            run_for_line(s, "token management", &s->token);
            return;
        }
        poll(NULL, 0, 20);
    }
    bench_die(s, "the server does not start");
}

long bench_rss_bytes(const struct bench_server *s)
{
    char path[64], line[256];
    long kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", s->pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        sscanf(line, "VmRSS: %ld", &kb);
    if (f)
        fclose(f);
    return kb * 1024;
}

double bench_control_seconds(const struct bench_server *s)
{
    char path[64], line[1024];
    unsigned long user = 0, system_ = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", s->pid, s->pid);
    FILE *f = fopen(path, "r");
    if (f && fgets(line, sizeof line, f)) {
        const char *rest = strrchr(line, ')');
        sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &system_);
    }
    if (f)
        fclose(f);
    return (double)(user + system_) / (double)sysconf(_SC_CLK_TCK);
}
