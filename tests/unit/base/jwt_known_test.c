#include "base/jwt_known.h"
#include "base/limits.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

// 2023-11-14T22:13:20Z
enum { NOW = 1700000000, LIFETIME_S = 3600 };

static const struct jwt_key first = {
    .access_key = "64a1b2c3d4e5f60718293a4b",
    .secrets = {"0123456789abcdef0123456789abcdef"},
};
static const struct jwt_key second = {
    .access_key = "64a1b2c3d4e5f60718293a4b",
    .secrets = {"fedcba9876543210fedcba9876543210"},
};

struct desk {
    struct rng rng;
    struct jwt_known *known;
    struct jwt_key key;
    struct text token;
};

static struct desk open_desk(void)
{
    struct desk d = {.rng = rng_seeded(3), .key = first};
    d.known = jwt_known_new(&d.rng);
    struct jwt_claims claims = {
        .type = JWT_APP,
        .access_key = "64a1b2c3d4e5f60718293a4b",
        .room_id = "64a1b2c3d4e5f60718293a4c",
        .role = "guest",
        .user_id = "alice",
        .jti = "x",
        .issued_at_s = NOW,
        .expires_at_s = NOW + LIFETIME_S,
    };
    jwt_sign(&claims, first.secrets[0], &d.token);
    return d;
}

static void close_desk(struct desk *d)
{
    jwt_known_free(d->known);
    text_dispose(&d->token);
}

static enum jwt_fault look(struct desk *d, int64_t now_s, struct jwt_claims *claims)
{
    return jwt_known_verify(d->known, text_bytes(&d->token), &(struct jwt_keys){&d->key, 1},
                            now_s, claims);
}

TEST(the_second_look_says_what_the_first_said)
{
    struct desk d = open_desk();
    struct jwt_claims a = {0}, b = {0};
    CHECK_EQ(look(&d, NOW, &a), JWT_VALID);
    CHECK_EQ(look(&d, NOW + 1, &b), JWT_VALID);
    CHECK_EQ(b.type, JWT_APP);
    CHECK_TEXT(b.user_id, "alice");
    CHECK_TEXT(b.role, "guest");
    CHECK(token_hash_is_known(&b.hash));
    CHECK(memcmp(&a, &b, sizeof a) == 0);
    close_desk(&d);
}

// That it costs no signature shows by what it does not notice.
TEST(the_second_look_does_not_look_at_the_signature)
{
    struct desk d = open_desk();
    struct jwt_claims claims;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    d.key = second;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    close_desk(&d);
}

TEST(other_keys_judge_anew)
{
    struct desk d = open_desk();
    struct jwt_claims claims;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    d.key = second;
    jwt_known_forget(d.known);
    CHECK_EQ(look(&d, NOW, &claims), JWT_BAD_SIGNATURE);
    d.key = first;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    close_desk(&d);
}

TEST(what_is_known_expires_at_its_time)
{
    struct desk d = open_desk();
    struct jwt_claims claims;
    int64_t last = NOW + LIFETIME_S + TOKEN_LEEWAY_S - 1;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    CHECK_EQ(look(&d, last, &claims), JWT_VALID);
    CHECK_EQ(look(&d, last + 1, &claims), JWT_EXPIRED);
    CHECK_EQ(look(&d, last + 1, &claims), JWT_EXPIRED);
    close_desk(&d);
}

TEST(a_clock_that_was_set_back_is_noticed)
{
    struct desk d = open_desk();
    struct jwt_claims claims;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    CHECK_EQ(look(&d, NOW - TOKEN_LEEWAY_S, &claims), JWT_VALID);
    CHECK_EQ(look(&d, NOW - TOKEN_LEEWAY_S - 1, &claims), JWT_NOT_YET);
    close_desk(&d);
}

// Each octet of a token that is known, changed: nothing that is like it is taken for it.
TEST(only_the_very_token_is_known)
{
    struct desk d = open_desk();
    struct jwt_claims claims;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    for (size_t i = 0; i < d.token.len; i++) {
        d.token.at[i] ^= 1;
        CHECK(look(&d, NOW, &claims) != JWT_VALID);
        d.token.at[i] ^= 1;
    }
    d.token.len--;
    CHECK(look(&d, NOW, &claims) != JWT_VALID);
    d.token.len++;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    close_desk(&d);
}

TEST(more_tokens_than_there_are_places_for_are_all_good)
{
    struct desk d = open_desk();
    struct text tokens[3 * TOKENS_KNOWN_MAX];
    memset(tokens, 0, sizeof tokens);
    struct jwt_claims signed_claims = {.access_key = "64a1b2c3d4e5f60718293a4b",
                                       .issued_at_s = NOW,
                                       .expires_at_s = NOW + LIFETIME_S};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 3 * TOKENS_KNOWN_MAX; i++) {
            struct jwt_claims claims;
            if (round == 0) {
                snprintf(signed_claims.jti, sizeof signed_claims.jti, "%zu", i);
                jwt_sign(&signed_claims, first.secrets[0], &tokens[i]);
            }
            CHECK_EQ(jwt_known_verify(d.known, text_bytes(&tokens[i]),
                                      &(struct jwt_keys){&d.key, 1}, NOW, &claims),
                     JWT_VALID);
            char jti[24];
            snprintf(jti, sizeof jti, "%zu", i);
            CHECK_TEXT(claims.jti, jti);
        }
    for (size_t i = 0; i < 3 * TOKENS_KNOWN_MAX; i++)
        text_dispose(&tokens[i]);
    close_desk(&d);
}

TEST(without_a_memory_each_token_is_looked_at)
{
    struct desk d = open_desk();
    struct jwt_claims claims;
    jwt_known_free(d.known);
    d.known = NULL;
    CHECK_EQ(look(&d, NOW, &claims), JWT_VALID);
    d.key = second;
    CHECK_EQ(look(&d, NOW, &claims), JWT_BAD_SIGNATURE);
    close_desk(&d);
}
