// Whether the ports of the settings are free, or held by a server that runs.
#include "server/doctor_parts.h"

#include "net/udp.h"
#include "server/addresses.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ASK_MS = 3000, ANSWER_MAX = 64 };

// errno of what the server would do when it starts; 0: it could.
static int try_listening(const struct addr *at)
{
    struct sockaddr_storage where;
    socklen_t len = addr_to_sockaddr(at, &where);
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (where.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    // Listened on for no time at all: nobody connects before it is closed.
    int why = bind(fd, (struct sockaddr *)&where, len) != 0 ? errno : 0;
    close(fd);
    return why;
}

static size_t keep_beginning(char *octets, size_t size, size_t count, void *context)
{
    char *answer = context;
    size_t len = strlen(answer), more = size * count;
    size_t room = ANSWER_MAX - 1 - len;
    memcpy(answer + len, octets, more < room ? more : room);
    answer[len + (more < room ? more : room)] = 0;
    return more;
}

// What listens there is asked as a watchdog would; nothing secret is told to it.
static bool is_parlor(const struct config *config, const struct addr *at)
{
    char url[ADDR_TEXT_MAX + 32], address[ADDR_TEXT_MAX], answer[ANSWER_MAX] = "";
    struct addr to = *at;
    bool tls = config->tls_self_signed || config->tls_cert[0];
    if (addr_is_any(at))
        addr_parse_ip(&to, addr_is_v4(at) ? "127.0.0.1" : "::1", at->port);
    addr_format(&to, address);
    snprintf(url, sizeof url, "%s://%s/health", tls ? "https" : "http", address);
    CURL *curl = curl_easy_init();
    if (!curl)
        return false;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ASK_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L); // it is the one on this machine
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_beginning);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, (void *)answer);
    bool good = curl_easy_perform(curl) == CURLE_OK && strstr(answer, "\"ok\"");
    curl_easy_cleanup(curl);
    return good;
}

static void advise_port(int why, const char *setting, const char *protocol, unsigned port,
                        struct doctor_report *r)
{
    if (why == EADDRINUSE)
        doctor_advise(r, "ss -%clnp 'sport = :%u' says who has it; end that, or set --%s",
                      protocol[0] == 'T' ? 't' : 'u', port, setting);
    else if (why == EACCES)
        doctor_advise(r, "ports below 1024 want CAP_NET_BIND_SERVICE: AmbientCapabilities= in "
                         "the unit");
    else
        doctor_advise(r, "--%s names an address of this machine: ip address", setting);
}

// Returns whether a running server has it.
static bool look_at_tcp(const struct config *config, const struct addr *at,
                        struct doctor_report *r)
{
    char address[ADDR_TEXT_MAX];
    addr_format(at, address);
    int why = try_listening(at);
    bool is_ours = why == EADDRINUSE && is_parlor(config, at);
    if (!why) {
        doctor_add(r, "tcp-port", DOCTOR_OK, "%s is free", address);
    } else if (is_ours) {
        doctor_add(r, "tcp-port", DOCTOR_OK, "%s: a running server has it, and answers",
                   address);
    } else {
        doctor_add(r, "tcp-port", DOCTOR_ERROR, "%s: %s", address,
                   why == EADDRINUSE ? "another program has it" : strerror(why));
        advise_port(why, "listen", "TCP", at->port, r);
    }
    return is_ours;
}

static void look_at_udp(long port, bool is_running, struct doctor_report *r)
{
    struct addr at;
    if (port > 65535) {
        doctor_add(r, "udp-port", DOCTOR_ERROR, "there is no port %ld", port);
        doctor_advise(r, "a lower --media-port, or fewer --workers");
        return;
    }
    addr_parse_ip(&at, addresses_have_ipv6() ? "::" : "0.0.0.0", (uint16_t)port);
    struct udp *udp = udp_open(&at);
    int why = udp ? 0 : errno;
    if (udp)
        udp_close(udp);
    if (!why) {
        // A server with fewer workers than are set now leaves some.
        doctor_add(r, "udp-port", DOCTOR_OK, "%ld is free", port);
    } else if (why == EADDRINUSE && is_running) {
        doctor_add(r, "udp-port", DOCTOR_OK, "%ld: taken, as it is while a server runs", port);
    } else {
        doctor_add(r, "udp-port", DOCTOR_ERROR, "%ld: %s", port,
                   why == EADDRINUSE ? "another program has it" : strerror(why));
        advise_port(why, "media-port", "UDP", (unsigned)port, r);
    }
}

void doctor_ports(const struct config *config, struct doctor_report *r)
{
    bool six = !config->listens_by_default || addresses_have_ipv6();
    bool is_running = false;
    for (size_t i = 0; i < config->listen_count; i++) {
        if (six || addr_is_v4(&config->listen[i]))
            is_running = look_at_tcp(config, &config->listen[i], r) || is_running;
    }
    unsigned workers = config_worker_count(config);
    for (unsigned i = 0; i < workers; i++)
        look_at_udp(config->media_port + (long)i, is_running, r);
}
