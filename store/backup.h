// Backups: one file, an SQLite database, with everything that is stored and the keys. So a
// backup of either store is put back into either.
#pragma once

#include "store/copy.h"

// `folder` holds the keys, `database` is a location; `copy` says what was copied. What went
// wrong is logged.

// Writes a new file, readable by its owner only, while a server may run: all of it is of one
// moment. Returns 0; ERR_EXISTS when there is such a file and not `force`; ERR_NOT_FOUND
// without keys; or a code of store/db.h.
int store_backup(const char *folder, const char *database, const char *file, bool force,
                 int64_t wall_ms, struct store_copy *copy);

// Checks the file, then puts everything in it in place. `made_at_ms` says of when it is.
// Returns 0; ERR_EXISTS when there is something already and not `force`; ERR_BUSY while a
// server uses the database; ERR_NOT_FOUND when there is no such file, ERR_MALFORMED when it is
// no good backup; or a code of store/db.h. Nothing has changed then.
int store_restore(const char *folder, const char *database, const char *file, bool force,
                  int64_t *made_at_ms, struct store_copy *copy);

// Copies a data folder's database, which nobody uses, to another location, which must be empty.
// Returns 0; ERR_NOT_FOUND, ERR_BUSY, ERR_EXISTS; or a code of store/db.h.
int store_migrate(const char *from, const char *to, struct store_copy *copy);
