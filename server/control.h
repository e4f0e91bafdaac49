// The control thread: people, sessions, HTTP, data channels, and everything between them and
// the media workers. It carries messages and decides nothing.
#pragma once

#include "server/control_config.h"

struct control;

// NULL when an address cannot be listened on; the reason is logged.
struct control *control_new(const struct control_config *config);
// Runs until SIGTERM or SIGINT and the farewell to all clients.
void control_run(struct control *c);
void control_free(struct control *c);

// This machine has other addresses now.
void control_set_own(struct control *c, const struct addr *list, size_t count);
