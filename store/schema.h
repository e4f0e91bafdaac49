// The tables, as numbered migrations: entry i brings a database from version i to i + 1. An
// entry that was released is never changed again.
#pragma once

#include <stddef.h>

extern const char *const store_migrations[];
extern const size_t store_migration_count;
