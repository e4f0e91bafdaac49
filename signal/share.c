// What the sockets of one token, and those of one address, have together, so that one person
// cannot add up what each socket may. It outlives them until it is full again: who opens
// another socket goes on where the last one was.
#include "signal/state.h"

#include <assert.h>
#include <string.h>

enum { OF_TOKEN, OF_NETWORK, KEPT_US = 10 * 1000 * 1000 }; // the longest that one takes to fill

static_assert(RPC_ADDRESS_WORK_BURST_US * 2 / RPC_ADDRESS_WORK_PER_SECOND_US < 10, "is full");
static_assert(RPC_TOKEN_WORK_BURST_US * 2 / RPC_TOKEN_WORK_PER_SECOND_US < 10, "is full");
static_assert(RPC_REFUSED_BURST / RPC_REFUSED_PER_SECOND < 10, "is full");

static struct bytes key_of(const uint8_t *key)
{
    return (struct bytes){key, sizeof((struct share *)0)->key};
}

static void forget_full(struct signal *s, int64_t now_us)
{
    while (!list_empty(&s->unused_shares)) {
        struct share *share = LIST_ENTRY(s->unused_shares.next, struct share, unused);
        if (share->work.filled_at + KEPT_US > now_us)
            return;
        list_remove(&share->unused);
        map_remove(&s->shares, key_of(share->key));
        mem_free(share);
    }
}

static struct share *hold(struct signal *s, uint8_t of, const uint8_t which[16],
                          struct rate work, int64_t now_us)
{
    static const struct rate refused = {RPC_REFUSED_PER_SECOND, RPC_REFUSED_BURST};
    uint8_t key[1 + 16] = {of};
    memcpy(key + 1, which, 16);
    forget_full(s, now_us);
    struct share *share = map_get(&s->shares, key_of(key));
    if (!share) {
        share = mem_alloc(sizeof *share);
        memcpy(share->key, key, sizeof key);
        share->work = bucket_full(work, now_us);
        share->refused = bucket_full(refused, now_us);
        list_init(&share->unused);
        map_put(&s->shares, key_of(share->key), share);
    }
    if (share->users++ == 0)
        list_remove(&share->unused);
    return share;
}

struct share *share_hold_token(struct signal *s, const struct token_hash *token, int64_t now_us)
{
    static const struct rate work = {RPC_TOKEN_WORK_PER_SECOND_US, RPC_TOKEN_WORK_BURST_US};
    static_assert(TOKEN_HASH_LEN == 16, "fills the key");
    return token_hash_is_known(token) ? hold(s, OF_TOKEN, token->octets, work, now_us) : NULL;
}

struct share *share_hold_network(struct signal *s, const uint8_t *network, int64_t now_us)
{
    static const struct rate work = {RPC_ADDRESS_WORK_PER_SECOND_US, RPC_ADDRESS_WORK_BURST_US};
    return hold(s, OF_NETWORK, network, work, now_us);
}

void share_release(struct signal *s, struct share *share)
{
    if (!share)
        return;
    assert(share->users > 0);
    if (--share->users == 0)
        list_append(&s->unused_shares, &share->unused);
}

void shares_dispose(struct signal *s)
{
    size_t at = 0;
    struct share *share;
    while ((share = map_next(&s->shares, &at)))
        mem_free(share);
    map_dispose(&s->shares);
}
