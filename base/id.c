#include "base/id.h"

#include "base/bytes.h"

#include <string.h>

void id_source_init(struct id_source *s, struct rng *rng)
{
    *s = (struct id_source){0};
    rng_fill(rng, s->random, sizeof s->random);
    s->counter = rng_below(rng, 1 << 16); // leaves room before the wrap
}

static char *put_hex(char *out, const uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        *out++ = "0123456789abcdef"[octets[i] >> 4];
        *out++ = "0123456789abcdef"[octets[i] & 0x0f];
    }
    return out;
}

void id_object(struct id_source *s, int64_t wall_ms, char out[OBJECT_ID_LEN + 1])
{
    int64_t now_s = wall_ms / 1000;
    if (now_s > s->last_s)
        s->last_s = now_s;
    s->counter++;
    if (s->counter > 0xffffff) {
        s->counter = 0;
        s->last_s++;
    }
    uint8_t seconds[4], count[4];
    write_u32(seconds, (uint32_t)s->last_s);
    write_u32(count, s->counter);
    out = put_hex(out, seconds, sizeof seconds);
    out = put_hex(out, s->random, sizeof s->random);
    *put_hex(out, count + 1, 3) = 0;
}

void id_uuid(struct rng *rng, char out[UUID_LEN + 1])
{
    uint8_t b[16];
    rng_fill(rng, b, sizeof b);
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    static const uint8_t parts[] = {4, 2, 2, 2, 6};
    const uint8_t *from = b;
    for (size_t i = 0; i < sizeof parts; i++) {
        if (i > 0)
            *out++ = '-';
        out = put_hex(out, from, parts[i]);
        from += parts[i];
    }
    *out = 0;
}

void id_room_code(struct rng *rng, char out[ROOM_CODE_LEN + 1])
{
    for (int i = 0; i < ROOM_CODE_LEN; i++)
        out[i] = i == 3 || i == 8 ? '-' : (char)('a' + rng_below(rng, 26));
    out[ROOM_CODE_LEN] = 0;
}

bool id_is_object(const char *text)
{
    return strlen(text) == OBJECT_ID_LEN && strspn(text, "0123456789abcdef") == OBJECT_ID_LEN;
}

bool id_is_room_code(const char *text)
{
    if (strlen(text) != ROOM_CODE_LEN)
        return false;
    for (int i = 0; i < ROOM_CODE_LEN; i++) {
        bool dash = i == 3 || i == 8;
        if (dash ? text[i] != '-' : text[i] < 'a' || text[i] > 'z')
            return false;
    }
    return true;
}

bool id_is_inherited(const char *text)
{
    // ECMA-262 section 20.1.3, and its annex B.
    static const char *const names[] = {
        "__defineGetter__", "__defineSetter__", "__lookupGetter__",
        "__lookupSetter__", "__proto__",        "constructor",
        "hasOwnProperty",   "isPrototypeOf",    "propertyIsEnumerable",
        "toLocaleString",   "toString",         "valueOf",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0)
            return true;
    return false;
}
