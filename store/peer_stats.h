// Figures that clients reported about their media: one JSON document for each report, appended.
#pragma once

#include "base/mem.h"
#include "base/text.h"
#include "room/report.h"
#include "store/db.h"

struct store_stats {
    const char *id; // an object id: the order of reports
    const char *session_id;
    const char *peer_id;
    bool subscribes;
    int64_t at;
    const char *document;
};

void store_stats_write(const struct report_track *tracks, size_t count, struct text *document);
// Total: what is none of ours reads as nothing. Returns the tracks, in the arena.
struct report_track *store_stats_read(const char *document, struct arena *arena, size_t *count);

// Nothing when STATS_SIZE_MAX octets are kept of the peer already.
int store_stats_put(struct db *db, const struct store_stats *stats);
// All reports of a peer, in their order; the list is in the arena. 0 or ERR_*.
int store_stats_list(struct db *db, const char *session_id, const char *peer_id,
                     struct arena *arena, struct store_stats **list, size_t *count);
// Removes at most `most` from before `before_ms`. Returns how many, or ERR_*.
int store_stats_age(struct db *db, int64_t before_ms, int most);
