// What is refused, and in which words: one row for each refusal that the description of the API
// promises, in its order. The words of a `$` are filled in: see expand().
#include "base/err.h"
#include "base/limits.h"
#include "store/rooms.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

enum who { BACKEND, NOBODY, GUEST };

struct row {
    enum http_method method;
    const char *path;
    const char *body;
    int status;
    const char *message;
    const char *detail;
    enum who who;
};

#define BODY(method, path, body, detail)                                                       \
    {                                                                                          \
        HTTP_##method, path, body, 400, "Invalid body param", detail, BACKEND                  \
    }
#define FIELD(method, path, body, field) BODY(method, path, body, "Invalid body param: " field)
#define QUERY(path, field)                                                                     \
    {                                                                                          \
        HTTP_GET, path, "", 400, "Invalid query param", "Invalid query param: " field, BACKEND \
    }
#define SAYS(method, path, body, status, message)                                              \
    {                                                                                          \
        HTTP_##method, path, body, status, message, "", BACKEND                                \
    }

static struct {
    struct world *w;
    const char *room, *off, *rooms_template, *several, *code, *off_code, *lost_code;
    const char *long_text;
} s;

static const char *code_of(const char *room_id, const char *role)
{
    char path[128];
    snprintf(path, sizeof path, "/v2/room-codes/room/%s/role/%s", room_id, role);
    struct answer a = post(s.w, path, "");
    CHECK_EQ(a.status, 200);
    return text(&a, "code");
}

static void begin(void)
{
    char body[256];
    s.w = world_new();
    char *filler = arena_alloc(&s.w->arena, 5001);
    memset(filler, 'x', 5000);
    s.long_text = filler;
    s.room = make_room(s.w, "{\"name\":\"taken\"}");
    s.off = make_room(s.w, "{\"name\":\"off\"}");
    s.code = code_of(s.room, "host");
    s.off_code = code_of(s.off, "host");
    struct answer t =
        post(s.w, "/v2/templates",
             "{\"name\":\"several\",\"roles\":{\"host\":{},\"passing\":{}},\"destinations\":{"
             "\"hlsDestinations\":{\"a\":{},\"b\":{}},\"rtmpDestinations\":{\"a\":{},\"b\":{}},"
             "\"browserRecordings\":{\"a\":{},\"b\":{}}}}");
    CHECK_EQ(t.status, 200);
    s.rooms_template = text(&t, "id");
    snprintf(body, sizeof body, "{\"template_id\":\"%s\"}", s.rooms_template);
    s.several = make_room(s.w, body);
    s.lost_code = code_of(s.several, "passing");
    snprintf(body, sizeof body, "/v2/templates/%s/roles/passing", s.rooms_template);
    CHECK_EQ(call(s.w, HTTP_DELETE, body, management(s.w), "").status, 204);
    snprintf(body, sizeof body, "/v2/rooms/%s", s.off);
    CHECK_EQ(post(s.w, body, "{\"enabled\":false}").status, 200);
}

static const char *value_of(char letter)
{
    switch (letter) {
    case 'R':
        return s.room;
    case 'F':
        return s.off;
    case 'S':
        return s.several;
    case 'T':
        return s.rooms_template;
    case 'C':
        return s.code;
    case 'D':
        return s.off_code;
    case 'L':
        return s.lost_code;
    case 'X':
        return s.long_text;
    default:
        return "64a1b2c3d4e5f60718290000"; // of nothing
    }
}

// $R a room, $F one that is off, $S one of a template with several destinations, $T that
// template, $C $D codes of the first two, $L one whose role is gone, $N an id of nothing, $X a
// text of 5000 letters.
static const char *expand(const char *words)
{
    struct text t = {0};
    for (; *words; words++) {
        if (*words == '$')
            text_add(&t, value_of(*++words));
        else
            text_add_char(&t, *words);
    }
    const char *kept = arena_text(&s.w->arena, text_bytes(&t));
    text_dispose(&t);
    return kept;
}

static void check(const struct row *rows, size_t count)
{
    begin();
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        const char *authorization = row->who == BACKEND ? management(s.w)
                                    : row->who == GUEST ? app(s.w, s.room, "guest")
                                                        : NULL;
        struct answer a =
            call(s.w, row->method, expand(row->path), authorization, expand(row->body));
        if (a.status != row->status || strcmp(a.message, row->message) != 0 ||
            strcmp(a.detail, row->detail) != 0)
            printf("row %zu: %s %s: %s\n", i, row->path, row->body, a.body);
        CHECK_REFUSED(a, row->status, row->message, row->detail);
    }
    world_free(s.w);
}

#define CHECK_ROWS(rows) check(rows, sizeof rows / sizeof *rows)

TEST(of_conventions_and_lists)
{
    static const struct row rows[] = {
        SAYS(GET, "/v2/nothing", "", 404, "path not found"),
        SAYS(GET, "/v2/rooms/$R/more", "", 404, "path not found"),
        SAYS(DELETE, "/v2/rooms", "", 405, "Method not allowed"),
        SAYS(PUT, "/v2/rooms/$R", "", 405, "Method not allowed"),
        SAYS(PATCH, "/v2/rooms/$R", "", 405, "Method not allowed"),
        SAYS(GET, "/v2/token", "", 405, "Method not allowed"),
        SAYS(GET, "/v2/room-codes/code", "", 405, "Method not allowed"),
        SAYS(POST, "/v2/sessions", "", 405, "Method not allowed"),
        BODY(POST, "/v2/rooms", "{", "body is not valid JSON"),
        BODY(POST, "/v2/rooms", "{}{}", "body is not valid JSON"),
        BODY(POST, "/v2/rooms", "{\"name\":\"\xff\"}", "body is not valid JSON"),
        BODY(POST, "/v2/rooms", "[]", "body is not a JSON object"),
        BODY(POST, "/v2/rooms", "null", "body is not a JSON object"),
        BODY(POST, "/v2/rooms", "\"x\"", "body is not a JSON object"),
        QUERY("/v2/rooms?limit=-1", "limit"),
        QUERY("/v2/rooms?limit=-1", "limit"),
        QUERY("/v2/rooms?limit=ten", "limit"),
        QUERY("/v2/rooms?limit=1.5", "limit"),
        QUERY("/v2/rooms?start=x", "start"),
        QUERY("/v2/rooms?start=64A1B2C3D4E5F60718290000", "start"),
        QUERY("/v2/rooms?enabled=1", "enabled"),
        QUERY("/v2/rooms?enabled=TRUE", "enabled"),
        QUERY("/v2/rooms?after=yesterday", "after"),
        QUERY("/v2/rooms?before=2023-02-30T00:00:00Z", "before"),
        QUERY("/v2/rooms?before=2023-02-03", "before"),
    };
    CHECK_ROWS(rows);
}

TEST(of_tokens)
{
    static const struct row rows[] = {
        {HTTP_GET, "/v2/rooms", "", 401, "Authentication error", "", NOBODY},
        {HTTP_POST, "/v2/rooms", "{", 401, "Authentication error", "", NOBODY},
        {HTTP_DELETE, "/v2/rooms/$R", "", 401, "Authentication error", "", NOBODY},
        {HTTP_GET, "/init", "", 401, "Authentication error", "", NOBODY},
        {HTTP_GET, "/v2/layouts/ui", "", 401, "Authentication error", "", NOBODY},
        {HTTP_GET, "/v2/rooms", "", 403, "Forbidden", "token is of another type", GUEST},
        {HTTP_POST, "/v2/active-rooms/$R/end-room", "", 403, "Forbidden",
         "token is of another type", GUEST},
        {HTTP_GET, "/v2/layouts/ui", "", 403, "Forbidden", "token is of another type", BACKEND},
        {HTTP_POST, "/v2/sip/dtmf", "", 403, "Forbidden", "token is of another type", BACKEND},
    };
    CHECK_ROWS(rows);
}

TEST(of_rooms)
{
    static const struct row rows[] = {
        SAYS(GET, "/v2/rooms/$N", "", 404, "room not found"),
        SAYS(GET, "/v2/rooms/not-an-id", "", 404, "room not found"),
        SAYS(POST, "/v2/rooms/$N", "{}", 404, "room not found"),
        SAYS(DELETE, "/v2/rooms/$N", "", 404, "room not found"),
        FIELD(POST, "/v2/rooms", "{\"name\":\"a b\"}", "name"),
        FIELD(POST, "/v2/rooms", "{\"name\":\"a/b\"}", "name"),
        FIELD(POST, "/v2/rooms", "{\"name\":\"\xc3\xbc\"}", "name"),
        FIELD(POST, "/v2/rooms", "{\"name\":\"\"}", "name"),
        FIELD(POST, "/v2/rooms", "{\"name\":7}", "name"),
        FIELD(POST, "/v2/rooms", "{\"name\":\"$X\"}", "name"),
        FIELD(POST, "/v2/rooms", "{\"description\":\"$X\"}", "description"),
        FIELD(POST, "/v2/rooms", "{\"description\":[]}", "description"),
        BODY(POST, "/v2/rooms", "{\"template_id\":\"$N\"}", "template not found"),
        BODY(POST, "/v2/rooms", "{\"template_id\":\"x\"}", "template not found"),
        BODY(POST, "/v2/rooms", "{\"template_id\":1}", "template not found"),
        FIELD(POST, "/v2/rooms", "{\"template\":\"default\"}", "template. Use template_id"),
        FIELD(POST, "/v2/rooms", "{\"template\":null}", "template. Use template_id"),
        BODY(POST, "/v2/rooms", "{\"region\":\"mars\"}", "region not supported"),
        BODY(POST, "/v2/rooms", "{\"region\":\"US\"}", "region not supported"),
        FIELD(POST, "/v2/rooms", "{\"region\":1}", "region"),
        FIELD(POST, "/v2/rooms", "{\"enabled\":\"true\"}", "enabled"),
        FIELD(POST, "/v2/rooms", "{\"large_room\":1}", "large_room"),
        FIELD(POST, "/v2/rooms", "{\"size\":-1}", "size"),
        FIELD(POST, "/v2/rooms", "{\"size\":\"9\"}", "size"),
        FIELD(POST, "/v2/rooms", "{\"size\":1.5}", "size"),
        FIELD(POST, "/v2/rooms", "{\"size\":2501}",
              "room size greater than 2500, set large_room flag as true"),
        FIELD(POST, "/v2/rooms", "{\"size\":20001,\"large_room\":true}",
              "room size greater than 20000"),
        FIELD(POST, "/v2/rooms", "{\"size\":1e15,\"large_room\":true}",
              "room size greater than 20000"),
        FIELD(POST, "/v2/rooms", "{\"max_duration_seconds\":119}",
              "max_duration_seconds less than 120 seconds"),
        FIELD(POST, "/v2/rooms", "{\"max_duration_seconds\":-1}",
              "max_duration_seconds less than 120 seconds"),
        FIELD(POST, "/v2/rooms", "{\"max_duration_seconds\":43201}",
              "max_duration_seconds greater than 43200 seconds"),
        FIELD(POST, "/v2/rooms", "{\"max_duration_seconds\":99999999999}",
              "max_duration_seconds greater than 43200 seconds"),
        FIELD(POST, "/v2/rooms", "{\"max_duration_seconds\":\"2h\"}", "max_duration_seconds"),
        FIELD(POST, "/v2/rooms", "{\"recording_info\":[]}", "recording_info"),
        FIELD(POST, "/v2/rooms", "{\"recording_info\":{\"enabled\":1}}", "recording_info"),
        BODY(POST, "/v2/rooms", "{\"recording_info\":{\"upload_info\":{\"type\":\"s3\"}}}",
             "Bucket location is missing"),
        BODY(POST, "/v2/rooms", "{\"recording_info\":{\"upload_info\":{}}}",
             "Bucket location is missing"),
        BODY(POST, "/v2/rooms",
             "{\"recording_info\":{\"upload_info\":{\"type\":\"ftp\",\"location\":\"b\"}}}",
             "Invalid upload configuration"),
        BODY(POST, "/v2/rooms", "{\"recording_info\":{\"upload_info\":{\"location\":\"b\"}}}",
             "Invalid upload configuration"),
        BODY(POST, "/v2/rooms",
             "{\"recording_info\":{\"upload_info\":{\"type\":\"s3\",\"location\":\"b\","
             "\"credentials\":\"x\"}}}",
             "Invalid upload configuration"),
        BODY(POST, "/v2/rooms", "{\"recording_info\":{\"upload_info\":\"s3\"}}",
             "Invalid upload configuration"),
        FIELD(POST, "/v2/rooms", "{\"webhook\":{}}", "webhook"),
        FIELD(POST, "/v2/rooms", "{\"webhook\":{\"url\":\"ftp://a.example\"}}", "webhook"),
        // An update checks the same, and a name that another room has is not given away.
        FIELD(POST, "/v2/rooms/$R", "{\"size\":2501}",
              "room size greater than 2500, set large_room flag as true"),
        FIELD(POST, "/v2/rooms/$R", "{\"template\":\"default\"}", "template. Use template_id"),
        BODY(POST, "/v2/rooms/$R", "{\"template_id\":\"$N\"}", "template not found"),
        BODY(POST, "/v2/rooms/$R", "{", "body is not valid JSON"),
        SAYS(POST, "/v2/rooms/$R", "{\"name\":\"OFF\"}", 400, "room name already exists"),
        // And so does a create that finds the room by its name.
        FIELD(POST, "/v2/rooms", "{\"name\":\"TAKEN\",\"size\":2501}",
              "room size greater than 2500, set large_room flag as true"),
    };
    CHECK_ROWS(rows);
}

TEST(of_room_codes_and_logging_in_with_them)
{
    static const struct row rows[] = {
        SAYS(POST, "/v2/room-codes/room/$N", "", 404, "room not found"),
        SAYS(POST, "/v2/room-codes/room/x", "", 404, "room not found"),
        SAYS(POST, "/v2/room-codes/room/$F", "", 403, "room is not active"),
        SAYS(POST, "/v2/room-codes/room/$N/role/host", "", 404, "room not found"),
        SAYS(POST, "/v2/room-codes/room/$F/role/host", "", 403, "room is not active"),
        SAYS(POST, "/v2/room-codes/room/$R/role/Host", "", 404, "role not found"),
        SAYS(GET, "/v2/room-codes/room/$N", "", 404, "room not found"),
        SAYS(GET, "/v2/room-codes/room/$F", "", 403, "room is not active"),
        SAYS(GET, "/v2/room-codes/room/$R?role=king", "", 404, "role not found"),
        QUERY("/v2/room-codes/room/$R?enabled=on", "enabled"),
        QUERY("/v2/room-codes/room/$R?limit=x", "limit"),
        QUERY("/v2/room-codes/room/$R?start=64a1b2c3d4e5f60718290000", "start"),
        FIELD(POST, "/v2/room-codes/code", "", "code"),
        FIELD(POST, "/v2/room-codes/code", "{\"enabled\":true}", "code"),
        FIELD(POST, "/v2/room-codes/code", "{\"code\":7,\"enabled\":true}", "code"),
        FIELD(POST, "/v2/room-codes/code", "{\"code\":\"$C\"}", "enabled"),
        FIELD(POST, "/v2/room-codes/code", "{\"code\":\"$C\",\"enabled\":\"false\"}",
              "enabled"),
        FIELD(POST, "/v2/room-codes/code", "{\"code\":\"$C\",\"enabled\":null}", "enabled"),
        FIELD(POST, "/v2/room-codes/code", "{\"code\":\"$C\",\"enabled\":false,\"x\":1}",
              "only code and enabled are allowed"),
        SAYS(POST, "/v2/room-codes/code", "{\"code\":\"aaa-aaaa-aaa\",\"enabled\":true}", 404,
             "room code not found"),
        SAYS(POST, "/v2/room-codes/code", "{\"code\":\"no code\",\"enabled\":true}", 404,
             "room code not found"),
        SAYS(POST, "/v2/room-codes/code", "{\"code\":\"$L\",\"enabled\":true}", 403,
             "role is invalid"),
        {HTTP_POST, "/v2/token", "", 400, "Invalid body param", "Invalid body param: code",
         NOBODY},
        {HTTP_POST, "/v2/token", "{\"code\":1}", 400, "Invalid body param",
         "Invalid body param: code", NOBODY},
        {HTTP_POST, "/v2/token", "{\"code\":\"$C\",\"user_id\":1}", 400, "Invalid body param",
         "Invalid body param: user_id", NOBODY},
        {HTTP_POST, "/v2/token", "{\"code\":\"$C\",\"user_id\":\"$X\"}", 400,
         "Invalid body param", "Invalid body param: user_id", NOBODY},
        {HTTP_POST, "/v2/token", "{\"code\":\"aaa-aaaa-aaa\"}", 404, "room code not found", "",
         NOBODY},
        {HTTP_POST, "/v2/token", "{\"code\":\"x\"}", 404, "room code not found", "", NOBODY},
        {HTTP_POST, "/v2/token", "{\"code\":\"$D\"}", 403, "room is not active", "", NOBODY},
        {HTTP_POST, "/v2/token", "{\"code\":\"$L\"}", 403, "room code is disabled", "", NOBODY},
    };
    CHECK_ROWS(rows);
}

#define ROLE "/v2/templates/$T/roles/host"
#define PUBLISH(params, field)                                                                 \
    FIELD(POST, ROLE, "{\"publishParams\":" params "}", "roles.host.publishParams." field)

TEST(of_templates_and_roles)
{
    static const struct row rows[] = {
        SAYS(GET, "/v2/templates/$N", "", 404, "template not found"),
        SAYS(POST, "/v2/templates/$N", "", 404, "template not found"),
        SAYS(GET, "/v2/templates/$T/roles/nobody", "", 404, "role not found"),
        SAYS(GET, "/v2/templates/$N/roles/host", "", 404, "template not found"),
        SAYS(DELETE, "/v2/templates/$T/roles/nobody", "", 404, "role not found"),
        SAYS(DELETE, "/v2/templates/$T/roles/passing", "", 404, "role not found"),
        SAYS(GET, "/v2/templates/$N/settings", "", 404, "template not found"),
        SAYS(POST, "/v2/templates/$N/destinations", "", 404, "template not found"),
        SAYS(GET, "/v2/templates/$N/recordings", "", 404, "template not found"),
        SAYS(DELETE, "/v2/templates/$T", "", 409, "template is in use"),
        QUERY("/v2/templates?default=x", "default"),
        QUERY("/v2/templates?start=x", "start"),
        FIELD(POST, "/v2/templates", "{\"name\":\"a/b\"}", "name"),
        FIELD(POST, "/v2/templates", "{\"name\":1}", "name"),
        FIELD(POST, "/v2/templates", "{\"roles\":[]}", "roles"),
        FIELD(POST, "/v2/templates", "{\"roles\":{\"a\":1}}", "roles.a"),
        FIELD(POST, "/v2/templates", "{\"roles\":{\"constructor\":{}}}", "roles"),
        FIELD(POST, "/v2/templates", "{\"roles\":{\"a\":{\"name\":\"b\"}}}", "roles.a.name"),
        SAYS(POST, "/v2/templates/$T", "{\"name\":\"default\"}", 400,
             "template name already exists"),
        FIELD(POST, ROLE, "{\"name\":1}", "name"),
        FIELD(POST, ROLE, "{\"publishParams\":1}", "roles.host.publishParams"),
    };
    CHECK_ROWS(rows);
}

TEST(of_the_quality_that_a_role_has)
{
    static const struct row rows[] = {
        PUBLISH("{\"allowed\":\"audio\"}", "allowed"),
        PUBLISH("{\"allowed\":[\"smell\"]}", "allowed"),
        PUBLISH("{\"audio\":{\"bitRate\":15}}", "audio.bitRate"),
        PUBLISH("{\"audio\":{\"bitRate\":129}}", "audio.bitRate"),
        PUBLISH("{\"audio\":{\"codec\":\"mp3\"}}", "audio.codec"),
        PUBLISH("{\"video\":{\"bitRate\":29}}", "video.bitRate"),
        PUBLISH("{\"video\":{\"bitRate\":2001}}", "video.bitRate"),
        PUBLISH("{\"video\":{\"codec\":\"mpeg2\"}}", "video.codec"),
        PUBLISH("{\"video\":{\"frameRate\":0}}", "video.frameRate"),
        PUBLISH("{\"video\":{\"frameRate\":31}}", "video.frameRate"),
        PUBLISH("{\"video\":{\"width\":49}}", "video.width"),
        PUBLISH("{\"video\":{\"width\":1921}}", "video.width"),
        PUBLISH("{\"video\":{\"height\":49}}", "video.height"),
        PUBLISH("{\"video\":{\"height\":1081}}", "video.height"),
        PUBLISH("{\"screen\":{\"bitRate\":499}}", "screen.bitRate"),
        PUBLISH("{\"screen\":{\"frameRate\":31}}", "screen.frameRate"),
        PUBLISH("{\"screen\":{\"width\":479}}", "screen.width"),
        PUBLISH("{\"screen\":{\"height\":1081}}", "screen.height"),
        PUBLISH("{\"simulcast\":{\"video\":{\"layers\":1}}}", "simulcast.video.layers"),
        PUBLISH("{\"simulcast\":{\"video\":{\"layers\":[{\"rid\":\"h\",\"maxFramerate\":9}]}}}",
                "simulcast.video.layers"),
        PUBLISH("{\"simulcast\":{\"video\":{\"layers\":[{\"rid\":\"f\"}]}}}",
                "simulcast.video.layers.maxFramerate"),
        PUBLISH("{\"simulcast\":{\"video\":{\"layers\":[{\"rid\":\"f\",\"maxFramerate\":9,"
                "\"maxBitrate\":2001}]}}}",
                "simulcast.video.layers.maxBitrate"),
        PUBLISH("{\"simulcast\":{\"video\":{\"layers\":[{\"rid\":\"f\",\"maxFramerate\":9,"
                "\"scaleResolutionDownBy\":13}]}}}",
                "simulcast.video.layers.scaleResolutionDownBy"),
        PUBLISH("{\"simulcast\":{\"video\":{\"layers\":[{\"rid\":\"f\",\"maxFramerate\":9},"
                "{\"rid\":\"h\",\"maxFramerate\":9,\"scaleResolutionDownBy\":1}]}}}",
                "simulcast.video.layers"),
        FIELD(POST, ROLE, "{\"subscribeParams\":{\"subscribeToRoles\":{}}}",
              "roles.host.subscribeParams.subscribeToRoles"),
        FIELD(POST, ROLE, "{\"subscribeParams\":{\"maxSubsBitRate\":0}}",
              "roles.host.subscribeParams.maxSubsBitRate"),
        FIELD(POST, ROLE,
              "{\"subscribeParams\":{\"subscribeDegradation\":{\"packetLossThreshold\":0}}}",
              "roles.host.subscribeParams.subscribeDegradation.packetLossThreshold"),
        FIELD(POST, ROLE,
              "{\"subscribeParams\":{\"subscribeDegradation\":{"
              "\"degradeGracePeriodSeconds\":11}}}",
              "roles.host.subscribeParams.subscribeDegradation.degradeGracePeriodSeconds"),
        FIELD(POST, ROLE, "{\"permissions\":{\"endRoom\":1}}",
              "roles.host.permissions.endRoom"),
        FIELD(POST, ROLE, "{\"priority\":0}", "roles.host.priority"),
        FIELD(POST, ROLE, "{\"priority\":11}", "roles.host.priority"),
        FIELD(POST, ROLE, "{\"maxPeerCount\":-2}", "roles.host.maxPeerCount"),
    };
    CHECK_ROWS(rows);
}

#define DESTINATIONS "/v2/templates/$T/destinations"
#define HLS(members, field)                                                                    \
    FIELD(POST, DESTINATIONS, "{\"hlsDestinations\":{\"x\":{" members "}}}",                   \
          "destinations.hlsDestinations.x." field)
#define TRANSCRIPTION(members, field)                                                          \
    FIELD(POST, DESTINATIONS, "{\"transcriptions\":{\"x\":{" members "}}}",                    \
          "destinations.transcriptions.x." field)

TEST(of_settings_destinations_and_recordings)
{
    static const struct row rows[] = {
        FIELD(POST, "/v2/templates/$T/settings", "{\"region\":\"mars\"}", "settings.region"),
        FIELD(POST, "/v2/templates/$T/settings", "{\"recording\":1}", "settings.recording"),
        FIELD(POST, "/v2/templates/$T/settings", "{\"recording\":{\"upload\":{}}}",
              "settings.recording.upload.location"),
        FIELD(POST, "/v2/templates/$T/settings",
              "{\"recording\":{\"upload\":{\"location\":\"b\",\"type\":\"ftp\"}}}",
              "settings.recording.upload.type"),
        FIELD(POST, "/v2/templates/$T/settings", "{\"roomState\":{\"messageInterval\":7}}",
              "settings.roomState.messageInterval"),
        FIELD(POST, "/v2/templates/$T/settings", "{\"roomState\":{\"messageInterval\":3605}}",
              "settings.roomState.messageInterval"),
        FIELD(POST, DESTINATIONS, "{\"rtmpDestinations\":[]}", "destinations.rtmpDestinations"),
        FIELD(POST, DESTINATIONS, "{\"rtmpDestinations\":{\"x\":1}}",
              "destinations.rtmpDestinations.x"),
        FIELD(POST, DESTINATIONS,
              "{\"rtmpDestinations\":{\"x\":{\"rtmpUrls\":[\"a\",\"b\",\"c\",\"d\"]}}}",
              "destinations.rtmpDestinations.x.rtmpUrls"),
        HLS("\"playlistType\":\"vod\"", "playlistType"),
        HLS("\"numPlaylistSegments\":2", "numPlaylistSegments"),
        HLS("\"numPlaylistSegments\":151", "numPlaylistSegments"),
        HLS("\"maxDuration\":-1", "maxDuration"),
        HLS("\"layers\":[{\"width\":1921,\"height\":1080}]", "layers"),
        HLS("\"layers\":[{\"width\":1279,\"height\":720}]", "layers"),
        HLS("\"layers\":[{\"width\":192,\"height\":142}]", "layers"),
        HLS("\"layers\":[{\"width\":640,\"height\":360},{\"width\":1280,\"height\":720}]",
            "layers"),
        HLS("\"layers\":[{\"width\":1280,\"height\":720,\"videoBitrate\":500},"
            "{\"width\":640,\"height\":360,\"videoBitrate\":800}]",
            "layers"),
        HLS("\"recording\":{\"layers\":[{\"width\":640,\"height\":360}]}", "recording.layers"),
        HLS("\"recording\":{\"enableZipUpload\":true}", "recording.enableZipUpload"),
        HLS("\"recording\":{\"thumbnails\":{\"offsets\":[-1]}}",
            "recording.thumbnails.offsets"),
        TRANSCRIPTION("\"modes\":[\"spoken\"]", "modes"),
        TRANSCRIPTION("\"outputModes\":[\"doc\"]", "outputModes"),
        TRANSCRIPTION("\"summary\":{\"context\":\"$X\"}", "summary.context"),
        TRANSCRIPTION("\"summary\":{\"temperature\":1.1}", "summary.temperature"),
        TRANSCRIPTION("\"summary\":{\"sections\":[{},{},{},{},{},{},{}]}", "summary.sections"),
        TRANSCRIPTION("\"summary\":{\"sections\":[{\"title\":\"t\",\"format\":\"poem\"}]}",
                      "summary.sections"),
        TRANSCRIPTION("\"translation\":{\"roleLanguages\":{\"host\":1}}",
                      "translation.roleLanguages"),
        BODY(POST, "/v2/templates/$T/recordings", "{}", "body is not a JSON array"),
        BODY(POST, "/v2/templates/$T/recordings", "[{},{}]",
             "one recording configuration at most"),
        FIELD(POST, "/v2/templates/$T/recordings", "[{\"role\":\"host\"}]", "name"),
        FIELD(POST, "/v2/templates/$T/recordings", "[{\"name\":\"n\"}]", "role"),
        BODY(POST, "/v2/templates/$T/recordings", "[{\"name\":\"n\",\"role\":\"king\"}]",
             "role not found"),
        FIELD(POST, "/v2/templates/$T/recordings",
              "[{\"name\":\"n\",\"role\":\"host\",\"maxDuration\":0}]", "maxDuration"),
        FIELD(POST, "/v2/templates/$T/recordings",
              "[{\"name\":\"n\",\"role\":\"host\",\"thumbnails\":{\"fps\":61}}]", "thumbnails"),
    };
    CHECK_ROWS(rows);
}

TEST(of_active_rooms_sessions_and_events)
{
    static const struct row rows[] = {
        SAYS(GET, "/v2/active-rooms/$R", "", 404, "session not found"),
        SAYS(GET, "/v2/active-rooms/$N", "", 404, "session not found"),
        SAYS(GET, "/v2/active-rooms/$R/peers", "", 404, "session not found"),
        SAYS(GET, "/v2/active-rooms/$R/peers/x", "", 404, "session not found"),
        SAYS(POST, "/v2/active-rooms/$R/peers/x", "{}", 404, "session not found"),
        SAYS(POST, "/v2/active-rooms/$R/send-message", "{}", 404, "session not found"),
        SAYS(POST, "/v2/active-rooms/$R/remove-peers", "{}", 404, "session not found"),
        SAYS(POST, "/v2/active-rooms/$R/end-room", "", 404, "session not found"),
        SAYS(POST, "/v2/active-rooms/$N/end-room", "{\"lock\":true}", 404, "session not found"),
        SAYS(GET, "/v2/sessions/$N", "", 404, "session not found"),
        SAYS(GET, "/v2/sessions/x", "", 404, "session not found"),
        QUERY("/v2/sessions?active=yes", "active"),
        QUERY("/v2/sessions?limit=-1", "limit"),
        QUERY("/v2/sessions?after=1", "after"),
        QUERY("/v2/sessions?start=1", "start"),
        {HTTP_GET, "/v2/analytics/webhooks", "", 403, "insufficient permissions", "", GUEST},
        {HTTP_POST, "/v2/analytics/webhooks/replay", "", 403, "insufficient permissions", "",
         GUEST},
        {HTTP_GET, "/v2/analytics/webhooks/replay/$N", "", 403, "insufficient permissions", "",
         GUEST},
        QUERY("/v2/analytics/webhooks?status=lost", "status"),
        QUERY("/v2/analytics/webhooks?page=0", "page"),
        QUERY("/v2/analytics/webhooks?page=1x", "page"),
        QUERY("/v2/analytics/webhooks?page=1000001", "page"),
        QUERY("/v2/analytics/webhooks?limit=-1", "limit"),
        QUERY("/v2/analytics/webhooks?start_time=noon", "start_time"),
        QUERY("/v2/analytics/webhooks?end_time=noon", "end_time"),
        SAYS(GET, "/v2/analytics/webhooks?start_time=2023-10-01T00:00:00Z", "", 400,
             "start_time must be within the last 30 days"),
        SAYS(GET,
             "/v2/analytics/webhooks?start_time=2023-10-20T00:00:00Z&end_time="
             "2023-11-10T00:00:00Z",
             "", 400, "end_time must be within 14 days after start_time"),
        SAYS(GET,
             "/v2/analytics/webhooks?start_time=2023-11-10T00:00:00Z&end_time="
             "2023-11-09T00:00:00Z",
             "", 400, "end_time must be after start_time"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"start_time\":5}", "start_time"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"end_time\":\"noon\"}", "end_time"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"room_id\":5}", "room_id"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"status\":\"lost\"}", "status"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"status\":5}", "status"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"event_names\":\"x\"}", "event_names"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"event_names\":[1]}", "event_names"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"limit\":0}", "limit"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"limit\":50001}", "limit"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"limit\":1.5}", "limit"),
        FIELD(POST, "/v2/analytics/webhooks/replay", "{\"offset\":-1}", "offset"),
        SAYS(POST, "/v2/analytics/webhooks/replay", "{\"start_time\":\"2023-10-01T00:00:00Z\"}",
             400, "start_time must be within the last 30 days"),
        SAYS(GET, "/v2/analytics/webhooks/replay/$N", "", 404, "workflow not found"),
        QUERY("/v2/analytics/events", "room_id"),
        QUERY("/v2/analytics/events?room_id=", "room_id"),
        QUERY("/v2/analytics/events?room_id=$R&error=1", "error"),
        QUERY("/v2/analytics/events?room_id=$R&limit=-1", "limit"),
    };
    CHECK_ROWS(rows);
}

#define START(noun, body, field) FIELD(POST, "/v2/" noun "/room/$R/start", body, field)

TEST(of_recordings_and_assets)
{
    static const char missing[] = "recording is not available on this server";
    const struct row rows[] = {
        SAYS(POST, "/v2/recordings/room/$N/start", "", 404, "room not found"),
        SAYS(POST, "/v2/recordings/room/$F/start", "", 403, "room is not active"),
        START("recordings", "{\"meeting_url\":\"x\"}", "meeting_url"),
        START("recordings", "{\"meeting_url\":1}", "meeting_url"),
        START("recordings", "{\"resolution\":{\"width\":499,\"height\":480}}", "resolution"),
        START("recordings", "{\"resolution\":{\"width\":1920,\"height\":1081}}", "resolution"),
        START("recordings", "{\"resolution\":{\"width\":1080,\"height\":1921}}", "resolution"),
        START("recordings", "{\"resolution\":7}", "resolution"),
        START("recordings", "{\"audio_only\":1}", "audio_only"),
        START("recordings", "{\"destination\":1}", "destination"),
        START("recordings", "{\"transcription\":1}", "transcription"),
        START("recordings", "{\"transcription\":{\"output_modes\":[\"doc\"]}}",
              "transcription.output_modes"),
        START("recordings", "{\"transcription\":{\"summary\":{\"context\":\"$X\"}}}",
              "transcription.summary.context"),
        START("recordings", "{\"transcription\":{\"summary\":{\"temperature\":0}}}",
              "transcription.summary.temperature"),
        BODY(POST, "/v2/recordings/room/$S/start", "",
             "destination is needed: the template has several"),
        BODY(POST, "/v2/recordings/room/$S/start", "{\"destination\":\"c\"}",
             "destination not found"),
        SAYS(POST, "/v2/recordings/room/$S/start", "{\"destination\":\"a\"}", 501, missing),
        SAYS(POST, "/v2/recordings/room/$R/start", "", 501, missing),
        SAYS(POST, "/v2/recordings/room/$R/stop", "", 404, "recording not running"),
        SAYS(POST, "/v2/recordings/room/$R/pause", "", 404, "recording not running"),
        SAYS(POST, "/v2/recordings/room/$R/resume", "", 404, "recording not running"),
        SAYS(POST, "/v2/recordings/room/$N/stop", "", 404, "room not found"),
        SAYS(POST, "/v2/recordings/$N/stop", "", 404, "recording not found"),
        SAYS(GET, "/v2/recordings/$N", "", 404, "recording not found"),
        QUERY("/v2/recordings?limit=-1", "limit"),
        QUERY("/v2/recordings?start=x", "start"),
        SAYS(GET, "/v2/recording-assets/$N", "", 404, "recording asset not found"),
        SAYS(GET, "/v2/recording-assets/$N/presigned-url", "", 404,
             "recording asset not found"),
        QUERY("/v2/recording-assets/$N/presigned-url?presign_duration=x", "presign_duration"),
        QUERY("/v2/recording-assets/$N/presigned-url?presign_duration=0", "presign_duration"),
        QUERY("/v2/recording-assets?limit=-1", "limit"),
    };
    CHECK_ROWS(rows);
}

TEST(of_streams_and_their_keys)
{
    static const char no_hls[] = "live streaming is not available on this server";
    static const char no_rtmp[] = "external streaming is not available on this server";
    const struct row rows[] = {
        SAYS(POST, "/v2/live-streams/room/$N/start", "", 404, "room not found"),
        SAYS(POST, "/v2/live-streams/room/$F/start", "", 403, "room is not active"),
        START("live-streams", "{\"recording\":true}", "recording"),
        START("live-streams", "{\"recording\":{\"hls_vod\":1}}", "recording"),
        START("live-streams", "{\"transcription\":{\"modes\":[\"x\"]}}", "transcription.modes"),
        BODY(POST, "/v2/live-streams/room/$S/start", "",
             "destination is needed: the template has several"),
        SAYS(POST, "/v2/live-streams/room/$R/start", "", 501, no_hls),
        SAYS(POST, "/v2/live-streams/room/$R/stop", "", 404, "hls not running"),
        SAYS(POST, "/v2/live-streams/$N/stop", "", 404, "live stream not found"),
        SAYS(POST, "/v2/live-streams/$N/pause-recording", "", 404, "live stream not found"),
        SAYS(GET, "/v2/live-streams/$N", "", 404, "live stream not found"),
        FIELD(POST, "/v2/live-streams/$N/timed-metadata", "{\"payload\":\"$X\",\"duration\":2}",
              "payload or duration"),
        FIELD(POST, "/v2/live-streams/$N/timed-metadata", "{\"payload\":\"x\"}",
              "payload or duration"),
        FIELD(POST, "/v2/live-streams/$N/timed-metadata", "{\"payload\":\"x\",\"duration\":0}",
              "payload or duration"),
        SAYS(POST, "/v2/live-streams/$N/timed-metadata", "{\"payload\":\"x\",\"duration\":1}",
             404, "live stream not found"),
        START("external-streams", "", "rtmp_urls"),
        START("external-streams", "{\"rtmp_urls\":[]}", "rtmp_urls"),
        START("external-streams", "{\"rtmp_urls\":[\"http://a.example\"]}", "rtmp_urls"),
        START("external-streams",
              "{\"rtmp_urls\":[\"rtmp://a\",\"rtmp://a\",\"rtmp://a\",\"rtmp://a\","
              "\"rtmp://a\",\"rtmp://a\"]}",
              "rtmp_urls"),
        START("external-streams", "{\"rtmp_urls\":[\"rtmp://a\"],\"recording\":1}",
              "recording"),
        SAYS(POST, "/v2/external-streams/room/$R/start", "{\"rtmp_urls\":[\"rtmps://a/b\"]}",
             501, no_rtmp),
        BODY(POST, "/v2/external-streams/room/$S/start", "{\"rtmp_urls\":[\"rtmps://a/b\"]}",
             "destination is needed: the template has several"),
        SAYS(POST, "/v2/external-streams/room/$R/stop", "", 404, "rtmp not running"),
        SAYS(GET, "/v2/external-streams/$N", "", 404, "external stream not found"),
        SAYS(POST, "/v2/stream-keys/room/$N", "", 404, "room not found"),
        SAYS(POST, "/v2/stream-keys/room/$F", "", 403, "room is not active"),
        SAYS(GET, "/v2/stream-keys/room/$R", "", 404, "stream key not found"),
        SAYS(GET, "/v2/stream-keys/room/$F", "", 403, "room is not active"),
        SAYS(POST, "/v2/stream-keys/room/$R/disable", "", 404, "stream key not found"),
        SAYS(POST, "/v2/stream-keys/room/$F/disable", "", 403, "room is not active"),
    };
    CHECK_ROWS(rows);
}

TEST(of_telephony_and_diagnostics)
{
    static const char trunk[] = "{\"username\":\"u\",\"password\":\"p\",\"address\":\"a\","
                                "\"from\":\"1\"}";
    const struct row rows[] = {
        BODY(POST, "/v2/sip/outbound/trunks", "", "username is mandatory"),
        BODY(POST, "/v2/sip/outbound/trunks/$N", "{\"username\":\"u\"}",
             "password is mandatory"),
        SAYS(POST, "/v2/sip/outbound/trunks", trunk, 503, "sip not configured"),
        BODY(POST, "/v2/sip/outbound/call", "", "to is mandatory"),
        BODY(POST, "/v2/sip/outbound/call", "{\"to\":\"1\"}", "room_code is mandatory"),
        FIELD(POST, "/v2/sip/outbound/call",
              "{\"to\":\"1\",\"room_code\":\"$C\",\"trunk_id\":\"$N\",\"headers\":{\"X-A\":"
              "\"1\\r\\nVia: x\"}}",
              "headers"),
        FIELD(POST, "/v2/sip/outbound/call",
              "{\"to\":\"1\",\"room_code\":\"$C\",\"trunk_id\":\"$N\",\"headers\":{\"X-A\\n\":"
              "\"1\"}}",
              "headers"),
        SAYS(POST, "/v2/sip/outbound/call",
             "{\"to\":\"1\",\"room_code\":\"$C\",\"trunk_id\":\"$N\",\"headers\":{\"X-A\":"
             "\"1\"}}",
             503, "sip not configured"),
        {HTTP_POST, "/v2/sip/dtmf", "", 400, "digits are mandatory", "", GUEST},
        {HTTP_POST, "/v2/sip/dtmf", "{\"digits\":[]}", 400, "digits are mandatory", "", GUEST},
        {HTTP_POST, "/v2/sip/dtmf", "{\"digits\":[\"x\"]}", 400, "invalid digit", "", GUEST},
        {HTTP_POST, "/v2/sip/dtmf", "{\"digits\":[\"12\"]}", 400, "invalid digit", "", GUEST},
        {HTTP_POST, "/v2/sip/dtmf", "{\"digits\":[\"0\",\"#\"]}", 503, "sip not configured", "",
         GUEST},
        {HTTP_GET, "/v2/diagnostics/token", "", 404, "diagnostics are switched off", "",
         NOBODY},
    };
    CHECK_ROWS(rows);
}

// A refused change changes nothing, whichever field of it was good.
TEST(nothing_of_a_refused_body_is_kept)
{
    begin();
    struct answer before = get(s.w, expand("/v2/rooms/$R"));
    s.w->now.wall_ms += 5000;
    CHECK_EQ(post(s.w, expand("/v2/rooms/$R"), "{\"description\":\"x\",\"size\":2501}").status,
             400);
    CHECK_EQ(
        post(s.w, "/v2/rooms", "{\"name\":\"taken\",\"description\":\"x\",\"size\":-1}").status,
        400);
    struct answer after = get(s.w, expand("/v2/rooms/$R"));
    CHECK_TEXT(after.body, before.body);
    before = get(s.w, expand("/v2/templates/$T"));
    CHECK_EQ(
        post(s.w, expand("/v2/templates/$T"), "{\"roles\":{\"a\":{\"priority\":0}}}").status,
        400);
    CHECK_EQ(post(s.w, expand("/v2/templates/$T/settings"), "{\"region\":\"x\"}").status, 400);
    after = get(s.w, expand("/v2/templates/$T"));
    CHECK_TEXT(after.body, before.body);
    world_free(s.w);
}

// A room has a hundred codes; the next one is refused, for one role and for all.
TEST(a_room_has_a_hundred_codes)
{
    begin();
    for (int i = 1; i < CODES_PER_ROOM_MAX; i++)
        code_of(s.room, "host");
    CHECK_REFUSED(post(s.w, expand("/v2/room-codes/room/$R/role/host"), ""), 400,
                  "room code limit reached", "");
    CHECK_REFUSED(post(s.w, expand("/v2/room-codes/room/$R"), ""), 400,
                  "room code limit reached", "");
    struct answer list = get(s.w, expand("/v2/room-codes/room/$R?limit=100"));
    CHECK_EQ(items(&list), 100);
    CHECK_TEXT(text(&list, "last"), "");
    world_free(s.w);
}
