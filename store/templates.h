// Templates as they are stored: one JSON document each, in the form of the REST API.
#pragma once

#include "base/mem.h"
#include "store/db.h"

// Strings live in the arena given to the call that filled it, or are the caller's.
struct store_template {
    const char *id;
    const char *name;
    bool is_default;
    const char *document; // {"roles","settings","destinations","plugins"}: see store/document.h
    int64_t created_at_ms;
    int64_t updated_at_ms;
};

int store_template_get(struct db *db, const char *id, struct arena *arena,
                       struct store_template *found);
// Its id and name alone.
int store_template_default(struct db *db, struct arena *arena, struct store_template *found);
int store_template_insert(struct db *db, const struct store_template *row);

// ERR_NOT_FOUND without a template `name`. Names differ in case.
int store_template_named(struct db *db, const char *name, struct arena *arena,
                         struct store_template *found);
// Name, document and time; the rest never changes. ERR_EXISTS: the name is another's.
int store_template_update(struct db *db, const struct store_template *row);

// ERR_EXISTS while rooms use it.
int store_template_delete(struct db *db, const char *id);

struct store_template_filter {
    const char *name;  // NULL: any
    int is_default;    // 0, 1, or -1: any
    const char *start; // ids below this one; NULL: from the newest
    int limit;
};

enum { STORE_TEMPLATES_MAX = 100 };

// Newest first. Returns how many, or ERR_*.
int store_template_list(struct db *db, const struct store_template_filter *filter,
                        struct arena *arena, struct store_template rows[STORE_TEMPLATES_MAX]);
