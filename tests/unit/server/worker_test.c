// What a media worker is told when it has more to do than it can.
#include "server/worker.h"

#include "test.h"

enum { BOUND = 4, KINDS = COMMAND_CANDIDATES + 1 };

TEST(a_full_inbox_refuses_what_is_answered_or_repeated_and_loses_nothing_else)
{
    static const bool refusable[KINDS] = {
        [COMMAND_OFFER] = true,      [COMMAND_WATCH] = true,     [COMMAND_FRAGMENT] = true,
        [COMMAND_SEAT_LAYER] = true, [COMMAND_SCTP_SEND] = true, [COMMAND_FIGURES] = true,
    };
    struct inbox *box = inbox_new(sizeof(struct command), BOUND);
    for (uint64_t i = 0; i < BOUND; i++)
        CHECK(worker_post(box, &(struct command){.kind = COMMAND_OFFER, .request = i}));
    CHECK(inbox_full(box));
    size_t taken = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        struct command command = {.kind = (enum command_kind)kind, .track = 7};
        CHECK_EQ(worker_post(box, &command), !refusable[kind]);
        taken += !refusable[kind];
    }
    CHECK_EQ(inbox_count(box), BOUND + taken);

    // In the order in which they were told: a feed does not open after it was closed.
    struct command got;
    for (uint64_t i = 0; i < BOUND; i++) {
        CHECK_EQ(inbox_take(box, &got, 1), 1);
        CHECK_EQ(got.request, i);
    }
    for (int kind = 0; kind < KINDS; kind++) {
        if (refusable[kind])
            continue;
        CHECK_EQ(inbox_take(box, &got, 1), 1);
        CHECK_EQ(got.kind, kind);
    }
    CHECK_EQ(inbox_take(box, &got, 1), 0);
    inbox_free(box);
}
