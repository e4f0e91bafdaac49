// The session store, which the protocol calls metadata.
#include "base/err.h"
#include "room/session_store.h"
#include "signal/state.h"

#include <string.h>

// Without a key the client means what was the session's only metadata once.
static const char *key_of(const struct call *call)
{
    return json_get_text(call->rpc->params, "key", "default");
}

static void put_waiting(struct json_out *j, const struct event_value *value)
{
    json_open(j, '[');
    for (size_t i = 0; i < value->waiting_count; i++) {
        const struct event_waiting *who = &value->waiting[i];
        json_open(j, '{');
        json_member_string(j, "peer_id", who->peer_id);
        json_member_string(j, "name", who->name);
        json_member_string(j, "user_id", who->user_id);
        json_member_int(j, "since", who->since);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_value(struct json_out *j, const struct event_value *value)
{
    json_open(j, '{');
    json_member_string(j, "key", value->key);
    json_key(j, "data");
    if (value->data)
        json_put_verbatim(j, bytes_of(value->data));
    else if (value->version)
        put_waiting(j, value);
    else
        json_put_null(j);
    if (value->updated_at)
        json_member_int(j, "updated_at", value->updated_at);
    if (value->updated_by[0])
        json_member_string(j, "updated_by", value->updated_by);
    json_member_int(j, "change_version", value->version);
    json_close(j, '}');
}

static void reply_value(struct call *call, const struct event_value *value)
{
    struct json_out j = reply_open(call);
    put_value(&j, value);
    reply_send(call, &j);
}

static void refuse(struct call *call, enum store_answer answer)
{
    static const struct {
        int code;
        const char *message;
    } refusals[] = {
        [STORE_BAD_KEY] = {RPC_BAD_REQUEST, "the key is empty or longer than 128 octets"},
        [STORE_REFUSED] = {RPC_REFUSED, "not while waiting to be let in"},
        [STORE_READ_ONLY] = {RPC_REFUSED, "the key is the server's"},
        [STORE_CHANGED] = {RPC_CHANGED, "the value has another version"},
        [STORE_VALUE_TOO_BIG] = {RPC_BAD_REQUEST, "the value is longer than 1024 octets"},
        [STORE_TOO_MANY_KEYS] = {RPC_BAD_REQUEST, "the session has 100 keys already"},
        [STORE_FULL] = {RPC_BAD_REQUEST, "the session's values are over 64 KiB in all"},
    };
    reply_error(call, refusals[answer].code, refusals[answer].message);
}

void handle_set_metadata(struct call *call)
{
    const json_t *params = call->rpc->params;
    const json_t *version = json_object_get(params, "if_change_version");
    if (json_is_integer(version) && json_integer_value(version) < 0) {
        reply_error(call, RPC_INVALID_PARAMS, "if_change_version must be a number from 0");
        return;
    }
    const json_t *data = json_object_get(params, "data"); // absent when the app said undefined
    struct text text = {0};
    struct json_out j = json_out_on(&text);
    if (data && !json_is_null(data))
        json_put_value(&j, data);

    struct store_wish wish = {
        .key = key_of(call),
        .data = text.at,
        .if_version =
            json_is_integer(version) ? json_integer_value(version) : STORE_ANY_VERSION,
    };
    struct event_value now_is;
    enum store_answer answer =
        session_store_set(call->peer, &wish, call->now, call->events, &now_is);
    if (answer == STORE_DONE)
        reply_value(call, &now_is);
    else
        refuse(call, answer);
    text_dispose(&text);
}

void handle_get_metadata(struct call *call)
{
    struct event_value value = session_store_get(call->peer, key_of(call));
    reply_value(call, &value);
}

void handle_listen_metadata(struct call *call)
{
    size_t count;
    const char *const *keys =
        json_get_texts(call->rpc->params, "keys", &call->events->arena, &count);
    int err = session_store_observe(call->peer, keys, count, call->events);
    if (err == ERR_FULL)
        reply_error(call, RPC_BAD_REQUEST, "more than 100 keys to observe");
    else if (err)
        refuse(call, STORE_BAD_KEY);
    else
        reply_empty(call);
}

// --- Telling it ---

void notify_store(struct signal *s, const struct event *event, struct moment now,
                  struct frame_list *frames)
{
    (void)now;
    struct json_out j = notify_open(s, "on-metadata-change");
    json_open(&j, '{');
    json_key(&j, "values");
    json_open(&j, '[');
    for (size_t i = 0; i < event->store.count; i++)
        put_value(&j, &event->store.list[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    notify_some(s, event->store.to, event->store.to_count, notify_finish(s, &j, frames),
                frames);
}
