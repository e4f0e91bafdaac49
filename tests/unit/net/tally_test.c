#include "net/tally.h"
#include "test.h"

TEST(a_status_without_a_place_counts_as_that_of_its_hundred)
{
    struct tally t;
    tally_init(&t, 2);
    tally_add(&t, 1, 404, 600);
    tally_add(&t, 1, 418, -1);
    tally_add(&t, 2, 200, 0); // there is no such route
    uint64_t counted[2][600] = {0};
    for (size_t route = 0; route < 2; route++)
        for (size_t i = 0; i < TALLY_STATUSES; i++)
            counted[route][tally_statuses[i]] = t.routes[route].answered[i];
    CHECK_EQ(counted[1][404], 1);
    CHECK_EQ(counted[1][400], 1);
    CHECK_EQ(counted[0][200], 1);
    CHECK_EQ(t.routes[1].took_us.counts[1], 1);
    CHECK_EQ(t.routes[1].took_us.sum, 600);
    tally_dispose(&t);
}
