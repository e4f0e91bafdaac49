#include "base/bytes.h"
#include "test.h"

TEST(numbers_are_big_endian)
{
    static const uint8_t wire[] = {1, 2, 3, 4, 5, 6, 7, 8};
    CHECK_EQ(read_u16(wire), 0x0102);
    CHECK_EQ(read_u24(wire), 0x010203);
    CHECK_EQ(read_u32(wire), 0x01020304);
    CHECK(read_u64(wire) == 0x0102030405060708);

    uint8_t out[8];
    write_u64(out, 0x0102030405060708);
    assert_memory_equal(out, wire, 8);
}

TEST(a_writer_stops_at_its_end_and_says_so)
{
    uint8_t buffer[5];
    struct writer w = writer_on(buffer, sizeof buffer);
    put_u32(&w, 0xaabbccdd);
    CHECK(!w.overflow);
    put_u16(&w, 0x1122);
    CHECK(w.overflow);
    CHECK_EQ(w.len, 4);
    put_u8(&w, 1); // would fit, but a message with a hole is worse than a short one
    CHECK_EQ(w.len, 4);
}

TEST(empty_views_are_equal_wherever_they_point)
{
    CHECK(bytes_equal((struct bytes){0}, bytes_of("")));
    CHECK(!bytes_equal(bytes_of("a"), bytes_of("b")));
}
