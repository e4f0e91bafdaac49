// Chat and the app's own messages.

#include "room/chat.h"
#include "base/err.h"
#include "signal/state.h"

void handle_broadcast(struct call *call)
{
    const json_t *params = call->rpc->params;
    const json_t *info = json_object_get(params, "info");
    struct chat_wish wish = {
        .type = json_get_text(info, "type", "chat"),
        .message = json_get_text(info, "message", NULL),
        .peer_id = json_get_text(params, "peer_id", NULL),
    };
    const json_t *type = json_object_get(info, "type");
    if (!wish.message || (type && !json_is_string(type))) {
        reply_error(call, RPC_INVALID_PARAMS, "info has a message and a type, both texts");
        return;
    }
    wish.roles = json_get_texts(params, "roles", &call->events->arena, &wish.role_count);

    struct chat_receipt receipt;
    int err = chat_send(call->peer, &wish, call->now, call->events, &receipt);
    if (err == ERR_NOT_FOUND) {
        reply_error(call, RPC_NOT_FOUND, "peer not found");
        return;
    }
    if (err == ERR_REFUSED) {
        reply_forbidden(call, ACT_TAKE_PART);
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
    if (event->who) {
        json_key(&j, "peer");
        json_open(&j, '{');
        shape_peer_brief(&j, event->who);
        json_close(&j, '}');
    }
    if (event->chat.role_count)
        json_member_strings(&j, "roles", event->chat.roles, event->chat.role_count);
    json_member_bool(&j, "private", event->chat.is_private);
    json_member_string(&j, "message_id", event->chat.message_id);
    json_member_int(&j, "timestamp", event->chat.sent_at);
    json_key(&j, "info");
    json_open(&j, '{');
    json_member_string(&j, "message", event->chat.message);
    json_member_string(&j, "type", event->chat.type);
    json_close(&j, '}');
    json_close(&j, '}');
    notify_some(s, event->chat.to, event->chat.to_count, notify_finish(s, &j, frames), frames);
}
