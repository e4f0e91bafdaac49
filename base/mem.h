// Memory that is always there: every function aborts the program when the system has none
// left, so no other function has an out-of-memory path. The bounds of base/limits.h keep the
// network from driving us there.
#pragma once

#include "base/bytes.h"

#include <stdalign.h>
#include <stddef.h>

void *mem_alloc(size_t size);                     // zeroed
void *mem_alloc_array(size_t count, size_t size); // zeroed; aborts on overflow of the product
void *mem_resize(void *old, size_t size);         // what is added is not zeroed
void *mem_aligned(size_t align, size_t size);     // not zeroed; size is a multiple of align
void mem_free(void *p);                           // NULL is fine
char *mem_text(const char *text);                 // a copy, or NULL for NULL
char *mem_text_of(struct bytes b);                // a terminated copy
void mem_wipe(void *p, size_t size);              // zeroes secrets in a way no compiler removes

// Allocations that are freed together: one request, one arena.
struct arena {
    struct arena_block *blocks;
    size_t size_bytes; // handed out so far
};

void *arena_alloc(struct arena *a, size_t size);       // zeroed, aligned for any type
char *arena_text(struct arena *a, struct bytes b);     // a terminated copy
void arena_take(struct arena *a, struct arena *other); // what is in the other is in `a` now
void arena_dispose(struct arena *a);
