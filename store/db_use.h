// What a database is opened for.
#pragma once

enum db_use {
    DB_SHARED, // created when it is not there, and its schema brought up to date
    DB_SERVED, // as shared, by a server: a check that is due is left to db_check()
    DB_ALONE, // that too; ERR_BUSY when somebody has it open, and so for others until it closes
    DB_AS_IS, // nothing is created or brought up to date: it is only read
    DB_BESIDE, // only read, beside a connection of this process that was opened first
};
