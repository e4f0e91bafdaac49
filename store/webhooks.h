// The webhooks that are to be sent, and those that were: each is stored with the event that it
// tells of, in the same transaction, and stays as the delivery log. What is kept in order is a
// line: the events of one session. Only the first of a line that waits is ever due.
#pragma once

#include "base/id.h"
#include "base/limits.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/session_event.h"
#include "store/where.h"

enum store_webhook_state {
    STORE_WEBHOOK_WAITING,
    STORE_WEBHOOK_DELIVERED,
    STORE_WEBHOOK_FAILED, // given up
};

// Strings live in the arena given to the call that filled it.
struct store_webhook {
    const char *id;        // that of the event: the order
    const char *replay_id; // "": no replay; of what was taken only
    const char *uuid;
    const char *room_id;
    const char *type;
    int64_t at;         // ms since the Unix epoch, as all times here
    const char *target; // JSON: {"url", "headers"}, as at the last try, or when it was stored
    bool is_rooms;      // the room's own target, and not that of the workspace
    const char *body;   // JSON, as it is sent
    enum store_webhook_state state;
    int64_t tries;
    const char *error; // of the last try; "" when it was good, or there was none
};

// --- Sending ---

// What became of one try.
struct store_webhook_outcome {
    char id[OBJECT_ID_LEN + 1];
    char replay_id[OBJECT_ID_LEN + 1]; // "": no replay
    bool is_delivered;
    int64_t next_at; // of the next try, or of the replay's next event; 0: given up
    char *error;     // of mem_alloc(); NULL: none
};

// One visit of whoever sends: results are written, the next ones are taken.
struct store_webhook_turn {
    struct store_webhook_outcome *outcomes;
    size_t outcome_count;
    bool takes;            // false: results only
    size_t places;         // how many may be taken
    const char *workspace; // its target, for replays; "": it has none
    int64_t now;
    int64_t taken_until; // then what was taken is due again

    struct arena arena; // of those below
    struct store_webhook *taken;
    size_t taken_count;
    struct store_webhook replays[WEBHOOK_REPLAYS_MAX]; // one event of each that is due
    size_t replay_count;
    int64_t given_up; // how many, as their room has no webhook any more
    int64_t next_at;  // when the next one is due; INT64_MAX: none waits
};

// --- Looking ---

enum { STORE_WEBHOOKS_MAX = 100 };

enum store_webhook_status {
    STORE_WEBHOOKS_ALL,
    STORE_WEBHOOKS_SUCCESS,
    STORE_WEBHOOKS_FAILURE, // given up, or tried in vain so far
};

struct store_webhook_filter {
    int64_t after_ms; // of `at`, inclusive, as before_ms
    int64_t before_ms;
    const char *room_id; // "": any
    const char *types;   // ",a,b,": any of these; "": any
    enum store_webhook_status status;
};

// Newest first. `total`: of all pages. Returns how many, or ERR_*.
int store_webhook_list(struct db *db, const struct store_webhook_filter *filter, int limit,
                       int64_t offset, struct arena *arena,
                       struct store_webhook webhooks[STORE_WEBHOOKS_MAX], int64_t *total);

// One that is done, or waits for its next try, is due at once. ERR_NOT_FOUND; ERR_BUSY while it
// is under way, or has others in front of it.
int store_webhook_send_again(struct db *db, const char *uuid, int64_t now);

// --- For store/ ---

// `next_at` of what has somebody in front of it in its line.
static const int64_t store_webhook_never = INT64_MAX;

// With the event, in its transaction. Of an event of a room without any target nothing is kept.
int store_webhook_put(struct db *db, const struct store_session_event *event,
                      struct store_log_posts *posts);
// Gives it the target that it would have now; "" when there is none.
int store_webhook_retarget(struct db *db, const char *workspace, struct arena *arena,
                           struct store_webhook *webhook);
// It is done, after so many more tries; the next of its line is due.
int store_webhook_settle(struct db *db, const char *id, enum store_webhook_state state,
                         int64_t tries, const char *error, int64_t now);

#define STORE_WEBHOOK_SELECT                                                                   \
    "SELECT id, uuid, room_id, type, at, target, is_rooms, body, state, tries, error "         \
    "FROM webhooks "

// For rows in the order of (at, id), of which each kind of filter has an index; or of their
// ids, from one on.
void store_webhook_where(struct where *w, const struct store_webhook_filter *filter,
                         bool by_id);
struct store_webhook store_webhook_read(struct db_query *q, struct arena *arena);
