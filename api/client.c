// What the client SDKs ask beside joining.

#include "api/context.h"

// Reports and feedback are taken and not kept. Anything but 200 makes the SDK store them in the
// browser and send them again.
int api_client_report(struct api_context *c)
{
    struct json_out j = api_json(c);
    json_put_verbatim(&j, bytes_of("{}"));
    return 0;
}
