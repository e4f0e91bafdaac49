#include "net/inbox.h"
#include "test.h"

#include <poll.h>
#include <pthread.h>

static bool readable(struct inbox *box)
{
    struct pollfd one = {.fd = inbox_fd(box), .events = POLLIN};
    return poll(&one, 1, 0) == 1;
}

TEST(messages_leave_in_the_order_in_which_they_came)
{
    struct inbox *box = inbox_new(sizeof(int), 1000);
    for (int i = 0; i < 200; i++)
        inbox_put(box, &i);
    int taken[200];
    CHECK_EQ(inbox_take(box, taken, 50), 50);
    CHECK_EQ(taken[49], 49);
    for (int i = 200; i < 300; i++)
        inbox_put(box, &i);
    CHECK_EQ(inbox_take(box, taken, 200), 200);
    CHECK_EQ(taken[0], 50);
    CHECK_EQ(taken[199], 249);
    inbox_free(box);
}

TEST(the_descriptor_is_readable_while_messages_wait)
{
    struct inbox *box = inbox_new(sizeof(int), 10);
    CHECK(!readable(box));
    int one = 1;
    inbox_put(box, &one);
    inbox_put(box, &one);
    CHECK(readable(box));
    CHECK_EQ(inbox_take(box, &one, 1), 1);
    CHECK(readable(box));
    CHECK_EQ(inbox_take(box, &one, 1), 1);
    CHECK(!readable(box));
    inbox_free(box);
}

TEST(several_are_put_in_one_step)
{
    struct inbox *box = inbox_new(sizeof(int), 10);
    inbox_put_all(box, (const int[]){0}, 0);
    CHECK(!readable(box));
    inbox_put_all(box, (const int[]){7, 8, 9}, 3);
    CHECK(readable(box));
    int taken[4];
    CHECK_EQ(inbox_take(box, taken, 4), 3);
    CHECK_EQ(taken[0], 7);
    CHECK_EQ(taken[2], 9);
    inbox_free(box);
}

TEST(who_is_held_wakes_nobody_until_released)
{
    struct inbox *box = inbox_new(sizeof(int), 10);
    int value = 7, taken[4];
    inbox_hold(box);
    inbox_put(box, &value);
    inbox_put(box, &value);
    CHECK(!readable(box));
    CHECK_EQ(inbox_count(box), 2);
    inbox_release(box);
    CHECK(readable(box));

    inbox_hold(box);
    CHECK_EQ(inbox_take(box, taken, 4), 2);
    CHECK(!readable(box));
    inbox_release(box); // nothing is there
    CHECK(!readable(box));
    inbox_put(box, &value);
    CHECK(readable(box));

    // What a receiver that was awake all the time has taken wakes nobody any more.
    inbox_hold(box);
    inbox_put(box, &value);
    CHECK_EQ(inbox_take(box, taken, 1), 1);
    CHECK(readable(box));
    CHECK_EQ(inbox_take(box, taken, 4), 1);
    inbox_release(box);
    CHECK(!readable(box));
    inbox_free(box);
}

TEST(statistics_are_refused_at_the_bound_and_facts_are_not)
{
    struct inbox *box = inbox_new(sizeof(int), 2);
    int value = 7;
    CHECK(inbox_offer(box, &value));
    CHECK(inbox_offer(box, &value));
    CHECK(!inbox_offer(box, &value));
    CHECK(inbox_full(box));
    inbox_put(box, &value);
    int taken[4];
    CHECK_EQ(inbox_take(box, taken, 4), 3);
    CHECK(!inbox_full(box));
    inbox_free(box);
}

static void *send_thousand(void *box)
{
    for (int i = 0; i < 1000; i++)
        inbox_put(box, &i);
    return NULL;
}

TEST(two_threads_lose_no_message)
{
    struct inbox *box = inbox_new(sizeof(int), 10);
    pthread_t senders[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&senders[i], NULL, send_thousand, box);
    int seen = 0;
    long sum = 0;
    while (seen < 2000) {
        struct pollfd one = {.fd = inbox_fd(box), .events = POLLIN};
        CHECK_EQ(poll(&one, 1, 10000), 1);
        int taken[16];
        size_t count = inbox_take(box, taken, 16);
        for (size_t i = 0; i < count; i++)
            sum += taken[i];
        seen += (int)count;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(senders[i], NULL);
    CHECK_EQ(sum, 2 * 499500);
    inbox_free(box);
}
