// How much of what a client says is read. Messages, octets and members are counted before
// anything is parsed.
#include "signal/state.h"

static const int64_t whole = 1000000; // of a token, so that a microsecond fills a part of one
static const int64_t pause_max_us = (int64_t)3600 * 1000000;

struct bucket bucket_full(struct rate rate, int64_t now_us)
{
    return (struct bucket){.rate = rate, .level = rate.burst * whole, .filled_at = now_us};
}

void bucket_fill(struct bucket *b, int64_t now_us)
{
    int64_t passed = now_us - b->filled_at;
    b->level += (passed < pause_max_us ? passed : pause_max_us) * b->rate.per_second;
    if (b->level > b->rate.burst * whole)
        b->level = b->rate.burst * whole;
    b->filled_at = now_us;
}

int64_t bucket_level(const struct bucket *b)
{
    return b->level / whole;
}

bool bucket_take(struct bucket *b, int64_t count, int64_t now_us)
{
    bucket_fill(b, now_us);
    if (b->level < count * whole)
        return false;
    b->level -= count * whole;
    return true;
}

void bucket_spend(struct bucket *b, int64_t count, int64_t now_us)
{
    bucket_fill(b, now_us);
    b->level -= count * whole;
    if (b->level < -b->rate.burst * whole)
        b->level = -b->rate.burst * whole;
}

struct budget budget_full(int64_t now_us)
{
    static const struct rate messages = {WS_MESSAGES_PER_SECOND, WS_MESSAGES_BURST};
    static const struct rate octets = {RPC_OCTETS_PER_SECOND, RPC_OCTETS_BURST};
    static const struct rate members = {RPC_MEMBERS_PER_SECOND, RPC_MEMBERS_BURST};
    return (struct budget){
        .messages = bucket_full(messages, now_us),
        .octets = bucket_full(octets, now_us),
        .members = bucket_full(members, now_us),
    };
}

// One of more than RPC_MEMBERS_MAX is refused as it is, for good, and so costs none.
static int64_t members_of(struct bytes text)
{
    size_t members = json_count_members(text, RPC_MEMBERS_MAX);
    return members <= RPC_MEMBERS_MAX ? (int64_t)members : 0;
}

bool budget_take(struct budget *b, struct bytes text, int64_t now_us)
{
    if (bucket_take(&b->messages, 1, now_us) &&
        bucket_take(&b->octets, (int64_t)text.len, now_us) &&
        bucket_take(&b->members, members_of(text), now_us)) {
        b->refused_octets = 0;
        return true;
    }
    b->refused_octets += text.len;
    return false;
}

bool budget_is_overrun(const struct budget *b)
{
    return b->refused_octets > RPC_OCTETS_BURST;
}
