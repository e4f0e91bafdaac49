// A doubly linked list that lives inside its elements: no allocation, removal in O(1).
#pragma once

#include <stdbool.h>
#include <stddef.h>

// The head of a list, or the link inside an element. A head starts with list_init().
struct list {
    struct list *next;
    struct list *prev;
};

#define LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

// `each` may be removed from the list inside the loop; its successor may not.
#define LIST_EACH(head, each)                                                                  \
    for (struct list *each = (head)->next, *each##_next = each->next; each != (head);          \
         each = each##_next, each##_next = each->next)

static inline void list_init(struct list *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

static inline void list_append(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

// Afterwards `link` is an empty list of its own, so removing twice does no harm.
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}
