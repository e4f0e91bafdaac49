// Whatever the fields say, the client is an address, and without trust it is the peer's.
#include "net/forwarded.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct head head;
    struct networks none = {0}, trusted = {0};
    struct addr peer;
    addr_parse_ip(&peer, "127.0.0.1", 0);
    networks_add(&trusted, bytes_of("127.0.0.0/8"));
    networks_add(&trusted, bytes_of("10.0.0.0/8"));
    const uint8_t *line = memchr(data, '\n', size);
    size_t len = line ? (size_t)(line - data) : size;
    head = (struct head){.field_count = 2};
    head.fields[0] = (struct head_field){bytes_of("X-Forwarded-For"), {data, len}};
    head.fields[1] = (struct head_field){bytes_of("Forwarded"), {data + len, size - len}};
    struct addr client = forwarded_client(&head, &peer, &none);
    if (!addr_equal(&client, &peer))
        abort();
    client = forwarded_client(&head, &peer, &trusted);
    return client.via ? 1 : 0;
}
