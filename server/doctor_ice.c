// The STUN and TURN servers that clients are told of: whether each answers from here.
#include "server/doctor_parts.h"

#include "base/err.h"
#include "base/json.h"
#include "base/rng.h"
#include "rtc/stun.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TRIES = 3,
    TRY_MS = 700, // RFC 8489 section 6.2.1 begins with 500 ms
    CONNECT_MS = 2000,
    SERVERS_MAX = 16,
    ALLOCATE_REQUEST = 0x0003, // RFC 8656 section 17
    ALLOCATE_ERROR = 0x0113,
    REQUESTED_TRANSPORT = 0x0019, // section 18.7
    TRANSPORT_UDP = 17,
    UNAUTHENTICATED = 401,
};

int doctor_read_ice_url(const char *url, struct doctor_ice_url *out)
{
    struct doctor_ice_url read = {0};
    size_t scheme = strcspn(url, ":");
    read.is_turn = strncmp(url, "turn", 4) == 0;
    read.is_tls = scheme == 5 && url[4] == 's';
    if ((!read.is_turn && strncmp(url, "stun", 4) != 0) || !url[scheme] ||
        (scheme != 4 && !read.is_tls))
        return ERR_MALFORMED;
    const char *host = url + scheme + 1;
    const char *query = strchr(host, '?');
    bool is_six = host[0] == '[';
    host += is_six;
    size_t len = strcspn(host, is_six ? "]" : ":?");
    if (is_six && host[len] != ']')
        return ERR_MALFORMED;
    const char *behind = host + len + is_six;
    if (len == 0 || len >= sizeof read.host)
        return ERR_MALFORMED;
    memcpy(read.host, host, len);
    snprintf(read.port, sizeof read.port, "%s", read.is_tls ? "5349" : "3478");
    if (behind[0] == ':') {
        size_t digits = strspn(behind + 1, "0123456789");
        if (digits == 0 || digits > 5 || (behind[1 + digits] && behind[1 + digits] != '?'))
            return ERR_MALFORMED;
        snprintf(read.port, sizeof read.port, "%.*s", (int)digits, behind + 1);
    } else if (behind[0] && behind[0] != '?') {
        return ERR_MALFORMED;
    }
    read.is_tcp = read.is_tls || (query && strcmp(query, "?transport=tcp") == 0);
    *out = read;
    return 0;
}

// A request without credentials: a TURN server says which realm it wants them for.
static size_t write_request(uint8_t *to, bool is_turn,
                            const uint8_t transaction[STUN_TRANSACTION_LEN])
{
    static const uint8_t head[] = {0, 0, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    static const uint8_t transport[] = {0, REQUESTED_TRANSPORT, 0, 4, TRANSPORT_UDP, 0, 0, 0};
    memcpy(to, head, sizeof head);
    to[1] = is_turn ? ALLOCATE_REQUEST : STUN_BINDING_REQUEST;
    memcpy(to + sizeof head, transaction, STUN_TRANSACTION_LEN);
    if (!is_turn)
        return STUN_HEADER_LEN;
    to[3] = sizeof transport;
    memcpy(to + STUN_HEADER_LEN, transport, sizeof transport);
    return STUN_HEADER_LEN + sizeof transport;
}

static void judge_answer(const char *url, bool is_turn, const struct stun_message *answer,
                         struct doctor_report *r)
{
    if (is_turn && answer->type == ALLOCATE_ERROR && answer->error_code == UNAUTHENTICATED) {
        doctor_add(r, "ice-server", DOCTOR_OK, "%s answers, and asks who it is for", url);
    } else if (is_turn && answer->type == ALLOCATE_ERROR) {
        doctor_add(r, "ice-server", DOCTOR_WARNING, "%s refuses: error %u", url,
                   answer->error_code);
        doctor_advise(r, "look at the TURN server's log");
    } else if (is_turn) {
        doctor_add(r, "ice-server", DOCTOR_WARNING, "%s relays for whoever asks", url);
        doctor_advise(r, "have the TURN server ask for credentials (coturn: use-auth-secret)");
    } else {
        doctor_add(r, "ice-server", DOCTOR_OK, "%s answers", url);
    }
}

static bool ask(int fd, bool is_turn, struct stun_message *answer, uint8_t *buffer)
{
    uint8_t request[STUN_HEADER_LEN + 8], transaction[STUN_TRANSACTION_LEN];
    struct rng rng = {0}; // of the kernel
    rng_fill(&rng, transaction, sizeof transaction);
    size_t len = write_request(request, is_turn, transaction);
    for (int i = 0; i < TRIES; i++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        send(fd, request, len, 0);
        if (poll(&wait, 1, TRY_MS) <= 0)
            continue;
        ssize_t got = recv(fd, buffer, STUN_MESSAGE_MAX * 2, MSG_DONTWAIT);
        if (got > 0 && stun_parse(answer, (struct bytes){buffer, (size_t)got}) == 0 &&
            memcmp(answer->transaction, transaction, sizeof transaction) == 0)
            return true;
    }
    return false;
}

static bool has_connected(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int why = 0;
    socklen_t len = sizeof why;
    return poll(&wait, 1, CONNECT_MS) == 1 &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) == 0 && why == 0;
}

static void try_address(const char *url, const struct doctor_ice_url *target,
                        const struct addrinfo *to, struct doctor_report *r)
{
    struct stun_message answer;
    uint8_t buffer[STUN_MESSAGE_MAX * 2];
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_on =
        fd >= 0 && (connect(fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS);
    if (is_on && target->is_tcp && has_connected(fd)) {
        doctor_add(r, "ice-server", DOCTOR_OK, "%s takes connections", url);
    } else if (is_on && !target->is_tcp && ask(fd, target->is_turn, &answer, buffer)) {
        judge_answer(url, target->is_turn, &answer, r);
    } else {
        doctor_add(r, "ice-server", DOCTOR_WARNING, "%s does not answer", url);
        doctor_advise(r, "look whether it runs and whether %s %s is open there and here",
                      target->is_tcp ? "TCP" : "UDP", target->port);
    }
    if (fd >= 0)
        close(fd);
}

static void look_at_url(const char *url, struct doctor_report *r)
{
    struct doctor_ice_url target;
    struct addrinfo *found = NULL;
    if (!url || doctor_read_ice_url(url, &target) != 0) {
        doctor_add(r, "ice-server", DOCTOR_ERROR, "%.200s is no URL of a STUN or TURN server",
                   url ? url : "what is no text");
        doctor_advise(r, "--ice-servers '[{\"urls\":[\"turn:turn.example.org:3478\"],...}]'");
        return;
    }
    struct addrinfo wanted = {.ai_socktype = target.is_tcp ? SOCK_STREAM : SOCK_DGRAM};
    int code = getaddrinfo(target.host, target.port, &wanted, &found);
    if (code != 0) {
        doctor_add(r, "ice-server", DOCTOR_WARNING, "%s: %s", url, gai_strerror(code));
        doctor_advise(r, "look at the name, and at /etc/resolv.conf");
        return;
    }
    try_address(url, &target, found, r);
    freeaddrinfo(found);
}

static void look_at_server(const json_t *server, struct doctor_report *r)
{
    const json_t *urls = json_object_get(server, "urls");
    if (json_is_string(urls))
        look_at_url(json_string_value(urls), r);
    for (size_t i = 0; i < json_array_size(urls) && i < SERVERS_MAX; i++)
        look_at_url(json_string_value(json_array_get(urls, i)), r);
    if (!urls) {
        doctor_add(r, "ice-server", DOCTOR_ERROR, "an entry of --ice-servers has no urls");
        doctor_advise(r, "give each entry urls, and a TURN server's username and credential");
    }
}

void doctor_ice_servers(const struct config *config, struct doctor_report *r)
{
    json_t *list = NULL;
    if (!config->ice_servers[0]) {
        doctor_add(r, "ice-server", DOCTOR_SKIPPED,
                   "none is set: clients reach media directly");
        return;
    }
    if (json_read(bytes_of(config->ice_servers), &json_bounds_default, &list) != 0)
        return; // the settings would not have been read
    for (size_t i = 0; i < json_array_size(list) && i < SERVERS_MAX; i++)
        look_at_server(json_array_get(list, i), r);
    json_decref(list);
}
