#include "base/token_hash.h"

#include "base/err.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { SHA256_LEN = 32 };

struct token_hash token_hash_of(struct bytes signature)
{
    uint8_t digest[SHA256_LEN];
    struct token_hash hash;
    int done = EVP_Digest(signature.at, signature.len, digest, NULL, EVP_sha256(), NULL);
    assert(done == 1);
    memcpy(hash.octets, digest, sizeof hash.octets);
    return hash;
}

bool token_hash_is_known(const struct token_hash *hash)
{
    static const struct token_hash none;
    return memcmp(hash, &none, sizeof none) != 0;
}

bool token_hash_equal(const struct token_hash *a, const struct token_hash *b)
{
    return CRYPTO_memcmp(a->octets, b->octets, TOKEN_HASH_LEN) == 0;
}

static const char digits[] = "0123456789abcdef";

void token_hash_write(const struct token_hash *hash, char out[TOKEN_HASH_TEXT_LEN + 1])
{
    for (size_t i = 0; i < TOKEN_HASH_LEN; i++) {
        out[2 * i] = digits[hash->octets[i] >> 4];
        out[2 * i + 1] = digits[hash->octets[i] & 0xf];
    }
    out[TOKEN_HASH_TEXT_LEN] = 0;
}

int token_hash_read(const char *text, struct token_hash *hash)
{
    struct token_hash read = {0};
    if (strlen(text) != TOKEN_HASH_TEXT_LEN)
        return ERR_MALFORMED;
    for (size_t i = 0; i < TOKEN_HASH_TEXT_LEN; i++) {
        const char *digit = strchr(digits, text[i]);
        if (!digit)
            return ERR_MALFORMED;
        read.octets[i / 2] = (uint8_t)(read.octets[i / 2] << 4 | (digit - digits));
    }
    *hash = read;
    return 0;
}
