#include "served.h"

#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t body_max(void *context, struct http_request *request)
{
    (void)context;
    return strcmp(request->path, "/large") == 0 ? HTTP_BODY_LARGE_MAX : HTTP_BODY_MAX;
}

void served_start(struct served *s, const struct http_server_config *config)
{
    *s = (struct served){0};
    uv_loop_init(&s->loop);
    struct addr at;
    CHECK_EQ(addr_parse(&at, "127.0.0.1:0"), 0);
    struct http_server_config used = {0};
    if (config)
        used = *config;
    used.loop = &s->loop;
    if (!used.listen_count) {
        used.listen = &at;
        used.listen_count = 1;
    }
    used.ws_path = "/ws";
    used.body_max = body_max;
    s->server = http_server_new(&used);
    CHECK(s->server != NULL);
}

static const char *method_name(enum http_method method)
{
    static const char *const names[] = {"GET",   "HEAD",   "POST",    "PUT",
                                        "PATCH", "DELETE", "OPTIONS", "OTHER"};
    return names[method];
}

void served_answer(struct served *s, struct http_input *input)
{
    struct http_request *request = input->request;
    struct http_response response = {.status = s->status ? s->status : 200,
                                     .content_type = "text/plain"};
    text_addf(&response.body, "%s %s?%s %.*s", method_name(request->method), request->path,
              request->query, (int)request->body.len, (const char *)request->body.at);
    if (strcmp(request->path, "/page") == 0)
        response.html = true;
    if (strcmp(request->path, "/much") == 0) {
        text_clear(&response.body);
        for (int i = 0; i < 1000000; i++)
            text_add_char(&response.body, 'x');
    }
    if (request->is_doubted) {
        response.status = 429;
        http_header_add(&response, "retry-after", "1");
    }
    http_server_respond(s->server, input->id, request, &response);
    input->request = NULL;
}

static void take(struct served *s, struct http_input *input)
{
    switch (input->kind) {
    case HTTP_INPUT_REQUEST:
        text_addf(&s->log, "%s %s?%s %.*s\n", method_name(input->request->method),
                  input->request->path, input->request->query, (int)input->request->body.len,
                  (const char *)input->request->body.at);
        if (s->hold) {
            http_input_dispose(&s->held);
            s->held = *input;
        } else {
            served_answer(s, input);
        }
        return;
    case HTTP_INPUT_WS_OPEN:
        s->socket = input->id;
        text_addf(&s->log, "open %s?%s\n", input->request->path, input->request->query);
        break;
    case HTTP_INPUT_WS_TEXT:
        text_addf(&s->log, "text:%zu:%.100s\n", input->text_len, input->text);
        break;
    case HTTP_INPUT_WS_PONG:
        text_add(&s->log, "pong\n");
        break;
    case HTTP_INPUT_WS_DRAINED:
        text_add(&s->log, "drained\n");
        break;
    case HTTP_INPUT_WS_CLOSE:
        text_addf(&s->log, "close:%u\n", input->close_code);
        break;
    }
    http_input_dispose(input);
}

void served_turn(struct served *s)
{
    struct pollfd one = {.fd = uv_backend_fd(&s->loop), .events = POLLIN};
    poll(&one, 1, 5);
    uv_run(&s->loop, UV_RUN_NOWAIT);
    struct http_input input;
    while (http_server_next(s->server, &input))
        take(s, &input);
}

void served_stop(struct served *s)
{
    http_input_dispose(&s->held);
    http_server_close(s->server);
    while (!http_server_is_closed(s->server))
        uv_run(&s->loop, UV_RUN_NOWAIT);
    http_server_free(s->server);
    uv_run(&s->loop, UV_RUN_NOWAIT);
    CHECK_EQ(uv_loop_close(&s->loop), 0);
    text_dispose(&s->log);
}

int served_connect(struct served *s)
{
    struct addr at;
    CHECK_EQ(addr_parse_ip(&at, "127.0.0.1", http_server_port(s->server, 0)), 0);
    struct sockaddr_storage name;
    socklen_t len = addr_to_sockaddr(&at, &name);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(connect(fd, (struct sockaddr *)&name, len), 0);
    return fd;
}

void served_send(int fd, const void *at, size_t len)
{
    // The server may have closed already: what matters then is what it said.
    if (send(fd, at, len, MSG_NOSIGNAL) < 0)
        return;
}

// Whether `got` is a whole HTTP answer.
static bool is_answer(const struct text *got)
{
    const char *end = got->len ? strstr(got->at, "\r\n\r\n") : NULL;
    if (!end || strncmp(got->at, "HTTP/1.1 100", 12) == 0)
        return false;
    const char *field = strcasestr(got->at, "\r\ncontent-length: ");
    size_t body = field && field < end ? strtoul(field + 18, NULL, 10) : 0;
    return got->len >= (size_t)(end - got->at) + 4 + body;
}

static char *receive_until(struct served *s, int fd, size_t enough, bool answer, bool *closed)
{
    struct text got = {0};
    int64_t start = (int64_t)(uv_hrtime() / 1000000);
    if (closed)
        *closed = false;
    text_add(&got, "");
    while ((int64_t)(uv_hrtime() / 1000000) - start < 5000) {
        served_turn(s);
        char octets[65536];
        ssize_t len = recv(fd, octets, sizeof octets, MSG_DONTWAIT);
        if (len > 0)
            text_add_bytes(&got, (struct bytes){(const uint8_t *)octets, (size_t)len});
        if (len == 0 || (len < 0 && errno != EAGAIN)) {
            if (closed)
                *closed = true;
            break;
        }
        if (answer ? is_answer(&got) : got.len >= enough)
            break;
    }
    return text_take(&got);
}

char *served_receive(struct served *s, int fd, size_t enough, bool *closed)
{
    return receive_until(s, fd, enough, false, closed);
}

char *served_exchange(struct served *s, const char *request)
{
    int fd = served_connect(s);
    served_send(fd, request, strlen(request));
    char *answer = receive_until(s, fd, 0, true, NULL);
    close(fd);
    return answer;
}

int served_status(struct served *s, const char *request)
{
    char *answer = served_exchange(s, request);
    int status = strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
    mem_free(answer);
    return status;
}
