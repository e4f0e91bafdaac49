// Chat and the app's own messages.

#include "room/chat.h"
#include "base/err.h"
#include "signal/state.h"

static size_t read_roles(const json_t *params, struct arena *arena, const char *const **roles)
{
    const json_t *named = json_get_array(params, "roles");
    size_t count = 0, at;
    const char **list = arena_alloc(arena, json_array_size(named) * sizeof *list);
    json_t *role;
    json_array_foreach(named, at, role)
    {
        if (json_is_string(role))
            list[count++] = json_string_value(role);
    }
    *roles = list;
    return count;
}

void handle_broadcast(struct call *call)
{
    const json_t *params = call->rpc->params;
    const json_t *info = json_object_get(params, "info");
    struct chat_wish wish = {
        .type = json_get_text(info, "type", "chat"),
        .message = json_get_text(info, "message", NULL),
        .peer_id = json_get_text(params, "peer_id", NULL),
    };
    if (!wish.message) {
        reply_error(call, RPC_INVALID_PARAMS, "info.message is needed");
        return;
    }
    wish.role_count = read_roles(params, &call->events->arena, &wish.roles);

    struct chat_receipt receipt;
    int err = chat_send(call->peer, &wish, call->now, call->events, &receipt);
    if (err == ERR_NOT_FOUND) {
        reply_error(call, RPC_NOT_FOUND, "peer not found");
        return;
    }
    if (err) {
        reply_error(call, RPC_BAD_REQUEST, "the message is too long");
        return;
    }
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_member_string(&j, "message_id", receipt.message_id);
    json_member_int(&j, "timestamp", receipt.sent_at);
    json_close(&j, '}');
    reply_send(call, &j);
}

// --- Telling it ---

void notify_chat(struct signal *s, const struct event *event, struct moment now,
                 struct frame_list *frames)
{
    (void)now;
    struct json_out j = notify_open(s, "on-broadcast");
    json_open(&j, '{');
    json_key(&j, "peer");
    json_open(&j, '{');
    shape_peer_info(&j, event->who);
    json_close(&j, '}');
    if (event->chat.role_count) {
        json_key(&j, "roles");
        json_open(&j, '[');
        for (size_t i = 0; i < event->chat.role_count; i++)
            json_put_string(&j, event->chat.roles[i]);
        json_close(&j, ']');
    }
    json_member_bool(&j, "private", event->chat.is_private);
    json_member_string(&j, "message_id", event->chat.message_id);
    json_member_int(&j, "timestamp", event->chat.sent_at);
    json_key(&j, "info");
    json_open(&j, '{');
    json_member_string(&j, "message", event->chat.message);
    json_member_string(&j, "type", event->chat.type);
    json_close(&j, '}');
    json_close(&j, '}');
    struct bytes text = notify_finish(s, &j, frames);
    for (size_t i = 0; i < event->chat.to_count; i++) {
        const struct session *session = signal_session_of(s, event->chat.to[i]);
        if (session)
            notify_text(session, text, frames);
    }
}
