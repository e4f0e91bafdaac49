// The default workspace: its ids and secrets, kept in one place only, the file `keys.json` in
// the data folder, which nobody but the server's user can read.
#pragma once

#include "base/jwt.h"
#include "base/rng.h"

struct keys {
    struct jwt_key key;
    char customer_id[OBJECT_ID_LEN + 1];
    char app_id[OBJECT_ID_LEN + 1];
    char template_id[OBJECT_ID_LEN + 1]; // of the built-in default template
    char webhook_secret[128];            // signs webhooks
    char meetings_key[64];               // opens POST /api/meetings when `meetings` is "key"
};

// Reads `<folder>/keys.json` (and adds what it lacks), or makes it on the first start (the
// folder too). Returns 0, or ERR_IO, ERR_MALFORMED for a file that cannot be used, ERR_REFUSED
// for one that others than its owner may read; the reason is logged without any secret.
int keys_load(struct keys *keys, const char *folder, struct rng *rng, int64_t wall_ms);
// The same without making anything: ERR_NOT_FOUND before the first start.
int keys_read(struct keys *keys, const char *folder);

// Replaces the secret that signs by a new one; the old one stays good until keys_revoke().
void keys_rotate(struct keys *keys, struct rng *rng);
bool keys_revoke(struct keys *keys); // false: there was no old one
// Writes the file anew, whole or not at all. 0 or ERR_IO.
int keys_save(const struct keys *keys, const char *folder);

// The whole of it as text, as it is in the file, and back: ERR_MALFORMED.
void keys_write(const struct keys *keys, struct text *document);
int keys_parse(struct keys *keys, struct bytes content);

// What `parlor key show --json` prints: {"access_key","app_secret","template_id"}.
void keys_show(const struct keys *keys, struct text *out);

void keys_wipe(struct keys *keys);
