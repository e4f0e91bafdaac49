// Passwords as they are kept: scrypt (RFC 7914) with a salt of their own. A check takes a tenth
// of a second of a core and 32 MiB, so that a copy of what is kept does not give them away;
// never on a thread that others wait for.
#pragma once

#include "base/rng.h"

#include <stdbool.h>

enum { PASSWORD_KEPT_MAX = 128 }; // octets of the text, with the one that ends it

// "scrypt$15$8$3$<salt>$<hash>": the logarithm of N, r and p, so that what is kept stays good
// when they change.
void password_keep(const char *password, struct rng *rng, char kept[PASSWORD_KEPT_MAX]);

// Compared in constant time. With `kept` NULL, or no text of ours, the answer is false and the
// time the same.
bool password_is(const char *password, const char *kept);
