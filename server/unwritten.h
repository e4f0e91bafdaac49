// Sessions whose last write has failed, of the thread that writes: what happened in them is not
// written to the log before they are, or are over.
#pragma once

#include "base/map.h"

#include <stdbool.h>

// Zero-initialised has none.
struct unwritten {
    struct map sessions;
};

void unwritten_dispose(struct unwritten *u);
// A write of the session failed; or it is as written as it will ever be.
void unwritten_note(struct unwritten *u, const char *session_id, bool is_unwritten);
bool unwritten_is_empty(const struct unwritten *u);
