// What a session remembers for the application: JSON values by key, which live as long as the
// session does. Peers that observe a key are told of each change, also of those that they made.
//
// A few keys are the server's: it keeps them up to date, only those who may do `audience` see
// them, and nobody can set them. Their values are lists of people.
#pragma once

#include "base/moment.h"
#include "room/event.h"
#include "room/live.h"

struct store_wish {
    const char *key;
    const char *data;   // JSON text; NULL unsets
    int64_t if_version; // only if this is the version now: 0, only if unset; -1, in any case
};

enum { STORE_ANY_VERSION = -1 };

enum store_answer {
    STORE_DONE,
    STORE_BAD_KEY,       // empty, or over SESSION_STORE_KEY_LEN_MAX
    STORE_READ_ONLY,     // a key of the server's
    STORE_REFUSED,       // people who wait to be let in set nothing
    STORE_CHANGED,       // its version is not `if_version`
    STORE_VALUE_TOO_BIG, // over SESSION_STORE_VALUE_LEN_MAX
    STORE_TOO_MANY_KEYS, // over SESSION_STORE_KEYS_MAX
    STORE_FULL,          // over SESSION_STORE_SIZE_MAX
};

// Sets or unsets a value. `now_is` is what the store holds then; it borrows from `events` and
// `wish`.
enum store_answer session_store_set(struct peer *by, const struct store_wish *wish,
                                    struct moment now, struct event_list *events,
                                    struct event_value *now_is);

// The value as `by` may see it: borrowed, until the next change. Unset ones have no data and
// version 0.
struct event_value session_store_get(const struct peer *by, const char *key);

// From now on the peer observes these keys and no others. It is told the present values of
// those that it did not observe before. Returns 0; ERR_FULL for more than
// SESSION_STORE_OBSERVED_MAX keys, ERR_MALFORMED for a key that is none.
int session_store_observe(struct peer *peer, const char *const *keys, size_t count,
                          struct event_list *events);

// The present values of all that the peer observes, after a time in which it may have missed
// changes, or was not allowed to see them.
void session_store_tell(const struct peer *peer, struct event_list *events);

// Whether the key is one of the server's.
bool session_store_is_kept(const char *key);

// Sets a value of the server's own, where it is another than before. Its size is the caller's
// to bound.
void session_store_keep(struct room *room, const char *key, const struct event_waiting *waiting,
                        size_t count, struct moment now, struct event_list *events);

// Visits every value that is set: start with *at = 0; false at the end.
bool session_store_next(const struct session_store *store, size_t *at,
                        struct event_value *value);

// One value, whoever may see it. False when it is not set.
bool session_store_find(const struct room *room, const char *key, struct event_value *value);

// A value as it was before a restart; that its data is JSON has been looked at. Returns 0, or
// ERR_MALFORMED for what no session store held.
int session_store_restore(struct room *room, const struct event_value *past);

// --- For the other files of room/ only ---

void session_store_forget_peer(struct peer *peer);
void session_store_dispose(struct session_store *store);
