#include "api/admin_link.h"
#include "base/limits.h"
#include "base/mem.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define NOW_S 1700000000

static struct rng rng;
static struct jwt_key key = {.access_key = "64a1b2c3d4e5f60718293a4b",
                             .secrets = {"0123456789abcdef0123456789abcdef"}};
static const struct jwt_keys keys = {&key, 1};

static enum jwt_fault check(const char *token, int64_t now_s)
{
    char hash[TOKEN_HASH_TEXT_LEN + 1];
    int64_t expires_at_s;
    return admin_link_check(token, &keys, now_s, hash, &expires_at_s);
}

TEST(a_link_is_good_for_ten_minutes)
{
    struct text token = {0};
    rng = rng_seeded(1);
    admin_link_make(key.secrets[0], NOW_S, &rng, &token);
    CHECK_EQ(check(token.at, NOW_S), JWT_VALID);
    CHECK_EQ(check(token.at, NOW_S + 599), JWT_VALID);
    CHECK_EQ(check(token.at, NOW_S + 600), JWT_EXPIRED);
    text_dispose(&token);
}

TEST(one_that_would_be_good_for_longer_is_none)
{
    struct text token = {0};
    rng = rng_seeded(1);
    admin_link_make(key.secrets[0], NOW_S, &rng, &token);
    CHECK_EQ(check(token.at, NOW_S - TOKEN_LEEWAY_S), JWT_VALID); // clocks differ
    CHECK_EQ(check(token.at, NOW_S - TOKEN_LEEWAY_S - 1), JWT_MALFORMED);
    text_dispose(&token);
}

TEST(no_octet_of_it_can_be_another)
{
    struct text token = {0};
    rng = rng_seeded(2);
    admin_link_make(key.secrets[0], NOW_S, &rng, &token);
    for (size_t i = 0; i < token.len; i++) {
        char was = token.at[i];
        token.at[i] = was == '4' ? '5' : '4';
        CHECK_EQ(check(token.at, NOW_S), JWT_MALFORMED);
        token.at[i] = was;
    }
    for (size_t len = 0; len < token.len; len++) {
        char *part = mem_text_of((struct bytes){(uint8_t *)token.at, len});
        CHECK_EQ(check(part, NOW_S), JWT_MALFORMED);
        mem_free(part);
    }
    text_dispose(&token);
}

TEST(each_is_another_one_and_a_token_is_none)
{
    struct text a = {0}, b = {0};
    char of_a[TOKEN_HASH_TEXT_LEN + 1], of_b[TOKEN_HASH_TEXT_LEN + 1];
    int64_t at;
    rng = rng_seeded(3);
    admin_link_make(key.secrets[0], NOW_S, &rng, &a);
    admin_link_make(key.secrets[0], NOW_S, &rng, &b);
    CHECK_EQ(admin_link_check(a.at, &keys, NOW_S, of_a, &at), JWT_VALID);
    CHECK_EQ(admin_link_check(b.at, &keys, NOW_S, of_b, &at), JWT_VALID);
    CHECK_EQ(at, NOW_S + 600);
    CHECK(strcmp(of_a, of_b) != 0);
    struct jwt_claims claims = {.type = JWT_MANAGEMENT, .expires_at_s = NOW_S + 60};
    text_clear(&a);
    jwt_sign(&claims, key.secrets[0], &a);
    CHECK_EQ(check(a.at, NOW_S), JWT_MALFORMED);
    text_dispose(&a);
    text_dispose(&b);
}

// While a secret is replaced both are good.
TEST(the_secret_of_before_is_good_until_it_is_revoked)
{
    struct jwt_key two = key;
    struct jwt_keys both = {&two, 1};
    struct text token = {0};
    char hash[TOKEN_HASH_TEXT_LEN + 1];
    int64_t at;
    rng = rng_seeded(4);
    admin_link_make(key.secrets[0], NOW_S, &rng, &token);
    snprintf(two.secrets[1], sizeof two.secrets[1], "%s", key.secrets[0]);
    snprintf(two.secrets[0], sizeof two.secrets[0], "%s",
             "another secret of at least 32 octets");
    CHECK_EQ(admin_link_check(token.at, &both, NOW_S, hash, &at), JWT_VALID);
    two.secrets[1][0] = 0;
    CHECK_EQ(admin_link_check(token.at, &both, NOW_S, hash, &at), JWT_MALFORMED);
    text_dispose(&token);
}
