// POST /api/v2/beam of years ago: what /v2/recordings and /v2/external-streams do now, the room
// and what is to be done being members of the body.

#include "api/context.h"

#include "base/err.h"

#include <string.h>

int api_beam(struct api_context *c)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    const char *operation = json_get_text(body, "operation", "");
    const char *room_id = json_get_text(body, "room_id", "");
    bool streams = json_array_size(json_get_array(body, "rtmp_urls")) > 0;
    bool starts = strcmp(operation, "start") == 0;
    if (!starts && strcmp(operation, "stop") != 0)
        err = api_fail_field(c, "operation");
    else if (!room_id[0])
        err = api_fail_field(c, "room_id");
    c->call->parameters[0] = arena_text(c->arena, bytes_of(room_id));
    json_decref(body);
    if (err)
        return err;
    if (starts)
        return streams ? api_external_stream_start(c) : api_recording_start(c);
    return streams ? api_external_stream_stop(c) : api_recording_stop(c);
}
