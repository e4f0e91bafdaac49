#include "signal/tally.h"

#include "signal/rpc.h"

static const char *const names[] = {
    [SIGNAL_OK] = "ok",
    [SIGNAL_MALFORMED] = "malformed",
    [SIGNAL_UNKNOWN] = "unknown_method",
    [SIGNAL_NOT_SUPPORTED] = "not_supported",
    [SIGNAL_REFUSED] = "refused",
    [SIGNAL_NOT_FOUND] = "not_found",
    [SIGNAL_CONFLICT] = "conflict",
    [SIGNAL_TOO_MANY] = "too_many",
    [SIGNAL_BUSY] = "busy",
};

const char *signal_result_name(enum signal_result result)
{
    return names[result];
}

enum signal_result signal_result_of(int code)
{
    switch (code) {
    case 0:
        return SIGNAL_OK;
    case RPC_UNKNOWN_METHOD:
        return SIGNAL_UNKNOWN;
    case RPC_NOT_SUPPORTED:
        return SIGNAL_NOT_SUPPORTED;
    case RPC_REFUSED:
        return SIGNAL_REFUSED;
    case RPC_NOT_FOUND:
        return SIGNAL_NOT_FOUND;
    case RPC_TAKEN:
    case RPC_GONE:
    case RPC_CHANGED:
    case RPC_MISDIRECTED:
        return SIGNAL_CONFLICT;
    case RPC_TOO_MANY:
        return SIGNAL_TOO_MANY;
    case RPC_BUSY:
        return SIGNAL_BUSY;
    default:
        return SIGNAL_MALFORMED;
    }
}
