#include "sfu/quality.h"

#include "test.h"

enum { MS = 1000 };

TEST(nothing_known_is_excellent)
{
    CHECK_EQ(quality_score(&(struct quality){0}, 0, 0), 5);
}

TEST(quality_falls_with_what_stays_away_after_repair)
{
    static const struct {
        double gone;
        int score;
    } vectors[] = {{0.010, 5}, {0.012, 4}, {0.030, 4}, {0.033, 3}, {0.080, 3},
                   {0.083, 2}, {0.200, 2}, {0.203, 1}, {1.000, 1}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct quality q = {.lost = vectors[i].gone, .gone = vectors[i].gone};
        CHECK_EQ(quality_score(&q, 0, 0), vectors[i].score);
    }
}

TEST(loss_that_is_repaired_counts_by_one_less)
{
    static const struct {
        double lost;
        int score;
    } vectors[] = {{0.03, 5}, {0.05, 4}, {0.10, 3}, {0.30, 2}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        CHECK_EQ(quality_score(&(struct quality){.lost = vectors[i].lost}, 0, 0),
                 vectors[i].score);
}

TEST(quality_falls_with_the_round_trip_and_with_jitter)
{
    CHECK_EQ(quality_score(&(struct quality){.rtt_us = 400 * MS}, 0, 0), 5);
    CHECK_EQ(quality_score(&(struct quality){.rtt_us = 401 * MS}, 0, 0), 4);
    CHECK_EQ(quality_score(&(struct quality){.rtt_us = 801 * MS}, 0, 0), 3);
    CHECK_EQ(quality_score(&(struct quality){.jitter_us = 100 * MS}, 0, 0), 5);
    CHECK_EQ(quality_score(&(struct quality){.jitter_us = 101 * MS}, 0, 0), 4);
    CHECK_EQ(quality_score(&(struct quality){.rtt_us = 200 * MS, .jitter_us = 51 * MS}, 0, 0),
             4);
    CHECK_EQ(quality_score(&(struct quality){.rtt_us = 300 * MS, .jitter_us = 126 * MS}, 0, 0),
             3);
}

TEST(quality_falls_with_layers_that_do_not_fit)
{
    struct quality q = {0};
    CHECK_EQ(quality_score(&q, 27, 27), 5); // nine pictures, all best
    CHECK_EQ(quality_score(&q, 21, 27), 5);
    CHECK_EQ(quality_score(&q, 20, 27), 4);
    CHECK_EQ(quality_score(&q, 11, 27), 4);
    CHECK_EQ(quality_score(&q, 10, 27), 3);
    CHECK_EQ(quality_score(&q, 0, 3), 3); // the only picture is paused
}

TEST(it_never_falls_below_nothing)
{
    struct quality worst = {1, 1, 900 * MS, 500 * MS};
    CHECK_EQ(quality_score(&worst, 0, 27), 0);
}

static struct quality after(double lost, unsigned copies, int reports)
{
    struct quality q = {0};
    for (int i = 0; i < reports; i++)
        quality_take(&q, &(struct quality_report){.lost = lost, .copies = copies});
    return q;
}

// A tenth is lost: of sound that is sent once, twice and thrice.
TEST(copies_leave_less_of_the_loss)
{
    struct quality once = after(0.1, 0, 40), twice = after(0.1, 1, 40),
                   thrice = after(0.1, 2, 40);
    CHECK_EQ(quality_score(&once, 0, 0), 2);
    CHECK_EQ(quality_score(&twice, 0, 0), 3);
    CHECK_EQ(quality_score(&thrice, 0, 0), 3);
    CHECK_EQ(quality_score(&(struct quality){.lost = 0.3, .gone = 0.3 * 0.3}, 0, 0), 2);
    CHECK((int)(twice.gone * 1000 + 0.5) == 10 && (int)(thrice.gone * 1000 + 0.5) == 1);
}

TEST(about_four_reports_decide)
{
    CHECK_EQ(quality_score(&(struct quality){0}, 0, 0), 5);
    struct quality q = after(0.5, 0, 1);
    CHECK_EQ(quality_score(&q, 0, 0), 2); // 12.5 %
    q = after(0.5, 0, 4);
    CHECK_EQ(quality_score(&q, 0, 0), 1);
    for (int i = 0; i < 14; i++)
        quality_take(&q, &(struct quality_report){.lost = 0});
    CHECK_EQ(quality_score(&q, 0, 0), 5);
}

TEST(a_report_without_round_trip_or_of_pictures_leaves_what_is_known)
{
    struct quality q = {0};
    quality_take(&q, &(struct quality_report){.rtt_us = 80 * MS, .jitter_us = 10 * MS});
    quality_take(&q, &(struct quality_report){.jitter_us = -1});
    CHECK_EQ(q.rtt_us, 80 * MS);
    CHECK_EQ(q.jitter_us, 10 * MS);
    quality_take(&q, &(struct quality_report){.rtt_us = 120 * MS, .jitter_us = 30 * MS});
    CHECK_EQ(q.rtt_us, 90 * MS);
    CHECK_EQ(q.jitter_us, 15 * MS);
}
