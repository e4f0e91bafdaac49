// Meetings on bad networks that are judged by what people see and hear.
#pragma once

#include "tests/sim/meeting.h"

extern const struct plan quality_plans[];
extern const size_t quality_plan_count;

// One line for each stream of a play: what came of it.
void quality_print(const struct meeting_sim *m);
