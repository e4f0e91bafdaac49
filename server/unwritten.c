#include "server/unwritten.h"

#include "base/id.h"
#include "base/mem.h"

#include <stdio.h>

struct session {
    char id[OBJECT_ID_LEN + 1];
};

void unwritten_dispose(struct unwritten *u)
{
    size_t at = 0;
    struct session *session;
    while ((session = map_next(&u->sessions, &at)))
        mem_free(session);
    map_dispose(&u->sessions);
}

void unwritten_note(struct unwritten *u, const char *session_id, bool is_unwritten)
{
    struct session *known = map_get(&u->sessions, bytes_of(session_id));
    if (is_unwritten && !known) {
        known = mem_alloc(sizeof *known);
        snprintf(known->id, sizeof known->id, "%s", session_id);
        map_put(&u->sessions, bytes_of(known->id), known);
    } else if (!is_unwritten && known) {
        map_remove(&u->sessions, bytes_of(session_id));
        mem_free(known);
    }
}

bool unwritten_is_empty(const struct unwritten *u)
{
    return u->sessions.count == 0;
}
