// What is acknowledged is stored: the answer to a request that changed what a session remembers
// waits until the change is (struct frame). One that has waited in vain is told 503, though
// what it asked for has happened; when the client asks for the same again, as the SDK does,
// nothing happens a second time, and the answer is the first one's. That holds while things are
// as that request left them: behind another change of the same things it is a request like any
// other.
#pragma once

#include "signal/state.h"

uint64_t outcome_request(const struct call *call); // names it: the method and its parameters
// Answers a request that was answered with 503 before, and tells what rooms.last_change was
// before it and after it. False when there was none, or when what it changed has changed again.
bool outcome_repeat(struct call *call, uint64_t request, uint64_t *before, uint64_t *after);
void outcomes_dispose(struct signal *s);
