// What a method takes: checked before its handler runs, so that a parameter of another type is
// never mistaken for one that was left out. A message whose `roles` is a text instead of a list
// would go to everybody.
#pragma once

#include <stdbool.h>

enum param_type {
    PARAM_TEXT,
    PARAM_BOOL,
    PARAM_INTEGER,
    PARAM_OBJECT,
    PARAM_NAMES, // an array of texts
    PARAM_ARRAY, // of what the handler understands
};

enum param_need {
    PARAM_MAY,  // may be left out
    PARAM_NULL, // may also be null, which is the same
    PARAM_MUST,
};

// Lists end with one without a name.
struct param {
    const char *name;
    enum param_type type;
    enum param_need need;
};

struct call;

// Whether the message has the parameters of its method; answers it when not.
bool params_fit(struct call *call, const struct param *params);
