// Looking people up.
//
// An iterator is the query itself, written as a text: nothing has to be kept for those who
// never ask for the next page.
#include "room/roster.h"
#include "base/base64.h"
#include "signal/param.h"
#include "signal/state.h"

#include <string.h>

enum { LIMIT_DEFAULT = 10 };

static bool take_limit(struct call *call, size_t *limit)
{
    int64_t wanted = json_get_int(call->rpc->params, "limit", LIMIT_DEFAULT);
    *limit = wanted < ROSTER_PAGE_MAX ? (size_t)wanted : ROSTER_PAGE_MAX;
    if (wanted >= 1)
        return true;
    reply_error(call, RPC_INVALID_PARAMS, "limit is a number from 1");
    return false;
}

// The array under either name: the SDK's types say one, its code sends the other.
static const json_t *peer_ids_of(const json_t *query)
{
    const json_t *ids = json_get_array(query, "peerIds");
    return ids ? ids : json_get_array(query, "peers");
}

static struct roster_query read_query(const json_t *from, struct arena *arena)
{
    const json_t *ids = peer_ids_of(from);
    size_t count = json_array_size(ids);
    const char **list = arena_alloc(arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        const char *id = json_string_value(json_array_get(ids, i));
        list[i] = id ? id : "";
    }
    return (struct roster_query){
        .role = json_get_text(from, "role", NULL),
        .group = json_get_text(from, "group", NULL),
        .peer_ids = list,
        .peer_id_count = count,
        .after = (uint64_t)json_get_int(from, "after", 0),
    };
}

static void put_iterator(struct json_out *j, const struct roster_query *query, uint64_t after)
{
    struct text state = {0}, coded = {0};
    struct json_out s = json_out_on(&state);
    json_open(&s, '{');
    if (query->role)
        json_member_string(&s, "role", query->role);
    if (query->group)
        json_member_string(&s, "group", query->group);
    if (query->peer_id_count)
        json_member_strings(&s, "peerIds", query->peer_ids, query->peer_id_count);
    json_member_int(&s, "after", (int64_t)after);
    json_close(&s, '}');
    base64url_add(&coded, text_bytes(&state));
    json_key(j, "iterator");
    json_put_bytes(j, text_bytes(&coded));
    text_dispose(&coded);
    text_dispose(&state);
}

// As it is sent.
static size_t weigh(const struct peer *peer)
{
    size_t weight = text_weight(peer->metadata) + text_weight(peer->name) +
                    text_weight(peer->user_id) + text_weight(peer->role->name);
    for (size_t i = 0; i < peer->group_count; i++)
        weight += text_weight(peer->groups[i]);
    return weight;
}

// A page ends before there is too much of it for one message; it has one peer at least.
static void bound_page(struct roster_page *page)
{
    size_t weight = 0;
    for (size_t i = 0; i < page->count; i++) {
        weight += weigh(page->peers[i]);
        if (i == 0 || weight <= METADATA_LIST_MAX)
            continue;
        page->count = i;
        page->last = page->peers[i - 1]->number;
        page->is_complete = false;
    }
}

static void reply_page(struct call *call, const struct roster_query *query)
{
    struct roster_page page =
        roster_find(call->peer->room, call->peer, query, &call->events->arena);
    bound_page(&page);
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    put_iterator(&j, query, page.last);
    json_member_int(&j, "total", (int64_t)page.total);
    json_member_bool(&j, "eof", page.is_complete);
    json_key(&j, "peers");
    json_open(&j, '[');
    for (size_t i = 0; i < page.count; i++) {
        struct peer_view view = shape_view(page.peers[i]);
        json_open(&j, '{');
        shape_peer_info(&j, &view);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    reply_send(call, &j);
}

void handle_find_peer(struct call *call)
{
    const json_t *params = call->rpc->params;
    struct roster_query query = read_query(params, &call->events->arena);
    query.after = 0;
    if (take_limit(call, &query.limit))
        reply_page(call, &query);
}

static bool read_iterator(struct call *call, const char *iterator, json_t **query)
{
    struct bytes coded = bytes_of(iterator);
    uint8_t *state = arena_alloc(&call->events->arena, coded.len + 1);
    int len = base64url_read(coded, state);
    char why[PARAM_FAULT_MAX];
    return len >= 0 &&
           json_read((struct bytes){state, (size_t)len}, &json_bounds_default, query) == 0 &&
           params_check(roster_query_params, *query, why) == 0;
}

void handle_peer_iter_next(struct call *call)
{
    const char *iterator = json_get_text(call->rpc->params, "iterator", "");
    json_t *from = NULL;
    struct roster_query query;
    size_t limit;
    if (*iterator && !read_iterator(call, iterator, &from)) {
        reply_error(call, RPC_BAD_REQUEST, "the iterator is none of ours");
    } else if (take_limit(call, &limit)) {
        query = read_query(from, &call->events->arena);
        query.limit = limit;
        reply_page(call, &query);
    }
    json_decref(from);
}

void handle_peer_name_search(struct call *call)
{
    const json_t *params = call->rpc->params;
    const char *text = json_get_text(params, "query", NULL);
    int64_t offset = json_get_int(params, "offset", 0);
    size_t limit;
    if (!text || offset < 0) {
        reply_error(call, RPC_INVALID_PARAMS, "query is a text, offset a number from 0");
        return;
    }
    if (!take_limit(call, &limit))
        return;
    struct roster_page page = roster_search(call->peer->room, call->peer, text, (size_t)offset,
                                            limit, &call->events->arena);
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_int(&j, "count", (int64_t)page.count);
    json_member_int(&j, "limit", (int64_t)limit);
    json_member_int(&j, "offset", offset + (int64_t)page.count); // of the next page
    json_member_bool(&j, "eof", page.is_complete);
    json_key(&j, "peers");
    json_open(&j, '[');
    for (size_t i = 0; i < page.count; i++) {
        json_open(&j, '{');
        json_member_string(&j, "name", page.peers[i]->name);
        json_member_string(&j, "peer_id", page.peers[i]->id);
        json_member_string(&j, "role", page.peers[i]->role->name);
        json_member_string(&j, "type", "regular");
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    reply_send(call, &j);
}
