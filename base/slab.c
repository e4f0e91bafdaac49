#include "base/slab.h"

#include "base/mem.h"

#include <assert.h>
#include <sanitizer/asan_interface.h>
#include <stdint.h>
#include <string.h>

struct free_object {
    struct free_object *next;
};

struct page {
    struct list link; // in slab.open or slab.full
    struct free_object *free;
    size_t used; // objects
};

enum { HEADER_LEN = SLAB_ALIGN };
static_assert(sizeof(struct page) <= HEADER_LEN, "a page's header takes one line");

static size_t per_page(const struct slab *s)
{
    return (SLAB_PAGE_SIZE - HEADER_LEN) / s->object_size;
}

void slab_init(struct slab *s, size_t object_size)
{
    size_t size = (object_size + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN;
    *s = (struct slab){.object_size = size};
    assert(size > 0 && per_page(s) > 0);
    list_init(&s->open);
    list_init(&s->full);
}

static void free_pages(struct list *pages)
{
    LIST_EACH(pages, each)
    {
        struct page *page = LIST_ENTRY(each, struct page, link);
        ASAN_UNPOISON_MEMORY_REGION(page, SLAB_PAGE_SIZE);
        mem_free(page);
    }
    list_init(pages);
}

void slab_dispose(struct slab *s)
{
    free_pages(&s->open);
    free_pages(&s->full);
    s->page_count = 0;
}

// The address sanitizer is to see who uses an object that is free.
static void forbid(const struct slab *s, struct free_object *object)
{
    ASAN_POISON_MEMORY_REGION(object + 1, s->object_size - sizeof *object);
    (void)s;
    (void)object;
}

static struct page *add_page(struct slab *s)
{
    struct page *page = mem_aligned(SLAB_PAGE_SIZE, SLAB_PAGE_SIZE);
    *page = (struct page){0};
    uint8_t *at = (uint8_t *)page + HEADER_LEN + per_page(s) * s->object_size;
    for (size_t i = per_page(s); i-- > 0;) {
        at -= s->object_size;
        struct free_object *object = (struct free_object *)at;
        object->next = page->free;
        page->free = object;
        forbid(s, object);
    }
    list_append(&s->open, &page->link);
    s->page_count++;
    return page;
}

void *slab_alloc(struct slab *s)
{
    struct page *page =
        list_empty(&s->open) ? add_page(s) : LIST_ENTRY(s->open.next, struct page, link);
    struct free_object *object = page->free;
    ASAN_UNPOISON_MEMORY_REGION(object, s->object_size);
    page->free = object->next;
    if (++page->used == per_page(s)) {
        list_remove(&page->link);
        list_append(&s->full, &page->link);
    }
    return memset(object, 0, s->object_size);
}

void slab_free(struct slab *s, void *object)
{
    struct page *page = (struct page *)((uintptr_t)object & ~(uintptr_t)(SLAB_PAGE_SIZE - 1));
    assert(page->used > 0);
    if (page->used-- == per_page(s)) {
        list_remove(&page->link);
        list_append(&s->open, &page->link);
    }
    struct free_object *freed = object;
    freed->next = page->free;
    page->free = freed;
    forbid(s, freed);
    if (page->used == 0) {
        list_remove(&page->link);
        ASAN_UNPOISON_MEMORY_REGION(page, SLAB_PAGE_SIZE);
        mem_free(page);
        s->page_count--;
    }
}
