// The work of whoever sends webhooks and replays: one turn after the other.
#pragma once

#include "store/webhooks.h"

struct store_webhook_turn *store_webhook_turn_new(size_t outcome_count);
void store_webhook_turn_free(struct store_webhook_turn *turn);

int store_webhook_turn(struct db *db, struct store_webhook_turn *turn);

// Before anything else is taken by a new process: what the last one was sending is due.
int store_webhook_begin(struct db *db);

// How many wait to be sent, or to be sent again.
int store_webhook_count(struct db *db, int64_t *count);

// Removes at most `most` that are done, from before `before_ms`. Returns how many, or ERR_*.
int store_webhook_age(struct db *db, int64_t before_ms, int most);
