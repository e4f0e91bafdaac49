#include "rtc/sctp.h"

#include "base/err.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <usrsctp.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
    TICK_US = 20 * 1000, // usrsctp's own timer thread ticks every 10 ms; nobody hears 20
    // After its last packet an association may owe a delayed SACK (200 ms), and a closed one is
    // still being taken apart by timers.
    QUIET_US = 1000 * 1000,
    // 1280 (the least IPv6 link) less 40 IPv6, 8 UDP, 37 DTLS record with AES-GCM, rounded
    // down.
    PATH_MTU = 1192,
    COMMON_HEADER_LEN = 12,
    CLOSE_ROUNDS = 100,
};

struct sctp_stack {
    int64_t ticked_at; // how far usrsctp's clock has come
    int64_t settled_at;
    struct sctp_notices *out; // of the call under way; NULL outside and when nobody listens
    struct map by_id;
    struct list busy; // associations that wait for time
    uint64_t last_id;
};

struct sctp_association {
    struct sctp_stack *stack;
    struct list busy;
    uint64_t id; // what usrsctp takes for an address; never used again
    uint64_t owner;
    struct socket *socket;
    int64_t quiet_at; // when nothing has happened for QUIET_US
    bool up;
    bool down;
    bool closing;
    bool oversized;                         // a message over SCTP_MESSAGE_MAX is on its way
    uint64_t resets[SCTP_STREAMS_MAX / 64]; // streams that wait to be reset
};

// usrsctp calls back with nothing but the "address", so it must be findable from there. The
// library's own state is as global.
static struct sctp_stack *the_stack;

// --- Notices ---

static struct sctp_notice *add_notice(struct sctp_notices *list, enum sctp_notice_kind kind,
                                      uint64_t owner)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 8;
        list->at = mem_resize(list->at, list->cap * sizeof *list->at);
    }
    struct sctp_notice *n = &list->at[list->count++];
    *n = (struct sctp_notice){.kind = kind, .owner = owner};
    return n;
}

void sctp_notices_clear(struct sctp_notices *list)
{
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->at[i].at);
    list->count = 0;
}

void sctp_notices_dispose(struct sctp_notices *list)
{
    sctp_notices_clear(list);
    mem_free(list->at);
    *list = (struct sctp_notices){0};
}

// What an association says; NULL when it is being closed or nobody listens.
static struct sctp_notice *say(struct sctp_association *a, enum sctp_notice_kind kind)
{
    struct sctp_notices *out = a->stack->out;
    if (!out || (a->closing && kind != SCTP_NOTICE_PACKET))
        return NULL;
    return add_notice(out, kind, a->owner);
}

static void set_bytes(struct sctp_notice *n, const void *at, size_t len)
{
    n->at = mem_alloc(len ? len : 1);
    n->len = len;
    if (len)
        memcpy(n->at, at, len);
}

// --- Callbacks: nothing but notes for the caller ---

static struct sctp_association *find(const void *address)
{
    uint64_t id = (uintptr_t)address;
    return the_stack ? map_get(&the_stack->by_id, map_key_u64(&id)) : NULL;
}

static int on_packet(void *address, void *packet, size_t len, uint8_t tos, uint8_t set_df)
{
    struct sctp_association *a = find(address);
    struct sctp_notice *n = a ? say(a, SCTP_NOTICE_PACKET) : NULL;
    (void)tos;
    (void)set_df;
    if (n)
        set_bytes(n, packet, len);
    return 0;
}

static void on_change(struct sctp_association *a, const struct sctp_assoc_change *change)
{
    switch (change->sac_state) {
    case SCTP_COMM_UP:
        if (!a->up)
            say(a, SCTP_NOTICE_UP);
        a->up = true;
        break;
    case SCTP_COMM_LOST:
    case SCTP_SHUTDOWN_COMP:
    case SCTP_CANT_STR_ASSOC:
        if (!a->down)
            say(a, SCTP_NOTICE_DOWN);
        a->up = false;
        a->down = true;
        break;
    default:
        break;
    }
}

static void on_reset(struct sctp_association *a, const struct sctp_stream_reset_event *reset)
{
    size_t count = (reset->strreset_length - sizeof *reset) / sizeof(uint16_t);
    if (!(reset->strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) ||
        (reset->strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)))
        return;
    for (size_t i = 0; i < count; i++) {
        struct sctp_notice *n = say(a, SCTP_NOTICE_RESET);
        if (n)
            n->stream = reset->strreset_stream_list[i];
    }
    // An empty list stands for all streams.
    for (uint16_t stream = 0; count == 0 && stream < SCTP_STREAMS_MAX; stream++) {
        struct sctp_notice *n = say(a, SCTP_NOTICE_RESET);
        if (n)
            n->stream = stream;
    }
}

static void on_notification(struct sctp_association *a, const void *data, size_t len)
{
    const union sctp_notification *n = data;
    if (len < sizeof n->sn_header || n->sn_header.sn_length != len)
        return;
    if (n->sn_header.sn_type == SCTP_ASSOC_CHANGE && len >= sizeof n->sn_assoc_change)
        on_change(a, &n->sn_assoc_change);
    else if (n->sn_header.sn_type == SCTP_STREAM_RESET_EVENT &&
             len >= sizeof n->sn_strreset_event)
        on_reset(a, &n->sn_strreset_event);
}

static int on_receive(struct socket *socket, union sctp_sockstore from, void *data, size_t len,
                      struct sctp_rcvinfo info, int flags, void *address)
{
    struct sctp_association *a = find(address);
    (void)socket;
    (void)from;
    if (a && data) {
        if (flags & MSG_NOTIFICATION) {
            on_notification(a, data, len);
        } else if (!(flags & MSG_EOR) || len > SCTP_MESSAGE_MAX) {
            a->oversized = true;
        } else {
            struct sctp_notice *n = say(a, SCTP_NOTICE_MESSAGE);
            if (n) {
                n->stream = info.rcv_sid;
                n->ppid = ntohl(info.rcv_ppid);
                set_bytes(n, data, len);
            }
        }
    }
    free(data); // usrsctp's malloc()
    return 1;
}

// --- Time ---

// Brings usrsctp's clock to `now`. Its timers may send packets of any association.
static void advance(struct sctp_stack *s, int64_t now)
{
    int64_t elapsed_ms = (now - s->ticked_at) / 1000;
    if (elapsed_ms <= 0)
        return;
    s->ticked_at += elapsed_ms * 1000;
    usrsctp_handle_timers(elapsed_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)elapsed_ms);
}

// From here to leave() notices go to `out`.
static void enter(struct sctp_stack *s, int64_t now, struct sctp_notices *out)
{
    assert(!s->out);
    s->out = out;
    advance(s, now);
}

static void leave(struct sctp_stack *s)
{
    s->out = NULL;
}

static void make_busy(struct sctp_association *a, int64_t now)
{
    a->quiet_at = now + QUIET_US;
    list_remove(&a->busy);
    list_append(&a->stack->busy, &a->busy);
}

// Whether anything but a retransmission by the peer could still happen to it.
static bool has_work(const struct sctp_association *a)
{
    struct sctp_status status = {0};
    socklen_t len = sizeof status;
    if (a->down)
        return false;
    if (usrsctp_getsockopt(a->socket, IPPROTO_SCTP, SCTP_STATUS, &status, &len) < 0)
        return false;
    return status.sstat_state != SCTP_ESTABLISHED || status.sstat_unackdata != 0 ||
           status.sstat_penddata != 0;
}

int64_t sctp_stack_deadline(const struct sctp_stack *s)
{
    bool settled = list_empty(&s->busy) && s->ticked_at >= s->settled_at;
    return settled ? NEVER : s->ticked_at + TICK_US;
}

// --- Stream resets ---

// usrsctp handles one request at a time and refuses others meanwhile; they wait in `resets`.
static void flush_resets(struct sctp_association *a)
{
    union {
        struct sctp_reset_streams request;
        uint8_t space[sizeof(struct sctp_reset_streams) + SCTP_STREAMS_MAX * sizeof(uint16_t)];
    } u = {0};
    uint16_t count = 0;
    for (uint16_t stream = 0; stream < SCTP_STREAMS_MAX; stream++)
        if (a->resets[stream / 64] >> stream % 64 & 1)
            u.request.srs_stream_list[count++] = stream;
    if (count == 0 || !a->up)
        return;
    u.request.srs_flags = SCTP_STREAM_RESET_OUTGOING;
    u.request.srs_number_streams = count;
    socklen_t len = (socklen_t)(sizeof u.request + count * sizeof(uint16_t));
    if (usrsctp_setsockopt(a->socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, &u, len) == 0)
        memset(a->resets, 0, sizeof a->resets);
}

static bool wants_reset(const struct sctp_association *a)
{
    for (size_t i = 0; i < sizeof a->resets / sizeof *a->resets; i++)
        if (a->resets[i])
            return a->up;
    return false;
}

void sctp_stack_expire(struct sctp_stack *s, int64_t now, struct sctp_notices *out)
{
    enter(s, now, out);
    LIST_EACH(&s->busy, link)
    {
        struct sctp_association *a = LIST_ENTRY(link, struct sctp_association, busy);
        flush_resets(a);
        if (now >= a->quiet_at && !has_work(a) && !wants_reset(a))
            list_remove(&a->busy);
    }
    leave(s);
}

// --- The stack ---

static void configure(void)
{
    usrsctp_sysctl_set_sctp_blackhole(2); // no answer to what belongs to no association
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0); // addresses are ICE's business
    usrsctp_sysctl_set_sctp_auto_asconf(0);
    usrsctp_sysctl_set_sctp_auth_enable(0); // DTLS authenticates
    usrsctp_sysctl_set_sctp_pktdrop_enable(0);
    usrsctp_sysctl_set_sctp_nrsack_enable(0);
    usrsctp_sysctl_set_sctp_sendspace(SCTP_BUFFER_MAX);
    usrsctp_sysctl_set_sctp_recvspace(SCTP_BUFFER_MAX);
    usrsctp_sysctl_set_sctp_nr_incoming_streams_default(SCTP_STREAMS_MAX);
    usrsctp_sysctl_set_sctp_nr_outgoing_streams_default(SCTP_STREAMS_MAX);
    // One second instead of three for the first loss: a call is waiting.
    usrsctp_sysctl_set_sctp_rto_initial_default(1000);
    usrsctp_sysctl_set_sctp_rto_min_default(300);
    usrsctp_sysctl_set_sctp_rto_max_default(10 * 1000);
}

struct sctp_stack *sctp_stack_new(int64_t now)
{
    assert(!the_stack);
    struct sctp_stack *s = mem_alloc(sizeof *s);
    s->ticked_at = s->settled_at = now;
    list_init(&s->busy);
    the_stack = s;
    usrsctp_init_nothreads(0, on_packet, NULL);
    configure();
    return s;
}

static void destroy(struct sctp_association *a)
{
    a->closing = true;
    usrsctp_close(a->socket);
    usrsctp_deregister_address((void *)(uintptr_t)a->id);
    map_remove(&a->stack->by_id, map_key_u64(&a->id));
    list_remove(&a->busy);
    mem_free(a);
}

void sctp_stack_free(struct sctp_stack *s)
{
    size_t at = 0;
    for (struct sctp_association *a; (a = map_next(&s->by_id, &at));)
        destroy(a);
    // usrsctp refuses to finish while a timer still holds a piece of an association.
    for (int i = 0; i < CLOSE_ROUNDS && usrsctp_finish() != 0; i++)
        usrsctp_handle_timers(QUIET_US / 1000);
    the_stack = NULL;
    map_dispose(&s->by_id);
    mem_free(s);
}

// --- Associations ---

static int set_option(struct socket *socket, int name, const void *value, size_t len)
{
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, name, value, (socklen_t)len);
}

static struct sockaddr_conn address_of(uint64_t id, uint16_t port)
{
    return (struct sockaddr_conn){
        .sconn_family = AF_CONN,
        .sconn_port = htons(port),
        .sconn_addr = (void *)(uintptr_t)id,
    };
}

// Options of a fresh socket. Only our own mistakes could make one fail.
static void set_options(struct socket *socket)
{
    static const uint16_t events[] = {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT};
    const struct linger linger = {.l_onoff = 1}; // closing aborts
    const int on = 1;
    // A message that is delivered in parts is one that is too long.
    const int partial = SCTP_MESSAGE_MAX + 1;
    const struct sctp_assoc_value resets = {.assoc_id = SCTP_FUTURE_ASSOC,
                                            .assoc_value = SCTP_ENABLE_RESET_STREAM_REQ};
    const struct sctp_initmsg init = {.sinit_num_ostreams = SCTP_STREAMS_MAX,
                                      .sinit_max_instreams = SCTP_STREAMS_MAX};
    int err = usrsctp_set_non_blocking(socket, 1);
    err |= usrsctp_setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    err |= set_option(socket, SCTP_NODELAY, &on, sizeof on);
    err |= set_option(socket, SCTP_PARTIAL_DELIVERY_POINT, &partial, sizeof partial);
    err |= set_option(socket, SCTP_ENABLE_STREAM_RESET, &resets, sizeof resets);
    err |= set_option(socket, SCTP_INITMSG, &init, sizeof init);
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        const struct sctp_event event = {
            .se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = events[i], .se_on = 1};
        err |= set_option(socket, SCTP_EVENT, &event, sizeof event);
    }
    assert(err == 0);
}

// ICE consent tells when the peer is gone, so heartbeats would be noise; and DTLS over one
// chosen path has no use for probing its size.
static void set_path(struct sctp_association *a, uint16_t remote_port)
{
    struct sctp_paddrparams params = {.spp_flags = SPP_PMTUD_DISABLE | SPP_HB_DISABLE,
                                      .spp_pathmtu = PATH_MTU};
    struct sockaddr_conn remote = address_of(a->id, remote_port);
    memcpy(&params.spp_address, &remote, sizeof remote);
    set_option(a->socket, SCTP_PEER_ADDR_PARAMS, &params, sizeof params);
}

struct sctp_association *sctp_open(struct sctp_stack *s, uint64_t owner, uint16_t remote_port,
                                   int64_t now, struct sctp_notices *out)
{
    struct sctp_association *a = mem_alloc(sizeof *a);
    a->stack = s;
    a->id = ++s->last_id;
    a->owner = owner;
    list_init(&a->busy);
    map_put(&s->by_id, map_key_u64(&a->id), a);

    enter(s, now, out);
    void *address = (void *)(uintptr_t)a->id;
    usrsctp_register_address(address);
    a->socket =
        usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_receive, NULL, 0, address);
    assert(a->socket);
    set_options(a->socket);
    struct sockaddr_conn ours = address_of(a->id, SCTP_PORT);
    struct sockaddr_conn theirs = address_of(a->id, remote_port);
    int err = usrsctp_bind(a->socket, (struct sockaddr *)&ours, sizeof ours);
    assert(err == 0);
    usrsctp_connect(a->socket, (struct sockaddr *)&theirs, sizeof theirs);
    set_path(a, remote_port);
    make_busy(a, now);
    leave(s);
    return a;
}

void sctp_close_association(struct sctp_association *a, int64_t now, struct sctp_notices *out)
{
    struct sctp_stack *s = a->stack;
    enter(s, now, out);
    destroy(a);
    s->settled_at = now + QUIET_US;
    leave(s);
}

// A peer that ignores our limit for messages is not worth keeping.
static void give_up(struct sctp_association *a)
{
    if (!a->down)
        say(a, SCTP_NOTICE_DOWN);
    a->up = false;
    a->down = true;
}

void sctp_receive(struct sctp_association *a, struct bytes packet, int64_t now,
                  struct sctp_notices *out)
{
    if (packet.len < COMMON_HEADER_LEN || packet.len > DATAGRAM_MAX || a->down)
        return;
    enter(a->stack, now, out);
    usrsctp_conninput((void *)(uintptr_t)a->id, packet.at, packet.len, 0);
    if (a->oversized)
        give_up(a);
    flush_resets(a);
    make_busy(a, now);
    leave(a->stack);
}

int sctp_send(struct sctp_association *a, uint16_t stream, uint32_t ppid, struct bytes message,
              int64_t now, struct sctp_notices *out)
{
    const struct sctp_sndinfo info = {.snd_sid = stream, .snd_ppid = htonl(ppid)};
    if (!a->up)
        return ERR_WRONG_STATE;
    if (message.len == 0 || message.len > SCTP_MESSAGE_MAX)
        return ERR_FULL;
    enter(a->stack, now, out);
    ssize_t sent = usrsctp_sendv(a->socket, message.at, message.len, NULL, 0, (void *)&info,
                                 sizeof info, SCTP_SENDV_SNDINFO, 0);
    int reason = errno;
    make_busy(a, now);
    leave(a->stack);
    if (sent >= 0)
        return 0;
    return reason == EINVAL ? ERR_NOT_FOUND : ERR_FULL;
}

int sctp_reset(struct sctp_association *a, uint16_t stream, int64_t now,
               struct sctp_notices *out)
{
    if (!a->up)
        return ERR_WRONG_STATE;
    if (stream >= SCTP_STREAMS_MAX)
        return ERR_NOT_FOUND;
    enter(a->stack, now, out);
    a->resets[stream / 64] |= 1ULL << stream % 64;
    flush_resets(a);
    make_busy(a, now);
    leave(a->stack);
    return 0;
}
