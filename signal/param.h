// What a method takes: checked before its handler runs, so that a parameter of another type is
// never mistaken for one that was left out. A message whose `roles` is a text instead of a list
// would go to everybody.
//
// Each text and each list has its bound here, so that what one client sends to many is never
// longer than what is meant to be sent. One that was given no bound takes nothing but "".
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum param_type {
    PARAM_TEXT, // of at most `max` octets
    PARAM_BOOL,
    PARAM_INTEGER,
    PARAM_OBJECT, // with `members`
    PARAM_NAMES,  // an array of at most `count` texts of at most `max` octets each
    PARAM_LIST,   // an array of at most `count` objects with `members`
    PARAM_TRACKS, // tracks by their ids: what is too long is cut or left out as they are read
    PARAM_LOOSE,  // of any kind: the handler takes what is sound, and bounds it
    PARAM_UNREAD, // an object into which nobody looks
};

enum param_need {
    PARAM_MAY,  // may be left out
    PARAM_NULL, // may also be null, which is the same
    PARAM_MUST,
    PARAM_LAX, // a value of another type is for the handler to refuse
};

// Lists end with one without a name.
struct param {
    const char *name;
    enum param_type type;
    enum param_need need;
    size_t max;
    size_t count;
    const struct param *members;
};

// What a query for peers may be (method.c); an iterator is one too.
extern const struct param roster_query_params[];

struct call;

// Whether the message has the parameters of its method; answers it when not.
bool params_fit(struct call *call, const struct param *params);

enum { PARAM_FAULT_MAX = 96 };

// 0 when `object` has what `params` say, else the code to answer with, and why.
int params_check(const struct param *params, const json_t *object, char why[PARAM_FAULT_MAX]);
