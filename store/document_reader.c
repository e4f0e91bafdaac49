#include "store/document_reader.h"

#include "base/err.h"
#include "base/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void write_path(const struct place *place, char *where, size_t *len)
{
    if (!place)
        return;
    write_path(place->in, where, len);
    int added =
        snprintf(where + *len, DOCUMENT_WHERE_MAX - *len, "%s%s", *len ? "." : "", place->key);
    *len += (size_t)added < DOCUMENT_WHERE_MAX - *len ? (size_t)added
                                                      : DOCUMENT_WHERE_MAX - *len - 1;
}

int document_fail(struct reader *r, const struct place *in, const char *key)
{
    size_t len = 0;
    struct place here = {in, key};
    r->where[0] = 0;
    write_path(&here, r->where, &len);
    return ERR_MALFORMED;
}

bool document_absent(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return !value || json_is_null(value);
}

int document_int(struct reader *r, const struct place *in, const json_t *object,
                 const char *key, int min, int max, int fallback, int *out)
{
    const json_t *value = json_object_get(object, key);
    *out = fallback;
    if (document_absent(object, key))
        return 0;
    // A whole number may come as 30.0.
    double number = json_number_value(value);
    if (!json_is_number(value) || number < min || number > max || floor(number) != number)
        return document_fail(r, in, key);
    *out = (int)number;
    return 0;
}

int document_bool(struct reader *r, const struct place *in, const json_t *object,
                  const char *key, bool fallback, bool *out)
{
    *out = fallback;
    if (document_absent(object, key))
        return 0;
    if (!json_is_boolean(json_object_get(object, key)))
        return document_fail(r, in, key);
    *out = json_is_true(json_object_get(object, key));
    return 0;
}

// An object, or NULL when it is absent.
int document_object(struct reader *r, const struct place *in, const json_t *object,
                    const char *key, const json_t **out)
{
    *out = json_get_object(object, key);
    return *out || document_absent(object, key) ? 0 : document_fail(r, in, key);
}

int document_names(struct reader *r, const struct place *in, const json_t *object,
                   const char *key, struct names *out)
{
    const json_t *list = json_get_array(object, key);
    if (!list)
        return document_absent(object, key) ? 0 : document_fail(r, in, key);
    struct names names = template_names(r->t, json_array_size(list));
    for (size_t i = 0; i < names.count; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name)
            return document_fail(r, in, key);
        names.at[i] = template_text(r->t, name);
    }
    *out = names;
    return 0;
}

int document_word(struct reader *r, const struct place *in, const json_t *object,
                  const char *key, const char *const *known)
{
    const char *word = json_get_text(object, key, NULL);
    return document_absent(object, key) || (word && (!known || words_known(known, word)))
               ? 0
               : document_fail(r, in, key);
}

int document_words(struct reader *r, const struct place *in, const json_t *object,
                   const char *key, const char *const *known, size_t most)
{
    bool fits = document_absent(object, key) ||
                json_is_words(json_object_get(object, key), known, most);
    return fits ? 0 : document_fail(r, in, key);
}

int document_number(struct reader *r, const struct place *in, const json_t *object,
                    const char *key, int min, int max)
{
    int ignored;
    return document_int(r, in, object, key, min, max, 0, &ignored);
}

int document_switch(struct reader *r, const struct place *in, const json_t *object,
                    const char *key)
{
    bool ignored;
    return document_bool(r, in, object, key, false, &ignored);
}
