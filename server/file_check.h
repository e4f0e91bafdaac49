// A database file that was not closed in order is looked at by a thread of its own, beside the
// work.
#pragma once

#include "store/db.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

// Zeroed, it has not begun.
struct file_check {
    const char *location; // borrowed, until the end
    pthread_t thread;
    bool is_running;
    atomic_bool is_stopping, is_damaged, is_whole;
};

// Does nothing when `db` was closed in order. Damage ends the process by SIGTERM, as it would
// have refused to start; only later.
void file_check_begin(struct file_check *check, const struct db *db, const char *location);
// Stops looking. A file that is known to be whole need not be looked at the next time.
void file_check_end(struct file_check *check, struct db *db);
bool file_check_found_damage(const struct file_check *check);
