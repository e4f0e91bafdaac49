// Where recordings and streams of a template go. No engine is here that would use them: they
// are checked as the REST API promises, and kept.
#include "store/document_reader.h"

#include "base/err.h"
#include "base/text.h"

#include <string.h>

enum {
    DURATION_MAX_S = 43200,
    PRESIGN_MAX_S = 7 * 86400,
    RTMP_URLS_MAX = 3,
    LAYERS_MAX = 16,
    OFFSETS_MAX = 100,
    VOCABULARY_MAX = 1000,
    SECTIONS_MAX = 6,
    TITLE_CHARACTERS_MAX = 100,
    CONTEXT_CHARACTERS_MAX = 300,
    LANGUAGES_MAX = 64,
};

// What all kinds have.
static int check_common(struct reader *r, const struct place *here, const json_t *one)
{
    int err = document_word(r, here, one, "name", NULL);
    if (!err)
        err = document_word(r, here, one, "role", NULL);
    if (!err)
        err = document_number(r, here, one, "width", 144, 1920);
    if (!err)
        err = document_number(r, here, one, "height", 144, 1920);
    if (!err)
        err = document_number(r, here, one, "maxDuration", 0, DURATION_MAX_S);
    if (!err)
        err = document_number(r, here, one, "presignDuration", 0, PRESIGN_MAX_S);
    return err ? err : document_number(r, here, one, "autoStopTimeout", 0, DURATION_MAX_S);
}

static int check_thumbnails(struct reader *r, const struct place *in, const json_t *one)
{
    struct place here = {in, "thumbnails"};
    const json_t *thumbnails;
    int err = document_object(r, in, one, here.key, &thumbnails);
    if (!err)
        err = document_switch(r, &here, thumbnails, "enabled");
    if (!err)
        err = document_number(r, &here, thumbnails, "width", 1, 1920);
    if (!err)
        err = document_number(r, &here, thumbnails, "height", 1, 1920);
    if (!err)
        err = document_number(r, &here, thumbnails, "fps", 1, 60);
    const json_t *offsets = json_object_get(thumbnails, "offsets");
    if (err || document_absent(thumbnails, "offsets"))
        return err;
    if (!json_is_array(offsets) || json_array_size(offsets) > OFFSETS_MAX)
        return document_fail(r, &here, "offsets");
    for (size_t i = 0; i < json_array_size(offsets); i++)
        if (!json_is_integer(json_array_get(offsets, i)) ||
            json_integer_value(json_array_get(offsets, i)) < 0)
            return document_fail(r, &here, "offsets");
    return 0;
}

static int check_rtmp(struct reader *r, const struct place *here, const json_t *one,
                      const json_t *document)
{
    (void)document;
    int err = document_words(r, here, one, "rtmpUrls", NULL, RTMP_URLS_MAX);
    return err ? err : document_switch(r, here, one, "recordingEnabled");
}

// --- HLS ---

struct layer {
    int64_t width, height, video, audio;
};

static struct layer layer_of(const json_t *said)
{
    return (struct layer){json_get_int(said, "width", 0), json_get_int(said, "height", 0),
                          json_get_int(said, "videoBitrate", 0),
                          json_get_int(said, "audioBitrate", 0)};
}

// Even sides, the shorter of 144 to 1080, the longer of 192 to 1920.
static bool is_layer(const struct layer *layer)
{
    int64_t less = layer->width < layer->height ? layer->width : layer->height;
    int64_t more = layer->width < layer->height ? layer->height : layer->width;
    return less >= 144 && less <= 1080 && more >= 192 && more <= 1920 && less % 2 == 0 &&
           more % 2 == 0 && layer->video >= 0 && layer->audio >= 0;
}

static bool is_below(const struct layer *layer, const struct layer *above)
{
    return layer->width * layer->height < above->width * above->height &&
           (layer->video < above->video || !layer->video || !above->video);
}

static int check_layers(struct reader *r, const struct place *here, const json_t *one)
{
    const json_t *layers = json_get_array(one, "layers");
    if (!layers)
        return document_absent(one, "layers") ? 0 : document_fail(r, here, "layers");
    if (json_array_size(layers) > LAYERS_MAX)
        return document_fail(r, here, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        struct layer layer = layer_of(json_array_get(layers, i));
        struct layer above = i ? layer_of(json_array_get(layers, i - 1)) : (struct layer){0};
        if (!is_layer(&layer) || (i && !is_below(&layer, &above)))
            return document_fail(r, here, "layers");
    }
    return 0;
}

static bool has_layer(const json_t *layers, const json_t *wanted)
{
    struct layer one = layer_of(wanted);
    for (size_t i = 0; i < json_array_size(layers); i++) {
        struct layer other = layer_of(json_array_get(layers, i));
        if (other.width == one.width && other.height == one.height)
            return true;
    }
    return false;
}

// Files in an archive need a place of the owner's to lie in.
static bool has_storage(const json_t *document)
{
    const json_t *settings = json_object_get(document, "settings");
    return json_get_object(json_object_get(settings, "recording"), "upload") != NULL;
}

static int check_hls_recording(struct reader *r, const struct place *in, const json_t *one,
                               const json_t *document)
{
    struct place here = {in, "recording"};
    const json_t *recording;
    int err = document_object(r, in, one, here.key, &recording);
    if (!err)
        err = document_switch(r, &here, recording, "hlsVod");
    if (!err)
        err = document_switch(r, &here, recording, "singleFilePerLayer");
    if (!err)
        err = document_switch(r, &here, recording, "enableZipUpload");
    if (!err && json_get_bool(recording, "enableZipUpload", false) && !has_storage(document))
        err = document_fail(r, &here, "enableZipUpload");
    if (!err)
        err = document_number(r, &here, recording, "presignDuration", 0, PRESIGN_MAX_S);
    const json_t *layers = json_get_array(recording, "layers");
    if (!err && !layers && !document_absent(recording, "layers"))
        err = document_fail(r, &here, "layers");
    for (size_t i = 0; !err && i < json_array_size(layers); i++)
        if (!has_layer(json_object_get(one, "layers"), json_array_get(layers, i)))
            err = document_fail(r, &here, "layers");
    return err ? err : check_thumbnails(r, &here, recording);
}

static int check_hls(struct reader *r, const struct place *here, const json_t *one,
                     const json_t *document)
{
    static const char *const kinds[] = {"event", "live", NULL};
    int err = check_layers(r, here, one);
    if (!err)
        err = document_word(r, here, one, "playlistType", kinds);
    if (!err)
        err = document_number(r, here, one, "numPlaylistSegments", 3, 150);
    if (!err)
        err = document_number(r, here, one, "videoFrameRate", 1, 60);
    if (!err)
        err = document_switch(r, here, one, "enableMetadataInsertion");
    if (!err)
        err = document_switch(r, here, one, "enableStaticUrl");
    return err ? err : check_hls_recording(r, here, one, document);
}

// --- Transcriptions ---

static bool is_section(const json_t *section)
{
    const char *title = json_get_text(section, "title", "");
    const char *format = json_get_text(section, "format", "bullets");
    return title[0] && text_characters(title) <= TITLE_CHARACTERS_MAX &&
           (strcmp(format, "bullets") == 0 || strcmp(format, "paragraph") == 0);
}

static int check_sections(struct reader *r, const struct place *here, const json_t *summary)
{
    const json_t *sections = json_get_array(summary, "sections");
    if (!sections)
        return document_absent(summary, "sections") ? 0 : document_fail(r, here, "sections");
    bool good = json_array_size(sections) <= SECTIONS_MAX;
    for (size_t i = 0; good && i < json_array_size(sections); i++)
        good = is_section(json_array_get(sections, i));
    return good ? 0 : document_fail(r, here, "sections");
}

static int check_summary(struct reader *r, const struct place *in, const json_t *one)
{
    struct place here = {in, "summary"};
    const json_t *summary;
    int err = document_object(r, in, one, here.key, &summary);
    if (!err)
        err = document_switch(r, &here, summary, "enabled");
    if (!err)
        err = document_word(r, &here, summary, "context", NULL);
    if (!err && text_characters(json_get_text(summary, "context", "")) > CONTEXT_CHARACTERS_MAX)
        err = document_fail(r, &here, "context");
    const json_t *temperature = json_object_get(summary, "temperature");
    double warm = json_number_value(temperature);
    if (!err && !document_absent(summary, "temperature") &&
        (!json_is_number(temperature) || warm < 0.1 || warm > 1.0))
        err = document_fail(r, &here, "temperature");
    return err ? err : check_sections(r, &here, summary);
}

static int check_translation(struct reader *r, const struct place *in, const json_t *one)
{
    struct place here = {in, "translation"};
    const json_t *translation, *languages = NULL;
    int err = document_object(r, in, one, here.key, &translation);
    if (!err)
        err = document_switch(r, &here, translation, "enabled");
    if (!err)
        err = document_object(r, &here, translation, "roleLanguages", &languages);
    if (!err && json_object_size(languages) > LANGUAGES_MAX)
        err = document_fail(r, &here, "roleLanguages");
    const char *role;
    json_t *language;
    json_object_foreach((json_t *)languages, role, language)
    {
        if (!err && !json_is_string(language))
            err = document_fail(r, &here, "roleLanguages");
    }
    return err;
}

static int check_transcription(struct reader *r, const struct place *here, const json_t *one,
                               const json_t *document)
{
    static const char *const modes[] = {"recorded", "live", "caption", NULL};
    static const char *const outputs[] = {"txt", "srt", "json", NULL};
    (void)document;
    int err = document_words(r, here, one, "modes", modes, 3);
    if (!err)
        err = document_words(r, here, one, "outputModes", outputs, 3);
    if (!err)
        err = document_words(r, here, one, "customVocabulary", NULL, VOCABULARY_MAX);
    if (!err)
        err = check_summary(r, here, one);
    return err ? err : check_translation(r, here, one);
}

// --- All kinds ---

static int check_browser_recording(struct reader *r, const struct place *here,
                                   const json_t *one, const json_t *document)
{
    (void)document;
    int err = document_switch(r, here, one, "autoStart");
    return err ? err : check_thumbnails(r, here, one);
}

static const struct kind {
    const char *name;
    int (*check)(struct reader *r, const struct place *here, const json_t *one,
                 const json_t *document);
} kinds[] = {
    {"rtmpDestinations", check_rtmp},
    {"hlsDestinations", check_hls},
    {"transcriptions", check_transcription},
    {"browserRecordings", check_browser_recording},
};

static int check_kind(struct reader *r, const struct place *in, const json_t *destinations,
                      const struct kind *kind, const json_t *document)
{
    struct place here = {in, kind->name};
    const json_t *all;
    const char *name;
    json_t *one;
    int err = document_object(r, in, destinations, kind->name, &all);
    json_object_foreach((json_t *)all, name, one)
    {
        struct place in_one = {&here, name};
        if (!err && !json_is_object(one))
            err = document_fail(r, &here, name);
        if (!err)
            err = check_common(r, &in_one, one);
        if (!err)
            err = kind->check(r, &in_one, one, document);
    }
    return err;
}

int document_destinations(struct reader *r, const json_t *document)
{
    struct place here = {NULL, "destinations"};
    const json_t *destinations;
    int err = document_object(r, NULL, document, here.key, &destinations);
    for (size_t i = 0; !err && i < sizeof kinds / sizeof *kinds; i++)
        err = check_kind(r, &here, destinations, &kinds[i], document);
    return err;
}
