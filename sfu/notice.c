#include "sfu/notice.h"

#include "base/mem.h"

#include <assert.h>

void notice_dispose(struct notice *n)
{
    switch (n->kind) {
    case NOTICE_ANSWER:
        mem_free(n->answer.text);
        mem_free(n->answer.tracks);
        break;
    case NOTICE_OFFER:
        mem_free(n->offer.sdp);
        break;
    case NOTICE_SCTP:
        mem_free(n->sctp.packet);
        break;
    case NOTICE_FIGURES:
        mem_free(n->figures.are);
        break;
    default: // points to nothing
        break;
    }
    *n = (struct notice){.kind = n->kind};
}

struct notice *notice_add(struct notice_list *list, enum notice_kind kind)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 16;
        list->at = mem_resize(list->at, list->cap * sizeof *list->at);
    }
    assert(list->count < list->cap);
    struct notice *n = &list->at[list->count++];
    *n = (struct notice){.kind = kind};
    return n;
}

void notice_list_clear(struct notice_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        notice_dispose(&list->at[i]);
    list->count = 0;
}

void notice_list_dispose(struct notice_list *list)
{
    notice_list_clear(list);
    mem_free(list->at);
    *list = (struct notice_list){0};
}
