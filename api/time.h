// Times as the REST API writes them: RFC 3339, UTC, milliseconds.
#pragma once

#include <stdint.h>

enum { API_TIME_LEN = 24 }; // "2023-03-03T11:41:08.082Z"

void api_time_format(int64_t wall_ms, char out[API_TIME_LEN + 1]);
// Any RFC 3339 time. Fractions beyond the millisecond are cut off; a leap second is the second
// after. Returns 0 or ERR_MALFORMED.
int api_time_parse(const char *text, int64_t *wall_ms);
