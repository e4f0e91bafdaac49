// Error codes of the whole program, and their names.
#pragma once

// Functions return 0 (or a count) or one of these. The word says whose fault it was.
enum err {
    ERR_MALFORMED = -1,   // bytes from outside that do not follow their specification
    ERR_REFUSED = -2,     // well-formed, but not allowed: bad signature, replay, no permission
    ERR_UNSUPPORTED = -3, // well-formed and legal, but not something this program does
    ERR_NOT_FOUND = -4,   // names something that does not exist
    ERR_EXISTS = -5,      // names something that exists already
    ERR_FULL = -6,        // a bound of base/limits.h was reached
    ERR_NO_SPACE = -7,    // the caller's buffer is too small
    ERR_WRONG_STATE = -8, // not possible in the present state
    ERR_EXPIRED = -9,     // valid once, too late now
    ERR_IO = -10,       // the operating system or a library failed; errno or its log says more
    ERR_BUSY = -11,     // try again later
    ERR_TOO_LONG = -12, // took more time than it is given
};

// "malformed" for ERR_MALFORMED and so on, "ok" for 0, "unknown" for anything else.
const char *err_name(int err);
