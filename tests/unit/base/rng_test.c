#include "base/rng.h"
#include "test.h"

TEST(a_seed_gives_the_same_numbers_again)
{
    struct rng a = rng_seeded(7), b = rng_seeded(7), c = rng_seeded(8);
    uint64_t first = rng_u64(&a);
    CHECK(first == rng_u64(&b));
    CHECK(first != rng_u64(&c));
}

TEST(below_stays_below_and_reaches_everything)
{
    struct rng rng = rng_seeded(1);
    int seen[7] = {0};
    for (int i = 0; i < 1000; i++)
        seen[rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++)
        CHECK(seen[i] > 50);
}

TEST(the_kernel_source_does_not_repeat)
{
    struct rng rng = {0};
    CHECK(rng_u64(&rng) != rng_u64(&rng));
}
