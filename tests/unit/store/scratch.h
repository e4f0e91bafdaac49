// A folder of a test's own, removed with what is in it when the test ends.
#pragma once

enum { SCRATCH_PATH_MAX = 256 };

struct scratch {
    char folder[SCRATCH_PATH_MAX];
};

struct scratch scratch_new(void);
void scratch_remove(const struct scratch *s);
// A path inside; a new string in a buffer of the thread, good until the fourth next call.
const char *scratch_path(const struct scratch *s, const char *name);
