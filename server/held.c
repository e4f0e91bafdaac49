#include "server/held.h"

#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"

#include <string.h>

struct held {
    struct list
        waiting; // struct held_answer, in the order of their coming and of their deadlines
    struct list ready;
};

struct held *held_new(void)
{
    struct held *h = mem_alloc(sizeof *h);
    list_init(&h->waiting);
    list_init(&h->ready);
    return h;
}

static struct held_answer *first_answer(const struct list *list)
{
    return list_empty(list) ? NULL : LIST_ENTRY(list->next, struct held_answer, link);
}

void held_answer_free(struct held_answer *answer)
{
    mem_free(answer->at);
    mem_free(answer);
}

static void drop(struct list *list, void (*free_call)(struct job *))
{
    struct held_answer *answer;
    while ((answer = first_answer(list))) {
        list_remove(&answer->link);
        if (answer->call)
            free_call(answer->call);
        held_answer_free(answer);
    }
}

void held_free(struct held *h, void (*free_call)(struct job *))
{
    drop(&h->waiting, free_call);
    drop(&h->ready, free_call);
    mem_free(h);
}

static struct held_answer *add_answer(struct held *h, uint64_t room, uint64_t change,
                                      int64_t now)
{
    struct held_answer *answer = mem_alloc(sizeof *answer);
    answer->room = room;
    answer->change = change;
    answer->due_at = now + (int64_t)ANSWER_WAIT_MS * 1000;
    list_append(&h->waiting, &answer->link);
    return answer;
}

void held_add_frame(struct held *h, const struct frame *frame, int64_t now)
{
    struct held_answer *answer = add_answer(h, frame->room, frame->change, now);
    answer->at = mem_alloc(frame->text.len + frame->late.len + 1);
    memcpy(answer->at, frame->text.at, frame->text.len);
    memcpy(answer->at + frame->text.len, frame->late.at, frame->late.len);
    answer->frame = *frame;
    answer->frame.change = 0;
    answer->frame.text.at = answer->at;
    answer->frame.late.at = answer->at + frame->text.len;
}

void held_add_call(struct held *h, struct job *call, uint64_t room, uint64_t change,
                   int64_t now)
{
    add_answer(h, room, change, now)->call = call;
}

void held_stored(struct held *h, uint64_t room, uint64_t change)
{
    for (struct list *at = h->waiting.next, *next; at != &h->waiting; at = next) {
        struct held_answer *answer = LIST_ENTRY(at, struct held_answer, link);
        next = at->next;
        if (answer->room != room || answer->change > change)
            continue;
        list_remove(at);
        list_append(&h->ready, at);
    }
}

void held_expire(struct held *h, int64_t now)
{
    struct held_answer *answer;
    while ((answer = first_answer(&h->waiting)) && answer->due_at <= now) {
        answer->is_late = true;
        list_remove(&answer->link);
        list_append(&h->ready, &answer->link);
    }
}

int64_t held_deadline(const struct held *h)
{
    const struct held_answer *answer = first_answer(&h->waiting);
    return answer ? answer->due_at : NEVER;
}

struct held_answer *held_next(struct held *h)
{
    struct held_answer *answer = first_answer(&h->ready);
    if (answer)
        list_remove(&answer->link);
    return answer;
}
