#include "store/schema.h"

// Only what SQLite and PostgreSQL have in common: TEXT and BIGINT, 0 and 1 for booleans, times
// in milliseconds since the Unix epoch. Object ids are time-ordered, so ORDER BY id is the
// order of creation.
const char *const store_migrations[] = {
    "CREATE TABLE templates ("
    "  id TEXT PRIMARY KEY,"
    "  name TEXT NOT NULL UNIQUE,"
    "  is_default BIGINT NOT NULL,"
    "  document TEXT NOT NULL,"
    "  created_at BIGINT NOT NULL,"
    "  updated_at BIGINT NOT NULL);"

    // name_key is the name in lower case: names are ASCII, and differ in more than case.
    "CREATE TABLE rooms ("
    "  id TEXT PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  name_key TEXT NOT NULL UNIQUE,"
    "  enabled BIGINT NOT NULL,"
    "  description TEXT NOT NULL,"
    "  template_id TEXT NOT NULL REFERENCES templates (id),"
    "  region TEXT NOT NULL,"
    "  large_room BIGINT NOT NULL,"
    "  size BIGINT NOT NULL,"
    "  max_duration_seconds BIGINT NOT NULL,"
    "  recording_info TEXT NOT NULL,"
    "  webhook TEXT NOT NULL,"
    "  created_at BIGINT NOT NULL,"
    "  updated_at BIGINT NOT NULL);"
    "CREATE INDEX rooms_by_template ON rooms (template_id, id);"

    "CREATE TABLE room_codes ("
    "  id TEXT PRIMARY KEY,"
    "  code TEXT NOT NULL UNIQUE,"
    "  room_id TEXT NOT NULL REFERENCES rooms (id),"
    "  role TEXT NOT NULL,"
    "  enabled BIGINT NOT NULL,"
    "  created_at BIGINT NOT NULL,"
    "  updated_at BIGINT NOT NULL);"
    "CREATE INDEX room_codes_by_room ON room_codes (room_id, id);",

    "ALTER TABLE rooms ADD COLUMN chat_history BIGINT NOT NULL DEFAULT 0;",

    "CREATE TABLE live_epoch (number BIGINT NOT NULL);"
    "INSERT INTO live_epoch (number) VALUES (0);"
    "CREATE TABLE live_rooms ("
    "  room_id TEXT PRIMARY KEY,"
    "  session_id TEXT NOT NULL,"
    "  epoch BIGINT NOT NULL,"
    "  document TEXT NOT NULL,"
    "  written_at BIGINT NOT NULL);",

    // No references: what happened in a room stays when the room is gone.
    "CREATE TABLE sessions ("
    "  id TEXT PRIMARY KEY,"
    "  room_id TEXT NOT NULL,"
    "  started_at BIGINT NOT NULL,"
    "  ended_at BIGINT NOT NULL,"
    "  updated_at BIGINT NOT NULL);"
    "CREATE INDEX sessions_by_room ON sessions (room_id, id);"
    "CREATE INDEX sessions_by_end ON sessions (ended_at, id);"
    "CREATE TABLE session_peers ("
    "  session_id TEXT NOT NULL,"
    "  id TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  role TEXT NOT NULL,"
    "  user_id TEXT NOT NULL,"
    "  joined_at BIGINT NOT NULL,"
    "  left_at BIGINT NOT NULL,"
    "  PRIMARY KEY (session_id, id));"
    "CREATE INDEX session_peers_by_end ON session_peers (left_at, session_id);"
    "CREATE TABLE session_events ("
    "  id TEXT PRIMARY KEY,"
    "  uuid TEXT NOT NULL,"
    "  session_id TEXT NOT NULL,"
    "  room_id TEXT NOT NULL,"
    "  peer_id TEXT NOT NULL,"
    "  user_id TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  is_error BIGINT NOT NULL,"
    "  at BIGINT NOT NULL,"
    "  data TEXT NOT NULL);"
    "CREATE INDEX session_events_by_room ON session_events (room_id, id);"
    "CREATE INDEX session_events_by_time ON session_events (at);",

    "CREATE TABLE stream_keys ("
    "  id TEXT PRIMARY KEY,"
    "  room_id TEXT NOT NULL REFERENCES rooms (id),"
    "  secret TEXT NOT NULL,"
    "  enabled BIGINT NOT NULL,"
    "  created_at BIGINT NOT NULL,"
    "  updated_at BIGINT NOT NULL);"
    "CREATE INDEX stream_keys_by_room ON stream_keys (room_id, enabled);"
    // Recordings, streams and what they left: kind is enum store_stream_kind.
    "CREATE TABLE streams ("
    "  id TEXT PRIMARY KEY,"
    "  kind BIGINT NOT NULL,"
    "  room_id TEXT NOT NULL,"
    "  session_id TEXT NOT NULL,"
    "  status TEXT NOT NULL,"
    "  document TEXT NOT NULL,"
    "  created_at BIGINT NOT NULL,"
    "  updated_at BIGINT NOT NULL);"
    "CREATE INDEX streams_by_kind ON streams (kind, id);"
    "ALTER TABLE rooms ADD COLUMN is_meeting BIGINT NOT NULL DEFAULT 0;"
    "CREATE INDEX rooms_by_meeting ON rooms (is_meeting, created_at);",
};

const size_t store_migration_count = sizeof store_migrations / sizeof *store_migrations;
