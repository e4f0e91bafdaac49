// The tokens of those who were removed from a session: they do not come back with them while it
// lasts. Somebody with a room code, or a back end, gets another one.
#pragma once

#include "base/token_hash.h"
#include "room/live.h"

#include <stdbool.h>

void removed_init(struct removed *removed);
void removed_clear(struct removed *removed); // the session is over

// Beyond REMOVED_TOKENS_MAX the one that was removed first may return.
void removed_add(struct room *room, const struct token_hash *token);
bool removed_contain(const struct room *room, const struct token_hash *token);
// All of them, in the order in which they were removed: start with *at = NULL; NULL at the end.
const struct token_hash *removed_next(const struct room *room, const struct list **at);
