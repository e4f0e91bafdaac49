// A poll as a JSON document: one form for the column, REST and the snapshots of sessions, which
// the structs of room/poll.h are read from and written to. REST knows things that a meeting
// does not (`format`, `attachment`, `start`); they stay in the document.
#pragma once

#include "base/json.h"
#include "room/poll_link.h"

// Total: what is missing or of another type reads as nothing, and a document that is none as a
// poll without questions. api/poll_fields checks what comes from outside. Texts are copied to
// the arena.
void store_poll_read(const char *id, const char *document, struct arena *arena,
                     struct linked_poll *poll);
void store_poll_read_value(const char *id, const json_t *document, struct arena *arena,
                           struct linked_poll *poll);

void store_poll_write(struct json_out *j, const struct poll_info *info,
                      const struct poll_question *questions, size_t question_count);
