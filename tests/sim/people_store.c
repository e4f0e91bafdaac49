#include "tests/sim/people_store.h"

#include "base/mem.h"

#include <string.h>

struct row {
    char *name;
    char *document;
};

static void forget(struct row *row)
{
    if (!row)
        return;
    mem_free(row->name);
    mem_free(row->document);
    mem_free(row);
}

void people_store_clear(struct people_store *s)
{
    size_t at = 0;
    for (struct row *row; (row = map_next(&s->rows, &at));)
        forget(row);
    map_dispose(&s->rows);
    mem_free(s->head);
    s->head = NULL;
}

static void put(struct people_store *s, const struct snapshot_part *part)
{
    forget(map_remove(&s->rows, bytes_of(part->name)));
    if (!part->document)
        return;
    struct row *row = mem_alloc(sizeof *row);
    row->name = mem_text(part->name);
    row->document = mem_text(part->document);
    map_put(&s->rows, bytes_of(row->name), row);
}

void people_store_put(struct people_store *s, const struct snapshot *snapshot)
{
    if (snapshot->is_whole)
        people_store_clear(s);
    mem_free(s->head);
    s->head = mem_text(snapshot->head);
    for (size_t i = 0; i < snapshot->count; i++)
        put(s, &snapshot->parts[i]);
}

const char *people_store_differs(const struct people_store *s, const struct snapshot *whole)
{
    if (strcmp(s->head, whole->head) != 0)
        return whole->head;
    for (size_t i = 0; i < whole->count; i++) {
        const struct row *row = map_get(&s->rows, bytes_of(whole->parts[i].name));
        if (!row || strcmp(row->document, whole->parts[i].document) != 0)
            return whole->parts[i].document;
    }
    return s->rows.count == whole->count ? NULL : "there is a part that is gone";
}

void people_store_read(const struct people_store *s, struct text *document)
{
    struct snapshot_part *parts = mem_alloc_array(s->rows.count + 1, sizeof *parts);
    size_t count = 0, at = 0;
    for (const struct row *row; (row = map_next(&s->rows, &at));)
        parts[count++] = (struct snapshot_part){row->name, row->document};
    if (s->head)
        store_snapshot_join(s->head, parts, count, document);
    mem_free(parts);
}
