// A mailbox between threads. A message is a struct that is moved: it is copied bit by bit, and
// the sender forgets what it points to.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct inbox;

// For messages of `message_size` octets. `bound` is where inbox_offer() begins to refuse.
struct inbox *inbox_new(size_t message_size, size_t bound);
// The messages still inside are the caller's to take first.
void inbox_free(struct inbox *box);

// A fact: it is always taken, beyond the bound too. What may be sent is bounded by what it
// tells of (endpoints, tracks, requests), and senders of new work ask inbox_full() first.
void inbox_put(struct inbox *box, const void *message);
// Several in a row, which wake the receiver once.
void inbox_put_all(struct inbox *box, const void *messages, size_t count);
// A statistic, or what its protocol repeats when it is lost. False at the bound: the message
// is still the caller's.
bool inbox_offer(struct inbox *box, const void *message);
// What is put from now on does not wake the receiver until inbox_release(): who puts much in a
// row lets it find all of that. Of the one who puts.
void inbox_hold(struct inbox *box);
void inbox_release(struct inbox *box);
bool inbox_full(struct inbox *box);
size_t inbox_count(struct inbox *box); // messages that wait

// Moves up to `max` messages, oldest first, to `messages`; returns how many.
size_t inbox_take(struct inbox *box, void *messages, size_t max);

// Becomes readable (poll, epoll) when messages wait; inbox_take() resets it when it leaves
// none.
int inbox_fd(const struct inbox *box);
