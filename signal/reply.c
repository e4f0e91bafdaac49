#include "signal/state.h"

#include <stdio.h>

static void put_id(struct json_out *j, const json_t *id)
{
    json_key(j, "id");
    if (id)
        json_put_value(j, id);
    else
        json_put_null(j);
}

static struct json_out open_answer(struct signal *s, const json_t *id, const char *member)
{
    text_clear(&s->scratch);
    struct json_out j = json_out_on(&s->scratch);
    json_open(&j, '{');
    json_member_string(&j, "jsonrpc", "2.0");
    put_id(&j, id);
    json_key(&j, member);
    return j;
}

static void put_error(struct json_out *j, int code, const char *message)
{
    json_open(j, '{');
    json_member_int(j, "code", code);
    json_member_string(j, "message", message);
    json_close(j, '}');
    json_close(j, '}');
}

static void send_frame(struct call *call)
{
    call->answers++;
    struct frame frame = {
        .kind = call->by_channel ? FRAME_DATA : FRAME_TEXT,
        .session = call->session ? call->session->number : 0,
        .peer = call->by_channel ? call->peer->number : 0,
        .text = frame_text(call->frames, &call->signal->scratch),
        .is_long = true,
    };
    frame_add(call->frames, frame);
    call->reply = call->frames->count;
}

struct json_out reply_open(struct call *call)
{
    return reply_open_as(call, "result");
}

struct json_out reply_open_as(struct call *call, const char *member)
{
    return open_answer(call->signal, call->rpc->id, member);
}

struct bytes reply_not_stored(struct call *call)
{
    struct json_out j = open_answer(call->signal, call->rpc->id, "error");
    put_error(&j, RPC_BUSY, "the storage does not answer");
    return frame_text(call->frames, &call->signal->scratch);
}

void reply_send(struct call *call, struct json_out *j)
{
    json_close(j, '}');
    if (call->rpc->id)
        send_frame(call);
}

void reply_empty(struct call *call)
{
    struct json_out j = reply_open(call);
    json_open(&j, '{');
    json_close(&j, '}');
    reply_send(call, &j);
}

void reply_error(struct call *call, int code, const char *message)
{
    call->has_failed = true;
    call->code = code;
    if (call->rpc->id)
        reply_unreadable(call, code, message);
}

void reply_forbidden(struct call *call, enum act act)
{
    char message[96];
    const char *name = act_name(act);
    snprintf(message, sizeof message, "%s%s",
             *name ? "needs the permission " : "not while waiting to be let in", name);
    reply_error(call, RPC_REFUSED, message);
}

void reply_unreadable(struct call *call, int code, const char *message)
{
    call->has_failed = true;
    call->code = code;
    struct json_out j = open_answer(call->signal, call->rpc->id, "error");
    put_error(&j, code, message);
    send_frame(call);
}

void reply_answer(struct signal *s, const struct session *session, const json_t *id,
                  const char *sdp, struct frame_list *frames)
{
    s->tally.counts[session->answering][SIGNAL_OK]++;
    struct json_out j = open_answer(s, id, "result");
    json_open(&j, '{');
    if (sdp) {
        json_member_string(&j, "type", "answer");
        json_member_string(&j, "sdp", sdp);
    }
    shape_node(&j, s);
    json_close(&j, '}');
    json_close(&j, '}');
    frame_add(frames, (struct frame){.kind = FRAME_TEXT,
                                     .session = session->number,
                                     .text = frame_text(frames, &s->scratch)});
}

void reply_answer_error(struct signal *s, const struct session *session, const json_t *id,
                        int code, const char *message, struct frame_list *frames)
{
    s->tally.counts[session->answering][signal_result_of(code)]++;
    struct json_out j = open_answer(s, id, "error");
    put_error(&j, code, message);
    frame_add(frames, (struct frame){.kind = FRAME_TEXT,
                                     .session = session->number,
                                     .text = frame_text(frames, &s->scratch)});
}
