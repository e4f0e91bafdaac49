// How much of what the machine could forward does the router forward?
//
//   bare    recvmmsg, unprotect, for each subscriber a new header, protect, GSO send: what no
//           SFU can do without
//   router  the real one, which also keeps history, order, feeds, feedback and reports
//
// Both get the same frames over loopback sockets in one run, and send to the same N addresses
// by the same code; rounds alternate. Forwarded packets per CPU second of the server's part,
// medians. Fails below 60 %.
//
//     pipeline [--subscribers N] [--rounds N] [--no-send]
//
// Without a number of subscribers it prints 64, 200, 400 and 800, one after the other. Without
// sending, nothing of the kernel's dilutes what differs.
#include "base/log.h"
#include "base/mem.h"
#include "net/udp.h"
#include "rtc/srtp.h"
#include "sfu/router.h"
#include "tests/sim/client.h"

#include <assert.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAMES_PER_ROUND = 120,
    FRAME_US = 33333,
    KEY_FRAME_EVERY = 90, // 3 s
    KEY_FRAME_PACKETS = 15,
    DELTA_PACKETS = 6, // 720p at 1.5 Mbit/s, VP8 (tests/vectors/packet-sizes.md)
    REQUIRED_PERCENT = 60,
    ROUNDS_MAX = 64,
    ROOM = 1,
    PUBLISHER = 1,
    TRACK = 100,
    FIRST_SUBSCRIBER = 1000,
};

struct options {
    unsigned subscribers; // 0: the usual numbers, one after the other
    unsigned rounds;
    bool send;
};

// A publisher's stream: plain packets, made anew for each frame.
struct stream {
    struct batch_path path;
    struct batch out;
    uint32_t ssrc;
    uint64_t seq;
    uint32_t frame;
};

struct bench {
    struct options options;
    struct rng rng;
    struct srtp_engine *engine;
    struct srtp_engine *senders_engine;
    struct dtls_identity *identity;
    struct udp *server;
    struct udp *publisher;
    int sink;
    struct addr server_at;
    struct addr publisher_at;
    struct addr *subscribers_at;

    struct router *router;
    int64_t now;
    struct batch out;
    struct notice_list notices;
    struct client publishing;
    struct client *subscribing;
    struct stream to_router;

    uint64_t bare_forwarded;
    struct srtp *bare_in;
    struct batch_path *bare_paths;
    struct stream to_bare;
};

// --- Streams ---

// A packet as browsers send it: MID and transport-wide number in front, VP8 behind.
static void queue_packet(struct stream *s, struct batch_path *path, unsigned index,
                         unsigned count, bool key)
{
    // Equal sizes in a frame, or two that differ by an octet, the smaller ones first.
    size_t payload_len = 950 + s->frame * 37 % 200 + (index >= s->frame % count);
    enum { HEAD_LEN = 12 + 4 + 8 };
    uint8_t packet[HEAD_LEN + 1200];
    struct writer w = writer_on(packet, sizeof packet);
    put_u8(&w, 0x90);
    put_u8(&w, (uint8_t)(CLIENT_PT_VP8 | (index + 1 == count ? 0x80 : 0)));
    put_u16(&w, (uint16_t)s->seq);
    put_u32(&w, s->frame * 3000);
    put_u32(&w, s->ssrc);
    put_u32(&w, 0xbede0002);
    put_u8(&w, CLIENT_EXT_MID << 4);
    put_u8(&w, '1');
    put_u8(&w, CLIENT_EXT_TWCC << 4 | 1);
    put_u16(&w, (uint16_t)s->seq);
    put_u24(&w, 0);
    put_u8(&w, index == 0 ? 0x90 : 0x80); // X, S
    put_u8(&w, 0x80);                     // I
    put_u16(&w, (uint16_t)(0x8000 | (s->frame & 0x7fff)));
    put_u8(&w, !key);
    memset(put_space(&w, payload_len - 5), (int)(s->frame + index), payload_len - 5);
    batch_single(&s->out, path, BATCH_RTP, (struct bytes){packet, w.len}, HEAD_LEN, s->seq);
    s->seq++;
}

// Sends one frame to the server's socket. Returns its packets.
static unsigned send_frame(struct bench *b, struct stream *s)
{
    bool key = s->frame % KEY_FRAME_EVERY == 0;
    unsigned count = key ? KEY_FRAME_PACKETS : DELTA_PACKETS;
    for (unsigned i = 0; i < count; i++)
        queue_packet(s, &s->path, i, count, key);
    s->frame++;
    srtp_seal(b->senders_engine, &s->out, b->now);
    udp_send(b->publisher, &s->out);
    batch_reset(&s->out);
    return count;
}

// --- Bare ---

// Only what must be: nothing is checked, kept or counted.
static void bare_tick(struct bench *b)
{
    struct udp_datagram *in;
    struct srtp_input inputs[DATAGRAMS_PER_READ];
    size_t count = udp_receive(b->server, &in);
    for (size_t i = 0; i < count; i++)
        inputs[i] =
            (struct srtp_input){.keys = b->bare_in, .packet = in[i].at, .len = in[i].len};
    srtp_unprotect_many(b->engine, inputs, count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *packet = inputs[i].packet;
        size_t head_len = 12 + 4 + 4u * read_u16(packet + 14);
        struct bytes payload = {packet + head_len, (size_t)inputs[i].result - head_len};
        struct batch_shared *shared = batch_share(&b->out);
        *shared = (struct batch_shared){
            .payload = payload, .kind = BATCH_RTP, .head_len = 12, .clear_len = 12};
        memcpy(shared->head, packet, 12);
        shared->head[0] = 0x80;
        for (unsigned j = 0; j < b->options.subscribers; j++) {
            struct batch_packet *p = batch_media(&b->out, &b->bare_paths[j]);
            p->ssrc = j + 1;
            p->shared = shared;
            p->index = inputs[i].index + j;
            p->timestamp = read_u32(packet + 4);
            p->renumbered = false;
        }
    }
    srtp_seal(b->engine, &b->out, b->now);
    if (b->options.send)
        udp_send(b->server, &b->out);
    batch_reset(&b->out);
    b->bare_forwarded += count * b->options.subscribers;
}

static void open_bare(struct bench *b)
{
    struct srtp_keys keys = {.profile = SRTP_AEAD_AES_128_GCM};
    rng_fill(&b->rng, keys.key, sizeof keys.key);
    b->bare_in = srtp_new(b->engine, &keys);
    b->to_bare = (struct stream){.ssrc = 77, .seq = 1};
    batch_path_init(&b->to_bare.path);
    b->to_bare.path.to = b->server_at;
    b->to_bare.path.protect = srtp_new(b->senders_engine, &keys);
    b->bare_paths = mem_alloc_array(b->options.subscribers, sizeof *b->bare_paths);
    for (unsigned i = 0; i < b->options.subscribers; i++) {
        rng_fill(&b->rng, keys.key, sizeof keys.key);
        batch_path_init(&b->bare_paths[i]);
        b->bare_paths[i].to = b->subscribers_at[i];
        b->bare_paths[i].protect = srtp_new(b->engine, &keys);
    }
}

// --- Router ---

static uint64_t router_forwarded(const struct bench *b)
{
    struct router_stats stats;
    router_get_stats(b->router, &stats);
    return stats.rtp_out;
}

static void router_tick(struct bench *b)
{
    struct udp_datagram *in;
    struct router_datagram datagrams[DATAGRAMS_PER_READ];
    size_t count = udp_receive(b->server, &in);
    for (size_t i = 0; i < count; i++)
        datagrams[i] =
            (struct router_datagram){in[i].from, in[i].at, in[i].len, in[i].waited_us};
    router_receive(b->router, datagrams, count, b->now, &b->out, &b->notices);
    if (router_deadline(b->router) <= b->now)
        router_expire(b->router, b->now, &b->out, &b->notices);
    srtp_seal(b->engine, &b->out, b->now);
    if (b->options.send)
        udp_send(b->server, &b->out);
    batch_reset(&b->out);
    router_flushed(b->router);
    notice_list_clear(&b->notices);
}

static struct client *client_at(struct bench *b, const struct addr *at)
{
    if (addr_equal(at, &b->publisher_at))
        return &b->publishing;
    for (unsigned i = 0; i < b->options.subscribers; i++)
        if (addr_equal(at, &b->subscribers_at[i]))
            return &b->subscribing[i];
    return NULL;
}

static void command(struct bench *b, struct command c)
{
    c.room = ROOM;
    router_command(b->router, &c, b->now, &b->out, &b->notices);
}

// What a client queued reaches the router at once: connecting is not measured.
static void to_router(struct bench *b, const struct client *c, struct batch *out)
{
    srtp_seal(b->senders_engine, out, b->now);
    for (uint32_t i = 0; i < out->run_count; i++) {
        const struct batch_run *run = &out->runs[i];
        assert(run->count == 1);
        struct router_datagram d = {c->at, run->at, run->len, 0};
        router_receive(b->router, &d, 1, b->now, &b->out, &b->notices);
    }
    batch_dispose(out);
}

static void take_notice(struct bench *b, const struct notice *n)
{
    struct batch out = {0};
    struct client *c = n->endpoint == PUBLISHER
                           ? &b->publishing
                           : &b->subscribing[n->endpoint - FIRST_SUBSCRIBER];
    if (n->kind == NOTICE_ANSWER) {
        assert(n->answer.err == 0 && n->answer.track_count == 1);
        client_take_remote(c, n->answer.text);
        client_check(c, &out);
    } else if (n->kind == NOTICE_OFFER) {
        struct text answer = {0};
        client_take_remote(c, n->offer.sdp);
        client_write_answer(c, n->offer.sdp, &answer);
        command(b, (struct command){.kind = COMMAND_ANSWER,
                                    .endpoint = n->endpoint,
                                    .answer.sdp = text_take(&answer)});
        client_check(c, &out);
    }
    to_router(b, c, &out);
}

static void to_clients(struct bench *b)
{
    struct batch sealed = b->out;
    b->out = (struct batch){0};
    srtp_seal(b->engine, &sealed, b->now);
    for (uint32_t i = 0; i < sealed.run_count; i++) {
        struct batch_run *run = &sealed.runs[i];
        struct client *c = client_at(b, &run->to);
        struct batch out = {0};
        struct bytes packet;
        assert(run->count == 1);
        client_receive(c, run->at, run->len, b->now, &out, &packet);
        to_router(b, c, &out);
    }
    batch_reset(&sealed);
    batch_dispose(&sealed);
    router_flushed(b->router);
}

static void settle(struct bench *b)
{
    do {
        struct notice_list notices = b->notices;
        b->notices = (struct notice_list){0};
        for (size_t i = 0; i < notices.count; i++)
            take_notice(b, &notices.at[i]);
        notice_list_dispose(&notices);
        if (router_deadline(b->router) <= b->now)
            router_expire(b->router, b->now, &b->out, &b->notices);
        to_clients(b);
    } while (b->notices.count || b->out.packet_count || b->out.run_count);
}

static void open_endpoint(struct bench *b, uint64_t endpoint, enum endpoint_kind kind)
{
    command(b, (struct command){
                   .kind = COMMAND_ENDPOINT_OPEN, .endpoint = endpoint, .open.kind = kind});
}

static void publish(struct bench *b)
{
    struct client_section section = {.video = true, .layers = 1, .ssrc = 66, .rtx_ssrc = 67};
    struct text sdp = {0};
    snprintf(section.stream_id, sizeof section.stream_id, "s");
    snprintf(section.track_id, sizeof section.track_id, "t");
    client_write_offer(&b->publishing, &section, 1, &sdp);
    struct command offer = {.kind = COMMAND_OFFER, .endpoint = PUBLISHER};
    offer.offer.sdp = text_take(&sdp);
    offer.offer.tracks = mem_alloc_array(1, sizeof *offer.offer.tracks);
    offer.offer.tracks[0] =
        (struct command_track){.track = TRACK, .track_id = "t", .kind = MEDIA_VIDEO};
    offer.offer.track_count = 1;
    open_endpoint(b, PUBLISHER, ENDPOINT_PUBLISH);
    command(b, offer);
    settle(b);
    b->to_router = (struct stream){.ssrc = 66, .seq = 1};
    b->to_router.path = b->publishing.path;
    b->to_router.path.to = b->server_at;
}

static void open_router(struct bench *b)
{
    struct router_config config = {.engine = b->engine,
                                   .identity = b->identity,
                                   .candidates = &b->server_at,
                                   .candidate_count = 1,
                                   .rng = &b->rng};
    char server[ADDR_TEXT_MAX];
    char at[ADDR_TEXT_MAX];
    b->router = router_new(&config);
    addr_format(&b->server_at, server);
    addr_format(&b->publisher_at, at);
    client_init(&b->publishing, b->senders_engine, b->identity, &b->rng, at, server);
    b->publishing.at.via = b->publisher_at.via;
    publish(b);
    b->subscribing = mem_alloc_array(b->options.subscribers, sizeof *b->subscribing);
    for (unsigned i = 0; i < b->options.subscribers; i++) {
        uint64_t endpoint = FIRST_SUBSCRIBER + i;
        addr_format(&b->subscribers_at[i], at);
        client_init(&b->subscribing[i], b->senders_engine, b->identity, &b->rng, at, server);
        b->subscribing[i].at.via = b->subscribers_at[i].via;
        b->subscribing[i].silent = true; // nothing is held back
        open_endpoint(b, endpoint, ENDPOINT_SUBSCRIBE);
        settle(b);
        command(b, (struct command){.kind = COMMAND_FEED_OPEN,
                                    .endpoint = endpoint,
                                    .track = TRACK,
                                    .feed.quality = VIDEO_HIGH});
        settle(b);
    }
}

// Checks of consent, so that no transport falls silent.
static void keep_alive(struct bench *b)
{
    for (unsigned i = 0; i <= b->options.subscribers; i++) {
        struct client *c = i == b->options.subscribers ? &b->publishing : &b->subscribing[i];
        struct batch out = {0};
        client_check(c, &out);
        to_router(b, c, &out);
    }
    settle(b);
}

// --- Rounds ---

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

// Forwarded packets per CPU second of the server's part.
static double play_round(struct bench *b, bool bare)
{
    double seconds = 0;
    uint64_t expected = 0;
    uint64_t before = bare ? b->bare_forwarded : router_forwarded(b);
    for (int i = 0; i < FRAMES_PER_ROUND; i++) {
        expected += send_frame(b, bare ? &b->to_bare : &b->to_router) * b->options.subscribers;
        b->now += FRAME_US;
        double start = cpu_seconds();
        if (bare)
            bare_tick(b);
        else
            router_tick(b);
        seconds += cpu_seconds() - start;
    }
    uint64_t forwarded = (bare ? b->bare_forwarded : router_forwarded(b)) - before;
    if (forwarded != expected) {
        fprintf(stderr, "%s: %" PRIu64 " packets forwarded, not %" PRIu64 "\n",
                bare ? "bare" : "router", forwarded, expected);
        exit(2);
    }
    return (double)forwarded / seconds;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, by_value);
    return values[count / 2];
}

// --- Sockets ---

static struct addr socket_address(const struct udp *u)
{
    struct addr at;
    addr_parse_ip(&at, "127.0.0.1", udp_port(u));
    return at;
}

// By which way the server answers who speaks to it here.
static uint16_t way_of(struct bench *b)
{
    struct batch out = {0};
    batch_datagram(&out, &b->server_at, bytes_of("x"));
    udp_send(b->publisher, &out);
    batch_dispose(&out);
    struct pollfd one = {.fd = udp_fd(b->server), .events = POLLIN};
    struct udp_datagram *in;
    if (poll(&one, 1, 5000) != 1 || udp_receive(b->server, &in) != 1) {
        fprintf(stderr, "a datagram did not arrive\n");
        exit(2);
    }
    return in[0].from.via;
}

// The server's is on all addresses, as a worker's. One socket takes what goes to all
// subscribers (127.0.1.0 and up), and overflows.
static void open_sockets(struct bench *b)
{
    struct addr any, four, here;
    addr_parse(&any, "[::]:0");
    addr_parse(&four, "0.0.0.0:0");
    addr_parse(&here, "127.0.0.1:0");
    b->server = udp_open(&any);
    if (!b->server)
        b->server = udp_open(&four); // a machine without IPv6
    b->publisher = udp_open(&here);
    b->sink = socket(AF_INET, SOCK_DGRAM, 0);
    int small = 2048;
    setsockopt(b->sink, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof at;
    if (!b->server || !b->publisher || bind(b->sink, (struct sockaddr *)&at, len) < 0 ||
        getsockname(b->sink, (struct sockaddr *)&at, &len) < 0) {
        perror("socket");
        exit(2);
    }
    b->server_at = socket_address(b->server);
    b->publisher_at = socket_address(b->publisher);
    b->publisher_at.via = way_of(b);
    b->subscribers_at = mem_alloc_array(b->options.subscribers, sizeof *b->subscribers_at);
    for (unsigned i = 0; i < b->options.subscribers; i++) {
        char ip[32];
        snprintf(ip, sizeof ip, "127.0.%u.%u", 1 + i / 200, 1 + i % 200);
        addr_parse_ip(&b->subscribers_at[i], ip, ntohs(at.sin_port));
        b->subscribers_at[i].via = b->publisher_at.via;
    }
}

static int read_options(struct options *o, int argc, char **argv)
{
    *o = (struct options){.rounds = 7, .send = true};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-send") == 0)
            o->send = false;
        else if (i + 1 < argc && strcmp(argv[i], "--subscribers") == 0)
            o->subscribers = (unsigned)atoi(argv[++i]);
        else if (i + 1 < argc && strcmp(argv[i], "--rounds") == 0)
            o->rounds = (unsigned)atoi(argv[++i]);
        else
            return -1;
    }
    bool sane = o->subscribers <= 10000 && o->rounds >= 1 && o->rounds <= ROUNDS_MAX;
    return sane ? 0 : -1;
}

static void close_bench(struct bench *b)
{
    router_free(b->router);
    for (unsigned i = 0; i < b->options.subscribers; i++) {
        client_dispose(&b->subscribing[i]);
        srtp_free(b->bare_paths[i].protect);
    }
    client_dispose(&b->publishing);
    srtp_free(b->bare_in);
    srtp_free(b->to_bare.path.protect);
    batch_dispose(&b->to_bare.out);
    batch_dispose(&b->to_router.out);
    batch_dispose(&b->out);
    notice_list_dispose(&b->notices);
    mem_free(b->subscribing);
    mem_free(b->bare_paths);
    mem_free(b->subscribers_at);
    dtls_identity_free(b->identity);
    srtp_engine_free(b->engine);
    srtp_engine_free(b->senders_engine);
    udp_close(b->server);
    udp_close(b->publisher);
    close(b->sink);
}

// Prints the line of one number of subscribers. Returns the percentage.
static double compare(const struct options *options)
{
    struct bench b = {.options = *options, .rng = rng_seeded(1), .now = 1000000};
    b.engine = srtp_engine_best();
    b.senders_engine = srtp_engine_best();
    b.identity = dtls_identity_new();
    open_sockets(&b);
    open_bare(&b);
    open_router(&b);

    double bare[ROUNDS_MAX];
    double router[ROUNDS_MAX];
    play_round(&b, true); // to warm up
    play_round(&b, false);
    for (unsigned i = 0; i < b.options.rounds; i++) {
        keep_alive(&b);
        bare[i] = play_round(&b, true);
        router[i] = play_round(&b, false);
    }
    double bare_rate = median(bare, b.options.rounds);
    double router_rate = median(router, b.options.rounds);
    double percent = 100 * router_rate / bare_rate;
    printf("%u subscribers, %s: bare %.0f, router %.0f packets per CPU second: %.0f %%\n",
           b.options.subscribers, srtp_engine_name(b.engine), bare_rate, router_rate, percent);
    fflush(stdout);
    close_bench(&b);
    return percent;
}

int main(int argc, char **argv)
{
    static const unsigned usual[] = {64, 200, 400, 800};
    struct options options;
    if (read_options(&options, argc, argv) < 0) {
        fprintf(stderr, "usage: pipeline [--subscribers N] [--rounds N] [--no-send]\n");
        return 2;
    }
    log_set_level(LOG_ERROR);
    size_t count = options.subscribers ? 1 : sizeof usual / sizeof *usual;
    bool below = false;
    for (size_t i = 0; i < count; i++) {
        struct options one = options;
        if (!one.subscribers)
            one.subscribers = usual[i];
        below |= compare(&one) < REQUIRED_PERCENT;
    }
    if (below)
        printf("below the required %d %%\n", REQUIRED_PERCENT);
    return below;
}
