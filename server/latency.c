#include "server/latency.h"

const int64_t latency_bounds_us[LATENCY_BOUNDS] = {
    500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000, 2500000, 10000000,
};

void latency_add(struct latency *latency, int64_t us)
{
    size_t at = 0;
    while (at < LATENCY_BOUNDS && us > latency_bounds_us[at])
        at++;
    latency->counts[at]++;
    latency->sum_us += us > 0 ? us : 0;
}
