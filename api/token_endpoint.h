// The token endpoint of the hosted service, which most samples of 2021 and 2022 call: anybody
// gets a token for a role that it hands out. Off unless the setting names rooms and roles.
#pragma once

#include "api/call.h"
#include "store/db.h"

// Logs what a role that is handed out may do to others, or that it is none. Once, at start.
void api_token_endpoint_warn(const struct api_config *config, struct db *db);
