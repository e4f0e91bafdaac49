// How much of what a client says is read. What it costs to read a message is told from its
// octets and members, before anything is parsed.
#include "signal/state.h"

#include <string.h>

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
    static const struct rate work = {RPC_WORK_PER_SECOND_US, RPC_WORK_BURST_US};
    return (struct budget){
        .messages = bucket_full(messages, now_us),
        .work = bucket_full(work, now_us),
    };
}

static int64_t work_of(const struct json_scan *said)
{
    int64_t ns = RPC_MESSAGE_NS + (int64_t)said->members * RPC_MEMBER_NS +
                 (int64_t)said->octets * RPC_OCTET_NS + (int64_t)said->escapes * RPC_ESCAPE_NS +
                 (int64_t)said->long_octets * RPC_LONG_OCTET_NS +
                 (int64_t)said->long_escapes * RPC_LONG_ESCAPE_NS +
                 (int64_t)said->wide_octets * RPC_WIDE_OCTET_NS;
    return ns / 1000;
}

// Who has hardly said anything is heard also when others have used up what they have together,
// as far as a second burst goes.
static bool has_room(struct bucket *b, int64_t work, bool is_quiet, int64_t now_us)
{
    bucket_fill(b, now_us);
    return bucket_level(b) - work >= (is_quiet ? -b->rate.burst : 0);
}

static bool is_quiet(struct bucket *b, int64_t now_us)
{
    bucket_fill(b, now_us);
    return bucket_level(b) >= b->rate.burst / 8 * 7;
}

static bool may_work(struct budget *b, int64_t work, int64_t now_us)
{
    bool quiet = is_quiet(&b->work, now_us);
    bool token_is_quiet = b->of_token ? is_quiet(&b->of_token->work, now_us) : quiet;
    return has_room(&b->work, work, false, now_us) &&
           (!b->of_token || has_room(&b->of_token->work, work, quiet, now_us)) &&
           (!b->of_network || has_room(&b->of_network->work, work, token_is_quiet, now_us));
}

static void spend(struct budget *b, int64_t work, int64_t now_us)
{
    bucket_spend(&b->work, work, now_us);
    if (b->of_token)
        bucket_spend(&b->of_token->work, work, now_us);
    if (b->of_network)
        bucket_spend(&b->of_network->work, work, now_us);
}

// To look it over and to refuse it costs something too, and is counted apart for all who have
// the token, so that sockets which are opened anew are not heard for longer.
static void refuse(struct budget *b, size_t len, int64_t now_us)
{
    spend(b, (RPC_MESSAGE_NS + (int64_t)len * RPC_REFUSED_OCTET_NS) / 1000, now_us);
    if (!b->of_token || bucket_take(&b->of_token->refused, (int64_t)len, now_us))
        return;
    b->is_overrun = true;
    b->of_token->shut_until = now_us + (int64_t)RPC_SHUT_MS * 1000;
}

enum reading budget_take(struct budget *b, const struct json_scan *said, int64_t now_us)
{
    int64_t work = work_of(said);
    bool is_too_much = said->members > RPC_MEMBERS_MAX || work > RPC_WORK_MAX_US;
    if (!is_too_much && bucket_take(&b->messages, 1, now_us) && may_work(b, work, now_us)) {
        spend(b, work, now_us);
        return READING_GRANTED;
    }
    refuse(b, said->octets + said->long_octets, now_us);
    return is_too_much ? READING_NEVER : READING_LATER;
}

void budget_answered(struct budget *b, size_t octets, int64_t now_us)
{
    spend(b, (int64_t)octets * RPC_ANSWERED_OCTET_NS / 1000, now_us);
}
