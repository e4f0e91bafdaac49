#include "room/removed.h"

#include "base/limits.h"
#include "base/mem.h"

struct removed_token {
    struct list link;
    struct token_hash token;
};

static struct bytes key_of(const struct token_hash *token)
{
    return (struct bytes){token->octets, sizeof token->octets};
}

static void forget(struct removed *removed, struct removed_token *one)
{
    list_remove(&one->link);
    map_remove(&removed->tokens, key_of(&one->token));
    mem_free(one);
}

static struct removed_token *first_of(const struct removed *removed)
{
    return LIST_ENTRY(removed->order.next, struct removed_token, link);
}

void removed_init(struct removed *removed)
{
    *removed = (struct removed){0};
    list_init(&removed->order);
}

void removed_clear(struct removed *removed)
{
    while (removed->tokens.count)
        forget(removed, first_of(removed));
    map_dispose(&removed->tokens);
    removed_init(removed);
}

void removed_add(struct room *room, const struct token_hash *token)
{
    struct removed *removed = &room->removed;
    if (room->rooms->removed_may_return || !token_hash_is_known(token) ||
        map_get(&removed->tokens, key_of(token)))
        return;
    if (removed->tokens.count >= REMOVED_TOKENS_MAX)
        forget(removed, first_of(removed));
    struct removed_token *one = mem_alloc(sizeof *one);
    one->token = *token;
    list_init(&one->link);
    list_append(&removed->order, &one->link);
    map_put(&removed->tokens, key_of(&one->token), one);
}

bool removed_contain(const struct room *room, const struct token_hash *token)
{
    return !room->rooms->removed_may_return && map_get(&room->removed.tokens, key_of(token));
}

const struct token_hash *removed_next(const struct room *room, const struct list **at)
{
    const struct removed *removed = &room->removed;
    *at = *at ? (*at)->next : removed->order.next;
    if (*at == &removed->order)
        return NULL;
    return &LIST_ENTRY(*at, struct removed_token, link)->token;
}
