#include "store/sign_ins.h"

#include "store/row.h"

int store_sign_in_get(struct db *db, const char *hash, int64_t now, struct arena *arena,
                      struct store_sign_in *found)
{
    struct db_query *q = db_prepare(db, "SELECT hash, account_id, created_at, seen_at FROM "
                                        "sign_ins WHERE hash = $1");
    db_bind_text(q, 1, hash);
    int err = db_step(q);
    const char *account_id = "";
    if (err == DB_ROW) {
        *found = (struct store_sign_in){
            .hash = row_text(arena, q, 0), .created_at = db_int(q, 2), .seen_at = db_int(q, 3)};
        account_id = row_text(arena, q, 1);
    }
    db_finish(q);
    err = row_found(err);
    if (!err &&
        (now >= found->seen_at + SIGN_IN_IDLE_MS || now >= found->created_at + SIGN_IN_MS))
        return ERR_NOT_FOUND;
    return err ? err : store_account_get(db, account_id, arena, &found->account);
}

int store_sign_in_put(struct db *db, const char *hash, const char *account_id, int64_t now)
{
    struct db_query *q = db_prepare(db, "DELETE FROM sign_ins WHERE seen_at <= $1");
    db_bind_int(q, 1, now - SIGN_IN_IDLE_MS);
    int err = db_run(q);
    if (err)
        return err;
    q = db_prepare(db, "DELETE FROM sign_ins WHERE created_at <= $1");
    db_bind_int(q, 1, now - SIGN_IN_MS);
    err = db_run(q);
    if (err)
        return err;
    q = db_prepare(db, "INSERT INTO sign_ins (hash, account_id, created_at, seen_at) VALUES "
                       "($1, $2, $3, $4)");
    db_bind_text(q, 1, hash);
    db_bind_text(q, 2, account_id);
    db_bind_int(q, 3, now);
    db_bind_int(q, 4, now);
    return db_run(q);
}

int store_sign_in_seen(struct db *db, const char *hash, int64_t now)
{
    struct db_query *q = db_prepare(db, "UPDATE sign_ins SET seen_at = $1 WHERE hash = $2");
    db_bind_int(q, 1, now);
    db_bind_text(q, 2, hash);
    return db_run(q);
}

int store_sign_in_remove(struct db *db, const char *hash)
{
    struct db_query *q = db_prepare(db, "DELETE FROM sign_ins WHERE hash = $1");
    db_bind_text(q, 1, hash);
    return db_run(q);
}

int store_sign_in_remove_others(struct db *db, const char *account_id, const char *spared)
{
    struct db_query *q =
        db_prepare(db, "DELETE FROM sign_ins WHERE account_id = $1 AND hash <> $2");
    db_bind_text(q, 1, account_id);
    db_bind_text(q, 2, spared);
    return db_run(q);
}

int store_link_is_used(struct db *db, const char *hash, bool *is_used)
{
    struct db_query *q = db_prepare(db, "SELECT hash FROM used_links WHERE hash = $1");
    db_bind_text(q, 1, hash);
    int err = db_step(q);
    db_finish(q);
    *is_used = err == DB_ROW;
    return err == DB_ROW ? 0 : err;
}

int store_link_use(struct db *db, const char *hash, int64_t expires_at, int64_t now)
{
    struct db_query *q = db_prepare(db, "DELETE FROM used_links WHERE expires_at < $1");
    db_bind_int(q, 1, now);
    int err = db_run(q);
    if (err)
        return err;
    q = db_prepare(db, "INSERT INTO used_links (hash, expires_at) VALUES ($1, $2)");
    db_bind_text(q, 1, hash);
    db_bind_int(q, 2, expires_at);
    return db_run(q);
}
