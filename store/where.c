#include "store/where.h"

#include "base/err.h"
#include "base/id.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_condition(struct where *w, const char *condition)
{
    text_addf(&w->sql, "%s%s ", w->sql.len ? "AND " : "WHERE ", condition);
}

void where_literal(struct where *w, const char *condition)
{
    add_condition(w, condition);
}

static void add_value(struct where *w, const char *column, struct where_value value)
{
    assert(w->count < WHERE_VALUES_MAX);
    w->values[w->count++] = value;
    text_addf(&w->sql, "%s%s $%d ", w->sql.len ? "AND " : "WHERE ", column, w->count);
}

void where_text(struct where *w, const char *column, const char *value)
{
    if (value && value[0])
        add_value(w, column, (struct where_value){.text = value});
}

void where_match(struct where *w, const char *condition, const char *value)
{
    if (!value || !value[0])
        return;
    assert(w->count < WHERE_VALUES_MAX);
    w->values[w->count++] = (struct where_value){.text = value};
    text_add(&w->sql, w->sql.len ? "AND " : "WHERE ");
    for (; *condition; condition++) {
        if (*condition == '?')
            text_addf(&w->sql, "$%d", w->count);
        else
            text_add_char(&w->sql, *condition);
    }
    text_add_char(&w->sql, ' ');
}

void where_int(struct where *w, const char *column, int64_t value)
{
    add_value(w, column, (struct where_value){.number = value});
}

void where_behind(struct where *w, const char *columns, int64_t at, const char *id)
{
    char condition[96];
    assert(w->count + 2 <= WHERE_VALUES_MAX);
    w->values[w->count++] = (struct where_value){.number = at};
    w->values[w->count++] = (struct where_value){.text = id};
    snprintf(condition, sizeof condition, "%s < ($%d, $%d)", columns, w->count - 1, w->count);
    add_condition(w, condition);
}

static void bind(struct db_query *q, const struct where *w, int64_t limit)
{
    for (int i = 0; i < w->count; i++) {
        if (w->values[i].text)
            db_bind_text(q, i + 1, w->values[i].text);
        else
            db_bind_int(q, i + 1, w->values[i].number);
    }
    db_bind_int(q, w->count + 1, limit);
}

struct db_query *where_query(struct db *db, const char *head, struct where *w, const char *tail,
                             int64_t limit, int64_t offset)
{
    struct text sql = {0};
    text_addf(&sql, "%s%s%s LIMIT $%d", head, w->sql.at ? w->sql.at : "", tail, w->count + 1);
    if (offset)
        text_addf(&sql, " OFFSET $%d", w->count + 2);
    struct db_query *q = db_prepare(db, sql.at);
    bind(q, w, limit);
    if (offset)
        db_bind_int(q, w->count + 2, offset);
    text_dispose(&sql);
    where_dispose(w);
    return q;
}

struct db_query *where_over(struct db *db, const char *head, const char *table,
                            const struct where *w, const char *order, int64_t limit)
{
    struct text sql = {0};
    text_addf(&sql, "%s FROM (SELECT id FROM %s %s%s LIMIT $%d) chosen", head, table,
              w->sql.at ? w->sql.at : "", order, w->count + 1);
    struct db_query *q = db_prepare(db, sql.at);
    bind(q, w, limit);
    text_dispose(&sql);
    return q;
}

void where_dispose(struct where *w)
{
    text_dispose(&w->sql);
    *w = (struct where){0};
}

int where_place(struct db *db, const char *sql, const char *start, int64_t *at, bool *is_gone)
{
    char seconds[9] = "";
    struct db_query *q = db_prepare(db, sql);
    db_bind_text(q, 1, start);
    int err = db_run_int(q, at);
    *is_gone = err == ERR_NOT_FOUND;
    if (!*is_gone)
        return err;
    // The end of the second in which it was made.
    if (id_is_object(start))
        memcpy(seconds, start, sizeof seconds - 1);
    *at = ((int64_t)strtoll(seconds, NULL, 16) + 1) * 1000 - 1;
    return 0;
}
