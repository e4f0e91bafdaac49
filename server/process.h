// What the process gives up before it meets the world.
#pragma once

#include "base/text.h"
#include "server/config.h"

// Before anything is made: files are private, no core dumps, descriptors up to the hard limit.
void process_harden(void);

// Running as root: becomes --user, else the owner of the data folder, else stays root where
// --allow-root says so or only loopback is listened on. Returns 0, or ERR_REFUSED with `why`.
int process_drop_root(const struct config *config, struct text *why);
