#include "rtc/datachannel.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "rtc/sctp.h"

enum ppid { // RFC 8831 section 8
    PPID_DCEP = 50,
    PPID_STRING = 51,
    PPID_BINARY = 53,
    PPID_STRING_EMPTY = 56, // SCTP has no empty messages: one octet that does not count
    PPID_BINARY_EMPTY = 57,
};

enum channel_state {
    CHANNEL_FREE,
    CHANNEL_OPENING, // our OPEN is on its way
    CHANNEL_OPEN,
    CHANNEL_CLOSING, // we reset our direction, the peer has yet to reset its own
};

struct channel {
    enum channel_state state;
    uint16_t stream;
    char label[DATACHANNEL_LABEL_MAX + 1];
    char protocol[DATACHANNEL_LABEL_MAX + 1];
};

struct connection {
    uint64_t endpoint;
    bool dtls_client;
    char label[DATACHANNEL_LABEL_MAX + 1]; // of the channel to open; "" for none
    struct sctp_association *association;
    struct channel channels[DATACHANNELS_PER_ENDPOINT];
};

struct datachannels {
    struct sctp_stack *stack;
    struct map by_endpoint;
    struct sctp_notices notices; // of the call under way
};

// --- Events ---

static struct datachannel_event *say(struct datachannel_events *list,
                                     enum datachannel_event_kind kind, uint64_t endpoint)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 8;
        list->at = mem_resize(list->at, list->cap * sizeof *list->at);
    }
    struct datachannel_event *e = &list->at[list->count++];
    *e = (struct datachannel_event){.kind = kind, .endpoint = endpoint};
    return e;
}

static struct datachannel_event *say_channel(struct datachannel_events *list,
                                             enum datachannel_event_kind kind,
                                             const struct connection *c,
                                             const struct channel *channel)
{
    struct datachannel_event *e = say(list, kind, c->endpoint);
    e->stream = channel->stream;
    memcpy(e->label, channel->label, sizeof e->label);
    memcpy(e->protocol, channel->protocol, sizeof e->protocol);
    return e;
}

void datachannel_events_clear(struct datachannel_events *list)
{
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->at[i].at);
    list->count = 0;
}

void datachannel_events_dispose(struct datachannel_events *list)
{
    datachannel_events_clear(list);
    mem_free(list->at);
    *list = (struct datachannel_events){0};
}

// --- DCEP ---

int dcep_parse_open(struct dcep_open *open, struct bytes message)
{
    const uint8_t *p = message.at;
    if (message.len < DCEP_OPEN_LEN || p[0] != DCEP_OPEN)
        return ERR_MALFORMED;
    size_t label_len = read_u16(p + 8);
    size_t protocol_len = read_u16(p + 10);
    if (message.len != DCEP_OPEN_LEN + label_len + protocol_len)
        return ERR_MALFORMED;
    *open = (struct dcep_open){
        .channel_type = p[1],
        .priority = read_u16(p + 2),
        .reliability = read_u32(p + 4),
        .label = {p + DCEP_OPEN_LEN, label_len},
        .protocol = {p + DCEP_OPEN_LEN + label_len, protocol_len},
    };
    return 0;
}

static void send_open(struct datachannels *d, struct connection *c,
                      const struct channel *channel, int64_t now)
{
    uint8_t message[DCEP_OPEN_LEN + DATACHANNEL_LABEL_MAX];
    struct writer w = writer_on(message, sizeof message);
    struct bytes label = bytes_of(channel->label);
    put_u8(&w, DCEP_OPEN);
    put_u8(&w, 0);    // reliable and ordered
    put_u16(&w, 256); // "normal" of RFC 8831 section 6.4
    put_u32(&w, 0);
    put_u16(&w, (uint16_t)label.len);
    put_u16(&w, 0); // no protocol
    put_bytes(&w, label);
    sctp_send(c->association, channel->stream, PPID_DCEP, (struct bytes){message, w.len}, now,
              &d->notices);
}

// --- Channels ---

static struct channel *find_channel(struct connection *c, uint16_t stream)
{
    for (size_t i = 0; i < DATACHANNELS_PER_ENDPOINT; i++)
        if (c->channels[i].state != CHANNEL_FREE && c->channels[i].stream == stream)
            return &c->channels[i];
    return NULL;
}

static struct channel *new_channel(struct connection *c, uint16_t stream)
{
    for (size_t i = 0; i < DATACHANNELS_PER_ENDPOINT; i++)
        if (c->channels[i].state == CHANNEL_FREE) {
            c->channels[i] = (struct channel){.stream = stream};
            return &c->channels[i];
        }
    return NULL;
}

static void copy_text(char to[DATACHANNEL_LABEL_MAX + 1], struct bytes from)
{
    memcpy(to, from.at, from.len);
    to[from.len] = '\0';
}

// Closes what came on `stream` for breaking the rules, whether it is a channel or not.
static void close_channel(struct datachannels *d, struct connection *c, uint16_t stream,
                          int64_t now, struct datachannel_events *out)
{
    struct channel *channel = find_channel(c, stream);
    if (channel && channel->state == CHANNEL_CLOSING)
        return;
    sctp_reset(c->association, stream, now, &d->notices);
    if (channel) {
        say_channel(out, DATACHANNEL_CLOSED, c, channel);
        channel->state = CHANNEL_CLOSING;
    }
}

static void on_open(struct datachannels *d, struct connection *c, uint16_t stream,
                    struct bytes message, int64_t now, struct datachannel_events *out)
{
    static const uint8_t ack = DCEP_ACK;
    struct dcep_open open;
    // The DTLS client opens even streams (RFC 8832 section 6), so theirs have the other parity.
    bool theirs = (stream % 2 == 0) != c->dtls_client;
    if (dcep_parse_open(&open, message) < 0 || !theirs || find_channel(c, stream) ||
        open.label.len > DATACHANNEL_LABEL_MAX || open.protocol.len > DATACHANNEL_LABEL_MAX) {
        close_channel(d, c, stream, now, out);
        return;
    }
    struct channel *channel = new_channel(c, stream);
    if (!channel) {
        close_channel(d, c, stream, now, out);
        return;
    }
    channel->state = CHANNEL_OPEN;
    copy_text(channel->label, open.label);
    copy_text(channel->protocol, open.protocol);
    sctp_send(c->association, stream, PPID_DCEP, (struct bytes){&ack, 1}, now, &d->notices);
    say_channel(out, DATACHANNEL_OPEN, c, channel);
}

static void on_dcep(struct datachannels *d, struct connection *c, uint16_t stream,
                    struct bytes message, int64_t now, struct datachannel_events *out)
{
    struct channel *channel = find_channel(c, stream);
    // RFC 8832 section 5.2: one octet. Pion sends three of padding with it.
    bool is_ack = message.len && message.at[0] == DCEP_ACK;
    if (is_ack && channel) {
        if (channel->state == CHANNEL_OPENING) {
            channel->state = CHANNEL_OPEN;
            say_channel(out, DATACHANNEL_OPEN, c, channel);
        }
    } else if (message.len && message.at[0] == DCEP_OPEN) {
        on_open(d, c, stream, message, now, out);
    } else {
        close_channel(d, c, stream, now, out);
    }
}

static void on_message(struct datachannels *d, struct connection *c, struct sctp_notice *n,
                       int64_t now, struct datachannel_events *out)
{
    struct channel *channel = find_channel(c, n->stream);
    bool text = n->ppid == PPID_STRING || n->ppid == PPID_STRING_EMPTY;
    bool binary = n->ppid == PPID_BINARY || n->ppid == PPID_BINARY_EMPTY;
    if (n->ppid == PPID_DCEP) {
        on_dcep(d, c, n->stream, (struct bytes){n->at, n->len}, now, out);
        return;
    }
    if (!channel || channel->state != CHANNEL_OPEN || !(text || binary)) {
        close_channel(d, c, n->stream, now, out);
        return;
    }
    struct datachannel_event *e = say_channel(out, DATACHANNEL_MESSAGE, c, channel);
    e->text = text;
    e->at = n->at;
    e->len = n->ppid == PPID_STRING_EMPTY || n->ppid == PPID_BINARY_EMPTY ? 0 : n->len;
    n->at = NULL;
}

static void on_reset(struct datachannels *d, struct connection *c, uint16_t stream, int64_t now,
                     struct datachannel_events *out)
{
    struct channel *channel = find_channel(c, stream);
    if (!channel)
        return;
    // RFC 8831 section 6.7: who sees the other direction reset answers with its own.
    close_channel(d, c, stream, now, out);
    channel->state = CHANNEL_FREE;
}

static void on_up(struct datachannels *d, struct connection *c, int64_t now)
{
    if (!c->label[0])
        return;
    struct channel *channel = new_channel(c, c->dtls_client ? 0 : 1);
    channel->state = CHANNEL_OPENING;
    memcpy(channel->label, c->label, sizeof channel->label);
    send_open(d, c, channel, now);
}

static void on_down(struct connection *c, struct datachannel_events *out)
{
    memset(c->channels, 0, sizeof c->channels);
    say(out, DATACHANNEL_DOWN, c->endpoint);
}

// --- Connections ---

static struct connection *find(const struct datachannels *d, uint64_t endpoint)
{
    return map_get(&d->by_endpoint, map_key_u64(&endpoint));
}

static void take_notice(struct datachannels *d, struct sctp_notice *n, int64_t now,
                        struct datachannel_events *out)
{
    if (n->kind == SCTP_NOTICE_PACKET) {
        struct datachannel_event *e = say(out, DATACHANNEL_PACKET, n->owner);
        e->at = n->at;
        e->len = n->len;
        n->at = NULL;
        return;
    }
    struct connection *c = find(d, n->owner);
    if (!c)
        return;
    switch (n->kind) {
    case SCTP_NOTICE_UP:
        on_up(d, c, now);
        break;
    case SCTP_NOTICE_MESSAGE:
        on_message(d, c, n, now, out);
        break;
    case SCTP_NOTICE_RESET:
        on_reset(d, c, n->stream, now, out);
        break;
    case SCTP_NOTICE_DOWN:
        on_down(c, out);
        break;
    case SCTP_NOTICE_PACKET:
        break;
    }
}

// Turns what SCTP said into events. Handling a notice may add further ones, and move the list.
static void take_notices(struct datachannels *d, int64_t now, struct datachannel_events *out)
{
    for (size_t i = 0; i < d->notices.count; i++) {
        struct sctp_notice n = d->notices.at[i];
        d->notices.at[i].at = NULL;
        take_notice(d, &n, now, out);
        mem_free(n.at);
    }
    sctp_notices_clear(&d->notices);
}

struct datachannels *datachannels_new(int64_t now)
{
    struct datachannels *d = mem_alloc(sizeof *d);
    d->stack = sctp_stack_new(now);
    return d;
}

void datachannels_free(struct datachannels *d)
{
    size_t at = 0;
    for (struct connection *c; (c = map_next(&d->by_endpoint, &at));)
        mem_free(c);
    map_dispose(&d->by_endpoint);
    sctp_stack_free(d->stack);
    sctp_notices_dispose(&d->notices);
    mem_free(d);
}

int datachannels_connect(struct datachannels *d, uint64_t endpoint,
                         const struct datachannel_config *config, int64_t now,
                         struct datachannel_events *out)
{
    struct bytes label = bytes_of(config->label ? config->label : "");
    if (find(d, endpoint))
        return ERR_EXISTS;
    if (label.len > DATACHANNEL_LABEL_MAX)
        return ERR_FULL;
    struct connection *c = mem_alloc(sizeof *c);
    c->endpoint = endpoint;
    c->dtls_client = config->dtls_client;
    copy_text(c->label, label);
    map_put(&d->by_endpoint, map_key_u64(&c->endpoint), c);
    c->association = sctp_open(d->stack, endpoint, config->remote_port, now, &d->notices);
    take_notices(d, now, out);
    return 0;
}

void datachannels_close(struct datachannels *d, uint64_t endpoint, int64_t now,
                        struct datachannel_events *out)
{
    struct connection *c = find(d, endpoint);
    if (!c)
        return;
    sctp_close_association(c->association, now, &d->notices);
    map_remove(&d->by_endpoint, map_key_u64(&endpoint));
    mem_free(c);
    take_notices(d, now, out);
}

void datachannels_receive(struct datachannels *d, uint64_t endpoint, struct bytes packet,
                          int64_t now, struct datachannel_events *out)
{
    struct connection *c = find(d, endpoint);
    if (!c)
        return;
    sctp_receive(c->association, packet, now, &d->notices);
    take_notices(d, now, out);
}

int datachannels_send(struct datachannels *d, uint64_t endpoint, uint16_t stream,
                      struct bytes text, int64_t now, struct datachannel_events *out)
{
    static const uint8_t nothing = 0;
    struct connection *c = find(d, endpoint);
    struct channel *channel = c ? find_channel(c, stream) : NULL;
    if (!channel || channel->state != CHANNEL_OPEN)
        return ERR_NOT_FOUND;
    int err = text.len ? sctp_send(c->association, stream, PPID_STRING, text, now, &d->notices)
                       : sctp_send(c->association, stream, PPID_STRING_EMPTY,
                                   (struct bytes){&nothing, 1}, now, &d->notices);
    take_notices(d, now, out);
    return err;
}

int64_t datachannels_deadline(const struct datachannels *d)
{
    return sctp_stack_deadline(d->stack);
}

void datachannels_expire(struct datachannels *d, int64_t now, struct datachannel_events *out)
{
    sctp_stack_expire(d->stack, now, &d->notices);
    take_notices(d, now, out);
}
