// What a handler sees of HTTP: a request that was read and checked, a response to be written.
// The server itself is net/http_server.
#pragma once

#include "base/addr.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, // TRACE, unknown ones: answered 405
};

// What is known of who asks when the head is read, and by which measure it counts.
enum http_standing {
    HTTP_STRANGER,
    HTTP_COSTLESS,  // a file of the client's, or what a browser asks before it asks
    HTTP_LOGS_IN,   // with a room code, which can be guessed: costs something when it fails
    HTTP_HAS_TOKEN, // of a person
    HTTP_HAS_KEY,   // of a back end
};

// Views and strings live in the request's arena.
struct http_request {
    enum http_method method;
    const char *path;     // percent-decoded, starts with "/", valid UTF-8, no U+0000
    const char *raw_path; // as sent: what is "%2F" there is no separator
    const char *query;    // as sent, without "?"; "" when there is none. Decodes to valid UTF-8
    const char *host;
    const char *authorization;     // NULL when absent. Two of them never get here: 400
    const char *content_type;      // NULL when absent
    const char *origin;            // NULL when absent
    const char *fetch_site;        // "sec-fetch-site", what the page is to us; NULL when absent
    const char *if_none_match;     // NULL when absent
    const char *if_match;          // NULL when absent
    const char *accept;            // NULL when absent
    const char *accept_encoding;   // NULL when absent
    const char *access_key_header; // "Parlor-Key", for POST /api/meetings; NULL when absent
    const char *user_agent;  // "user_agent_v2", what the SDK says of itself, else what the
                             // browser does; NULL when absent
    const char *cookie;      // NULL when absent, or when there are several fields of it
    const char *csrf_header; // "Parlor-CSRF", for the dashboard; NULL when absent
    const char *access_control_request_headers; // NULL when absent
    struct bytes body;
    struct addr from;
    enum http_standing standing;
    bool is_doubted;   // it logs in, from an address where too much of that failed
    bool is_forwarded; // a proxy says that it passed it on
    bool secure;       // came over TLS, also when a proxy in front spoke it
    size_t route;      // as what its answer is counted: the owner's number; 0: of none
    int64_t begun_at;  // us, monotonic
    char id[37];       // request id, also in the answer and the log
    struct arena arena;
};

struct http_header {
    const char *name; // lower case
    const char *value;
};

enum { HTTP_RESPONSE_HEADERS_MAX = 16 };

// A handler sets `status`, adds to `body`, and names the content type. Content-Length, Date,
// the request id and the security headers are the server's.
struct http_response {
    int status;
    const char *content_type; // a constant; NULL without a body
    struct text body;
    struct bytes fixed_body; // instead of `body`: octets that live for ever (embedded assets)
    const char *content_encoding;                          // a constant, or NULL
    struct http_header headers[HTTP_RESPONSE_HEADERS_MAX]; // values in the request's arena
    size_t header_count;
    bool html;            // adds the CSP and the other headers for pages
    bool is_never_framed; // whatever `frame_ancestors` of the server allows
};

void http_header_add(struct http_response *response, const char *name, const char *value);
// The same, in the place of one that is there.
void http_header_set(struct http_response *response, const char *name, const char *value);

// The value of `name` in the query, percent-decoded, in the arena; NULL when absent. `at`
// counts occurrences from 0.
const char *http_query(struct http_request *request, const char *name, size_t at);

// The segments of the path, each percent-decoded, in the arena: "/a/b%2Fc/" has "a", "b/c" and
// "". Returns how many there are; `most` of them are written at most.
size_t http_path_segments(struct http_request *request, const char **segments, size_t most);

const char *http_reason(int status); // "Not Found"
