// What was asked of the server, over web sockets and over HTTP. Only what was asked is told, so
// that a page has no thousand zeros; what there may be is bounded by the tables of methods and
// routes.
#include "api/routes.h"
#include "server/metrics.h"

#include <stdio.h>

void metrics_write_signalling(const struct metrics *m, struct exposition *e)
{
    const char *method;
    exposition_family(e, "parlor_signalling_messages", EXPOSITION_COUNTER,
                      "Messages of clients, by method and what came of them.");
    for (size_t i = 0; (method = signal_method_name(i)); i++)
        for (int result = 0; result < SIGNAL_RESULTS; result++) {
            const char *name = signal_result_name((enum signal_result)result);
            uint64_t count = m->signalling->counts[i][result];
            if (count)
                exposition_count(
                    e, (const struct label[]){{"method", method}, {"result", name}, {0}},
                    count);
        }
}

// HEAD counts as GET, as its route does.
static void name_route(size_t at, const char **method, const char **pattern)
{
    static const char *const ours[] = {[METRICS_ROUTE_OTHER] = "other",
                                       [METRICS_ROUTE_WS] = "/ws",
                                       [METRICS_ROUTE_HEALTH] = "/health",
                                       [METRICS_ROUTE_READY] = "/ready",
                                       [METRICS_ROUTE_FILE] = "file"};
    static const char *const methods[] = {
        [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
        [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    };
    if (at < METRICS_ROUTES) {
        *method = at == METRICS_ROUTE_OTHER ? "other" : "GET";
        *pattern = ours[at];
    } else {
        *method = methods[api_routes[at - METRICS_ROUTES].method];
        *pattern = api_routes[at - METRICS_ROUTES].pattern;
    }
}

static void write_statuses(const struct tally *t, size_t at, struct exposition *e)
{
    const char *method, *pattern;
    name_route(at, &method, &pattern);
    for (size_t i = 0; i < TALLY_STATUSES; i++) {
        char status[8];
        uint64_t count = t->routes[at].answered[i];
        if (!count)
            continue;
        snprintf(status, sizeof status, "%d", tally_statuses[i]);
        exposition_count(e,
                         (const struct label[]){
                             {"method", method}, {"route", pattern}, {"status", status}, {0}},
                         count);
    }
}

static void write_durations(const struct tally *t, size_t at, struct exposition *e)
{
    const struct histogram *took = &t->routes[at].took_us;
    const char *method, *pattern;
    uint64_t count = 0;
    for (size_t i = 0; i <= histogram_waits_us.count; i++)
        count += took->counts[i];
    if (!count)
        return;
    name_route(at, &method, &pattern);
    exposition_histogram(e, (const struct label[]){{"method", method}, {"route", pattern}, {0}},
                         took, &histogram_waits_us, 1e6);
}

void metrics_write_http(const struct metrics *m, struct exposition *e)
{
    const struct tally *t = m->http;
    exposition_family(e, "parlor_http_responses", EXPOSITION_COUNTER,
                      "Answers by route and status; 101 is a web socket that opened.");
    for (size_t i = 0; i < t->count; i++)
        write_statuses(t, i, e);
    exposition_family(e, "parlor_http_request_duration_seconds", EXPOSITION_HISTOGRAM,
                      "From the head of a request to its answer.");
    for (size_t i = 0; i < t->count; i++)
        write_durations(t, i, e);
    exposition_single(e, "parlor_http_connections", EXPOSITION_GAUGE,
                      "Connections that are open, web sockets included.", m->http_connections);
    exposition_single(e, "parlor_web_sockets", EXPOSITION_GAUGE, "Web sockets that are open.",
                      m->web_sockets);
}
