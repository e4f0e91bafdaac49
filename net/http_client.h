// Requests of ours to servers of others: libcurl on the loop. A POST with a body we keep goes
// out, and what became of it is taken from a queue:
//
//     http_client_send(client, &wish)        http_client_next(client, &result)
//
// The name is resolved once, off the loop, its addresses are held against the rules
// (base/target.h), and the connection goes to one of those and to no other. Redirects are not
// followed, no proxy is asked, certificates are checked, and an answer is read within
// FETCH_MS and FETCH_BODY_MAX. Nothing here waits: who is slow or dead costs a place only.
#pragma once

#include "base/target.h"
#include "net/http.h"

#include <uv.h>

struct fetch_wish {
    uint64_t id;                       // comes back with the result
    const char *url;                   // all of it is copied
    const struct http_header *headers; // sent as they are, in any case of letters
    size_t header_count;
    struct bytes body;
};

enum { FETCH_WHY_MAX = 200 };

struct fetch_result {
    uint64_t id;
    int status;              // of the answer; 0: there was none, and `why` says why
    bool is_forbidden;       // by the rules: it is of no use to try again
    char why[FETCH_WHY_MAX]; // for people: "timeout", "127.0.0.1 is a loopback address"
};

struct http_client;

// Both are borrowed.
struct http_client *http_client_new(uv_loop_t *loop, const struct target_rules *rules);

// 0, or ERR_FULL when FETCHES_MAX are under way. A result follows.
int http_client_send(struct http_client *client, const struct fetch_wish *wish);
bool http_client_next(struct http_client *client, struct fetch_result *result);

// What is under way is dropped. The loop has to run until the client is closed: a name that is
// just being resolved cannot be interrupted.
void http_client_close(struct http_client *client);
bool http_client_is_closed(const struct http_client *client);
void http_client_free(struct http_client *client);
