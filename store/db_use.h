// What a database is opened for.
#pragma once

#include <stdbool.h>

enum db_use {
    DB_SHARED, // created when it is not there, and its schema brought up to date
    DB_SERVED, // as shared, by a server: a check that is due is left to db_check()
    DB_ALONE, // that too; ERR_BUSY when somebody has it open, and so for others until it closes
    DB_AS_IS, // nothing is created or brought up to date: it is only read
    DB_LOOKED_AT, // as is, beside whoever has it open, not checked, and no file is made or
                  // changed
    DB_BESIDE,    // only read, beside a connection of this process that was opened first
};

// What has no part in who may have it open.
static inline bool db_only_reads(enum db_use use)
{
    return use == DB_AS_IS || use == DB_LOOKED_AT || use == DB_BESIDE;
}
