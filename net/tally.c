#include "net/tally.h"

#include "base/mem.h"

#include <assert.h>

const int tally_statuses[] = {
    100, 101, 200, 201, 202, 204, 206, 300, 304, 400, 401, 403, 404, 405, 406, 408, 409,
    410, 412, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 500, 501, 503, 504, 505,
};
static_assert(sizeof tally_statuses / sizeof *tally_statuses == TALLY_STATUSES, "all of them");

static size_t place_of(int status)
{
    size_t of_hundred = 0;
    for (size_t i = 0; i < TALLY_STATUSES; i++) {
        if (tally_statuses[i] == status)
            return i;
        if (tally_statuses[i] == status / 100 * 100)
            of_hundred = i;
    }
    return of_hundred;
}

void tally_init(struct tally *t, size_t count)
{
    *t = (struct tally){.count = count ? count : 1};
    t->routes = mem_alloc_array(t->count, sizeof *t->routes);
}

void tally_dispose(struct tally *t)
{
    mem_free(t->routes);
    *t = (struct tally){0};
}

void tally_add(struct tally *t, size_t route, int status, int64_t took_us)
{
    struct tally_route *at = &t->routes[route < t->count ? route : 0];
    at->answered[place_of(status)]++;
    if (took_us >= 0)
        histogram_add(&at->took_us, &histogram_waits_us, took_us);
}
