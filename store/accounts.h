// Who may use the dashboard, and as what.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "store/db.h"

// Each may do what those before it may.
enum account_role {
    ACCOUNT_VIEWER,    // reads
    ACCOUNT_DEVELOPER, // changes all but accounts and keys
    ACCOUNT_ADMIN,     // all but owners
    ACCOUNT_OWNER,
};

enum { ACCOUNTS_MAX = 1000 };

const char *account_role_text(enum account_role role); // "viewer" ...
bool account_role_read(const char *text, enum account_role *role);

// Strings live in the arena given to the call that filled it.
struct store_account {
    const char *id;
    const char *name;
    enum account_role role;
    const char *password; // as base/password keeps it
    int64_t created_at;   // ms since the Unix epoch, as all times here
    int64_t updated_at;
    int64_t signed_in_at; // 0: never
};

// Names are compared without case (of ASCII). ERR_NOT_FOUND.
int store_account_get(struct db *db, const char *id, struct arena *arena,
                      struct store_account *found);
int store_account_named(struct db *db, const char *name, struct arena *arena,
                        struct store_account *found);
// In the order of names. Returns how many, or ERR_*.
int store_account_list(struct db *db, struct arena *arena,
                       struct store_account accounts[ACCOUNTS_MAX]);
int store_account_insert(struct db *db, const struct store_account *account); // ERR_EXISTS
// All but the id and the time that it was made at.
int store_account_update(struct db *db, const struct store_account *account); // ERR_EXISTS
int store_account_delete(struct db *db, const char *id); // and its sign-ins
int store_account_count(struct db *db, int64_t *count);
int store_account_owners(struct db *db, int64_t *count);
