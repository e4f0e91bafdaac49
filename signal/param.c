#include "signal/param.h"

#include "signal/state.h"

#include <stdio.h>

static const char *const type_names[] = {
    [PARAM_TEXT] = "a string",
    [PARAM_BOOL] = "true or false",
    [PARAM_INTEGER] = "a number",
    [PARAM_OBJECT] = "an object",
    [PARAM_NAMES] = "an array of strings",
    [PARAM_LIST] = "an array",
    [PARAM_TRACKS] = "an object",
    [PARAM_LOOSE] = "anything",
    [PARAM_UNREAD] = "an object",
};

static bool are_texts(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!json_is_string(json_array_get(list, i)))
            return false;
    }
    return json_is_array(list);
}

static bool is_of(enum param_type type, const json_t *value)
{
    switch (type) {
    case PARAM_TEXT:
        return json_is_string(value);
    case PARAM_BOOL:
        return json_is_boolean(value);
    case PARAM_INTEGER:
        return json_is_integer(value);
    case PARAM_OBJECT:
    case PARAM_TRACKS:
    case PARAM_UNREAD:
        return json_is_object(value);
    case PARAM_NAMES:
        return are_texts(value);
    case PARAM_LIST:
        return json_is_array(value);
    case PARAM_LOOSE:
        return true;
    }
    return false;
}

static bool is_expected(const struct param *param, const json_t *value)
{
    if (param->need == PARAM_LAX)
        return true;
    if (!value)
        return param->need != PARAM_MUST;
    return (json_is_null(value) && param->need == PARAM_NULL) || is_of(param->type, value);
}

static bool is_short(const json_t *text, size_t max, const char *name, char *why)
{
    if (json_string_length(text) <= max)
        return true;
    snprintf(why, PARAM_FAULT_MAX, "%s is longer than %zu octets", name, max);
    return false;
}

static int check_list(const struct param *param, const json_t *list, char *why)
{
    if (json_array_size(list) > param->count) {
        snprintf(why, PARAM_FAULT_MAX, "%s has more than %zu elements", param->name,
                 param->count);
        return RPC_BAD_REQUEST;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *element = json_array_get(list, i);
        int fault = param->members ? params_check(param->members, element, why) : 0;
        if (fault)
            return fault;
        if (!is_short(element, param->max, param->name, why))
            return RPC_BAD_REQUEST;
    }
    return 0;
}

static int check(const struct param *param, const json_t *value, char *why)
{
    if (!is_expected(param, value)) {
        snprintf(why, PARAM_FAULT_MAX, "%s must be %s", param->name, type_names[param->type]);
        return RPC_INVALID_PARAMS;
    }
    if (!value || !is_of(param->type, value))
        return 0;
    switch (param->type) {
    case PARAM_TEXT:
        return is_short(value, param->max, param->name, why) ? 0 : RPC_BAD_REQUEST;
    case PARAM_OBJECT:
        return params_check(param->members, value, why);
    case PARAM_NAMES:
    case PARAM_LIST:
        return check_list(param, value, why);
    default:
        return 0;
    }
}

int params_check(const struct param *params, const json_t *object, char why[PARAM_FAULT_MAX])
{
    for (const struct param *param = params; param->name; param++) {
        int fault = check(param, json_object_get(object, param->name), why);
        if (fault)
            return fault;
    }
    return 0;
}

bool params_fit(struct call *call, const struct param *params)
{
    char why[PARAM_FAULT_MAX];
    int fault = params_check(params, call->rpc->params, why);
    if (fault)
        reply_error(call, fault, why);
    return !fault;
}
