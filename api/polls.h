// What the files of /v2/polls share.
#pragma once

#include "api/context.h"
#include "store/polls.h"

// The poll that the path names first. Returns 0, or what api_fail() returned.
int api_poll_of_path(struct api_context *c, struct store_poll *poll);
