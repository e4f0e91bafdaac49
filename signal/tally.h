// How often each method was called and what came of it: for metrics.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Few words for the codes of signal/rpc.h.
enum signal_result {
    SIGNAL_OK,
    SIGNAL_MALFORMED, // it is no message, or its parameters do not fit
    SIGNAL_UNKNOWN,   // there is no such method
    SIGNAL_NOT_SUPPORTED,
    SIGNAL_REFUSED, // the role may not do it
    SIGNAL_NOT_FOUND,
    SIGNAL_CONFLICT, // something is not as the client thinks
    SIGNAL_TOO_MANY,
    SIGNAL_BUSY,
    SIGNAL_RESULTS,
};

enum { SIGNAL_METHODS_MAX = 64 }; // the last place is of messages without a method of ours

struct signal_tally {
    uint64_t counts[SIGNAL_METHODS_MAX][SIGNAL_RESULTS];
};

const char *signal_result_name(enum signal_result result); // "ok"
// By place in the tally; NULL: there is none.
const char *signal_method_name(size_t at); // "join"; "other"

enum signal_result signal_result_of(int code); // 0: it went well
