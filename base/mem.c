#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_SIZE = 4096 };

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) unsigned char at[];
};

static void *must(void *p)
{
    if (!p) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return p;
}

void *mem_alloc(size_t size)
{
    return must(calloc(1, size ? size : 1));
}

void *mem_alloc_array(size_t count, size_t size)
{
    return must(calloc(count ? count : 1, size ? size : 1));
}

void *mem_resize(void *old, size_t size)
{
    return must(realloc(old, size ? size : 1));
}

void *mem_aligned(size_t align, size_t size)
{
    return must(aligned_alloc(align, size));
}

void mem_free(void *p)
{
    free(p);
}

char *mem_text(const char *text)
{
    return text ? mem_text_of(bytes_of(text)) : NULL;
}

char *mem_text_of(struct bytes b)
{
    char *copy = mem_alloc(b.len + 1);
    if (b.len)
        memcpy(copy, b.at, b.len);
    return copy;
}

void mem_wipe(void *p, size_t size)
{
    explicit_bzero(p, size);
}

void *arena_alloc(struct arena *a, size_t size)
{
    const size_t align = alignof(max_align_t);
    size_t rounded = (size + align - 1) / align * align;

    struct arena_block *block = a->blocks;
    if (!block || block->size - block->used < rounded) {
        size_t room = rounded > ARENA_BLOCK_SIZE ? rounded : ARENA_BLOCK_SIZE;
        block = mem_alloc(sizeof *block + room);
        block->size = room;
        block->next = a->blocks;
        a->blocks = block;
    }
    void *p = block->at + block->used;
    block->used += rounded;
    a->size_bytes += rounded;
    return p;
}

char *arena_text(struct arena *a, struct bytes b)
{
    char *copy = arena_alloc(a, b.len + 1);
    if (b.len)
        memcpy(copy, b.at, b.len);
    return copy;
}

void arena_take(struct arena *a, struct arena *other)
{
    struct arena_block **end = &a->blocks; // the first block goes on being filled
    while (*end)
        end = &(*end)->next;
    *end = other->blocks;
    a->size_bytes += other->size_bytes;
    *other = (struct arena){0};
}

void arena_dispose(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        mem_free(a->blocks);
        a->blocks = next;
    }
    a->size_bytes = 0;
}
