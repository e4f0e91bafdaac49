#include "tests/sim/person.h"

#include "base/mem.h"
#include "rtc/rtcp.h"
#include "rtc/rtp.h"
#include "tests/sim/meeting.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    SECOND_US = 1000 * 1000,
    REPORT_US = 1000 * 1000,
    FEEDBACK_US = 20 * 1000,
    CHECK_US = 2500 * 1000,
    WHIM_US = 400 * 1000,
    FIDGET_US = 1500 * 1000,
    SKEW_PPM = 100,
    VIEWER_SECTIONS = 3, // of sound, and of pictures
    CAMERA_START_KBPS = 250,
    SPEAKING_LEVEL = 25, // -dBov
    AUDIO = 0,
    VIDEO = 1,
};

static void init_client(struct meeting_sim *m, const struct person *p, struct client *c)
{
    char at[32];
    snprintf(at, sizeof at, "10.%u.0.1:%u", p->number, ++m->last_port);
    client_init(c, m->clients_engine, m->identity, &m->rng, at, "127.0.0.1:7000");
}

// What the publishing connection sends.
static void send_published(struct meeting_sim *m, struct person *p, struct batch *out)
{
    uplink_note(&p->uplink, out, m->now);
    assert((uint16_t)p->uplink.bwe.sent.next == p->twcc);
    meeting_send(m, &p->publish, out);
}

// --- Coming and going ---

static void describe_track(const struct meeting_sim *m, const struct person *p, int i,
                           struct track_wish *wish)
{
    *wish = (struct track_wish){.type = i == VIDEO ? TRACK_VIDEO : TRACK_AUDIO,
                                .source = "regular",
                                .muted = p->sources[i].off};
    if (i == VIDEO && m->plan->screens)
        strcpy(wish->source, "screen");
    strcpy(wish->id, p->sections[i].track_id);
    strcpy(wish->stream_id, p->sections[i].stream_id);
}

static void send_offer(struct meeting_sim *m, struct person *p)
{
    struct text sdp = {0};
    client_write_offer(&p->publish, p->sections, 2, &sdp);
    struct message message = {.kind = MESSAGE_OFFER, .text = text_take(&sdp)};
    for (int i = 0; i < 2; i++)
        describe_track(m, p, i, &message.tracks[i]);
    meeting_say(m, p, message);
}

static void begin_timers(struct meeting_sim *m, struct person *p)
{
    int64_t start = m->now + rng_below(&m->rng, 20000);
    p->next_audio_at = p->next_video_at = p->next_report_at = p->next_feedback_at = start;
    p->next_check_at = INT64_MAX;
    p->next_whim_at = m->now + 2 * WHIM_US;
}

// Somebody who publishes nothing has a connection for data all the same.
static void enter_silent(struct meeting_sim *m, struct person *p)
{
    struct text sdp = {0};
    client_write_offer(&p->publish, NULL, 0, &sdp);
    meeting_say(m, p, (struct message){.kind = MESSAGE_JOIN, .text = text_take(&sdp)});
    begin_timers(m, p);
}

static void enter_to_view(struct meeting_sim *m, struct person *p)
{
    struct text sdp = {0};
    client_write_watch(&p->subscribe, VIEWER_SECTIONS, VIEWER_SECTIONS, &sdp);
    meeting_say(m, p, (struct message){.kind = MESSAGE_WATCH, .text = text_take(&sdp)});
    begin_timers(m, p);
}

void person_enter(struct meeting_sim *m, struct person *p)
{
    p->present = true;
    p->views = meeting_role(m, p->number) == CAST_VIEWER;
    p->publishes = meeting_role(m, p->number) <= CAST_MEMBER;
    p->life++;
    init_client(m, p, &p->publish);
    init_client(m, p, &p->subscribe);
    bool before_all = p->number == 0 || meeting_role(m, p->number - 1) < CAST_AUDIENCE;
    p->subscribe.remb_only = m->plan->remb && before_all;
    uplink_init(&p->uplink, m->now);
    if (p->views) {
        enter_to_view(m, p);
        return;
    }
    if (!p->publishes) {
        enter_silent(m, p);
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct client_section *s = &p->sections[i];
        *s = (struct client_section){.video = i == VIDEO,
                                     .layers = i == VIDEO && m->plan->simulcast ? 3 : 1};
        s->codec = i == VIDEO ? m->plan->shape.codec : CODEC_NONE;
        s->red = i == AUDIO && m->plan->red;
        s->ssrc = rng_u32(&m->rng);
        s->rtx_ssrc = i == VIDEO ? rng_u32(&m->rng) : 0;
        snprintf(s->stream_id, sizeof s->stream_id, "s%u-%u", p->number, p->life);
        snprintf(s->track_id, sizeof s->track_id, "t%u-%u-%d", p->number, p->life, i);
        source_init(&p->sources[i], &p->publish, &p->twcc, s, (size_t)i + 1, &m->rng);
        p->sources[i].shape = i == VIDEO ? m->plan->shape : (struct shape){0};
        p->sources[i].unrepeated = m->plan->unrepeated;
    }
    int skew = (int)rng_below(&m->rng, 2 * SKEW_PPM) - SKEW_PPM;
    for (int i = 0; i < 2; i++) {
        p->sources[i].clock_ppm = skew;
        p->sources[i].clock_us = (int64_t)rng_below(&m->rng, 3600) * 1000000;
    }
    if (m->plan->speaker == p->number + 1)
        p->sources[AUDIO].level = SPEAKING_LEVEL;
    if (m->plan->judge)
        source_allot(&p->sources[VIDEO], CAMERA_START_KBPS);
    enter_silent(m, p); // it publishes as soon as it is in
}

void person_judge(struct meeting_sim *m, struct person *p)
{
    for (size_t i = 0; i < p->sink_count; i++) {
        struct text why = {0};
        bool good =
            m->plan->judge ? sink_is_sound(&p->sinks[i], &why) : sink_check(&p->sinks[i], &why);
        if (!good)
            meeting_fail(m, "person %u: %s", p->number, why.at);
        text_dispose(&why);
        m->repaired += p->sinks[i].repaired;
    }
}

void person_forget(struct person *p)
{
    if (!p->present)
        return;
    client_dispose(&p->publish);
    client_dispose(&p->subscribe);
    uplink_dispose(&p->uplink);
    for (int i = 0; i < 2; i++)
        source_dispose(&p->sources[i]);
    for (size_t i = 0; i < p->sink_count; i++)
        sink_dispose(&p->sinks[i]);
    mem_free(p->sinks);
    *p = (struct person){.number = p->number, .life = p->life, .peer = p->peer};
}

void person_leave(struct meeting_sim *m, struct person *p)
{
    meeting_say(m, p, (struct message){.kind = MESSAGE_LEAVE});
    person_forget(p);
}

// --- What the server says ---

static void check(struct meeting_sim *m, struct client *c)
{
    struct batch out = {0};
    client_check(c, &out);
    meeting_send(m, c, &out);
    batch_dispose(&out);
}

// New sections, and those that are closed.
static void take_sections(struct meeting_sim *m, struct person *p, const char *sdp)
{
    struct client_offered offered[SINKS_MAX];
    size_t count = client_read_offer(sdp, offered, SINKS_MAX);
    if (count > p->sink_count)
        p->sinks = mem_resize(p->sinks, count * sizeof *p->sinks);
    for (size_t i = p->sink_count; i < count; i++) {
        enum codec codec = offered[i].rtx_ssrc == 0 ? CODEC_OPUS : shape_codec(&m->plan->shape);
        sink_init(&p->sinks[i], codec, offered[i].track_id, offered[i].ssrc,
                  offered[i].rtx_ssrc);
        if (m->plan->judge)
            sink_watch(&p->sinks[i], m->plan->forgetful, m->now);
        p->sink_count = i + 1;
    }
    for (size_t i = 0; i < count; i++)
        p->sinks[i].red_type = client_red_type(sdp);
    for (size_t i = 0; i < count; i++)
        if (!offered[i].active)
            sink_close(&p->sinks[i]);
}

static void take_answer_to_viewer(struct meeting_sim *m, struct person *p, const char *sdp)
{
    take_sections(m, p, sdp);
    downlink_agree(&p->downlink, sdp);
    client_take_remote(&p->subscribe, sdp);
    check(m, &p->subscribe);
    p->next_check_at = m->now + CHECK_US;
}

static void connect_publishing(struct meeting_sim *m, struct person *p, const char *sdp)
{
    client_take_remote(&p->publish, sdp);
    check(m, &p->publish);
    p->next_check_at = m->now + CHECK_US;
}

static void take_answer(struct meeting_sim *m, struct person *p, const char *sdp)
{
    if (p->views) {
        take_answer_to_viewer(m, p, sdp);
        return;
    }
    if (!p->joined) {
        p->joined = true;
        if (p->publishes)
            send_offer(m, p);
        else
            connect_publishing(m, p, sdp);
        return;
    }
    p->sources[AUDIO].red_type = client_red_type(sdp);
    connect_publishing(m, p, sdp);
}

static void take_offer(struct meeting_sim *m, struct person *p, const char *sdp)
{
    take_sections(m, p, sdp);
    m->offers++;
    client_take_remote(&p->subscribe, sdp);
    struct text answer = {0};
    client_write_answer(&p->subscribe, sdp, &answer);
    downlink_agree(&p->downlink, answer.at);
    meeting_say(m, p, (struct message){.kind = MESSAGE_ANSWER, .text = text_take(&answer)});
    check(m, &p->subscribe);
}

static void note_degraded(struct person *p, const char *track, bool degraded)
{
    for (size_t i = 0; i < p->sink_count; i++)
        if (strcmp(p->sinks[i].track, track) == 0)
            p->sinks[i].degraded = degraded;
}

void person_hear(struct meeting_sim *m, struct person *p, const struct message *message)
{
    if (message->kind == MESSAGE_ANSWERED)
        take_answer(m, p, message->text);
    else if (message->kind == MESSAGE_OFFERED)
        take_offer(m, p, message->text);
    else if (message->kind == MESSAGE_DEGRADED || message->kind == MESSAGE_RESTORED)
        note_degraded(p, message->text, message->kind == MESSAGE_DEGRADED);
    else
        meeting_fail(m, "person %u was refused: %s", p->number, message->text);
}

// --- Media ---

// Before and after feedback is taken.
static void note_requests(struct person *p, int64_t now)
{
    const struct source *camera = &p->sources[VIDEO];
    bool new_second = p->asked_second != now / SECOND_US;
    p->asked_second = now / SECOND_US;
    for (unsigned i = 0; i < camera->layer_count; i++) {
        if (new_second)
            p->asked_before[i] = camera->layers[i].asked;
        uint32_t asked = camera->layers[i].asked - p->asked_before[i];
        p->most_asked = asked > p->most_asked ? asked : p->most_asked;
    }
}

void person_receive(struct meeting_sim *m, struct person *p, struct parcel *parcel)
{
    struct client *c = addr_equal(&p->publish.at, &parcel->to)     ? &p->publish
                       : addr_equal(&p->subscribe.at, &parcel->to) ? &p->subscribe
                                                                   : NULL;
    if (!c)
        return;
    struct batch out = {0};
    struct bytes octets;
    enum client_input kind =
        client_receive(c, parcel->octets, parcel->len, m->now, &out, &octets);
    if (kind == CLIENT_RTCP && c == &p->publish) {
        uplink_feedback(&p->uplink, octets, m->now);
        note_requests(p, m->now);
        for (int i = 0; i < 2; i++)
            source_feedback(&p->sources[i], octets, &out);
        note_requests(p, m->now);
    }
    if (c == &p->publish)
        send_published(m, p, &out);
    else
        meeting_send(m, c, &out);
    batch_dispose(&out);
    if (kind != CLIENT_RTP)
        return;
    if (p->first_packet_at == 0)
        p->first_packet_at = m->now;
    struct rtp_packet packet;
    if (rtp_parse(&packet, octets) < 0) {
        meeting_fail(m, "a packet that is not RTP");
        return;
    }
    downlink_packet(&p->downlink, &packet, parcel->len + LINK_OVERHEAD, m->now);
    for (size_t i = 0; i < p->sink_count; i++)
        if (sink_receive(&p->sinks[i], &packet, m->now))
            return;
}

static bool is_due(int64_t *at, int64_t now, int64_t interval_us)
{
    if (now < *at)
        return false;
    *at += interval_us;
    return true;
}

static void publish_media(struct meeting_sim *m, struct person *p)
{
    struct batch out = {0};
    if (is_due(&p->next_audio_at, m->now, AUDIO_FRAME_US) && !m->quiet)
        source_frame(&p->sources[AUDIO], m->now, &out);
    if (is_due(&p->next_video_at, m->now, VIDEO_FRAME_US) && !m->quiet) {
        source_frame(&p->sources[VIDEO], m->now, &out);
        if (!m->plan->judge && rng_below(&m->rng, 20) == 0)
            source_probe(&p->sources[VIDEO], 100, m->now, &out);
    }
    if (is_due(&p->next_report_at, m->now, REPORT_US))
        for (int i = 0; i < 2; i++)
            source_report(&p->sources[i], m->now, &out);
    send_published(m, p, &out);
    if (m->plan->judge && !m->quiet) {
        uplink_allot(&p->uplink, &p->sources[VIDEO], m->now);
        uplink_probe(&p->uplink, &p->sources[VIDEO], m->now, &out);
        send_published(m, p, &out);
    }
    batch_dispose(&out);
}

static void report_back(struct meeting_sim *m, struct person *p)
{
    uint8_t buffer[4096];
    struct writer w = writer_on(buffer, sizeof buffer);
    for (size_t i = 0; i < p->sink_count && w.len < 1000; i++)
        sink_feedback(&p->sinks[i], m->now, &w);
    downlink_feedback(&p->downlink, m->now, &w);
    bool reports = m->now / FEEDBACK_US % (REPORT_US / FEEDBACK_US) == 0;
    for (size_t i = 0; reports && i < p->sink_count && w.len < 1000; i++) {
        struct rtcp_report_block block;
        if (report_block(&p->sinks[i].report, p->sinks[i].ssrc, m->now, &block))
            rtcp_put_receiver_report(&w, 1, &block, 1);
    }
    if (w.len == 0)
        return;
    struct batch out = {0};
    client_send_rtcp(&p->subscribe, (struct bytes){buffer, w.len}, &out);
    meeting_send(m, &p->subscribe, &out);
    batch_dispose(&out);
}

// --- Whims ---

static void prefer(struct meeting_sim *m, struct person *p, enum feed_level least)
{
    const struct person *other = &m->people[rng_below(&m->rng, m->plan->people)];
    struct message message = {.kind = MESSAGE_PREFER,
                              .level =
                                  (enum feed_level)(least + rng_below(&m->rng, 4u - least))};
    message.tracks[0].type = TRACK_VIDEO;
    strcpy(message.tracks[0].id, other->sections[VIDEO].track_id);
    if (other->present && other != p)
        meeting_say(m, p, message);
}

// Something that a person may do at any moment.
static void have_a_whim(struct meeting_sim *m, struct person *p)
{
    struct source *camera = &p->sources[VIDEO];
    unsigned layer = rng_below(&m->rng, camera->layer_count);
    switch (rng_below(&m->rng, 8)) {
    case 0:
    case 1:
    case 2:
    case 3:
        prefer(m, p, FEED_NONE);
        break;
    case 4: // bandwidth comes and goes: the encoder drops a layer but the lowest
        if (layer + 1 < camera->layer_count) {
            camera->paused[layer] = !camera->paused[layer];
            camera->layers[layer].key_wanted = true;
        }
        break;
    case 5: // the network changes: an ICE restart from another address
        if (!client_is_connected(&p->publish))
            break;
        client_new_credentials(&p->publish);
        p->publish.at.ip[15] = 2;
        p->publish.at.port = (uint16_t)++m->last_port;
        send_offer(m, p);
        break;
    case 6:
        meeting_say(m, p, (struct message){.kind = MESSAGE_RESTART});
        break;
    case 7:
        person_leave(m, p);
        person_enter(m, p);
        break;
    }
}

static void toggle_camera(struct meeting_sim *m, struct person *p)
{
    struct source *camera = &p->sources[VIDEO];
    camera->off = !camera->off;
    struct message message = {.kind = MESSAGE_MUTE};
    describe_track(m, p, VIDEO, &message.tracks[0]);
    meeting_say(m, p, message);
    uint32_t last_frames[3] = {0};
    for (unsigned i = 0; i < camera->layer_count; i++) {
        last_frames[i] = camera->layers[i].frame;
        camera->layers[i].key_wanted |= !camera->off;
    }
    for (unsigned i = 0; i < m->plan->people && camera->off; i++)
        for (size_t s = 0; s < m->people[i].sink_count; s++) {
            struct sink *sink = &m->people[i].sinks[s];
            if (sink->viewer && strcmp(sink->track, p->sections[VIDEO].track_id) == 0)
                viewer_pause(sink->viewer, last_frames);
        }
}

// What happens to somebody without a word, or with one.
static void fidget(struct meeting_sim *m, struct person *p)
{
    struct source *camera = &p->sources[VIDEO];
    switch (rng_below(&m->rng, 6)) {
    case 0:
    case 1:
        prefer(m, p, FEED_LOW);
        break;
    case 2:
        source_change_ssrc(camera, rng_below(&m->rng, camera->layer_count), &m->rng);
        break;
    case 3:
        toggle_camera(m, p);
        break;
    case 4: // another port of a router on the way, which the browser's check finds
        p->publish.at.port = (uint16_t)++m->last_port;
        check(m, &p->publish);
        break;
    case 5:
        p->subscribe.at.port = (uint16_t)++m->last_port;
        check(m, &p->subscribe);
        break;
    }
}

static void play(struct sink *s, int64_t now)
{
    if (s->listener)
        listener_play(s->listener, now);
    if (s->viewer)
        viewer_play(s->viewer, now);
}

void person_live(struct meeting_sim *m, struct person *p)
{
    if (p->publishes && client_is_connected(&p->publish))
        publish_media(m, p);
    for (size_t i = 0; i < p->sink_count; i++)
        play(&p->sinks[i], m->now);
    if (client_is_connected(&p->subscribe) && is_due(&p->next_feedback_at, m->now, FEEDBACK_US))
        report_back(m, p);
    if (is_due(&p->next_check_at, m->now, CHECK_US)) {
        if (!p->views)
            check(m, &p->publish);
        if (p->subscribe.remote_ufrag[0]) // else nothing was offered yet
            check(m, &p->subscribe);
    }
    if (m->plan->restless && !m->quiet && m->now >= p->next_whim_at) {
        p->next_whim_at = m->now + WHIM_US + rng_below(&m->rng, WHIM_US);
        have_a_whim(m, p);
    }
    if (m->plan->fidgety && m->now >= p->next_whim_at && client_is_connected(&p->publish) &&
        client_is_connected(&p->subscribe)) {
        p->next_whim_at = m->now + FIDGET_US + rng_below(&m->rng, FIDGET_US);
        fidget(m, p);
    }
}
