// Objects of one size, close together: what a thread reads of each of hundreds for every
// packet. On the heap each would lie on a page of its own, among what is read once a minute.
//
//     page:  [ header | object | object | (free) | object | ... ]
//
// An object stays where it is. A page without objects is given back.
#pragma once

#include "base/list.h"

#include <stddef.h>

enum { SLAB_PAGE_SIZE = 64 * 1024, SLAB_ALIGN = 64 }; // a line of the processor's cache

struct slab {
    size_t object_size; // a multiple of SLAB_ALIGN
    size_t page_count;
    struct list open; // pages with room
    struct list full;
};

void slab_init(struct slab *s, size_t object_size);
void slab_dispose(struct slab *s); // with all that is in it

void *slab_alloc(struct slab *s); // zeroed
void slab_free(struct slab *s, void *object);
