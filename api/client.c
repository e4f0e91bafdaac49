// What the client SDKs ask beside joining.

#include "api/context.h"

// No layout of our own: prebuilt clients take their built-in one.
int api_layouts(struct api_context *c)
{
    struct json_out j = api_json(c);
    json_put_verbatim(&j, bytes_of("{\"data\":[]}"));
    return 0;
}

// Reports and feedback are taken and not kept. Anything but 200 makes the SDK store them in the
// browser and send them again.
int api_client_report(struct api_context *c)
{
    struct json_out j = api_json(c);
    json_put_verbatim(&j, bytes_of("{}"));
    return 0;
}
