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
};

const size_t store_migration_count = sizeof store_migrations / sizeof *store_migrations;
