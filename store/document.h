// A template as JSON, in one form for the column and the REST API: {"roles", "settings",
// "destinations", "plugins"}, camelCase. What cannot be used yet (destinations) is checked
// and kept.
#pragma once

#include "base/bytes.h"
#include "base/json.h"
#include "room/template.h"
#include "store/db.h"
#include "store/document_reader.h"

// Checks a document with the ranges of the REST API and fills in the defaults. Returns 0 and a
// template (the caller's to template_free()), or ERR_MALFORMED with the path of the first
// field that is wrong, "roles.host.publishParams.video.bitRate", in `where`.
int store_document_read(struct bytes document, struct template **t,
                        char where[DOCUMENT_WHERE_MAX]);

// Writes out what `document` leaves open, as `t`, which was read from it, understands it.
void store_document_fill(json_t *document, const struct template *t);

// The stored template `id`, whole: what a room needs to go live. Returns 0 or ERR_*.
int store_template_load(struct db *db, const char *id, struct template **t);

// The template of a fresh installation: roles `host` and `guest`.
extern const char store_document_default[];
