#include "base/password.h"

#include "base/base64.h"
#include "base/mem.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SALT_LEN = 16,
    HASH_LEN = 32,
    COST_LOG = 15, // N; with r = 8 this is 32 MiB
    BLOCK = 8,     // r
    PASSES = 3,    // p
    COST_LOG_MAX = 20,
    MEMORY_MAX = 256 * 1024 * 1024
};

struct kept {
    unsigned cost_log, block, passes;
    uint8_t salt[SALT_LEN];
    uint8_t hash[HASH_LEN];
};

// False when the parameters are out of reach.
static bool derive(const char *password, const struct kept *k, uint8_t hash[HASH_LEN])
{
    uint64_t cost = UINT64_C(1) << k->cost_log, memory = MEMORY_MAX;
    uint32_t block = k->block, passes = k->passes;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password, strlen(password)),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, (void *)k->salt, SALT_LEN),
        OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_N, &cost),
        OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_R, &block),
        OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_P, &passes),
        OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &memory),
        OSSL_PARAM_END,
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = context && EVP_KDF_derive(context, hash, HASH_LEN, parameters) == 1;
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
    return done;
}

static void write_part(struct text *t, const uint8_t *octets, size_t len)
{
    text_add_char(t, '$');
    base64url_add(t, (struct bytes){octets, len});
}

void password_keep(const char *password, struct rng *rng, char kept[PASSWORD_KEPT_MAX])
{
    struct kept k = {.cost_log = COST_LOG, .block = BLOCK, .passes = PASSES};
    struct text t = {0};
    rng_fill(rng, k.salt, sizeof k.salt);
    if (!derive(password, &k, k.hash))
        abort(); // OpenSSL has no scrypt, or no memory: there is no lesser way
    text_addf(&t, "scrypt$%u$%u$%u", k.cost_log, k.block, k.passes);
    write_part(&t, k.salt, sizeof k.salt);
    write_part(&t, k.hash, sizeof k.hash);
    snprintf(kept, PASSWORD_KEPT_MAX, "%s", t.at);
    text_dispose(&t);
}

// The part in front of the next "$", or of the end.
static bool read_part(const char **at, uint8_t *out, size_t wanted)
{
    uint8_t octets[PASSWORD_KEPT_MAX];
    size_t len = strcspn(*at, "$");
    if (len >= sizeof octets)
        return false;
    int read = base64url_read((struct bytes){(const uint8_t *)*at, len}, octets);
    *at += len + ((*at)[len] == '$');
    if (read != (int)wanted)
        return false;
    memcpy(out, octets, wanted);
    return true;
}

static bool read_kept(struct kept *k, const char *text)
{
    int used = 0;
    if (!text ||
        sscanf(text, "scrypt$%2u$%2u$%2u$%n", &k->cost_log, &k->block, &k->passes, &used) !=
            3 ||
        !used || !k->cost_log || k->cost_log > COST_LOG_MAX || !k->block || !k->passes)
        return false;
    text += used;
    return read_part(&text, k->salt, SALT_LEN) && read_part(&text, k->hash, HASH_LEN) && !*text;
}

bool password_is(const char *password, const char *kept)
{
    struct kept k, nobody = {.cost_log = COST_LOG, .block = BLOCK, .passes = PASSES};
    uint8_t hash[HASH_LEN];
    bool is_known = read_kept(&k, kept);
    bool done = derive(password, is_known ? &k : &nobody, hash);
    bool same = CRYPTO_memcmp(hash, is_known ? k.hash : nobody.hash, HASH_LEN) == 0;
    mem_wipe(hash, sizeof hash);
    return is_known && done && same;
}
