// /v2/templates/<id>/recordings: how meetings of this template would be recorded. An array,
// with one configuration at most.

#include "api/templates.h"

#include "base/err.h"

#include <string.h>

enum { NAME_MAX_LEN = 100, DURATION_MAX_S = 43200, OFFSETS_MAX = 100 };

static bool in_range(const json_t *object, const char *key, int64_t min, int64_t max)
{
    const json_t *value = json_object_get(object, key);
    return !api_sent(object, key) ||
           (json_is_integer(value) && json_integer_value(value) >= min &&
            json_integer_value(value) <= max);
}

static bool is_switch(const json_t *object, const char *key)
{
    return !api_sent(object, key) || json_is_boolean(json_object_get(object, key));
}

static bool is_section(const json_t *object, const char *key)
{
    return !api_sent(object, key) || json_get_object(object, key);
}

static bool is_size(const json_t *object)
{
    return in_range(object, "width", 144, 1920) && in_range(object, "height", 144, 1920);
}

static bool are_thumbnails(const json_t *said)
{
    const json_t *offsets = json_get_array(said, "offsets");
    if ((api_sent(said, "offsets") && !offsets) || json_array_size(offsets) > OFFSETS_MAX)
        return false;
    for (size_t i = 0; i < json_array_size(offsets); i++) {
        if (!json_is_integer(json_array_get(offsets, i)) ||
            json_integer_value(json_array_get(offsets, i)) < 0)
            return false;
    }
    return is_switch(said, "enabled") && is_size(said) && in_range(said, "fps", 1, 60);
}

static bool is_browser_composite(const json_t *said)
{
    return is_switch(said, "enabled") && is_switch(said, "autoStart") &&
           in_range(said, "autoStopTimeout", 0, DURATION_MAX_S) && is_size(said);
}

static int check(struct api_context *c, const json_t *config, const json_t *roles)
{
    const char *name = json_get_text(config, "name", "");
    const char *role = json_get_text(config, "role", "");
    const json_t *composite = json_get_object(config, "compositeRecording");
    if (!name[0] || strlen(name) > NAME_MAX_LEN)
        return api_fail_field(c, "name");
    if (!role[0])
        return api_fail_field(c, "role");
    if (!json_object_get(roles, role))
        return api_fail_body(c, "role not found");
    if (!in_range(config, "maxDuration", 1, DURATION_MAX_S))
        return api_fail_field(c, "maxDuration");
    if (!in_range(config, "presignDuration", 1, 7 * 86400))
        return api_fail_field(c, "presignDuration");
    if (!is_section(config, "thumbnails") ||
        !are_thumbnails(json_get_object(config, "thumbnails")))
        return api_fail_field(c, "thumbnails");
    if (!is_section(config, "compositeRecording") ||
        !is_section(composite, "browserComposite") ||
        !is_section(composite, "customComposite") ||
        !is_browser_composite(json_get_object(composite, "browserComposite")) ||
        !is_switch(json_get_object(composite, "customComposite"), "enabled"))
        return api_fail_field(c, "compositeRecording");
    const json_t *track = json_get_object(config, "trackRecording");
    if (!is_section(config, "trackRecording") || !is_switch(track, "enabled"))
        return api_fail_field(c, "trackRecording");
    const json_t *stream = json_get_object(config, "streamRecording");
    if (!is_section(config, "streamRecording") || !is_switch(stream, "enabled") ||
        !is_size(stream))
        return api_fail_field(c, "streamRecording");
    return 0;
}

static int answer(struct api_context *c, const json_t *list)
{
    struct json_out j = api_json(c);
    if (list)
        json_put_value(&j, list);
    else
        json_put_verbatim(&j, bytes_of("[]"));
    return 0;
}

int api_template_recordings_get(struct api_context *c)
{
    struct template_edit edit;
    int err = api_template_open(c, &edit);
    if (err)
        return err;
    answer(c, json_get_array(edit.document, "recordings"));
    api_template_close(&edit);
    return 0;
}

static int set_recordings(struct api_context *c, json_t *list, struct template_edit *edit)
{
    if (json_array_size(list) > 1)
        return api_fail_body(c, "one recording configuration at most");
    int err = json_array_size(list)
                  ? check(c, json_array_get(list, 0), json_object_get(edit->document, "roles"))
                  : 0;
    json_object_set(edit->document, "recordings", list);
    if (!err)
        err = api_template_store(c, edit->document, &edit->row);
    return err ? err : answer(c, list);
}

int api_template_recordings_set(struct api_context *c)
{
    struct template_edit edit;
    int err = api_template_open(c, &edit);
    if (err)
        return err;
    err = api_body_list(c, &edit.body);
    if (!err)
        err = set_recordings(c, edit.body, &edit);
    api_template_close(&edit);
    return err;
}
