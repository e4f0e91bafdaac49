// All that can be told of this host and its settings before, and while, a server runs with
// them. It is looked at only: nothing is made, changed or kept. Name servers, TURN servers and
// databases are waited for, some seconds each at most, so it is not for a thread that others
// wait for.
#pragma once

#include "server/config.h"
#include "server/doctor_report.h"

void doctor_examine(const struct config *config, struct doctor_report *report);
