#include "store/document.h"

#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "base/words.h"
#include "store/document_reader.h"
#include "store/rooms.h"
#include "store/templates.h"

#include <string.h>

// The ranges and defaults of one kind of media.
struct media_range {
    const char *codecs[5];
    int bitrate_min, bitrate_max, bitrate_default;
    int width_min, width_max, width_default; // 0: has no picture
    int height_min, height_max, height_default;
    int frame_rate_default;
};

enum { SCREEN_BITRATE_MAX = 50000 }; // nothing public names one: the ceiling of estimates

static const struct media_range ranges[PUBLISH_KIND_COUNT] = {
    [PUBLISH_AUDIO] = {.codecs = {"opus"},
                       .bitrate_min = 16,
                       .bitrate_max = 128,
                       .bitrate_default = 32},
    [PUBLISH_VIDEO] = {.codecs = {"vp8", "h264", "vp9", "av1"},
                       .bitrate_min = 30,
                       .bitrate_max = 2000,
                       .bitrate_default = 256,
                       .width_min = 50,
                       .width_max = 1920,
                       .width_default = 320,
                       .height_min = 50,
                       .height_max = 1080,
                       .height_default = 180,
                       .frame_rate_default = 25},
    [PUBLISH_SCREEN] = {.codecs = {"vp8", "h264", "vp9", "av1"},
                        .bitrate_min = 500,
                        .bitrate_max = SCREEN_BITRATE_MAX,
                        .bitrate_default = 1024,
                        .width_min = 480,
                        .width_max = 1920,
                        .width_default = 1280,
                        .height_min = 270,
                        .height_max = 1080,
                        .height_default = 720,
                        .frame_rate_default = 10},
};

static int take_codec(struct reader *r, const struct place *in, const json_t *object,
                      const struct media_range *range, struct role_media *media)
{
    media->codec = range->codecs[0];
    if (document_absent(object, "codec"))
        return 0;
    const char *codec = words_known(range->codecs, json_get_text(object, "codec", ""));
    if (!codec)
        return document_fail(r, in, "codec");
    media->codec = codec;
    return 0;
}

static int take_media(struct reader *r, const struct place *in, const json_t *params,
                      enum publish_kind kind, struct role_media *media)
{
    const struct media_range *range = &ranges[kind];
    struct place here = {in, publish_kind_name(kind)};
    const json_t *object;
    int err = document_object(r, in, params, here.key, &object);
    if (!err)
        err = document_int(r, &here, object, "bitRate", range->bitrate_min, range->bitrate_max,
                           range->bitrate_default, &media->bitrate_kbps);
    if (!err)
        err = take_codec(r, &here, object, range, media);
    if (err || !range->width_min)
        return err;
    err = document_int(r, &here, object, "frameRate", 1, 30, range->frame_rate_default,
                       &media->frame_rate);
    if (!err)
        err = document_int(r, &here, object, "width", range->width_min, range->width_max,
                           range->width_default, &media->width);
    if (!err)
        err = document_int(r, &here, object, "height", range->height_min, range->height_max,
                           range->height_default, &media->height);
    return err;
}

static int take_layer(struct reader *r, const struct place *in, const json_t *object,
                      struct simulcast_layer *layer)
{
    const char *rid = json_get_text(object, "rid", "");
    const json_t *scale = json_object_get(object, "scaleResolutionDownBy");
    if (strlen(rid) != 1 || !strchr("fhq", rid[0]))
        return document_fail(r, in, "rid");
    layer->rid[0] = rid[0];
    layer->scale_resolution_down_by = scale ? json_number_value(scale) : 1.0;
    if (layer->scale_resolution_down_by < 1.0 || layer->scale_resolution_down_by > 12.0)
        return document_fail(r, in, "scaleResolutionDownBy");
    int err = document_int(r, in, object, "maxBitrate", 0, 2000, 0, &layer->max_bitrate_kbps);
    if (!err && document_absent(object, "maxFramerate"))
        return document_fail(r, in, "maxFramerate");
    return err ? err
               : document_int(r, in, object, "maxFramerate", 1, 30, 0, &layer->max_frame_rate);
}

// The letters are in the order f, h, q, which happens to be the alphabet's.
static bool follows(const struct simulcast_layer *layer, const struct simulcast_layer *before)
{
    return layer->rid[0] > before->rid[0] &&
           layer->scale_resolution_down_by > before->scale_resolution_down_by;
}

static int take_simulcast(struct reader *r, const struct place *in, const json_t *simulcast,
                          const char *kind, struct simulcast *out)
{
    const json_t *object;
    struct place here = {in, kind};
    int err = document_object(r, in, simulcast, kind, &object);
    if (err || document_absent(object, "layers"))
        return err;
    const json_t *layers = json_get_array(object, "layers");
    if (!layers || json_array_size(layers) > SIMULCAST_LAYERS_MAX)
        return document_fail(r, &here, "layers");
    struct place in_layers = {&here, "layers"};
    for (size_t i = 0; i < json_array_size(layers); i++) {
        struct simulcast_layer *layer = &out->layers[i];
        err = take_layer(r, &in_layers, json_array_get(layers, i), layer);
        if (err)
            return err;
        bool first = i == 0;
        if (first ? layer->rid[0] != 'f' || layer->scale_resolution_down_by != 1.0
                  : !follows(layer, layer - 1))
            return document_fail(r, &here, "layers");
    }
    out->layer_count = json_array_size(layers);
    return 0;
}

static int take_allowed(struct reader *r, const struct place *in, const json_t *params,
                        struct role *role)
{
    const json_t *allowed = json_get_array(params, "allowed");
    if (!allowed && !document_absent(params, "allowed"))
        return document_fail(r, in, "allowed");
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        role->allowed[kind] = !allowed;
    for (size_t i = 0; i < json_array_size(allowed); i++) {
        const char *name = json_string_value(json_array_get(allowed, i));
        int kind = name ? publish_kind_from_name(name) : ERR_MALFORMED;
        if (kind >= 0)
            role->allowed[kind] = true;
        else if (!name || strcmp(name, "simulcast") != 0) // which older documents carry
            return document_fail(r, in, "allowed");
    }
    return 0;
}

static int take_publish(struct reader *r, const struct place *in, const json_t *object,
                        struct role *role)
{
    struct place here = {in, "publishParams"};
    const json_t *params;
    const json_t *simulcast = NULL;
    int err = document_object(r, in, object, here.key, &params);
    if (!err)
        err = take_allowed(r, &here, params, role);
    for (int kind = 0; !err && kind < PUBLISH_KIND_COUNT; kind++)
        err = take_media(r, &here, params, kind, &role->media[kind]);
    if (!err)
        err = document_object(r, &here, params, "simulcast", &simulcast);
    struct place in_simulcast = {&here, "simulcast"};
    if (!err)
        err = take_simulcast(r, &in_simulcast, simulcast, "video", &role->video_simulcast);
    if (!err)
        err = take_simulcast(r, &in_simulcast, simulcast, "screen", &role->screen_simulcast);
    return err;
}

static int take_degradation(struct reader *r, const struct place *in, const json_t *params,
                            struct role *role)
{
    struct place here = {in, "subscribeDegradation"};
    const json_t *object;
    int err = document_object(r, in, params, here.key, &object);
    role->has_degradation = object != NULL;
    if (!err)
        err = document_int(r, &here, object, "packetLossThreshold", 1, 100, 50,
                           &role->degradation.packet_loss_threshold);
    if (!err)
        err = document_int(r, &here, object, "degradeGracePeriodSeconds", 1, 10, 1,
                           &role->degradation.degrade_grace_s);
    if (!err)
        err = document_int(r, &here, object, "recoverGracePeriodSeconds", 1, 10, 4,
                           &role->degradation.recover_grace_s);
    return err;
}

static int take_subscribe(struct reader *r, const struct place *in, const json_t *object,
                          struct role *role)
{
    struct place here = {in, "subscribeParams"};
    const json_t *params;
    int err = document_object(r, in, object, here.key, &params);
    if (!err)
        err = document_names(r, &here, params, "subscribeToRoles", &role->subscribe_to_roles);
    if (!err && document_absent(params, "subscribeToRoles")) {
        role->subscribe_to_roles = template_names(r->t, r->t->role_count);
        for (size_t i = 0; i < r->t->role_count; i++)
            role->subscribe_to_roles.at[i] = r->t->roles[i].name;
    }
    if (!err)
        err = document_int(r, &here, params, "maxSubsBitRate", 1, INT32_MAX, 3200,
                           &role->max_subscribe_bitrate_kbps);
    return err ? err : take_degradation(r, &here, params, role);
}

static int take_permissions(struct reader *r, const struct place *in, const json_t *object,
                            struct role *role)
{
    struct place here = {in, "permissions"};
    const json_t *permissions;
    int err = document_object(r, in, object, here.key, &permissions);
    for (int p = 0; !err && p < PERMISSION_COUNT; p++)
        err = document_bool(r, &here, permissions, permission_name(p), permission_default(p),
                            &role->permissions[p]);
    if (role->permissions[PERMISSION_POLL_WRITE])
        role->permissions[PERMISSION_POLL_READ] = true;
    return err;
}

static int take_role(struct reader *r, const struct place *in, const json_t *object,
                     struct role *role)
{
    struct place here = {in, role->name};
    if (!json_is_object(object))
        return document_fail(r, in, role->name);
    if (!document_absent(object, "name") &&
        strcmp(json_get_text(object, "name", ""), role->name) != 0)
        return document_fail(r, &here, "name");
    int err = take_publish(r, &here, object, role);
    if (!err)
        err = take_subscribe(r, &here, object, role);
    if (!err)
        err = take_permissions(r, &here, object, role);
    if (!err)
        err = document_int(r, &here, object, "priority", 1, 10, 1, &role->priority);
    if (!err)
        err = document_bool(r, &here, object, "waitingRoom", false, &role->waiting_room);
    if (!err)
        err = document_int(r, &here, object, "maxPeerCount", -1, INT32_MAX, 0,
                           &role->max_peer_count);
    return err;
}

// People who wait publish and see nothing, whatever else the role says.
static void hold_back(struct role *role)
{
    memset(role->allowed, 0, sizeof role->allowed);
    memset(role->permissions, 0, sizeof role->permissions);
    role->subscribe_to_roles.count = 0;
}

static int take_roles(struct reader *r, const json_t *document)
{
    const json_t *roles;
    const char *name;
    json_t *object;
    int err = document_object(r, NULL, document, "roles", &roles);
    if (err)
        return err;
    if (json_object_size(roles) > ROLES_PER_TEMPLATE_MAX)
        return document_fail(r, NULL, "roles");

    // All names first: a role that does not say subscribes to every role.
    template_set_roles(r->t, json_object_size(roles));
    size_t i = 0;
    json_object_foreach((json_t *)roles, name, object)
    {
        if (!name[0] || strlen(name) > ROLE_NAME_LEN_MAX ||
            text_weight(name) > 2 * ROLE_NAME_LEN_MAX || id_is_inherited(name))
            return document_fail(r, NULL, "roles");
        r->t->roles[i++].name = template_text(r->t, name);
    }
    struct place here = {NULL, "roles"};
    i = 0;
    json_object_foreach((json_t *)roles, name, object)
    {
        err = take_role(r, &here, object, &r->t->roles[i]);
        if (err)
            return err;
        if (r->t->roles[i].waiting_room)
            hold_back(&r->t->roles[i]);
        i++;
    }
    return 0;
}

static int take_region(struct reader *r, const struct place *in, const json_t *settings)
{
    return document_word(r, in, settings, "region", store_regions);
}

static int take_recording(struct reader *r, const struct place *in, const json_t *settings)
{
    static const char *const types[] = {"s3", "gs", "oss", "azure", "file", NULL};
    struct place here = {in, "recording"};
    struct place in_upload = {&here, "upload"};
    const json_t *recording, *upload = NULL, *ignored;
    int err = document_object(r, in, settings, here.key, &recording);
    if (!err)
        err = document_switch(r, &here, recording, "enabled");
    if (!err)
        err = document_object(r, &here, recording, in_upload.key, &upload);
    if (err || !upload)
        return err;
    if (!json_get_text(upload, "location", "")[0])
        return document_fail(r, &in_upload, "location");
    err = document_word(r, &in_upload, upload, "type", types);
    if (!err)
        err = document_word(r, &in_upload, upload, "prefix", NULL);
    if (!err)
        err = document_object(r, &in_upload, upload, "options", &ignored);
    return err ? err : document_object(r, &in_upload, upload, "credentials", &ignored);
}

static int take_settings(struct reader *r, const json_t *document)
{
    struct place here = {NULL, "settings"};
    struct place in_state = {&here, "roomState"};
    const json_t *settings;
    const json_t *state = NULL;
    int err = document_object(r, NULL, document, here.key, &settings);
    if (!err)
        err = take_region(r, &here, settings);
    if (!err)
        err = take_recording(r, &here, settings);
    if (!err)
        err = document_object(r, &here, settings, in_state.key, &state);
    if (!err)
        err = document_bool(r, &in_state, state, "enabled", false, &r->t->room_state.enabled);
    if (!err)
        err = document_bool(r, &in_state, state, "sendPeerList", false,
                            &r->t->room_state.send_peer_list);
    if (!err)
        err = document_bool(r, &in_state, state, "stopRoomStateOnJoin", true,
                            &r->t->room_state.stop_on_join);
    if (!err)
        err = document_int(r, &in_state, state, "messageInterval", 5, 3600, 5,
                           &r->t->room_state.interval_s);
    if (!err && r->t->room_state.interval_s % 5 != 0)
        err = document_fail(r, &in_state, "messageInterval");
    return err;
}

static int take_whiteboard(struct reader *r, const struct place *in, const json_t *plugins)
{
    struct place here = {in, "whiteboard"};
    struct place in_permissions = {&here, "permissions"};
    const json_t *whiteboard;
    const json_t *permissions = NULL;
    int err = document_object(r, in, plugins, here.key, &whiteboard);
    if (err || !whiteboard)
        return err;
    r->t->whiteboard.present = true;
    err = document_object(r, &here, whiteboard, in_permissions.key, &permissions);
    if (!err)
        err = document_names(r, &in_permissions, permissions, "admin", &r->t->whiteboard.admin);
    if (!err)
        err =
            document_names(r, &in_permissions, permissions, "writer", &r->t->whiteboard.writer);
    if (!err)
        err =
            document_names(r, &in_permissions, permissions, "reader", &r->t->whiteboard.reader);
    return err;
}

static int take_transcription(struct reader *r, const struct place *in, const json_t *plugins)
{
    struct place here = {in, "transcriptions"};
    struct place in_permissions = {&here, "permissions"};
    const json_t *transcription;
    const json_t *permissions = NULL;
    int err = document_object(r, in, plugins, here.key, &transcription);
    if (err || !transcription)
        return err;
    r->t->transcription.present = true;
    r->t->transcription.mode =
        template_text(r->t, json_get_text(transcription, "mode", "caption"));
    err = document_object(r, &here, transcription, in_permissions.key, &permissions);
    return err ? err
               : document_names(r, &in_permissions, permissions, "admin",
                                &r->t->transcription.admin);
}

// At the top; documents made after a malformed sample of the vendor have them in destinations.
static int take_plugins(struct reader *r, const json_t *document)
{
    struct place here = {NULL, "plugins"};
    struct place in_noise = {&here, "noiseCancellation"};
    const json_t *plugins;
    const json_t *noise = NULL;
    int err = document_object(r, NULL, document, here.key, &plugins);
    if (!err && !plugins)
        plugins = json_get_object(json_get_object(document, "destinations"), here.key);
    if (!err)
        err = take_whiteboard(r, &here, plugins);
    if (!err)
        err = take_transcription(r, &here, plugins);
    if (!err)
        err = document_object(r, &here, plugins, in_noise.key, &noise);
    return err ? err
               : document_bool(r, &in_noise, noise, "enabled", false,
                               &r->t->noise_cancellation);
}

// A document comes from a body and has its defaults written out: room for the largest template.
static const struct json_bounds document_bounds = {2 * JSON_DEPTH_MAX, DOCUMENT_MEMBERS_MAX,
                                                   JSON_STRING_MAX};

int store_document_read(struct bytes document, struct template **t,
                        char where[DOCUMENT_WHERE_MAX])
{
    struct reader r = {.where = where};
    json_t *object;
    where[0] = 0;
    if (json_read(document, &document_bounds, &object))
        return ERR_MALFORMED;
    r.t = template_new();
    int err = json_is_object(object) ? take_roles(&r, object) : ERR_MALFORMED;
    if (!err)
        err = take_settings(&r, object);
    if (!err)
        err = document_destinations(&r, object);
    if (!err)
        err = take_plugins(&r, object);
    json_decref(object);
    if (err) {
        template_free(r.t);
        return err;
    }
    *t = r.t;
    return 0;
}

int store_template_load(struct db *db, const char *id, struct template **t)
{
    struct arena arena = {0};
    struct store_template row;
    char where[DOCUMENT_WHERE_MAX];
    int err = store_template_get(db, id, &arena, &row);
    if (!err) {
        err = store_document_read(bytes_of(row.document), t, where);
        if (err)
            log_error("store", "template %s cannot be used: %s", id, where);
    }
    if (!err) {
        (*t)->id = template_text(*t, row.id);
        (*t)->name = template_text(*t, row.name);
    }
    arena_dispose(&arena);
    return err;
}
