// Stream keys (RTMP in), and the jobs that carry a room elsewhere: recordings, live streams
// (HLS) and external streams (RTMP out), with the files they leave.
#pragma once

#include "base/id.h"
#include "base/mem.h"
#include "store/db.h"

#include <stdbool.h>
#include <stdint.h>

// --- Stream keys: one enabled at most for each room ---

struct store_stream_key {
    const char *id;
    const char *room_id;
    const char *key; // a secret
    bool enabled;
    int64_t created_at;
    int64_t updated_at;
};

// The enabled one. 0, ERR_NOT_FOUND or ERR_*.
int store_stream_key_of(struct db *db, const char *room_id, struct arena *arena,
                        struct store_stream_key *key);
int store_stream_key_insert(struct db *db, const struct store_stream_key *key);
int store_stream_key_disable(struct db *db, const char *room_id, int64_t wall_ms);

// --- Jobs and assets ---

enum store_stream_kind {
    STORE_RECORDING,
    STORE_LIVE_STREAM,
    STORE_EXTERNAL_STREAM,
    STORE_RECORDING_ASSET,
};

struct store_stream {
    const char *id;
    const char *room_id;
    const char *session_id;
    const char *status;   // "starting", "running", ...
    const char *document; // the other members, a JSON object
    int64_t created_at;
    int64_t updated_at;
};

int store_stream_insert(struct db *db, enum store_stream_kind kind,
                        const struct store_stream *stream);
int store_stream_get(struct db *db, enum store_stream_kind kind, const char *id,
                     struct arena *arena, struct store_stream *stream);

enum { STORE_STREAMS_MAX = 100 };

struct store_stream_filter {
    enum store_stream_kind kind;
    const char *room_id; // NULL: any, as the others
    const char *session_id;
    const char *status;
    const char *start; // ids below this one
    int limit;         // at most STORE_STREAMS_MAX
};

// Newest first. Returns how many, or ERR_*.
int store_stream_list(struct db *db, const struct store_stream_filter *filter,
                      struct arena *arena, struct store_stream streams[STORE_STREAMS_MAX]);
