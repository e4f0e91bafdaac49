// What always holds in live rooms, looked at whole: for tests and simulations, after each
// event.
#pragma once

#include "room/live.h"

// NULL when all is well, else what is not: a sentence.
const char *room_check(const struct room *room);
const char *rooms_check(const struct rooms *rooms); // of all rooms, and what they share
