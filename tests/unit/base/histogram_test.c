#include "base/histogram.h"
#include "test.h"

TEST(a_value_is_counted_at_the_first_bound_that_it_does_not_pass)
{
    static const struct histogram_bounds bounds = {.count = 2, .at = {10, 20}};
    struct histogram h = {0};
    int64_t values[] = {-3, 0, 10, 11, 20, 21, 1000};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        histogram_add(&h, &bounds, values[i]);
    CHECK_EQ(h.counts[0], 3);
    CHECK_EQ(h.counts[1], 2);
    CHECK_EQ(h.counts[2], 2);
    CHECK_EQ(h.sum, 10 + 11 + 20 + 21 + 1000);
}
