// How the fields of a document are taken: each call checks one, and names its path when it is
// wrong. Private to store/document*.c.
#pragma once

#include "base/json.h"
#include "room/template.h"

#include <stdbool.h>
#include <stddef.h>

enum { DOCUMENT_WHERE_MAX = 512 }; // of a path that is told

// Where in the document a reader is: a list that lives on the stack, outermost last.
struct place {
    const struct place *in;
    const char *key;
};

struct reader {
    struct template *t;
    char *where;
};

// ERR_MALFORMED, with the path of `key` in `where`.
int document_fail(struct reader *r, const struct place *in, const char *key);
bool document_absent(const json_t *object, const char *key); // or null

// Each of these returns 0 or ERR_MALFORMED. A member that is absent has its fallback.
int document_int(struct reader *r, const struct place *in, const json_t *object,
                 const char *key, int min, int max, int fallback, int *out);
int document_bool(struct reader *r, const struct place *in, const json_t *object,
                  const char *key, bool fallback, bool *out);
int document_object(struct reader *r, const struct place *in, const json_t *object,
                    const char *key, const json_t **out); // NULL when absent
int document_names(struct reader *r, const struct place *in, const json_t *object,
                   const char *key, struct names *out);

// The same for what is only looked at. `known` ends with NULL; any text will do when it is
// NULL.
int document_number(struct reader *r, const struct place *in, const json_t *object,
                    const char *key, int min, int max);
int document_switch(struct reader *r, const struct place *in, const json_t *object,
                    const char *key);
int document_word(struct reader *r, const struct place *in, const json_t *object,
                  const char *key, const char *const *known);
int document_words(struct reader *r, const struct place *in, const json_t *object,
                   const char *key, const char *const *known, size_t most);

// The section `destinations`.
int document_destinations(struct reader *r, const json_t *document);
