// Answers that wait until what they acknowledge is stored, in the order of their coming. What
// was asked for has happened, and others were told; a crash before it is stored leaves nobody
// with a promise. ANSWER_WAIT_MS at most: then it is said that the storage does not answer.
#pragma once

#include "base/list.h"
#include "base/moment.h"
#include "server/job.h"
#include "signal/frame.h"

#include <stdbool.h>
#include <stdint.h>

struct held_answer {
    struct list link;
    uint64_t room; // its number
    uint64_t change;
    int64_t due_at; // us
    bool is_late;

    // One of these.
    struct job *call; // of REST
    struct frame frame;
    uint8_t *at; // what its texts point into
};

struct held;

struct held *held_new(void);
void held_free(struct held *h, void (*free_call)(struct job *));

void held_add_frame(struct held *h, const struct frame *frame, int64_t now);
// Takes `call`.
void held_add_call(struct held *h, struct job *call, uint64_t room, uint64_t change,
                   int64_t now);

// All changes of a room up to this one are stored.
void held_stored(struct held *h, uint64_t room, uint64_t change);
int64_t held_deadline(const struct held *h);
void held_expire(struct held *h, int64_t now);

// What waits no more, one after the other, then NULL. The caller frees it, and owns its call.
struct held_answer *held_next(struct held *h);
void held_answer_free(struct held_answer *answer);
