#include "scene.h"

#include "base/mem.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"
#include "rtc/twcc.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define MICROPHONE                                                                             \
    {                                                                                          \
        .stream_id = "camera", .track_id = "mic", .layers = 1, .ssrc = 1001                    \
    }
#define CAMERA                                                                                 \
    {                                                                                          \
        .video = true, .stream_id = "camera", .track_id = "cam", .layers = 1, .ssrc = 2001,    \
        .rtx_ssrc = 2002                                                                       \
    }

const struct client_section scene_audio = MICROPHONE;
const struct client_section scene_video = CAMERA;
const struct client_section scene_both[2] = {MICROPHONE, CAMERA};
const struct client_section scene_simulcast = {
    .video = true, .stream_id = "camera", .track_id = "cam", .layers = 3};

void scene_open(struct scene *s)
{
    *s = (struct scene){.rng = rng_seeded(1), .now = 1000000};
    s->engine = srtp_engine_best();
    s->identity = dtls_identity_new();
    struct addr candidate;
    addr_parse(&candidate, "127.0.0.1:7000");
    struct router_config config = {.worker = 0,
                                   .engine = s->engine,
                                   .identity = s->identity,
                                   .candidates = &candidate,
                                   .candidate_count = 1,
                                   .rng = &s->rng};
    s->router = router_new(&config);
}

void scene_close(struct scene *s)
{
    for (size_t i = 0; i < s->client_count; i++) {
        struct scene_client *c = &s->clients[i];
        for (size_t j = 0; j < c->source_count; j++)
            source_dispose(&c->sources[j]);
        client_dispose(&c->client);
        batch_dispose(&c->out);
        mem_free(c->last_offer);
        mem_free(c->got);
    }
    router_free(s->router);
    batch_dispose(&s->out);
    notice_list_dispose(&s->notices);
    notice_list_dispose(&s->log);
    dtls_identity_free(s->identity);
    srtp_engine_free(s->engine);
    mem_free(s->last_answer);
}

static struct scene_client *client_of(struct scene *s, uint64_t endpoint)
{
    for (size_t i = 0; i < s->client_count; i++)
        if (s->clients[i].endpoint == endpoint)
            return &s->clients[i];
    return NULL;
}

void scene_command(struct scene *s, struct command command)
{
    router_command(s->router, &command, s->now, &s->out, &s->notices);
}

void scene_feed(struct scene *s, enum command_kind kind, uint64_t endpoint, uint64_t track,
                enum video_quality quality)
{
    scene_command(s, (struct command){.kind = kind,
                                      .room = SCENE_ROOM,
                                      .endpoint = endpoint,
                                      .track = track,
                                      .feed.quality = quality});
    scene_settle(s);
}

// --- Notices ---

// Chromium fails when a section gets another mid that was not stopped; Firefox tells the page
// nothing of a track whose section was stopped before it was inactive; and both report the old
// track when a section becomes active again.
static bool is_wrong_step(const struct client_offered *before, const struct client_offered *now)
{
    if (strcmp(before->mid, now->mid) != 0)
        return !before->stopped;
    if (now->stopped)
        return before->active;
    return before->stopped || (now->active && !before->active);
}

static void take_offer(struct scene *s, struct scene_client *c, const char *sdp)
{
    struct client_offered before[SDP_SECTIONS_MAX];
    size_t count = c->offered_count;
    memcpy(before, c->offered, sizeof before);
    c->offers++;
    c->offered_count = client_read_offer(sdp, c->offered, SDP_SECTIONS_MAX);
    c->wrong_steps += c->offered_count < count;
    for (size_t i = 0; i < count && i < c->offered_count; i++)
        c->wrong_steps += is_wrong_step(&before[i], &c->offered[i]);
    mem_free(c->last_offer);
    c->last_offer = mem_text(sdp);
    if (c->mute)
        return;
    client_take_remote(&c->client, sdp);
    struct text answer = {0};
    client_write_answer(&c->client, sdp, &answer);
    scene_command(s, (struct command){.kind = COMMAND_ANSWER,
                                      .room = SCENE_ROOM,
                                      .endpoint = c->endpoint,
                                      .answer.sdp = text_take(&answer)});
    if (!client_is_connected(&c->client))
        client_check(&c->client, &c->out);
}

static void take_answer(struct scene *s, struct scene_client *c, const struct notice *n)
{
    s->last_answer_err = n->answer.err;
    s->last_answer_tracks = n->answer.track_count;
    mem_free(s->last_answer);
    s->last_answer = mem_text(n->answer.text);
    if (n->answer.err || !strstr(n->answer.text, "a=ice-ufrag:"))
        return;
    client_take_remote(&c->client, n->answer.text);
    if (!client_is_connected(&c->client))
        client_check(&c->client, &c->out);
}

static bool take_notices(struct scene *s)
{
    if (s->notices.count == 0)
        return false;
    struct notice_list list = s->notices;
    s->notices = (struct notice_list){0};
    for (size_t i = 0; i < list.count; i++) {
        struct notice *n = &list.at[i];
        struct scene_client *c = client_of(s, n->endpoint);
        if (n->kind == NOTICE_OFFER)
            take_offer(s, c, n->offer.sdp);
        else if (n->kind == NOTICE_ANSWER)
            take_answer(s, c, n);
        if (n->kind == NOTICE_OFFER || n->kind == NOTICE_ANSWER) {
            notice_dispose(n);
        } else {
            *notice_add(&s->log, n->kind) = *n; // moved
        }
    }
    mem_free(list.at);
    return true;
}

// --- Packets ---

static void take_rtp(struct scene_client *c, struct bytes octets)
{
    struct rtp_packet packet;
    int err = rtp_parse(&packet, octets);
    assert(err == 0 && c->got_count < SCENE_PACKETS_MAX);
    struct scene_packet *got = &c->got[c->got_count++];
    *got = (struct scene_packet){packet.ssrc,
                                 packet.seq,
                                 packet.timestamp,
                                 packet.payload_type,
                                 packet.marker,
                                 (uint16_t)packet.payload.len,
                                 {0}};
    assert(packet.payload.len <= sizeof got->payload);
    if (packet.payload.len)
        memcpy(got->payload, packet.payload.at, packet.payload.len);
}

static void take_arrivals(struct scene_client *c, struct bytes packet)
{
    struct twcc_feedback feedback;
    int err = twcc_parse(&feedback, packet);
    assert(err == 0);
    c->twccs++;
    c->arrival_count = 0;
    struct twcc_cursor cursor = twcc_begin(&feedback);
    for (struct twcc_arrival one; twcc_next(&cursor, &one);)
        if (c->arrival_count < SCENE_ARRIVALS_MAX)
            c->arrivals[c->arrival_count++] = one.arrived_us;
}

static void take_rtcp(struct scene_client *c, struct bytes octets)
{
    struct rtcp_cursor cursor;
    int err = rtcp_begin(&cursor, octets);
    assert(err == 0);
    for (struct rtcp_packet p; rtcp_next(&cursor, &p);) {
        c->plis += p.kind == RTCP_PLI;
        c->nacks += p.kind == RTCP_NACK;
        if (p.kind == RTCP_TWCC)
            take_arrivals(c, p.whole);
        c->receiver_reports += p.kind == RTCP_RECEIVER_REPORT;
        if (p.kind == RTCP_SENDER_REPORT) {
            c->reports++;
            c->report_ntp = p.sender.ntp;
            c->report_rtp = p.sender.rtp;
        }
    }
    for (size_t i = 0; i < c->source_count; i++)
        source_feedback(&c->sources[i], octets, &c->out);
}

static struct scene_client *client_at(struct scene *s, const struct addr *at)
{
    for (size_t i = 0; i < s->client_count; i++)
        if (addr_equal(&s->clients[i].client.at, at))
            return &s->clients[i];
    return NULL;
}

static void deliver_to_client(struct scene *s, const struct addr *to, uint8_t *at, size_t len)
{
    struct scene_client *c = client_at(s, to);
    if (!c || (s->drop_rtp_to_clients &&
               transport_protocol_of((struct bytes){at, len}) == TRANSPORT_PROTOCOL_RTP))
        return;
    struct bytes packet;
    switch (client_receive(&c->client, at, len, s->now, &c->out, &packet)) {
    case CLIENT_RTP:
        take_rtp(c, packet);
        break;
    case CLIENT_RTCP:
        take_rtcp(c, packet);
        break;
    case CLIENT_NOTHING:
        break;
    }
}

// The datagrams of a sealed batch, copied out of the engine that all share.
struct datagrams {
    struct {
        struct addr to;
        size_t len;
        uint8_t at[2048];
    } list[1024];
    size_t count;
};

static void take_runs(struct datagrams *d, struct srtp_engine *engine, struct batch *b,
                      int64_t now)
{
    srtp_seal(engine, b, now);
    d->count = 0;
    for (uint32_t i = 0; i < b->run_count; i++) {
        const struct batch_run *run = &b->runs[i];
        for (uint32_t at = 0; at < run->len; at += run->segment_len) {
            uint32_t len = run->len - at < run->segment_len ? run->len - at : run->segment_len;
            assert(d->count < 1024);
            d->list[d->count].to = run->to;
            d->list[d->count].len = len;
            memcpy(d->list[d->count++].at, run->at + at, len);
        }
    }
    batch_reset(b);
}

static bool from_router(struct scene *s, struct datagrams *d)
{
    take_runs(d, s->engine, &s->out, s->now);
    router_flushed(s->router);
    for (size_t i = 0; i < d->count; i++)
        deliver_to_client(s, &d->list[i].to, d->list[i].at, d->list[i].len);
    return d->count > 0;
}

static bool to_router(struct scene *s, struct scene_client *c, struct datagrams *d)
{
    struct router_datagram in[1024];
    take_runs(d, s->engine, &c->out, s->now);
    for (size_t i = 0; i < d->count; i++)
        in[i] = (struct router_datagram){
            .from = c->client.at,
            .at = d->list[i].at,
            .len = d->list[i].len,
            .waited_us = s->apart_us * (int64_t)(d->count - 1 - i),
        };
    router_receive(s->router, in, d->count, s->now, &s->out, &s->notices);
    return d->count > 0;
}

void scene_settle(struct scene *s)
{
    struct datagrams *d = mem_alloc(sizeof *d);
    for (bool busy = !s->stop; busy;) {
        busy = false;
        if (router_deadline(s->router) <= s->now)
            router_expire(s->router, s->now, &s->out, &s->notices);
        busy |= from_router(s, d);
        for (size_t i = 0; i < s->client_count; i++)
            busy |= to_router(s, &s->clients[i], d);
        busy |= take_notices(s);
    }
    mem_free(d);
}

void scene_pass(struct scene *s, int64_t span_us, int64_t step_us)
{
    for (int64_t end = s->now + span_us; s->now < end;) {
        s->now += step_us;
        scene_settle(s);
    }
}

// --- Clients ---

// Every `from` becomes `to`, which is no longer.
static void replace(char *text, const char *from, const char *to)
{
    for (char *at = text; (at = strstr(at, from)); at += strlen(to)) {
        memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
        memcpy(at, to, strlen(to));
    }
}

static struct scene_client *add_client(struct scene *s, uint64_t endpoint,
                                       enum endpoint_kind kind, bool answers)
{
    struct scene_client *c = &s->clients[s->client_count++];
    char at[32];
    snprintf(at, sizeof at, "127.0.0.1:%u", 10000 + (unsigned)s->client_count);
    c->endpoint = endpoint;
    c->kind = kind;
    client_init(&c->client, s->engine, s->identity, &s->rng, at, "127.0.0.1:7000");
    c->client.remb_only = kind == ENDPOINT_SUBSCRIBE && s->agrees_to_rates;
    c->client.silent =
        kind == ENDPOINT_SUBSCRIBE && !s->agrees_to_numbers && !s->agrees_to_rates;
    c->got = mem_alloc_array(SCENE_PACKETS_MAX, sizeof *c->got);
    scene_command(s, (struct command){.kind = COMMAND_ENDPOINT_OPEN,
                                      .room = SCENE_ROOM,
                                      .endpoint = endpoint,
                                      .open = {kind, answers}});
    return c;
}

void scene_offer(struct scene *s, struct scene_client *c, uint64_t first_track)
{
    struct text sdp = {0};
    client_write_offer(&c->client, c->sections, c->section_count, &sdp);
    if (s->no_channel)
        replace(sdp.at, "m=application 9", "m=application 0");
    struct command command = {.kind = COMMAND_OFFER,
                              .room = SCENE_ROOM,
                              .endpoint = c->endpoint,
                              .request = 77,
                              .offer = {.sdp = text_take(&sdp)}};
    command.offer.tracks = mem_alloc_array(c->section_count + 1, sizeof *command.offer.tracks);
    for (size_t i = 0; i < c->section_count; i++) {
        if (c->sections[i].stopped)
            continue;
        struct command_track *t = &command.offer.tracks[command.offer.track_count++];
        t->track = first_track + i;
        t->kind = c->sections[i].video && !s->all_is_sound ? MEDIA_VIDEO : MEDIA_AUDIO;
        memcpy(t->track_id, c->sections[i].track_id, sizeof c->sections[i].track_id);
    }
    scene_command(s, command);
    scene_settle(s);
}

struct scene_client *scene_publisher(struct scene *s, uint64_t endpoint,
                                     const struct client_section *sections, size_t count,
                                     uint64_t first_track)
{
    struct scene_client *c = add_client(s, endpoint, ENDPOINT_PUBLISH, false);
    memcpy(c->sections, sections, count * sizeof *sections);
    c->section_count = c->source_count = count;
    for (size_t i = 0; i < count; i++)
        source_init(&c->sources[i], &c->client, &c->twcc, &c->sections[i], i + 1, &s->rng);
    scene_offer(s, c, first_track);
    return c;
}

struct scene_client *scene_subscriber(struct scene *s, uint64_t endpoint)
{
    struct scene_client *c = add_client(s, endpoint, ENDPOINT_SUBSCRIBE, false);
    scene_settle(s);
    return c;
}

struct scene_client *scene_viewer(struct scene *s, uint64_t endpoint, size_t audio,
                                  size_t video, const char *codec)
{
    struct scene_client *c = add_client(s, endpoint, ENDPOINT_SUBSCRIBE, true);
    struct client_section sections[CLIENT_TRACKS_MAX];
    for (size_t i = 0; i < audio + video; i++)
        sections[i] = i < audio ? scene_audio : scene_video;
    for (size_t i = 0; i < audio; i++)
        sections[i].red = s->red;
    struct text sdp = {0};
    client_write_offer(&c->client, sections, audio + video, &sdp);
    char *text = text_take(&sdp);
    replace(text, "a=sendonly", "a=recvonly");
    replace(text, "VP8", codec);
    if (s->no_rtx)
        replace(text, " rtx/90000", " x/90000");
    scene_command(s, (struct command){.kind = COMMAND_WATCH,
                                      .room = SCENE_ROOM,
                                      .endpoint = endpoint,
                                      .request = 88,
                                      .watch.sdp = text});
    scene_settle(s);
    c->offered_count = client_read_offer(s->last_answer, c->offered, SDP_SECTIONS_MAX);
    return c;
}

void scene_frame(struct scene *s, struct scene_client *c, size_t i)
{
    source_frame(&c->sources[i], s->now, &c->out);
    scene_settle(s);
}

void scene_rtcp(struct scene *s, struct scene_client *c, const struct writer *w)
{
    client_send_rtcp(&c->client, (struct bytes){w->at, w->len}, &c->out);
    scene_settle(s);
}

size_t scene_count(const struct scene *s, enum notice_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < s->log.count; i++)
        count += s->log.at[i].kind == kind;
    return count;
}

const struct notice *scene_last(const struct scene *s, enum notice_kind kind)
{
    for (size_t i = s->log.count; i-- > 0;)
        if (s->log.at[i].kind == kind)
            return &s->log.at[i];
    return NULL;
}
