#include "signal/param.h"

#include "signal/state.h"

#include <stdio.h>

static const char *const type_names[] = {
    [PARAM_TEXT] = "a string",
    [PARAM_BOOL] = "true or false",
    [PARAM_INTEGER] = "a number",
    [PARAM_OBJECT] = "an object",
    [PARAM_NAMES] = "an array of strings",
    [PARAM_ARRAY] = "an array",
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
        return json_is_object(value);
    case PARAM_NAMES:
        return are_texts(value);
    case PARAM_ARRAY:
        return json_is_array(value);
    }
    return false;
}

static bool fits(const struct param *param, const json_t *value)
{
    if (!value)
        return param->need != PARAM_MUST;
    return (json_is_null(value) && param->need == PARAM_NULL) || is_of(param->type, value);
}

bool params_fit(struct call *call, const struct param *params)
{
    char message[96];
    for (const struct param *param = params; param && param->name; param++) {
        if (fits(param, json_object_get(call->rpc->params, param->name)))
            continue;
        snprintf(message, sizeof message, "%s must be %s", param->name,
                 type_names[param->type]);
        reply_error(call, RPC_INVALID_PARAMS, message);
        return false;
    }
    return true;
}
