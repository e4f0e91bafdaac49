// What the vendor's API has and a server without the engine for it answers: telephony. What is
// asked is checked all the same, so that a client's faults show.

#include "api/context.h"

#include <string.h>

enum { DIGITS_MAX = 64 };

// Each a text without the ends of lines: what comes after one would be another header.
static bool are_headers(const json_t *body)
{
    const char *name;
    json_t *value;
    // A header of null was not sent.
    if (api_sent(body, "headers") && !json_get_object(body, "headers"))
        return false;
    json_object_foreach(json_object_get(body, "headers"), name, value)
    {
        const char *text = json_string_value(value);
        if (json_is_null(value))
            continue;
        if (!text || !name[0] || name[strcspn(name, "\r\n:")] || text[strcspn(text, "\r\n")])
            return false;
    }
    return true;
}

static int need_texts(struct api_context *c, const char *const *names, const char *missing)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    for (; !err && *names; names++) {
        if (!json_get_text(body, *names, "")[0]) {
            struct text detail = {0};
            text_addf(&detail, "%s %s", *names, missing);
            err = api_fail_body(c, arena_text(c->arena, text_bytes(&detail)));
            text_dispose(&detail);
        }
    }
    if (!err && !are_headers(body))
        err = api_fail_field(c, "headers");
    json_decref(body);
    return err ? err : api_fail(c, 503, "sip not configured");
}

int api_sip_trunk(struct api_context *c)
{
    static const char *const names[] = {"username", "password", "address", "from", NULL};
    return need_texts(c, names, "is mandatory");
}

int api_sip_call(struct api_context *c)
{
    static const char *const names[] = {"to", "room_code", "trunk_id", NULL};
    return need_texts(c, names, "is mandatory");
}

int api_sip_dtmf(struct api_context *c)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    const json_t *digits = json_get_array(body, "digits");
    size_t count = json_array_size(digits);
    if (!count)
        err = api_fail(c, 400, "digits are mandatory");
    for (size_t i = 0; !err && i < count; i++) {
        const char *digit = json_string_value(json_array_get(digits, i));
        if (i >= DIGITS_MAX || !digit || strlen(digit) != 1 ||
            !strchr("0123456789*#abcd", digit[0]))
            err = api_fail(c, 400, "invalid digit");
    }
    json_decref(body);
    return err ? err : api_fail(c, 503, "sip not configured");
}
