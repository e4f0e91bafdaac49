// Attendance: the visits to a session (store/visits.h), put together by who made them. One user
// under one peer id is one attendee, however often it came; minutes are sums of visits.
#pragma once

#include "base/mem.h"
#include "store/visits.h"

#include <stddef.h>
#include <stdint.h>

struct attendee {
    const char *key; // its peer id; "<peer id>:2" of the second user under it, and so on
    const struct store_visit *visits; // in the order of their beginning
    size_t count;                     // at least 1
};

// `visits` as store/visits.h gives them; they and the arena hold what is returned. In the
// order of their coming.
struct attendee *attendees_of(const struct store_visit *visits, size_t visit_count,
                              struct arena *arena, size_t *count);

// ms; 0 while it is still in.
int64_t attendee_left_at(const struct attendee *attendee);
// The sum of its visits; those that go on count until `now_ms`.
int64_t attendee_duration_ms(const struct attendee *attendee, int64_t now_ms);
