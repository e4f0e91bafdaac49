// `parlor serve`: everything is started, run and ended here.
#pragma once

#include "server/config.h"

int serve(const struct config *config); // the exit status
