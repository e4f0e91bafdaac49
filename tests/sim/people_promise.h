// What an acknowledgement promises: whatever of the meeting was so when the request was handled
// is so after the server was killed. A session that comes back is as it was at some moment
// since the last promise, all of it at the same moment, but for what does not fit the changed
// roles.
#pragma once

#include "room/rooms.h"
#include "tests/sim/people_plan.h"

enum { FACT_PEERS = 8 };

// Zeroed, so that two are compared as memory.
struct facts {
    char session_id[OBJECT_ID_LEN + 1]; // "": nobody is in
    char room_id[OBJECT_ID_LEN + 1];
    struct {
        bool is_in;
        char role[16], token_role[16], name[32];
        char groups[64];
        int64_t joined_at;
        bool observes;
    } peers[FACT_PEERS]; // of the clients, by their number
    char value[32];
    int64_t value_version;
    int poll_state; // of the poll "p"; -1: there is none
    int64_t poll_started_at;
    uint64_t votes;
    size_t removed; // whoever may not come back
};

struct moment_facts {
    uint64_t change; // of rooms.last_change
    struct facts facts;
};

struct promises {
    struct moment_facts *past; // since the last promise, the first of them at it
    size_t count, cap;
    uint64_t promised; // a change
};

void facts_of(struct facts *facts, const struct room *room); // NULL: it is not live

void promises_dispose(struct promises *p);
void promises_note(struct promises *p, uint64_t change, const struct room *room);
void promises_give(struct promises *p, uint64_t change); // all up to this one
// What went on in the next process is one of those moments, as far as `plan` lets it. Returns
// NULL, or what is wrong. Until the next process has promised anything, it may be killed too,
// and what was written by the one before is there again, to be fitted to another plan.
const char *promises_judge(struct promises *p, const struct plan *plan,
                           const struct room *restored);
