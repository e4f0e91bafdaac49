#include "signal/frame.h"

#include "base/text.h"

#include <assert.h>

enum { CAP_FIRST = 16 };

void frame_list_clear(struct frame_list *list)
{
    list->count = 0;
    arena_dispose(&list->arena);
}

void frame_list_dispose(struct frame_list *list)
{
    frame_list_clear(list);
    mem_free(list->at);
    *list = (struct frame_list){0};
}

struct bytes frame_text(struct frame_list *list, const struct text *text)
{
    return (struct bytes){(uint8_t *)arena_text(&list->arena, text_bytes(text)), text->len};
}

void frame_add(struct frame_list *list, struct frame frame)
{
    // Without a receiver, or without anything to say, it would be lost without a word.
    assert(frame.session || (frame.kind == FRAME_DATA && frame.peer));
    assert(frame.kind == FRAME_CLOSE ? frame.close_code > 0 : frame.text.len > 0);
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : CAP_FIRST;
        list->at = mem_resize(list->at, list->cap * sizeof *list->at);
    }
    list->at[list->count++] = frame;
}
