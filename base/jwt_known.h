// Tokens that were found good, so that who shows one again and again costs no signature each
// time: a back end signs one token and asks thousands of things with it.
#pragma once

#include "base/jwt.h"
#include "base/rng.h"

// Of one thread. Bounded: a token that comes in takes the place of another.
struct jwt_known;

struct jwt_known *jwt_known_new(struct rng *rng);
void jwt_known_free(struct jwt_known *known);

// What jwt_verify() says, of which this is the shorter way. `known` may be NULL.
enum jwt_fault jwt_known_verify(struct jwt_known *known, struct bytes token,
                                const struct jwt_keys *keys, int64_t now_s,
                                struct jwt_claims *claims);

// To be called when the keys are others: what they signed before is looked at again.
void jwt_known_forget(struct jwt_known *known);
