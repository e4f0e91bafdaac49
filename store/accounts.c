#include "store/accounts.h"

#include "store/row.h"

#include <ctype.h>
#include <string.h>

#define COLUMNS                                                                                \
    "SELECT id, name, role, password, created_at, updated_at, signed_in_at FROM accounts "

static const char *const words[] = {[ACCOUNT_VIEWER] = "viewer",
                                    [ACCOUNT_DEVELOPER] = "developer",
                                    [ACCOUNT_ADMIN] = "admin",
                                    [ACCOUNT_OWNER] = "owner"};

const char *account_role_text(enum account_role role)
{
    return words[role];
}

bool account_role_read(const char *text, enum account_role *role)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i]) == 0) {
            *role = (enum account_role)i;
            return true;
        }
    }
    return false;
}

// What is no role of ours, of a version to come, may read only.
static enum account_role role_of(int64_t number)
{
    return number > ACCOUNT_VIEWER && number <= ACCOUNT_OWNER ? (enum account_role)number
                                                              : ACCOUNT_VIEWER;
}

static struct store_account read_row(struct db_query *q, struct arena *arena)
{
    return (struct store_account){
        .id = row_text(arena, q, 0),
        .name = row_text(arena, q, 1),
        .role = role_of(db_int(q, 2)),
        .password = row_text(arena, q, 3),
        .created_at = db_int(q, 4),
        .updated_at = db_int(q, 5),
        .signed_in_at = db_int(q, 6),
    };
}

ROW_READ_ONE(read_one, store_account, read_row)
ROW_READ_ALL(read_all, store_account, read_row)

static void bind_key(struct db_query *q, int at, const char *name)
{
    struct text key = {0};
    for (const char *c = name; *c; c++)
        text_add_char(&key, (char)tolower((unsigned char)*c));
    db_bind_text(q, at, key.len ? key.at : "");
    text_dispose(&key);
}

int store_account_get(struct db *db, const char *id, struct arena *arena,
                      struct store_account *found)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE id = $1");
    db_bind_text(q, 1, id);
    return read_one(q, arena, found);
}

int store_account_named(struct db *db, const char *name, struct arena *arena,
                        struct store_account *found)
{
    struct db_query *q = db_prepare(db, COLUMNS "WHERE name_key = $1");
    bind_key(q, 1, name);
    return read_one(q, arena, found);
}

int store_account_list(struct db *db, struct arena *arena,
                       struct store_account accounts[ACCOUNTS_MAX])
{
    struct db_query *q = db_prepare(db, COLUMNS "ORDER BY name_key LIMIT $1");
    db_bind_int(q, 1, ACCOUNTS_MAX);
    return read_all(q, arena, accounts);
}

int store_account_insert(struct db *db, const struct store_account *account)
{
    struct db_query *q =
        db_prepare(db, "INSERT INTO accounts (id, name, name_key, role, password, created_at, "
                       "updated_at, signed_in_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    db_bind_text(q, 1, account->id);
    db_bind_text(q, 2, account->name);
    bind_key(q, 3, account->name);
    db_bind_int(q, 4, account->role);
    db_bind_text(q, 5, account->password);
    db_bind_int(q, 6, account->created_at);
    db_bind_int(q, 7, account->updated_at);
    db_bind_int(q, 8, account->signed_in_at);
    return db_run(q);
}

int store_account_update(struct db *db, const struct store_account *account)
{
    struct db_query *q = db_prepare(
        db, "UPDATE accounts SET name = $1, name_key = $2, role = $3, password = $4, "
            "updated_at = $5, signed_in_at = $6 WHERE id = $7");
    db_bind_text(q, 1, account->name);
    bind_key(q, 2, account->name);
    db_bind_int(q, 3, account->role);
    db_bind_text(q, 4, account->password);
    db_bind_int(q, 5, account->updated_at);
    db_bind_int(q, 6, account->signed_in_at);
    db_bind_text(q, 7, account->id);
    return db_run(q);
}

int store_account_delete(struct db *db, const char *id)
{
    struct db_query *q = db_prepare(db, "DELETE FROM sign_ins WHERE account_id = $1");
    db_bind_text(q, 1, id);
    int err = db_run(q);
    if (err)
        return err;
    q = db_prepare(db, "DELETE FROM accounts WHERE id = $1");
    db_bind_text(q, 1, id);
    return db_run(q);
}

int store_account_count(struct db *db, int64_t *count)
{
    return db_run_int(db_prepare(db, "SELECT COUNT(*) FROM accounts"), count);
}

int store_account_owners(struct db *db, int64_t *count)
{
    struct db_query *q = db_prepare(db, "SELECT COUNT(*) FROM accounts WHERE role = $1");
    db_bind_int(q, 1, ACCOUNT_OWNER);
    return db_run_int(q, count);
}
