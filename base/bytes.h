// Views of memory, big-endian numbers, and a writer that never leaves its buffer.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// A borrowed run of octets. `at` may be NULL when `len` is 0.
struct bytes {
    const uint8_t *at;
    size_t len;
};

// The octets of a string literal or of a C string, without the terminator.
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline uint16_t read_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t read_u24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t read_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t read_u64(const uint8_t *p)
{
    return (uint64_t)read_u32(p) << 32 | read_u32(p + 4);
}

static inline void write_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void write_u24(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

static inline void write_u32(uint8_t *p, uint32_t v)
{
    write_u16(p, (uint16_t)(v >> 16));
    write_u16(p + 2, (uint16_t)v);
}

static inline void write_u64(uint8_t *p, uint64_t v)
{
    write_u32(p, (uint32_t)(v >> 32));
    write_u32(p + 4, (uint32_t)v);
}

// Appends to a fixed buffer. What does not fit is dropped and `overflow` is set, so that a
// message is written straight through and checked once at its end.
struct writer {
    uint8_t *at;
    size_t len;
    size_t cap;
    bool overflow;
};

static inline struct writer writer_on(uint8_t *at, size_t cap)
{
    return (struct writer){.at = at, .cap = cap};
}

// Room for `len` octets, which the caller fills; NULL when they do not fit.
static inline uint8_t *put_space(struct writer *w, size_t len)
{
    if (w->overflow || w->cap - w->len < len) {
        w->overflow = true;
        return NULL;
    }
    uint8_t *p = w->at + w->len;
    w->len += len;
    return p;
}

static inline void put_u8(struct writer *w, uint8_t v)
{
    uint8_t *p = put_space(w, 1);
    if (p)
        p[0] = v;
}

static inline void put_u16(struct writer *w, uint16_t v)
{
    uint8_t *p = put_space(w, 2);
    if (p)
        write_u16(p, v);
}

static inline void put_u24(struct writer *w, uint32_t v)
{
    uint8_t *p = put_space(w, 3);
    if (p)
        write_u24(p, v);
}

static inline void put_u32(struct writer *w, uint32_t v)
{
    uint8_t *p = put_space(w, 4);
    if (p)
        write_u32(p, v);
}

static inline void put_u64(struct writer *w, uint64_t v)
{
    uint8_t *p = put_space(w, 8);
    if (p)
        write_u64(p, v);
}

static inline void put_bytes(struct writer *w, struct bytes b)
{
    uint8_t *p = put_space(w, b.len);
    if (p && b.len)
        memcpy(p, b.at, b.len);
}
