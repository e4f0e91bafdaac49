#include "relay.h"

#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS_MAX = 16, TICK_MS = 10 };

static const char before_port[] = "@127.0.0.1:";

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int reach(int port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void accept_one(struct relay *relay, int *ends)
{
    int client = accept(relay->listener, NULL, NULL);
    int server = atomic_load(&relay->refuses) ? -1 : reach(relay->server_port);
    if (server < 0) {
        close(client);
        return;
    }
    ends[0] = client;
    ends[1] = server;
    atomic_fetch_add(&relay->open, 1);
}

// What came at one end goes to the other. False: the pair is over.
static bool pass(struct relay *relay, const int *ends, int from)
{
    char octets[64 * 1024];
    ssize_t len = read(ends[from], octets, sizeof octets);
    if (len <= 0 || write(ends[!from], octets, (size_t)len) != len)
        return false;
    if (from == 0 && memmem(octets, (size_t)len, "COMMIT", 6) &&
        atomic_exchange(&relay->drops_after_commit, false)) {
        // Its answer says that it is done.
        return read(ends[1], octets, sizeof octets) < 0;
    }
    return true;
}

static void *run(void *argument)
{
    struct relay *relay = argument;
    int pairs[PAIRS_MAX][2];
    memset(pairs, -1, sizeof pairs);
    while (!atomic_load(&relay->ends)) {
        struct pollfd waits[1 + 2 * PAIRS_MAX] = {{.fd = relay->listener, .events = POLLIN}};
        for (int i = 0; i < PAIRS_MAX; i++)
            for (int end = 0; end < 2; end++)
                waits[1 + 2 * i + end] = (struct pollfd){.fd = pairs[i][end], .events = POLLIN};
        if (poll(waits, 1 + 2 * PAIRS_MAX, TICK_MS) < 0)
            continue;
        for (int i = 0; i < PAIRS_MAX; i++) {
            bool over = atomic_load(&relay->refuses);
            for (int end = 0; end < 2 && pairs[i][0] >= 0 && !over; end++)
                over = waits[1 + 2 * i + end].revents && !pass(relay, pairs[i], end);
            if (over && pairs[i][0] >= 0) {
                close(pairs[i][0]);
                close(pairs[i][1]);
                pairs[i][0] = pairs[i][1] = -1;
                atomic_fetch_sub(&relay->open, 1);
            }
        }
        for (int i = 0; i < PAIRS_MAX && waits[0].revents; i++) {
            if (pairs[i][0] < 0) {
                accept_one(relay, pairs[i]);
                break;
            }
        }
    }
    for (int i = 0; i < PAIRS_MAX; i++)
        for (int end = 0; end < 2 && pairs[i][0] >= 0; end++)
            close(pairs[i][end]);
    return NULL;
}

void relay_start(struct relay *relay, const char *location)
{
    const char *port = strstr(location, before_port);
    CHECK(port != NULL);
    port += strlen(before_port);
    *relay = (struct relay){.server_port = atoi(port)};
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    relay->listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(bind(relay->listener, (struct sockaddr *)&at, len), 0);
    CHECK_EQ(listen(relay->listener, PAIRS_MAX), 0);
    CHECK_EQ(getsockname(relay->listener, (struct sockaddr *)&at, &len), 0);
    snprintf(relay->location, sizeof relay->location, "%.*s%d%s", (int)(port - location),
             location, ntohs(at.sin_port), strchr(port, '/'));
    CHECK_EQ(pthread_create(&relay->thread, NULL, run, relay), 0);
}

void relay_refuse(struct relay *relay)
{
    atomic_store(&relay->refuses, true);
    while (atomic_load(&relay->open) > 0)
        poll(NULL, 0, 1);
}

void relay_end(struct relay *relay)
{
    atomic_store(&relay->ends, true);
    pthread_join(relay->thread, NULL);
    close(relay->listener);
}
