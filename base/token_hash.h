// Which token it was, without the token: a hash of its signature. Somebody who has not seen
// the token cannot know it, and what was written down of it opens nothing.
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOKEN_HASH_LEN = 16, TOKEN_HASH_TEXT_LEN = 2 * TOKEN_HASH_LEN }; // in hex

// Zero-initialised is that of no token.
struct token_hash {
    uint8_t octets[TOKEN_HASH_LEN];
};

// The first half of the SHA-256 of the signature's octets. Not of the token's text, which may
// be written in more than one way where a decoder is generous.
struct token_hash token_hash_of(struct bytes signature);

bool token_hash_is_known(const struct token_hash *hash); // false: of no token
bool token_hash_equal(const struct token_hash *a, const struct token_hash *b);

void token_hash_write(const struct token_hash *hash, char out[TOKEN_HASH_TEXT_LEN + 1]);
// Returns 0, or ERR_MALFORMED.
int token_hash_read(const char *text, struct token_hash *hash);
