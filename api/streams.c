// /v2/recordings, /v2/live-streams, /v2/external-streams and /v2/recording-assets. What is
// stored of them is shown; a start is checked in full and then answered 501, as no engine is
// there that would carry it out.

#include "api/rooms.h"

#include "api/time.h"
#include "base/err.h"
#include "store/streams.h"
#include "store/templates.h"

#include <string.h>

enum {
    URL_LEN_MAX = 2048,
    RTMP_URLS_MAX = 5,
    VOCABULARY_MAX = 1000,
    CONTEXT_LEN_MAX = 300,
    SECTIONS_MAX = 6,
    TITLE_LEN_MAX = 100,
};

// --- What is asked to start ---

// Of `max` characters at most.
static bool is_text(const json_t *object, const char *name, size_t max)
{
    if (!api_sent(object, name))
        return true;
    const char *text = json_get_text(object, name, NULL);
    return text && text_characters(text) <= max;
}

static bool is_bool(const json_t *object, const char *name)
{
    return !api_sent(object, name) || json_is_boolean(json_object_get(object, name));
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int check_common(struct api_context *c, const json_t *body)
{
    const char *url = json_get_text(body, "meeting_url", "");
    if (!is_text(body, "meeting_url", URL_LEN_MAX) ||
        (url[0] && !begins(url, "https://") && !begins(url, "http://")))
        return api_fail_field(c, "meeting_url");
    return is_text(body, "destination", TITLE_LEN_MAX) ? 0 : api_fail_field(c, "destination");
}

// 500x480 to 1920x1080, or 500x500 to 1080x1920.
static int check_resolution(struct api_context *c, const json_t *body)
{
    if (!api_sent(body, "resolution"))
        return 0;
    const json_t *said = json_get_object(body, "resolution");
    int64_t width = json_get_int(said, "width", 0), height = json_get_int(said, "height", 0);
    bool wide = width >= 500 && width <= 1920 && height >= 480 && height <= 1080;
    bool tall = width >= 500 && width <= 1080 && height >= 500 && height <= 1920;
    return wide || tall ? 0 : api_fail_field(c, "resolution");
}

static bool are_words(const json_t *object, const char *name, const char *const *known,
                      size_t most)
{
    return !api_sent(object, name) || json_is_words(json_object_get(object, name), known, most);
}

static bool are_sections(const json_t *summary)
{
    const json_t *list = json_get_array(summary, "sections");
    if (!list)
        return !api_sent(summary, "sections");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *section = json_array_get(list, i);
        const char *title = json_get_text(section, "title", "");
        const char *format = json_get_text(section, "format", "bullets");
        if (!title[0] || text_characters(title) > TITLE_LEN_MAX ||
            (strcmp(format, "bullets") != 0 && strcmp(format, "paragraph") != 0))
            return false;
    }
    return json_array_size(list) <= SECTIONS_MAX;
}

static int check_summary(struct api_context *c, const json_t *transcription)
{
    if (!api_sent(transcription, "summary"))
        return 0;
    const json_t *summary = json_get_object(transcription, "summary");
    const json_t *temperature = json_object_get(summary, "temperature");
    double warm = json_number_value(temperature);
    if (!summary || !is_bool(summary, "enabled"))
        return api_fail_field(c, "transcription.summary");
    if (!is_text(summary, "context", CONTEXT_LEN_MAX))
        return api_fail_field(c, "transcription.summary.context");
    if (api_sent(summary, "temperature") &&
        (!json_is_number(temperature) || warm < 0.1 || warm > 1.0))
        return api_fail_field(c, "transcription.summary.temperature");
    return are_sections(summary) ? 0 : api_fail_field(c, "transcription.summary.sections");
}

static int check_transcription(struct api_context *c, const json_t *body)
{
    static const char *const outputs[] = {"txt", "srt", "json", NULL};
    static const char *const modes[] = {"recorded", "live", "caption", NULL};
    if (!api_sent(body, "transcription"))
        return 0;
    const json_t *said = json_get_object(body, "transcription");
    if (!said || !is_bool(said, "enabled"))
        return api_fail_field(c, "transcription");
    if (!are_words(said, "output_modes", outputs, 3))
        return api_fail_field(c, "transcription.output_modes");
    if (!are_words(said, "modes", modes, 3))
        return api_fail_field(c, "transcription.modes");
    if (!are_words(said, "custom_vocabulary", NULL, VOCABULARY_MAX))
        return api_fail_field(c, "transcription.custom_vocabulary");
    return check_summary(c, said);
}

static int check_recording(struct api_context *c, const json_t *body)
{
    int err = check_resolution(c, body);
    if (!err && !is_bool(body, "audio_only"))
        err = api_fail_field(c, "audio_only");
    return err ? err : check_transcription(c, body);
}

static int check_live_stream(struct api_context *c, const json_t *body)
{
    const json_t *recording = json_get_object(body, "recording");
    if (api_sent(body, "recording") && (!recording || !is_bool(recording, "hls_vod") ||
                                        !is_bool(recording, "single_file_per_layer")))
        return api_fail_field(c, "recording");
    return check_transcription(c, body);
}

static int check_external_stream(struct api_context *c, const json_t *body)
{
    const json_t *urls = json_get_array(body, "rtmp_urls");
    size_t count = json_array_size(urls);
    if (count < 1 || count > RTMP_URLS_MAX)
        return api_fail_field(c, "rtmp_urls");
    for (size_t i = 0; i < count; i++) {
        const char *url = json_string_value(json_array_get(urls, i));
        if (!url || strlen(url) > URL_LEN_MAX ||
            (!begins(url, "rtmp://") && !begins(url, "rtmps://")))
            return api_fail_field(c, "rtmp_urls");
    }
    if (!is_bool(body, "recording"))
        return api_fail_field(c, "recording");
    return check_resolution(c, body);
}

// --- The kinds ---

static const struct kind {
    int (*check)(struct api_context *, const json_t *);
    const char *unknown;      // 404
    const char *idle;         // 404 of a stop when nothing runs
    const char *unavailable;  // 501
    const char *destinations; // the section of a template
} kinds[] = {
    [STORE_RECORDING] = {check_recording, "recording not found", "recording not running",
                         "recording is not available on this server", "browserRecordings"},
    [STORE_LIVE_STREAM] = {check_live_stream, "live stream not found", "hls not running",
                           "live streaming is not available on this server", "hlsDestinations"},
    [STORE_EXTERNAL_STREAM] = {check_external_stream, "external stream not found",
                               "rtmp not running",
                               "external streaming is not available on this server",
                               "rtmpDestinations"},
    [STORE_RECORDING_ASSET] = {NULL, "recording asset not found", "", "", ""},
};

// --- Handlers ---

// A template with one destination uses it without being told; of several one has to be named.
static int check_destination(struct api_context *c, const struct store_room *room,
                             const json_t *body, const char *section)
{
    struct store_template row;
    const char *wanted = json_get_text(body, "destination", "");
    int err = store_template_get(c->db, room->template_id, c->arena, &row);
    if (err)
        return api_fail_storage(c, err);
    json_t *document = json_loads(row.document, 0, NULL);
    const json_t *known = json_get_object(json_object_get(document, "destinations"), section);
    if (wanted[0] && !json_object_get(known, wanted))
        err = api_fail_body(c, "destination not found");
    else if (!wanted[0] && json_object_size(known) > 1)
        err = api_fail_body(c, "destination is needed: the template has several");
    json_decref(document);
    return err;
}

static int start(struct api_context *c, enum store_stream_kind kind)
{
    struct store_room room;
    json_t *body;
    int err = api_room_of_path(c, 0, &room);
    if (!err && !room.enabled)
        err = api_fail(c, 403, "room is not active");
    if (!err)
        err = api_body(c, &body);
    if (err)
        return err;
    err = check_common(c, body);
    if (!err)
        err = kinds[kind].check(c, body);
    if (!err)
        err = check_destination(c, &room, body, kinds[kind].destinations);
    json_decref(body);
    return err ? err : api_fail(c, 501, kinds[kind].unavailable);
}

// Nothing that runs can be there without an engine.
static int stop_of_room(struct api_context *c, enum store_stream_kind kind)
{
    struct store_room room;
    int err = api_room_of_path(c, 0, &room);
    return err ? err : api_fail(c, 404, kinds[kind].idle);
}

static int find(struct api_context *c, enum store_stream_kind kind, struct store_stream *stream)
{
    int err = store_stream_get(c->db, kind, c->call->parameters[0], c->arena, stream);
    if (err == ERR_NOT_FOUND)
        return api_fail(c, 404, kinds[kind].unknown);
    return err ? api_fail_storage(c, err) : 0;
}

static int stop_one(struct api_context *c, enum store_stream_kind kind)
{
    struct store_stream stream;
    int err = find(c, kind, &stream);
    return err ? err : api_fail(c, 404, kinds[kind].idle);
}

static void set_time(json_t *object, const char *key, int64_t wall_ms)
{
    char text[API_TIME_LEN + 1];
    api_time_format(wall_ms, text);
    json_object_set_new(object, key, json_string(text));
}

static void put_stream(struct json_out *j, const struct store_stream *stream, bool whole)
{
    json_t *shown = json_loads(stream->document, 0, NULL);
    if (!shown)
        shown = json_object();
    if (!whole)
        json_object_del(shown, "recording_assets");
    json_object_set_new(shown, "id", json_string(stream->id));
    json_object_set_new(shown, "room_id", json_string(stream->room_id));
    json_object_set_new(shown, "session_id", json_string(stream->session_id));
    json_object_set_new(shown, "status", json_string(stream->status));
    set_time(shown, "created_at", stream->created_at);
    set_time(shown, "updated_at", stream->updated_at);
    json_put_value(j, shown);
    json_decref(shown);
}

static int answer_stream(struct api_context *c, enum store_stream_kind kind)
{
    struct store_stream stream;
    int err = find(c, kind, &stream);
    if (err)
        return err;
    struct json_out j = api_json(c);
    put_stream(&j, &stream, true);
    return 0;
}

static int list(struct api_context *c, enum store_stream_kind kind)
{
    struct store_stream streams[STORE_STREAMS_MAX];
    struct store_stream_filter filter = {
        .kind = kind,
        .room_id = api_query(c, "room_id"),
        .session_id = api_query(c, "session_id"),
        .status = api_query(c, "status"),
    };
    int err = api_query_page(c, &filter.limit, &filter.start);
    if (err)
        return err;
    int count = store_stream_list(c->db, &filter, c->arena, streams);
    if (count < 0)
        return api_fail_storage(c, count);
    struct json_out j = api_open_page(c, filter.limit);
    for (int i = 0; i < count; i++)
        put_stream(&j, &streams[i], false);
    api_close_page(&j, count ? streams[count - 1].id : "");
    return 0;
}

#define HANDLERS(name, kind)                                                                   \
    int api_##name##_start(struct api_context *c)                                              \
    {                                                                                          \
        return start(c, kind);                                                                 \
    }                                                                                          \
    int api_##name##_stop(struct api_context *c)                                               \
    {                                                                                          \
        return stop_of_room(c, kind);                                                          \
    }                                                                                          \
    int api_##name##_stop_one(struct api_context *c)                                           \
    {                                                                                          \
        return stop_one(c, kind);                                                              \
    }                                                                                          \
    int api_##name##_get(struct api_context *c)                                                \
    {                                                                                          \
        return answer_stream(c, kind);                                                         \
    }                                                                                          \
    int api_##name##_list(struct api_context *c)                                               \
    {                                                                                          \
        return list(c, kind);                                                                  \
    }

HANDLERS(recording, STORE_RECORDING)
HANDLERS(live_stream, STORE_LIVE_STREAM)
HANDLERS(external_stream, STORE_EXTERNAL_STREAM)

int api_asset_get(struct api_context *c)
{
    return answer_stream(c, STORE_RECORDING_ASSET);
}

int api_asset_list(struct api_context *c)
{
    return list(c, STORE_RECORDING_ASSET);
}

// Without a recorder no asset has a file behind it.
int api_asset_url(struct api_context *c)
{
    struct store_stream asset;
    const char *duration = api_query(c, "presign_duration");
    if (duration &&
        (duration[strspn(duration, "0123456789")] || strspn(duration, "0") == strlen(duration)))
        return api_fail_query(c, "presign_duration");
    int err = find(c, STORE_RECORDING_ASSET, &asset);
    return err ? err : api_fail(c, 404, "recording asset has no file");
}

int api_live_stream_metadata(struct api_context *c)
{
    json_t *body;
    int err = api_body(c, &body);
    if (err)
        return err;
    const char *payload = json_get_text(body, "payload", "");
    bool good = payload[0] && text_characters(payload) <= TITLE_LEN_MAX &&
                json_is_integer(json_object_get(body, "duration")) &&
                json_get_int(body, "duration", 0) > 0;
    err = good ? stop_one(c, STORE_LIVE_STREAM) : api_fail_field(c, "payload or duration");
    json_decref(body);
    return err;
}
