// What was found when this host and its settings were looked at: a list of checks, each with
// what it means and what to do. `parlor doctor` prints it.
#pragma once

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum doctor_state {
    DOCTOR_OK,
    DOCTOR_SKIPPED, // it cannot be told from here, or is not used
    DOCTOR_WARNING, // it works, with something that people will notice or that will break
    DOCTOR_ERROR,   // the server does not start, or nobody can have a call
};

struct doctor_check {
    const char *name; // a static word, the same from version to version
    enum doctor_state state;
    struct text found;
    struct text advice; // what to do; empty when there is nothing
};

enum { DOCTOR_CHECKS_MAX = 96 };

// Zeroed, it is empty.
struct doctor_report {
    struct doctor_check checks[DOCTOR_CHECKS_MAX];
    size_t count;
};

// Adds a check; beyond the bound the last one is replaced.
__attribute__((format(printf, 4, 5))) void doctor_add(struct doctor_report *r, const char *name,
                                                      enum doctor_state state,
                                                      const char *format, ...);
// What is to be done about the one that was added last.
__attribute__((format(printf, 2, 3))) void doctor_advise(struct doctor_report *r,
                                                         const char *format, ...);
void doctor_dispose(struct doctor_report *r);

enum doctor_state doctor_worst(const struct doctor_report *r); // of those that are not skipped
const char *doctor_state_name(enum doctor_state state);        // "ok", "warning", ...

void doctor_write_text(const struct doctor_report *r, struct text *out); // for people
// {"state":"warning","checks":[{"name","state","found","advice"}]}, without what is empty.
void doctor_write_json(const struct doctor_report *r, struct text *out);
