#include "net/inbox.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { INITIAL_CAP = 64 };

// A ring that grows. The lock is held for a copy of some octets, never while anybody waits.
struct inbox {
    pthread_mutex_t lock;
    uint8_t *ring;
    size_t message_size;
    size_t bound;
    size_t cap;
    size_t first;
    size_t count;
    bool is_held;
    bool is_awake; // the descriptor is readable
    int fd;
};

struct inbox *inbox_new(size_t message_size, size_t bound)
{
    assert(message_size > 0);
    struct inbox *box = mem_alloc(sizeof *box);
    box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(box->fd >= 0);
    box->message_size = message_size;
    box->bound = bound;
    pthread_mutex_init(&box->lock, NULL);
    return box;
}

void inbox_free(struct inbox *box)
{
    if (!box)
        return;
    pthread_mutex_destroy(&box->lock);
    close(box->fd);
    mem_free(box->ring);
    mem_free(box);
}

static uint8_t *slot(struct inbox *box, size_t n)
{
    return box->ring + (box->first + n) % box->cap * box->message_size;
}

static void grow(struct inbox *box)
{
    size_t cap = box->cap ? 2 * box->cap : INITIAL_CAP;
    uint8_t *ring = mem_alloc_array(cap, box->message_size);
    for (size_t i = 0; i < box->count; i++)
        memcpy(ring + i * box->message_size, slot(box, i), box->message_size);
    mem_free(box->ring);
    box->ring = ring;
    box->cap = cap;
    box->first = 0;
}

// One wake-up serves all that come before the receiver looks.
static void wake(struct inbox *box)
{
    if (box->is_held || box->is_awake || box->count == 0)
        return;
    eventfd_write(box->fd, 1);
    box->is_awake = true;
}

static void append(struct inbox *box, const void *message)
{
    if (box->count == box->cap)
        grow(box);
    memcpy(slot(box, box->count++), message, box->message_size);
    wake(box);
}

void inbox_put(struct inbox *box, const void *message)
{
    pthread_mutex_lock(&box->lock);
    append(box, message);
    pthread_mutex_unlock(&box->lock);
}

void inbox_put_all(struct inbox *box, const void *messages, size_t count)
{
    pthread_mutex_lock(&box->lock);
    for (size_t i = 0; i < count; i++)
        append(box, (const uint8_t *)messages + i * box->message_size);
    pthread_mutex_unlock(&box->lock);
}

void inbox_hold(struct inbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->is_held = true;
    pthread_mutex_unlock(&box->lock);
}

void inbox_release(struct inbox *box)
{
    pthread_mutex_lock(&box->lock);
    box->is_held = false;
    wake(box);
    pthread_mutex_unlock(&box->lock);
}

bool inbox_offer(struct inbox *box, const void *message)
{
    pthread_mutex_lock(&box->lock);
    bool room = box->count < box->bound;
    if (room)
        append(box, message);
    pthread_mutex_unlock(&box->lock);
    return room;
}

size_t inbox_count(struct inbox *box)
{
    pthread_mutex_lock(&box->lock);
    size_t count = box->count;
    pthread_mutex_unlock(&box->lock);
    return count;
}

bool inbox_full(struct inbox *box)
{
    return inbox_count(box) >= box->bound;
}

size_t inbox_take(struct inbox *box, void *messages, size_t max)
{
    pthread_mutex_lock(&box->lock);
    size_t count = box->count < max ? box->count : max;
    for (size_t i = 0; i < count; i++)
        memcpy((uint8_t *)messages + i * box->message_size, slot(box, i), box->message_size);
    if (count) {
        box->first = (box->first + count) % box->cap;
        box->count -= count;
        if (box->count == 0 && box->is_awake) {
            eventfd_t value;
            eventfd_read(box->fd, &value);
            box->is_awake = false;
        }
    }
    pthread_mutex_unlock(&box->lock);
    return count;
}

int inbox_fd(const struct inbox *box)
{
    return box->fd;
}
