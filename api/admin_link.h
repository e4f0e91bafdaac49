// One-time links to the dashboard: whoever has the data folder makes one, and a running server
// knows it by its own key. "<random>.<expires>.<mac>", the second in seconds, the third
// HMAC-SHA256 with the secret of the access key over "parlor-admin-link:<random>.<expires>":
// that no token of base/jwt can be, as these have no colon.
#pragma once

#include "base/jwt.h"
#include "base/rng.h"

void admin_link_make(const char *secret, int64_t now_s, struct rng *rng, struct text *token);

// Whether one of the keys made it, and it is good at `now_s`: JWT_VALID, JWT_EXPIRED, or
// JWT_MALFORMED for all else. Unless that, `hash` names the link and `expires_at_s` is set.
enum jwt_fault admin_link_check(const char *token, const struct jwt_keys *keys, int64_t now_s,
                                char hash[TOKEN_HASH_TEXT_LEN + 1], int64_t *expires_at_s);
