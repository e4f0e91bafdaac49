// GET /v2/analytics/peer-stats: what a peer's client reported about its media, when the session
// is over. It is the client's word (room/report.h).

#include "api/attendance.h"
#include "api/context.h"

#include "base/err.h"
#include "store/peer_stats.h"
#include "store/sessions.h"

#include <stdio.h>
#include <string.h>

// --- Figures ---

enum figure {
    FIGURE_BITRATE,
    FIGURE_FPS,
    FIGURE_LOSS,
    FIGURE_RTT,
    FIGURE_JITTER,
    FIGURE_FREEZES,
    FIGURE_CONCEALED,
    FIGURE_COUNT
};

static const struct {
    const char *name;
    enum report_column column; // not of FIGURE_LOSS, which comes from two
} figures[FIGURE_COUNT] = {
    [FIGURE_BITRATE] = {"bitrate", REPORT_BITRATE_BPS},
    [FIGURE_FPS] = {"fps", REPORT_FPS},
    [FIGURE_LOSS] = {"packet_loss_percent", REPORT_LOST},
    [FIGURE_RTT] = {"rtt_ms", REPORT_RTT_MS},
    [FIGURE_JITTER] = {"jitter_ms", REPORT_JITTER_MS},
    [FIGURE_FREEZES] = {"freeze_count", REPORT_FREEZES},
    [FIGURE_CONCEALED] = {"concealed_samples", REPORT_CONCEALED},
};

// Which of them are told: of what is published and subscribed to, of sound and pictures.
static const bool told[2][2][FIGURE_COUNT] = {
    {[TRACK_VIDEO] = {[FIGURE_BITRATE] = true,
                      [FIGURE_FPS] = true,
                      [FIGURE_LOSS] = true,
                      [FIGURE_RTT] = true},
     [TRACK_AUDIO] = {[FIGURE_BITRATE] = true,
                      [FIGURE_LOSS] = true,
                      [FIGURE_RTT] = true,
                      [FIGURE_JITTER] = true}},
    {[TRACK_VIDEO] = {[FIGURE_BITRATE] = true, [FIGURE_FPS] = true, [FIGURE_FREEZES] = true},
     [TRACK_AUDIO] =
         {[FIGURE_BITRATE] = true, [FIGURE_CONCEALED] = true, [FIGURE_LOSS] = true}},
};

// A track over all reports.
struct series {
    const char *id;
    enum track_type type;
    char rid;
    bool subscribes;
    struct text at;
    struct text of[FIGURE_COUNT];
    int64_t lost, packets; // of a published track: its counts at the sample before
    struct series *next;
};

static void add_value(struct text *list, int64_t value)
{
    if (list->len)
        text_add_char(list, ',');
    if (value == REPORT_UNKNOWN)
        text_add(list, "null");
    else
        text_addf(list, "%lld", (long long)value);
}

static void add_loss(struct text *list, int64_t lost, int64_t packets)
{
    double percent = packets > 0 ? 100.0 * (double)lost / (double)packets : 0;
    if (list->len)
        text_add_char(list, ',');
    if (lost < 0 || packets <= 0)
        text_add(list, "null");
    else
        text_addf(list, "%.2f", percent > 100 ? 100 : percent);
}

// What is published is counted since the track began; a count that runs backwards has begun
// anew.
static void add_published_loss(struct series *s, const struct report_sample *sample)
{
    int64_t lost = sample->of[REPORT_LOST], packets = sample->of[REPORT_PACKETS];
    if (lost < 0 || packets < 0) {
        add_loss(&s->of[FIGURE_LOSS], REPORT_UNKNOWN, 0);
        return;
    }
    bool goes_on = packets >= s->packets && lost >= s->lost;
    add_loss(&s->of[FIGURE_LOSS], goes_on ? lost - s->lost : lost,
             goes_on ? packets - s->packets : packets);
    s->lost = lost;
    s->packets = packets;
}

static void add_sample(struct series *s, const struct report_sample *sample)
{
    int64_t lost = sample->of[REPORT_LOST], packets = sample->of[REPORT_PACKETS];
    add_value(&s->at, sample->of[REPORT_AT]);
    for (int figure = 0; figure < FIGURE_COUNT; figure++) {
        if (figure != FIGURE_LOSS)
            add_value(&s->of[figure], sample->of[figures[figure].column]);
        else if (!s->subscribes)
            add_published_loss(s, sample);
        else
            add_loss(&s->of[figure], lost, packets < 0 || lost < 0 ? 0 : packets + lost);
    }
}

static struct series *series_of(struct series **all, const struct report_track *track,
                                bool subscribes, struct arena *arena)
{
    for (; *all; all = &(*all)->next) {
        struct series *s = *all;
        if (s->subscribes == subscribes && s->type == track->type && s->rid == track->rid &&
            strcmp(s->id, track->id) == 0)
            return s;
    }
    *all = arena_alloc(arena, sizeof **all);
    **all = (struct series){
        .id = track->id, .type = track->type, .rid = track->rid, .subscribes = subscribes};
    return *all;
}

static struct series *gather(struct api_context *c, const struct store_stats *list,
                             size_t count)
{
    struct series *all = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t tracks;
        struct report_track *track = store_stats_read(list[i].document, c->arena, &tracks);
        for (; tracks; tracks--, track++) {
            struct series *s = series_of(&all, track, list[i].subscribes, c->arena);
            for (size_t k = 0; k < track->sample_count; k++)
                add_sample(s, &track->samples[k]);
        }
    }
    return all;
}

static void forget(struct series *all)
{
    for (; all; all = all->next) {
        text_dispose(&all->at);
        for (int figure = 0; figure < FIGURE_COUNT; figure++)
            text_dispose(&all->of[figure]);
    }
}

// --- Writing ---

static void put_list(struct json_out *j, const char *key, const struct text *list)
{
    struct text brackets = {0};
    text_addf(&brackets, "[%s]", list->len ? list->at : "");
    json_key(j, key);
    json_put_verbatim(j, text_bytes(&brackets));
    text_dispose(&brackets);
}

// The SDK's names of encodings, as this call has them.
static const char *layer_of(char rid)
{
    return rid == 'f' ? "h" : rid == 'h' ? "m" : rid == 'q' ? "l" : NULL;
}

static void put_series(struct json_out *j, const struct series *s)
{
    json_open(j, '{');
    json_member_string(j, "track_id", s->id);
    json_member_string(j, "type", s->type == TRACK_VIDEO ? "video" : "audio");
    if (!s->subscribes && s->type == TRACK_VIDEO) {
        json_key(j, "rid");
        json_put_string(j, layer_of(s->rid));
    }
    json_key(j, "time_series");
    json_open(j, '{');
    put_list(j, "timestamps", &s->at);
    for (int figure = 0; figure < FIGURE_COUNT; figure++) {
        if (told[s->subscribes][s->type][figure])
            put_list(j, figures[figure].name, &s->of[figure]);
    }
    json_close(j, '}');
    json_close(j, '}');
}

static void put_kind(struct json_out *j, const char *key, const struct series *all,
                     bool subscribes, enum track_type type)
{
    json_key(j, key);
    json_open(j, '[');
    for (; all; all = all->next) {
        if (all->subscribes == subscribes && all->type == type)
            put_series(j, all);
    }
    json_close(j, ']');
}

static void put_side(struct json_out *j, const char *key, const struct series *all,
                     bool subscribes)
{
    json_key(j, key);
    json_open(j, '{');
    put_kind(j, "video", all, subscribes, TRACK_VIDEO);
    put_kind(j, "audio", all, subscribes, TRACK_AUDIO);
    json_close(j, '}');
}

// --- The call ---

// Another user may have had the peer id in the same session: `key` says which one is asked for,
// as it does in the session's `peers`. `others`: whether there was one at all.
static int find(struct api_context *c, const char *session_id, const char *key,
                struct store_session *session, struct attendee *found, bool *others)
{
    struct store_visit *visits;
    size_t visit_count, count;
    int err = store_session_get(c->db, session_id, c->arena, session);
    if (err == ERR_NOT_FOUND || (!err && !session->ended_at))
        return api_fail_detail(c, 404, "session not found",
                               err ? NULL : "the session has not ended");
    if (err)
        return api_fail_storage(c, err);
    const char *peer_id =
        arena_text(c->arena, (struct bytes){(const uint8_t *)key, strcspn(key, ":")});
    err = store_visits_of_peer(c->db, session_id, peer_id, SESSION_VISITS_TOLD_MAX, c->arena,
                               &visits, &visit_count);
    if (err)
        return api_fail_storage(c, err);
    const struct attendee *all = attendees_of(visits, visit_count, c->arena, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].key, key) != 0)
            continue;
        *found = all[i];
        *others = count > 1;
        return 0;
    }
    return api_fail(c, 404, "peer not found");
}

static bool was_in(const struct attendee *attendee, int64_t at)
{
    for (size_t i = 0; i < attendee->count; i++) {
        if (at >= attendee->visits[i].joined_at && at <= attendee->visits[i].left_at)
            return true;
    }
    return false;
}

// Leaves the reports of these visits, which are in order. Returns how many.
static size_t keep_own(struct store_stats *list, size_t count, const struct attendee *attendee)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (was_in(attendee, list[i].at))
            list[kept++] = list[i];
    }
    return kept;
}

int api_analytics_peer_stats(struct api_context *c)
{
    const char *session_id = api_query(c, "session_id");
    const char *peer_id = api_query(c, "peer_id");
    if (!peer_id || !peer_id[0])
        return api_fail_query(c, "peer_id");
    if (!session_id || !session_id[0])
        return api_fail_query(c, "session_id");
    struct store_session session;
    struct attendee attendee = {0};
    bool others;
    struct store_stats *list;
    size_t count;
    int err = find(c, session_id, peer_id, &session, &attendee, &others);
    if (err)
        return err;
    err =
        store_stats_list(c->db, session_id, attendee.visits->peer_id, c->arena, &list, &count);
    if (err)
        return api_fail_storage(c, err);
    if (others)
        count = keep_own(list, count, &attendee);
    struct series *all = gather(c, list, count);
    struct json_out j = api_json(c);
    json_open(&j, '{');
    json_member_string(&j, "peer_id", peer_id);
    json_member_string(&j, "session_id", session_id);
    json_member_string(&j, "room_id", session.room_id);
    put_side(&j, "publisher", all, false);
    put_side(&j, "subscriber", all, true);
    json_close(&j, '}');
    forget(all);
    return 0;
}
