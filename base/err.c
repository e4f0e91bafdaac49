#include "base/err.h"

const char *err_name(int err)
{
    switch (err) {
    case 0:
        return "ok";
    case ERR_MALFORMED:
        return "malformed";
    case ERR_REFUSED:
        return "refused";
    case ERR_UNSUPPORTED:
        return "unsupported";
    case ERR_NOT_FOUND:
        return "not found";
    case ERR_EXISTS:
        return "exists";
    case ERR_FULL:
        return "full";
    case ERR_NO_SPACE:
        return "no space";
    case ERR_WRONG_STATE:
        return "wrong state";
    case ERR_EXPIRED:
        return "expired";
    case ERR_IO:
        return "io error";
    case ERR_BUSY:
        return "busy";
    case ERR_TOO_LONG:
        return "too long";
    default:
        return "unknown";
    }
}
