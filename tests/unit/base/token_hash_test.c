#include "base/token_hash.h"

#include "base/err.h"
#include "test.h"

// The example of FIPS 180-4: SHA-256 of "abc" is ba7816bf 8f01cfea 414140de 5dae2223 ...
TEST(it_is_the_first_half_of_a_sha_256)
{
    char text[TOKEN_HASH_TEXT_LEN + 1];
    struct token_hash hash = token_hash_of(bytes_of("abc"));
    token_hash_write(&hash, text);
    CHECK_TEXT(text, "ba7816bf8f01cfea414140de5dae2223");
}

TEST(it_reads_what_it_writes_and_nothing_else)
{
    static const char *const bad[] = {
        "", "ba7816bf8f01cfea414140de5dae222", "ba7816bf8f01cfea414140de5dae22233",
        "BA7816BF8F01CFEA414140DE5DAE2223", "ba7816bf8f01cfea414140de5dae222g"};
    struct token_hash hash = token_hash_of(bytes_of("abc")), read = {0}, kept = hash;
    CHECK_EQ(token_hash_read("ba7816bf8f01cfea414140de5dae2223", &read), 0);
    CHECK(token_hash_equal(&hash, &read));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(token_hash_read(bad[i], &read), ERR_MALFORMED);
        CHECK(token_hash_equal(&kept, &read));
    }
}

TEST(that_of_no_token_is_told_apart)
{
    struct token_hash none = {0}, one = {.octets = {[TOKEN_HASH_LEN - 1] = 1}};
    CHECK(!token_hash_is_known(&none));
    CHECK(token_hash_is_known(&one));
    CHECK(!token_hash_equal(&none, &one));
}
