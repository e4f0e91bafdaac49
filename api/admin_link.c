#include "api/admin_link.h"

#include "base/base64.h"
#include "base/limits.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_OCTETS = 24, RANDOM_LEN = 32, MAC_TEXT_LEN = 43 };

static const char purpose[] = "parlor-admin-link:";

static void sign(const char *secret, struct bytes part, uint8_t mac[JWT_MAC_LEN])
{
    struct text t = {0};
    text_add(&t, purpose);
    text_add_bytes(&t, part);
    jwt_hmac(bytes_of(secret), text_bytes(&t), mac);
    text_dispose(&t);
}

void admin_link_make(const char *secret, int64_t now_s, struct rng *rng, struct text *token)
{
    uint8_t drawn[RANDOM_OCTETS], mac[JWT_MAC_LEN];
    rng_fill(rng, drawn, sizeof drawn);
    text_clear(token);
    base64url_add(token, (struct bytes){drawn, sizeof drawn});
    text_addf(token, ".%" PRId64, now_s + ADMIN_LINK_S);
    sign(secret, text_bytes(token), mac);
    text_add_char(token, '.');
    base64url_add(token, (struct bytes){mac, sizeof mac});
}

// Compared as texts, in constant time.
static bool is_ours(const struct jwt_keys *keys, struct bytes part, const char *mac_text)
{
    bool found = false;
    for (size_t i = 0; i < keys->count; i++) {
        for (size_t at = 0; at < JWT_SECRETS_MAX && keys->at[i].secrets[at][0]; at++) {
            uint8_t mac[JWT_MAC_LEN];
            struct text expected = {0};
            sign(keys->at[i].secrets[at], part, mac);
            base64url_add(&expected, (struct bytes){mac, sizeof mac});
            found |= jwt_secret_equal(mac_text, expected.at);
            text_dispose(&expected);
        }
    }
    return found;
}

// Who has the secret could sign any moment; what we make is never good for longer than this.
enum jwt_fault admin_link_check(const char *token, const struct jwt_keys *keys, int64_t now_s,
                                char hash[TOKEN_HASH_TEXT_LEN + 1], int64_t *expires_at_s)
{
    size_t random = strcspn(token, ".");
    size_t digits = token[random] ? strspn(token + random + 1, "0123456789") : 0;
    size_t len = random + 1 + digits;
    if (random != RANDOM_LEN || digits < 1 || digits > 12 || token[len] != '.' ||
        strlen(token + len + 1) != MAC_TEXT_LEN)
        return JWT_MALFORMED;
    struct bytes part = {(const uint8_t *)token, len};
    if (!is_ours(keys, part, token + len + 1))
        return JWT_MALFORMED;
    *expires_at_s = strtoll(token + random + 1, NULL, 10);
    struct token_hash of_part = token_hash_of(part);
    token_hash_write(&of_part, hash);
    if (*expires_at_s > now_s + ADMIN_LINK_S + TOKEN_LEEWAY_S)
        return JWT_MALFORMED;
    return now_s >= *expires_at_s ? JWT_EXPIRED : JWT_VALID;
}
