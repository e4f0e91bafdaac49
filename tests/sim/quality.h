// Meetings on bad networks that are judged by what people see and hear.
#pragma once

#include "tests/sim/meeting.h"

extern const struct plan quality_plans[];
extern const size_t quality_plan_count;

// Whether the server does not keep this plan yet.
bool quality_is_pending(const struct plan *plan);

// One line for each stream of a play: what came of it.
void quality_print(const struct meeting_sim *m);

// What a judge measured: noted over all plays of a plan, and told in the end.
void quality_note(const struct meeting_sim *m);
// One line for each figure of each plan: median, the worst play, and what is asked of it.
void quality_print_figures(void);
