// A back end in C: makes a meeting and hands out its two codes, as
//
//     {"Guest_Code":"xxx-yyyy-zzz","Host_Code":"xxx-yyyy-zzz"}
//
//     PARLOR_URL=http://localhost:8080 PARLOR_ACCESS_KEY=... PARLOR_APP_SECRET=...
//     parlor-example                 prints one pair
//     parlor-example --serve PORT    answers GET requests on 127.0.0.1 with a new pair each;
//                                    port 0 is any. Prints its address first
//
// PARLOR_TEMPLATE names the template of the rooms; the server's default without it.
#include <parlor.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { REQUEST_MAX = 4096, ANSWER_MAX = 1024, PATIENCE_S = 5 };

static struct parlor_server server;
static struct parlor_room_options wish;

// Writes the pair to `json`. Returns 0, or -1 with `error`. A template without such a role
// gives an empty code.
static int make_meeting(char json[ANSWER_MAX], struct parlor_error *error)
{
    struct parlor_room room;
    struct parlor_codes codes;
    if (parlor_create_room(&server, &wish, &room, error) ||
        parlor_get_room_codes(&server, room.id, &codes, error))
        return -1;
    snprintf(json, ANSWER_MAX, "{\"Guest_Code\":\"%s\",\"Host_Code\":\"%s\"}", codes.guest,
             codes.host);
    return 0;
}

static void answer(int connection, const char *status, const char *type, const char *more,
                   const char *body)
{
    dprintf(connection,
            "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
            "Access-Control-Allow-Origin: *\r\nConnection: close\r\n%s\r\n%s",
            status, type, strlen(body), more, body);
}

// One request, of which only the method counts: its head is read, and answered.
static void serve_one(int connection)
{
    char request[REQUEST_MAX + 1], json[ANSWER_MAX];
    struct parlor_error error;
    size_t len = 0;
    do {
        ssize_t n = read(connection, request + len, REQUEST_MAX - len);
        if (n <= 0)
            return;
        len += (size_t)n;
        request[len] = 0;
    } while (!strstr(request, "\r\n\r\n") && len < REQUEST_MAX);

    if (strncmp(request, "GET ", 4) != 0)
        answer(connection, "405 Method Not Allowed", "text/plain", "Allow: GET\r\n",
               "method not allowed\n");
    else if (make_meeting(json, &error))
        answer(connection, "500 Internal Server Error", "text/plain", "", error.message);
    else
        answer(connection, "200 OK", "application/json", "", json);
}

static int listen_on(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((unsigned short)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(listener, (struct sockaddr *)&at, sizeof at) || listen(listener, 16) ||
        getsockname(listener, (struct sockaddr *)&at, &len)) {
        perror("parlor-example");
        return -1;
    }
    printf("http://127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return listener;
}

static int serve(int port)
{
    int listener = listen_on(port);
    if (listener < 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    for (;;) {
        struct timeval patience = {.tv_sec = PATIENCE_S};
        int connection = accept(listener, NULL, NULL);
        if (connection < 0)
            continue;
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        serve_one(connection);
        close(connection);
    }
}

int main(int argc, char **argv)
{
    const char *url = getenv("PARLOR_URL");
    char base_url[1024], json[ANSWER_MAX];
    struct parlor_error error;
    snprintf(base_url, sizeof base_url, "%s/v2", url ? url : "http://localhost:8080");
    server = (struct parlor_server){
        .base_url = base_url,
        .access_key = getenv("PARLOR_ACCESS_KEY"),
        .app_secret = getenv("PARLOR_APP_SECRET"),
    };
    wish.template_id = getenv("PARLOR_TEMPLATE");
    if (argc == 3 && strcmp(argv[1], "--serve") == 0)
        return serve(atoi(argv[2]));
    if (make_meeting(json, &error)) {
        fprintf(stderr, "parlor-example: %s\n", error.message);
        return 1;
    }
    puts(json);
    return 0;
}
