#include "call.h"

#include "base/json.h"
#include "base/mem.h"
#include "net/udp.h"
#include "rtc/rtp.h"
#include "tests/sim/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SOURCES = 2,
    AUDIO = 0,
    VIDEO = 1,
    SINKS_MAX = 4,
    IN_MAX = 512 * 1024,
    SENT_MAX = 1 << 16, // moments of sending that are remembered
    CHECK_US = 2000 * 1000,
    REPORT_US = 1000 * 1000,
    FEEDBACK_US = 50 * 1000,
    PING_US = 3000 * 1000,
    START_US = 20 * 1000 * 1000,
    DRAIN_US = 1000 * 1000,
};

// A connection of a person's: publishing, or subscribing.
struct side {
    struct client client;
    struct udp *udp;
    bool known; // has the server's credentials
};

struct person {
    struct bench_server *server;
    const char *name;
    int fd;
    bool upgraded, joined;
    uint8_t *in;
    size_t in_len;
    struct side publish, subscribe;
    unsigned next_id;
};

static struct {
    struct srtp_engine *engine;
    struct dtls_identity *identity;
    struct rng rng;
    struct person talker, listener;
    struct client_section sections[SOURCES];
    struct source sources[SOURCES];
    uint16_t twcc;
    struct sink sinks[SINKS_MAX];
    size_t sink_count;
    int64_t frame_at[SOURCES], report_at, check_at, feedback_at, ping_at;

    bool counting, quiet;
    uint64_t seq_at_start[SOURCES];
    uint32_t frame_at_start[SOURCES];
    int64_t *frame_sent[SOURCES]; // by frame, modulo SENT_MAX
    struct call_count count;
} c;

static int64_t now_us(void)
{
    return (int64_t)(bench_now_ms() * 1000);
}

// --- Signalling ---

static void write_out(struct person *p, struct text *out)
{
    for (size_t sent = 0; sent < out->len;) {
        ssize_t n = write(p->fd, out->at + sent, out->len - sent);
        if (n < 0 && errno != EAGAIN)
            bench_die(p->server, "a socket of the call");
        sent += n > 0 ? (size_t)n : 0;
    }
    text_dispose(out);
}

static void say(struct person *p, const char *message)
{
    struct text out = {0};
    bench_add_frame(&out, message);
    write_out(p, &out);
}

static struct json_out begin(struct text *body, const char *method, const char *id)
{
    struct json_out j = json_out_on(body);
    json_open(&j, '{');
    json_member_string(&j, "jsonrpc", "2.0");
    json_member_string(&j, "method", method);
    if (id)
        json_member_string(&j, "id", id);
    json_key(&j, "params");
    json_open(&j, '{');
    return j;
}

static void end(struct person *p, struct text *body, struct json_out *j)
{
    json_close(j, '}');
    json_close(j, '}');
    say(p, body->at);
    text_dispose(body);
}

static void put_description(struct json_out *j, const char *key, const char *type,
                            const struct text *sdp)
{
    json_key(j, key);
    json_open(j, '{');
    json_member_string(j, "type", type);
    json_member_string(j, "sdp", sdp->at);
    json_close(j, '}');
}

static void send_join(struct person *p)
{
    struct text body = {0}, sdp = {0};
    client_write_offer(&p->publish.client, NULL, 0, &sdp);
    struct json_out j = begin(&body, "join", "join");
    json_member_string(&j, "name", p->name);
    json_member_string(&j, "data", "");
    json_member_bool(&j, "disableVidAutoSub", false);
    put_description(&j, "offer", "offer", &sdp);
    end(p, &body, &j);
    text_dispose(&sdp);
}

static void send_tracks(struct person *p)
{
    struct text body = {0}, sdp = {0};
    client_write_offer(&p->publish.client, c.sections, SOURCES, &sdp);
    struct json_out j = begin(&body, "offer", "tracks");
    put_description(&j, "desc", "offer", &sdp);
    json_key(&j, "tracks");
    json_open(&j, '{');
    for (int i = 0; i < SOURCES; i++) {
        json_key(&j, c.sections[i].track_id);
        json_open(&j, '{');
        json_member_string(&j, "track_id", c.sections[i].track_id);
        json_member_string(&j, "stream_id", c.sections[i].stream_id);
        json_member_string(&j, "type", i == VIDEO ? "video" : "audio");
        json_member_string(&j, "source", "regular");
        json_member_string(&j, "description", "");
        json_member_bool(&j, "mute", false);
        json_close(&j, '}');
    }
    json_close(&j, '}');
    end(p, &body, &j);
    text_dispose(&sdp);
}

static void flush(struct side *s, struct batch *out)
{
    srtp_seal(c.engine, out, 0);
    udp_send(s->udp, out);
    batch_dispose(out);
}

static void take_remote(struct side *s, const char *sdp)
{
    struct batch out = {0};
    client_take_remote(&s->client, sdp);
    s->known = true;
    client_check(&s->client, &out);
    flush(s, &out);
}

static void answer_offer(struct person *p, const char *offer)
{
    struct client_offered offered[SINKS_MAX];
    size_t count = client_read_offer(offer, offered, SINKS_MAX);
    for (; p == &c.listener && c.sink_count < count; c.sink_count++) {
        const struct client_offered *o = &offered[c.sink_count];
        sink_init(&c.sinks[c.sink_count], o->rtx_ssrc ? CODEC_VP8 : CODEC_OPUS, 0, o->ssrc,
                  o->rtx_ssrc);
    }
    struct text body = {0}, sdp = {0};
    client_write_answer(&p->subscribe.client, offer, &sdp);
    struct json_out j = begin(&body, "answer", NULL);
    put_description(&j, "desc", "answer", &sdp);
    end(p, &body, &j);
    text_dispose(&sdp);
    take_remote(&p->subscribe, offer);
}

static void hear(void *context, char *message)
{
    struct person *p = context;
    json_t *read = json_loads(message, 0, NULL);
    const char *method = json_get_text(read, "method", "");
    const char *id = json_get_text(read, "id", "");
    const json_t *params = json_object_get(read, "params");
    const char *answered = json_get_text(json_object_get(read, "result"), "sdp", NULL);
    if (json_object_get(read, "error") || strcmp(method, "on-error") == 0) {
        fprintf(stderr, "%.500s\n", message);
        bench_die(p->server, "a call");
    }
    if (strcmp(method, "on-policy-change") == 0 && !p->joined) {
        p->joined = true;
        send_join(p);
    } else if (strcmp(method, "offer") == 0) {
        answer_offer(p, json_get_text(params, "sdp", ""));
    } else if (answered) {
        take_remote(&p->publish, answered);
        if (p == &c.talker && strcmp(id, "join") == 0)
            send_tracks(p);
    }
    json_decref(read);
}

static void read_socket(struct person *p)
{
    ssize_t n = read(p->fd, p->in + p->in_len, IN_MAX - 1 - p->in_len);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0)
        bench_die(p->server, "a socket of the call was lost");
    p->in_len += (size_t)n;
    size_t used = 0;
    if (!p->upgraded) {
        p->in[p->in_len] = 0;
        char *rest = strstr((char *)p->in, "\r\n\r\n");
        if (!rest)
            return;
        p->upgraded = true;
        used = (size_t)((uint8_t *)rest + 4 - p->in);
    }
    struct text pongs = {0};
    used += bench_take_frames(p->server, p->in + used, p->in_len - used, &pongs, hear, p);
    write_out(p, &pongs);
    memmove(p->in, p->in + used, p->in_len - used);
    p->in_len -= used;
}

// --- Media ---

static void count_packet(const struct sink *s, const struct rtp_packet *packet, int64_t now)
{
    struct mark mark;
    int source = s->video ? VIDEO : AUDIO;
    bool repair = s->rtx_ssrc && packet->ssrc == s->rtx_ssrc;
    struct bytes payload = packet->payload;
    if (repair && payload.len >= 2)
        payload = (struct bytes){payload.at + 2, payload.len - 2};
    if (!c.counting || !mark_read(&mark, s->video, payload) ||
        mark.frame <= c.frame_at_start[source])
        return;
    if (repair) {
        c.count.repaired++;
        return;
    }
    c.count.received++;
    double ms = (double)(now - c.frame_sent[source][mark.frame % SENT_MAX]) / 1000;
    if (ms > c.count.latest_ms)
        c.count.latest_ms = ms;
}

static void take_media(struct bytes octets, int64_t now)
{
    struct rtp_packet packet;
    if (rtp_parse(&packet, octets) < 0)
        return;
    for (size_t i = 0; i < c.sink_count; i++) {
        struct sink *s = &c.sinks[i];
        if (packet.ssrc != s->ssrc && (!s->rtx_ssrc || packet.ssrc != s->rtx_ssrc))
            continue;
        count_packet(s, &packet, now);
        sink_receive(s, &packet, now);
        return;
    }
}

static void read_side(struct person *p, struct side *s, int64_t now)
{
    struct udp_datagram *in;
    size_t count;
    while ((count = udp_receive(s->udp, &in)) > 0) {
        struct batch out = {0};
        for (size_t i = 0; i < count; i++) {
            struct bytes octets;
            enum client_input kind =
                client_receive(&s->client, in[i].at, in[i].len, now, &out, &octets);
            if (kind == CLIENT_RTP && s == &c.listener.subscribe)
                take_media(octets, now);
            for (int k = 0; kind == CLIENT_RTCP && s == &c.talker.publish && k < SOURCES; k++)
                source_feedback(&c.sources[k], octets, &out);
        }
        flush(s, &out);
        if (count < DATAGRAMS_PER_READ)
            break;
    }
    (void)p;
}

static bool is_due(int64_t *at, int64_t now, int64_t interval)
{
    if (now < *at)
        return false;
    *at = *at + interval < now ? now : *at + interval;
    return true;
}

static void send_media(int64_t now)
{
    static const int64_t interval[SOURCES] = {AUDIO_FRAME_US, VIDEO_FRAME_US};
    struct batch out = {0};
    for (int i = 0; i < SOURCES && !c.quiet; i++) {
        if (!is_due(&c.frame_at[i], now, interval[i]))
            continue;
        source_frame(&c.sources[i], now, &out);
        c.frame_sent[i][c.sources[i].layers[0].frame % SENT_MAX] = now;
    }
    if (is_due(&c.report_at, now, REPORT_US))
        for (int i = 0; i < SOURCES; i++)
            source_report(&c.sources[i], now, &out);
    flush(&c.talker.publish, &out);
}

static void send_feedback(int64_t now)
{
    uint8_t buffer[2048];
    struct writer w = writer_on(buffer, sizeof buffer);
    for (size_t i = 0; i < c.sink_count; i++) {
        struct rtcp_report_block block;
        if (report_block(&c.sinks[i].report, c.sinks[i].ssrc, now, &block))
            rtcp_put_receiver_report(&w, 1, &block, 1);
    }
    for (size_t i = 0; i < c.sink_count && w.len < 1000; i++)
        sink_feedback(&c.sinks[i], now, &w);
    if (!w.len)
        return;
    struct batch out = {0};
    client_send_rtcp(&c.listener.subscribe.client, (struct bytes){buffer, w.len}, &out);
    flush(&c.listener.subscribe, &out);
}

static void turn(int stop)
{
    struct side *sides[] = {&c.talker.publish, &c.talker.subscribe, &c.listener.publish,
                            &c.listener.subscribe};
    struct person *owners[] = {&c.talker, &c.talker, &c.listener, &c.listener};
    struct pollfd fds[7] = {{c.talker.fd, POLLIN, 0}, {c.listener.fd, POLLIN, 0}};
    for (int i = 0; i < 4; i++)
        fds[2 + i] = (struct pollfd){udp_fd(sides[i]->udp), POLLIN, 0};
    fds[6] = (struct pollfd){stop, POLLIN, 0};
    poll(fds, 7, 4);
    int64_t now = now_us();
    for (int i = 0; i < 4; i++)
        if (fds[2 + i].revents)
            read_side(owners[i], sides[i], now);
    if (fds[0].revents)
        read_socket(&c.talker);
    if (fds[1].revents)
        read_socket(&c.listener);
    if (fds[6].revents)
        c.quiet = true;

    if (client_is_connected(&c.talker.publish.client))
        send_media(now);
    if (client_is_connected(&c.listener.subscribe.client) &&
        is_due(&c.feedback_at, now, FEEDBACK_US))
        send_feedback(now);
    bool check = is_due(&c.check_at, now, CHECK_US);
    for (int i = 0; check && i < 4; i++) {
        struct batch out = {0};
        if (sides[i]->known)
            client_check(&sides[i]->client, &out);
        flush(sides[i], &out);
    }
    if (is_due(&c.ping_at, now, PING_US))
        for (int i = 0; i < 4; i += 2)
            if (owners[i]->joined)
                say(owners[i], "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\","
                               "\"params\":{\"timestamp\":1}}");
}

// --- The process ---

static void open_side(struct bench_server *server, struct side *s)
{
    struct addr at;
    char here[64], there[64];
    addr_parse(&at, "127.0.0.1:0");
    s->udp = udp_open(&at);
    if (!s->udp)
        bench_die(server, "a UDP socket");
    snprintf(here, sizeof here, "127.0.0.1:%u", udp_port(s->udp));
    snprintf(there, sizeof there, "127.0.0.1:%u", server->media_port);
    client_init(&s->client, c.engine, c.identity, &c.rng, here, there);
}

static void come(struct bench_server *server, struct person *p, const char *name,
                 const char *token)
{
    struct text upgrade = {0};
    *p = (struct person){.server = server, .name = name, .in = mem_alloc(IN_MAX)};
    open_side(server, &p->publish);
    open_side(server, &p->subscribe);
    p->fd = bench_connect(server, true);
    if (p->fd < 0)
        bench_die(server, "connect");
    bench_add_upgrade(&upgrade, name, token);
    if (write(p->fd, upgrade.at, upgrade.len) != (ssize_t)upgrade.len)
        bench_die(server, "write");
    text_dispose(&upgrade);
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
}

static void make_sources(void)
{
    for (int i = 0; i < SOURCES; i++) {
        struct client_section *s = &c.sections[i];
        *s = (struct client_section){.video = i == VIDEO, .layers = 1, .ssrc = rng_u32(&c.rng)};
        s->rtx_ssrc = i == VIDEO ? rng_u32(&c.rng) : 0;
        snprintf(s->stream_id, sizeof s->stream_id, "stream");
        snprintf(s->track_id, sizeof s->track_id, "track-%d", i);
        source_init(&c.sources[i], &c.talker.publish.client, &c.twcc, s, (size_t)i + 1, &c.rng);
        c.sources[i].layers[0].packets_per_frame = 1;
        c.frame_sent[i] = mem_alloc_array(SENT_MAX, sizeof *c.frame_sent[i]);
    }
}

static bool both_flow(void)
{
    bool flows[SOURCES] = {0};
    for (size_t i = 0; i < c.sink_count; i++)
        flows[c.sinks[i].video ? VIDEO : AUDIO] |= c.sinks[i].received > 20;
    return flows[AUDIO] && flows[VIDEO];
}

static void start_counting(void)
{
    for (int i = 0; i < SOURCES; i++) {
        c.seq_at_start[i] = c.sources[i].layers[0].seq;
        c.frame_at_start[i] = c.sources[i].layers[0].frame;
    }
    c.counting = true;
}

static void finish(struct bench_server *server, int stop, int tell)
{
    int64_t until = now_us() + DRAIN_US;
    for (int i = 0; i < SOURCES; i++)
        c.count.sent += c.sources[i].layers[0].seq - c.seq_at_start[i];
    while (now_us() < until)
        turn(-1);
    (void)stop;
    if (write(tell, &c.count, sizeof c.count) != sizeof c.count)
        bench_die(server, "the end of the call");
}

static void live(struct bench_server *server, const char *talker, const char *listener,
                 int stop, int tell)
{
    c.engine = srtp_engine_best();
    c.identity = dtls_identity_new();
    come(server, &c.listener, "listener", listener);
    come(server, &c.talker, "talker", talker);
    make_sources();
    c.frame_at[AUDIO] = c.frame_at[VIDEO] = now_us();
    int64_t late = now_us() + START_US;
    while (!both_flow()) {
        turn(-1);
        if (now_us() > late) {
            errno = ETIMEDOUT;
            bench_die(server, "no media in the call");
        }
    }
    start_counting();
    if (write(tell, "+", 1) != 1)
        bench_die(server, "the call");
    while (!c.quiet)
        turn(stop);
    finish(server, stop, tell);
}

void call_start(struct call *call, struct bench_server *server)
{
    int stop[2], tell[2];
    struct text answer = {0}, room = {0}, talker = {0}, listener = {0};
    bench_post(server, "/v2/rooms", "{\"name\":\"the-call\"}", &answer);
    bench_member(server, answer.at, "id", &room);
    bench_login(server, room.at, "host", &talker);
    bench_login(server, room.at, "guest", &listener);
    if (pipe2(stop, O_CLOEXEC) < 0 || pipe2(tell, O_CLOEXEC) < 0)
        bench_die(server, "pipe");
    call->server = server;
    fflush(stdout); // or both would print what waits
    call->pid = fork();
    if (call->pid == 0) {
        close(stop[1]);
        close(tell[0]);
        live(server, talker.at, listener.at, stop[0], tell[1]);
        _exit(0);
    }
    close(stop[0]);
    close(tell[1]);
    call->stop = stop[1];
    call->told = tell[0];
    char begun;
    if (read(call->told, &begun, 1) != 1)
        bench_die(server, "the call does not start");
    text_dispose(&answer);
    text_dispose(&room);
    text_dispose(&talker);
    text_dispose(&listener);
}

struct call_count call_end(struct call *call)
{
    struct call_count count = {0};
    close(call->stop);
    if (read(call->told, &count, sizeof count) != sizeof count)
        bench_die(call->server, "the call was lost");
    close(call->told);
    waitpid(call->pid, NULL, 0);
    return count;
}
