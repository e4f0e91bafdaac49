#include "rtc/red.h"

#include "base/err.h"

#include <assert.h>

enum { PRIMARY_HEADER_LEN = 1 };

int red_parse(struct red *red, struct bytes payload)
{
    struct red parsed = {0};
    size_t lengths[RED_BLOCKS_MAX];
    size_t at = 0;
    while (at < payload.len && (payload.at[at] & 0x80)) {
        if (payload.len - at < RED_HEADER_LEN || parsed.count == RED_BLOCKS_MAX - 1)
            return ERR_MALFORMED;
        uint32_t header = read_u32(payload.at + at);
        lengths[parsed.count] = header & 0x3ff;
        parsed.blocks[parsed.count++] = (struct red_block){
            .payload_type = header >> 24 & 0x7f,
            .timestamp_offset = header >> 10 & 0x3fff,
        };
        at += RED_HEADER_LEN;
    }
    if (payload.len - at < PRIMARY_HEADER_LEN)
        return ERR_MALFORMED;
    uint8_t payload_type = payload.at[at];
    at += PRIMARY_HEADER_LEN;
    for (size_t i = 0; i < parsed.count; i++) {
        if (payload.len - at < lengths[i])
            return ERR_MALFORMED;
        parsed.blocks[i].data = (struct bytes){payload.at + at, lengths[i]};
        at += lengths[i];
    }
    if (payload.len == at)
        return ERR_MALFORMED;
    parsed.blocks[parsed.count++] = (struct red_block){
        .payload_type = payload_type,
        .data = {payload.at + at, payload.len - at},
    };
    *red = parsed;
    return 0;
}

void red_put(struct writer *w, const struct red *red)
{
    assert(red->count > 0 && red->count <= RED_BLOCKS_MAX);
    for (size_t i = 0; i + 1 < red->count; i++) {
        const struct red_block *b = &red->blocks[i];
        assert(b->timestamp_offset < RED_OFFSET_MAX && b->data.len < RED_DATA_MAX);
        put_u32(w, 0x80000000u | (uint32_t)b->payload_type << 24 |
                       (uint32_t)b->timestamp_offset << 10 | (uint32_t)b->data.len);
    }
    put_u8(w, red_primary(red)->payload_type);
    for (size_t i = 0; i < red->count; i++)
        put_bytes(w, red->blocks[i].data);
}

const struct red_block *red_find(const struct red *red, uint32_t timestamp_offset)
{
    for (size_t i = red->count; i-- > 0;)
        if (red->blocks[i].timestamp_offset == timestamp_offset && red->blocks[i].data.len)
            return &red->blocks[i];
    return NULL;
}
