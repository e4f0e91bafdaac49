// How far a feed may go at once when it is sent more or less of a layer.
#include "sfu/cap.h"

#include "test.h"

static const struct cap all = {CAP_ALL, CAP_ALL, false};

static struct cap towards(struct cap from, struct cap to, uint8_t temporal, bool sync)
{
    struct codec_packet info = {.temporal = temporal, .layer_sync = sync};
    return cap_towards(from, to, &info, false);
}

TEST(a_cap_has_what_is_up_to_it_and_the_last_one_all_above)
{
    struct codec_packet info = {.spatial = 1, .temporal = 1};
    CHECK(!cap_has((struct cap){0, CAP_ALL, false}, &info));
    CHECK(!cap_has((struct cap){1, 0, false}, &info));
    CHECK(cap_has((struct cap){1, 1, false}, &info));
    info = (struct codec_packet){.spatial = 5, .temporal = 7};
    CHECK(!cap_has((struct cap){1, CAP_ALL, false}, &info));
    CHECK(cap_has(all, &info));
}

TEST(less_is_taken_before_any_picture)
{
    CHECK(cap_is(towards(all, (struct cap){0, 1, false}, 2, false), (struct cap){0, 1, false}));
    CHECK(cap_is(towards(all, (struct cap){CAP_ALL, 0, false}, 1, false),
                 (struct cap){CAP_ALL, 0, false}));
}

TEST(a_temporal_layer_is_taken_up_with_its_picture_that_needs_those_below_alone)
{
    struct cap base = {CAP_ALL, 0, false}, middle = {CAP_ALL, 1, false};
    CHECK(cap_is(towards(base, all, 0, true), base));
    CHECK(cap_is(towards(base, all, 1, false), base));
    CHECK(cap_is(towards(base, all, 2, true), base)); // what follows may need T1
    CHECK(cap_is(towards(base, all, 1, true), middle));
    CHECK(cap_is(towards(middle, all, 1, true), middle));
    CHECK(cap_is(towards(middle, all, 2, true), all));
}

TEST(a_spatial_layer_is_taken_up_with_a_key_picture)
{
    struct codec_packet key = {.key_frame = true, .layer_sync = true};
    struct cap low = {0, 0, false};
    CHECK(cap_is(towards(low, all, 0, true), low));
    CHECK(cap_is(towards(low, all, 1, true), (struct cap){0, 1, false}));
    CHECK(cap_is(cap_towards(low, all, &key, true), all));
}

TEST(less_of_one_kind_and_more_of_the_other_go_their_own_ways)
{
    struct cap from = {1, 1, false};
    CHECK(cap_is(towards(from, (struct cap){0, CAP_ALL, false}, 0, true),
                 (struct cap){0, 1, false}));
    CHECK(cap_is(towards(from, (struct cap){0, CAP_ALL, false}, 2, true),
                 (struct cap){0, CAP_ALL, false}));
    CHECK(cap_is(towards(from, (struct cap){CAP_ALL, 0, false}, 1, true),
                 (struct cap){1, 0, false}));
}

TEST(a_cap_that_is_alone_is_without_what_nothing_above_needs)
{
    struct cap alone = {1, CAP_ALL, true};
    struct codec_packet key = {.spatial = 0, .inter_picture = false, .upper_apart = false};
    struct codec_packet lower = {.spatial = 0, .inter_picture = true, .upper_apart = true};
    struct codec_packet needed = {.spatial = 0, .inter_picture = true};
    struct codec_packet own = {.spatial = 1, .inter_picture = true, .upper_apart = true};
    CHECK(cap_has(alone, &key));
    CHECK(!cap_has(alone, &lower));
    CHECK(cap_has(alone, &needed));
    CHECK(cap_has(alone, &own));
    CHECK(cap_has((struct cap){1, CAP_ALL, false}, &lower));
}

TEST(from_a_layer_alone_one_goes_to_another_with_a_key_picture)
{
    struct codec_packet key = {.key_frame = true, .layer_sync = true};
    struct cap high = {2, CAP_ALL, true}, low = {0, CAP_ALL, false};
    CHECK(cap_needs_key(high, low));
    CHECK(cap_needs_key(low, high));
    CHECK(!cap_needs_key(all, low));
    CHECK(!cap_needs_key(high, (struct cap){2, 1, true}));
    // Until it comes, fewer pictures of the present one.
    CHECK(cap_is(towards(high, low, 0, true), (struct cap){2, 1, true}));
    CHECK(cap_is(cap_towards(high, low, &key, true), low));
}

TEST(what_is_apart_is_left_out_before_any_frame)
{
    CHECK(cap_is(towards(all, (struct cap){2, CAP_ALL, true}, 0, true),
                 (struct cap){2, CAP_ALL, true}));
    CHECK(cap_is(towards(all, (struct cap){1, CAP_ALL, true}, 0, true),
                 (struct cap){1, CAP_ALL, true}));
}
