#include "server/held.h"

#include "base/limits.h"
#include "base/mem.h"
#include "test.h"

#include <string.h>

static struct bytes text(const char *t)
{
    return (struct bytes){(const uint8_t *)t, strlen(t)};
}

static void add(struct held *h, const char *answer, uint64_t room, uint64_t change, int64_t now)
{
    struct frame frame = {.kind = FRAME_TEXT,
                          .session = 1,
                          .peer = 9,
                          .room = room,
                          .change = change,
                          .request = 5,
                          .text = text(answer),
                          .late = text("late")};
    held_add_frame(h, &frame, now);
}

// What waits no more, in order: "a,b late,".
static void check(struct held *h, const char *expected)
{
    struct text got = {0};
    struct held_answer *answer;
    while ((answer = held_next(h))) {
        text_add_bytes(&got, answer->frame.text);
        CHECK_EQ(answer->frame.change, 0); // it goes out now
        CHECK_EQ(answer->frame.request, 5);
        CHECK_EQ(answer->frame.late.len, 4);
        text_add(&got, answer->is_late ? " late," : ",");
        held_answer_free(answer);
    }
    CHECK_TEXT(got.at ? got.at : "", expected);
    text_dispose(&got);
}

static void no_call(struct job *job)
{
    mem_free(job);
}

TEST(answers_go_out_in_order_once_their_change_is_stored)
{
    struct held *h = held_new();
    CHECK_EQ(held_deadline(h), NEVER);
    add(h, "a", 1, 10, 1000);
    add(h, "b", 2, 11, 1000);
    add(h, "c", 1, 12, 1000);
    add(h, "d", 1, 14, 2000);
    check(h, "");
    held_stored(h, 1, 9);
    check(h, "");
    held_stored(h, 1, 13);
    check(h, "a,c,");
    held_stored(h, 2, 11);
    held_stored(h, 1, 14);
    check(h, "b,d,");
    CHECK_EQ(held_deadline(h), NEVER);
    held_free(h, no_call);
}

TEST(an_answer_waits_five_seconds_and_no_longer)
{
    struct held *h = held_new();
    add(h, "a", 1, 10, 1000);
    add(h, "b", 1, 11, 2000);
    CHECK_EQ(held_deadline(h), 1000 + ANSWER_WAIT_MS * 1000);
    held_expire(h, 1000 + ANSWER_WAIT_MS * 1000 - 1);
    check(h, "");
    held_expire(h, 1000 + ANSWER_WAIT_MS * 1000);
    check(h, "a late,");
    held_stored(h, 1, 11);
    check(h, "b,");
    held_free(h, no_call);
}

TEST(what_still_waits_is_freed)
{
    struct held *h = held_new();
    add(h, "a", 1, 10, 1000);
    held_add_call(h, mem_alloc(sizeof(struct job)), 1, 11, 1000);
    add(h, "b", 1, 12, 1000);
    held_stored(h, 1, 10);
    held_free(h, no_call);
}
