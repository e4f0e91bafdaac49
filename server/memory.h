// The budget of the process: how much memory it may use, and how much it does. What is asked
// for at the end of it is refused, while people who are in stay: running out would end the
// process for everybody (base/mem.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    MEMORY_TIGHT_PERCENT = 90, // of the budget: from here on it is short
    MEMORY_FREE_PERCENT = 85,  // until here, so that it is not short and free in turns
};

struct memory {
    int64_t max;     // octets
    int64_t left;    // until it is short, or free again, as of the last look; short from 0 down
    int64_t trim_at; // when free heap may be given back again, us
};

// `octets` of the setting; 0: `percent` of what this machine, or the control group that the
// process is in, has.
void memory_init(struct memory *m, int64_t octets, int percent);

// Looks how much is used. Costs a read of /proc/self/statm, some microseconds. What the heap
// keeps though it is free is given back before it counts.
void memory_look(struct memory *m, int64_t now);

int64_t memory_used(void); // octets that are resident

// --- What the two consist of, for tests ---

// The least of what the machine has and what its control groups allow, by the files below
// `root` ("": those of the system), in the old layout and in the unified one.
int64_t memory_limit(const char *root, int64_t machine);
int64_t memory_budget(int64_t octets, int percent, int64_t limit);
// So much is used now.
void memory_judge(struct memory *m, int64_t used);
