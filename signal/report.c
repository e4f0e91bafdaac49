// What clients report of themselves: `analytics` notifications. Those that are known are taken
// as far as they are sound; nobody is told of the rest, as nobody waits for an answer.
#include "room/report.h"

#include "base/words.h"
#include "signal/state.h"

#include <string.h>

static const double number_max = 1e15;

// A number that is there and is one, whole.
static int64_t number_of(const json_t *from, const char *key)
{
    const json_t *member = json_object_get(from, key);
    double value = json_number_value(member);
    if (!json_is_number(member) || !(value >= 0) || value > number_max)
        return REPORT_UNKNOWN;
    return (int64_t)(value + 0.5);
}

// --- Figures ---

// Where each of the figures stands in what the SDK says: of what it publishes, and of what it
// subscribes to.
static const char *const members[2][REPORT_COLUMN_COUNT] = {
    {[REPORT_AT] = "timestamp",
     [REPORT_BITRATE_BPS] = "avg_bitrate_bps",
     [REPORT_FPS] = "avg_fps",
     [REPORT_LOST] = "total_packets_lost",
     [REPORT_PACKETS] = "total_packets_sent",
     [REPORT_RTT_MS] = "avg_round_trip_time_ms",
     [REPORT_JITTER_MS] = "avg_jitter_ms"},
    {[REPORT_AT] = "timestamp",
     [REPORT_BITRATE_BPS] = "avg_bitrate_bps",
     [REPORT_FPS] = "avg_frames_decoded_per_sec",
     [REPORT_LOST] = "total_packets_lost",
     [REPORT_PACKETS] = "total_packets_received",
     [REPORT_FREEZES] = "freeze_count",
     [REPORT_CONCEALED] = "audio_concealed_samples"},
};

static void read_samples(const json_t *list, bool subscribes, struct arena *arena,
                         struct report_track *track)
{
    size_t count = json_array_size(list);
    count = count < REPORT_SAMPLES_MAX ? count : REPORT_SAMPLES_MAX;
    struct report_sample *samples = arena_alloc(arena, count * sizeof *samples);
    for (size_t i = 0; i < count; i++) {
        const json_t *from = json_array_get(list, i);
        struct report_sample *sample = &samples[track->sample_count];
        for (int column = 0; column < REPORT_COLUMN_COUNT; column++) {
            const char *key = members[subscribes][column];
            sample->of[column] = key ? number_of(from, key) : REPORT_UNKNOWN;
        }
        track->sample_count += sample->of[REPORT_AT] > 0;
    }
    track->samples = samples;
}

static char rid_of(const json_t *from)
{
    const char *rid = json_get_text(from, "rid", "");
    return strlen(rid) == 1 && strchr("fhq", rid[0]) ? rid[0] : 0;
}

// Appends those of one kind to `tracks`. Returns how many there are then.
static size_t read_tracks(const json_t *list, enum track_type type, bool subscribes,
                          struct arena *arena, struct report_track *tracks, size_t count)
{
    for (size_t i = 0; i < json_array_size(list) && count < REPORT_TRACKS_MAX; i++) {
        const json_t *from = json_array_get(list, i);
        struct report_track *track = &tracks[count];
        *track = (struct report_track){
            .id = json_get_text(from, "track_id", ""), .type = type, .rid = rid_of(from)};
        read_samples(json_get_array(from, "samples"), subscribes, arena, track);
        count += track->id[0] && track->sample_count;
    }
    return count;
}

static void take_stats(struct call *call, const json_t *info, bool subscribes)
{
    struct arena *arena = &call->events->arena;
    struct report_track *tracks = arena_alloc(arena, REPORT_TRACKS_MAX * sizeof *tracks);
    size_t count =
        read_tracks(json_get_array(info, "video"), TRACK_VIDEO, subscribes, arena, tracks, 0);
    count = read_tracks(json_get_array(info, "audio"), TRACK_AUDIO, subscribes, arena, tracks,
                        count);
    report_stats(call->peer, subscribes, tracks, count, call->events);
}

// --- Failures ---

static void take_failure(struct call *call, const char *name, const json_t *info)
{
    const struct session *session = call->session;
    struct text said = {0};
    struct json_out j = json_out_on(&said);
    json_put_value(&j, info);
    struct report_failure failure = {
        .name = name, .info = said.at, .agent = session->user_agent};
    if (said.len > REPORT_INFO_LEN_MAX) {
        text_dispose(&said);
        return;
    }
    if (call->peer && call->peer->state == PEER_JOINED) {
        report_peer_failure(call->peer, &failure, call->events);
    } else {
        struct peer_view who = {.id = session->peer_id,
                                .role = session->role,
                                .name = "",
                                .user_id = session->user_id};
        report_stranger_failure(session->room, &who, &failure, call->events);
    }
    text_dispose(&said);
}

static bool is_failure(const char *name)
{
    static const char *const failures[] = {"publish.failed", "subscribe.failed", "join.failed",
                                           "connect.failed", "disconnected",     NULL};
    return words_known(failures, name);
}

static bool take_budget(struct call *call)
{
    return report_take(call->peer ? &call->peer->reports : &call->session->reports,
                       call->now.mono_us);
}

void handle_analytics(struct call *call)
{
    const json_t *params = call->rpc->params;
    const json_t *info = json_get_object(params, "info");
    const char *name = json_get_text(params, "name", "");
    bool publishes = strcmp(name, "publisher.stats") == 0;
    bool subscribes = strcmp(name, "subscriber.stats") == 0;
    bool is_in = call->peer && call->peer->state == PEER_JOINED;
    if (info && (publishes || subscribes) && is_in && take_budget(call))
        take_stats(call, info, subscribes);
    else if (info && is_failure(name) && take_budget(call))
        take_failure(call, name, info);
    reply_empty(call);
}
