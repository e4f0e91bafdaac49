#include "base/jwt_known.h"

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"

#include <openssl/crypto.h>
#include <string.h>

struct entry {
    uint64_t hash;
    uint8_t *token; // NULL: free
    size_t len;
    int64_t good_since_s; // a clock that is behind this says nothing of `nbf` and `iat`
    struct jwt_claims claims;
};

// A token has one place. Its hash is seeded, so that nobody can choose who loses theirs.
struct jwt_known {
    uint64_t seed[2];
    struct entry entries[TOKENS_KNOWN_MAX];
};

struct jwt_known *jwt_known_new(struct rng *rng)
{
    struct jwt_known *known = mem_alloc(sizeof *known);
    rng_fill(rng, known->seed, sizeof known->seed);
    return known;
}

static void forget(struct entry *entry)
{
    if (!entry->token)
        return;
    mem_wipe(entry->token, entry->len);
    mem_free(entry->token);
    *entry = (struct entry){0};
}

void jwt_known_forget(struct jwt_known *known)
{
    for (size_t i = 0; i < TOKENS_KNOWN_MAX; i++)
        forget(&known->entries[i]);
}

void jwt_known_free(struct jwt_known *known)
{
    if (!known)
        return;
    jwt_known_forget(known);
    mem_free(known);
}

static bool holds(const struct entry *entry, uint64_t hash, struct bytes token)
{
    return entry->token && entry->hash == hash && entry->len == token.len &&
           CRYPTO_memcmp(entry->token, token.at, token.len) == 0;
}

// Whether nothing has changed since but the time, and that is still within the token's. `exp`
// may have had a fraction: in its last second the whole is looked at.
static bool is_still_good(const struct entry *entry, int64_t now_s)
{
    return now_s >= entry->good_since_s && !jwt_has_expired(entry->claims.expires_at_s, now_s);
}

static void remember(struct entry *entry, uint64_t hash, struct bytes token, int64_t now_s,
                     const struct jwt_claims *claims)
{
    forget(entry);
    *entry = (struct entry){.hash = hash,
                            .token = mem_alloc(token.len),
                            .len = token.len,
                            .good_since_s = now_s,
                            .claims = *claims};
    memcpy(entry->token, token.at, token.len);
}

enum jwt_fault jwt_known_verify(struct jwt_known *known, struct bytes token,
                                const struct jwt_keys *keys, int64_t now_s,
                                struct jwt_claims *claims)
{
    if (!known || token.len == 0 || token.len > TOKEN_LEN_MAX)
        return jwt_verify(token, keys, now_s, claims);
    uint64_t hash = map_hash(token, known->seed);
    struct entry *entry = &known->entries[hash % TOKENS_KNOWN_MAX];
    if (holds(entry, hash, token) && is_still_good(entry, now_s)) {
        *claims = entry->claims;
        return JWT_VALID;
    }
    enum jwt_fault fault = jwt_verify(token, keys, now_s, claims);
    if (fault == JWT_VALID)
        remember(entry, hash, token, now_s, claims);
    return fault;
}
