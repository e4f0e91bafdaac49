// Sessions of the dashboard, and the one-time links that were used: both by hashes, so that who
// reads the database can come in with neither.
#pragma once

#include "base/token_hash.h"
#include "store/accounts.h"

enum { SIGN_IN_HASH_LEN = TOKEN_HASH_TEXT_LEN };

// How long one lasts without a request, and in all.
#define SIGN_IN_IDLE_MS (INT64_C(12) * 3600 * 1000)
#define SIGN_IN_MS (INT64_C(7) * 24 * 3600 * 1000)

struct store_sign_in {
    const char *hash;
    int64_t created_at;
    int64_t seen_at;
    struct store_account account;
};

// One that is over is ERR_NOT_FOUND.
int store_sign_in_get(struct db *db, const char *hash, int64_t now, struct arena *arena,
                      struct store_sign_in *found);
// Those that are over, of whoever, go.
int store_sign_in_put(struct db *db, const char *hash, const char *account_id, int64_t now);
int store_sign_in_seen(struct db *db, const char *hash, int64_t now);
int store_sign_in_remove(struct db *db, const char *hash);
// All of an account but one: "" spares none.
int store_sign_in_remove_others(struct db *db, const char *account_id, const char *spared);

// ERR_EXISTS for a link that was used before. It is remembered until it has expired anyway.
int store_link_is_used(struct db *db, const char *hash, bool *is_used);
int store_link_use(struct db *db, const char *hash, int64_t expires_at, int64_t now);
