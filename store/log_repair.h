// Writing the session log although some of it cannot be written.
#pragma once

#include "store/sessions.h"

// Writes what a job of store_log_write() could not, in transactions of its own: halves down to
// what is refused for good, which goes to the table log_aside and is told. `aside`: how many.
// Returns 0, or why the storage took nothing more; then all of it may be written again.
int store_log_repair(struct db *db, const struct store_log_entry *entries, size_t count,
                     struct store_log_posts *posts, int64_t now_ms, size_t *aside);

// Whether it would be refused again and again.
bool store_log_is_refused(int err);
