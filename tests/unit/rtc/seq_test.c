#include "rtc/seq.h"
#include "test.h"

TEST(the_first_number_starts_in_the_second_cycle)
{
    struct seq s = {0};
    CHECK_EQ(seq_extend(&s, 7), 65536 + 7);
    CHECK_EQ(s.highest, 65536 + 7);
}

TEST(numbers_go_on_over_the_wrap)
{
    struct seq s = {0};
    CHECK_EQ(seq_extend(&s, 65534), 131070);
    CHECK_EQ(seq_extend(&s, 65535), 131071);
    CHECK_EQ(seq_extend(&s, 0), 131072);
    CHECK_EQ(seq_extend(&s, 3), 131075);
}

TEST(a_late_packet_belongs_to_the_cycle_before)
{
    struct seq s = {0};
    seq_extend(&s, 65535);
    seq_extend(&s, 2);
    CHECK_EQ(seq_extend(&s, 65534), 131070);
    CHECK_EQ(s.highest, 131074);
}

TEST(a_packet_older_than_the_first_is_not_zero)
{
    struct seq s = {0};
    seq_extend(&s, 0);
    CHECK_EQ(seq_extend(&s, 65535), 65535);
    CHECK_EQ(seq_extend(&s, 32768), 32768);
}

TEST(the_nearer_direction_wins)
{
    struct seq s = {0};
    seq_extend(&s, 1000);
    CHECK_EQ(seq_peek(&s, 1000 + 32767), 65536 + 1000 + 32767);
    CHECK_EQ(seq_peek(&s, 1000 + 32768), 65536 + 1000 - 32768);
}

TEST(peeking_moves_nothing)
{
    struct seq s = {0};
    CHECK_EQ(seq_peek(&s, 5), 0);
    seq_extend(&s, 10);
    CHECK_EQ(seq_peek(&s, 20), 65536 + 20);
    CHECK_EQ(s.highest, 65536 + 10);
}

TEST(a_million_packets_count_to_a_million)
{
    struct seq s = {0};
    uint64_t first = seq_extend(&s, 65000);
    for (uint32_t i = 1; i <= 1000000; i++)
        CHECK_EQ(seq_extend(&s, (uint16_t)(65000 + i)), first + i);
}
