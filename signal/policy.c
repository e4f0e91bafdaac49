// The policy: what each role may do and how it should publish. The
// SDK is unforgiving here: an object missing for an allowed kind, or a bitRate of 0, makes
// publishing fail as a whole, audio included.
#include "signal/state.h"

#include <stdio.h>
#include <string.h>

static void put_names(struct json_out *j, const char *key, const struct names *names)
{
    json_member_strings(j, key, (const char *const *)names->at, names->count);
}

static void put_if_said(struct json_out *j, const char *key, int value)
{
    if (value > 0)
        json_member_int(j, key, value);
}

static void put_media(struct json_out *j, const char *key, const struct role_media *media)
{
    json_key(j, key);
    json_open(j, '{');
    put_if_said(j, "bitRate", media->bitrate_kbps);
    if (media->codec[0])
        json_member_string(j, "codec", media->codec);
    put_if_said(j, "frameRate", media->frame_rate);
    put_if_said(j, "width", media->width);
    put_if_said(j, "height", media->height);
    json_close(j, '}');
}

static void put_layers(struct json_out *j, const struct simulcast *simulcast)
{
    json_key(j, "layers");
    json_open(j, '[');
    for (size_t i = 0; i < simulcast->layer_count; i++) {
        const struct simulcast_layer *layer = &simulcast->layers[i];
        char scale[32];
        int len = snprintf(scale, sizeof scale, "%g", layer->scale_resolution_down_by);
        json_open(j, '{');
        json_member_string(j, "rid", layer->rid);
        json_key(j, "scaleResolutionDownBy");
        json_put_verbatim(j, (struct bytes){(const uint8_t *)scale, (size_t)len});
        put_if_said(j, "maxBitrate", layer->max_bitrate_kbps);
        put_if_said(j, "maxFramerate", layer->max_frame_rate);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_simulcast(struct json_out *j, const char *key,
                          const struct simulcast *simulcast)
{
    if (simulcast->layer_count == 0)
        return;
    json_key(j, key);
    json_open(j, '{');
    put_layers(j, simulcast);
    json_close(j, '}');
}

// The same for SDKs until 2022, which want the object in any case. They multiply each
// maxBitrate, so that one which is missing would become a bit rate of 0.
static void put_old_simulcast(struct json_out *j, const char *key,
                              const struct role_media *media, const struct simulcast *simulcast)
{
    bool is_complete = simulcast->layer_count > 0;
    for (size_t i = 0; i < simulcast->layer_count; i++)
        is_complete &= simulcast->layers[i].max_bitrate_kbps > 0;
    json_key(j, key);
    json_open(j, '{');
    if (is_complete) {
        put_if_said(j, "width", media->width);
        put_if_said(j, "height", media->height);
        put_layers(j, simulcast);
    }
    json_close(j, '}');
}

static void put_publish_params(struct json_out *j, const struct role *role)
{
    json_key(j, "publishParams");
    json_open(j, '{');
    json_key(j, "allowed");
    json_open(j, '[');
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++) {
        if (role_publishes(role, kind))
            json_put_string(j, publish_kind_name(kind));
    }
    json_close(j, ']');
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++)
        put_media(j, publish_kind_name(kind), &role->media[kind]);
    json_key(j, "simulcast");
    json_open(j, '{');
    put_simulcast(j, "video", &role->video_simulcast);
    put_simulcast(j, "screen", &role->screen_simulcast);
    json_close(j, '}');
    put_old_simulcast(j, "videoSimulcastLayers", &role->media[PUBLISH_VIDEO],
                      &role->video_simulcast);
    put_old_simulcast(j, "screenSimulcastLayers", &role->media[PUBLISH_SCREEN],
                      &role->screen_simulcast);
    json_close(j, '}');
}

static void put_subscribe_params(struct json_out *j, const struct role *role)
{
    json_key(j, "subscribeParams");
    json_open(j, '{');
    put_names(j, "subscribeToRoles", &role->subscribe_to_roles);
    put_if_said(j, "maxSubsBitRate", role->max_subscribe_bitrate_kbps);
    if (role->has_degradation) {
        json_key(j, "subscribeDegradation");
        json_open(j, '{');
        json_member_int(j, "packetLossThreshold", role->degradation.packet_loss_threshold);
        json_member_int(j, "degradeGracePeriodSeconds", role->degradation.degrade_grace_s);
        json_member_int(j, "recoverGracePeriodSeconds", role->degradation.recover_grace_s);
        json_close(j, '}');
    }
    json_close(j, '}');
}

// SDKs until 2022 take the last three, which newer ones do not know, for granted when they are
// not told.
static void put_permissions(struct json_out *j, const struct role *role,
                            const struct engines *engines)
{
    bool rtmp = engine_grants(engines, role, PERMISSION_RTMP_STREAMING);
    bool hls = engine_grants(engines, role, PERMISSION_HLS_STREAMING);
    json_key(j, "permissions");
    json_open(j, '{');
    for (int p = 0; p < PERMISSION_COUNT; p++)
        json_member_bool(j, permission_name(p), engine_grants(engines, role, p));
    json_member_bool(j, "recording",
                     engine_grants(engines, role, PERMISSION_BROWSER_RECORDING));
    json_member_bool(j, "streaming", rtmp || hls);
    json_member_bool(j, "rtmp", rtmp);
    json_close(j, '}');
}

static void put_role(struct json_out *j, const struct role *role, const struct engines *engines)
{
    json_key(j, role->name);
    json_open(j, '{');
    json_member_string(j, "name", role->name);
    json_member_int(j, "priority", role->priority);
    put_publish_params(j, role);
    put_subscribe_params(j, role);
    put_permissions(j, role, engines);
    json_member_int(j, "maxPeerCount", role->max_peer_count);
    if (role->waiting_room)
        json_member_bool(j, "waitingRoom", true);
    json_close(j, '}');
}

static void put_plugins(struct json_out *j, const struct template *template,
                        const struct engines *engines)
{
    json_key(j, "plugins");
    json_open(j, '{');
    if (template->whiteboard.present && engines->has[ENGINE_WHITEBOARD]) {
        json_key(j, "whiteboard");
        json_open(j, '{');
        json_key(j, "permissions");
        json_open(j, '{');
        put_names(j, "admin", &template->whiteboard.admin);
        put_names(j, "writer", &template->whiteboard.writer);
        put_names(j, "reader", &template->whiteboard.reader);
        json_close(j, '}');
        json_close(j, '}');
    }
    if (template->transcription.present && engines->has[ENGINE_TRANSCRIPTION]) {
        json_key(j, "transcriptions");
        json_open(j, '[');
        json_open(j, '{');
        json_member_string(j, "mode", template->transcription.mode);
        json_key(j, "permissions");
        json_open(j, '{');
        put_names(j, "admin", &template->transcription.admin);
        json_close(j, '}');
        json_close(j, '}');
        json_close(j, ']');
    }
    json_key(j, "noiseCancellation");
    json_open(j, '{');
    json_member_bool(j, "enabled", template->noise_cancellation);
    json_close(j, '}');
    json_close(j, '}');
}

void policy_write(struct json_out *j, const struct template *template, const char *role,
                  const struct engines *engines)
{
    json_open(j, '{');
    json_member_string(j, "name", role);
    json_member_string(j, "template_id", template->id);
    json_key(j, "known_roles");
    json_open(j, '{');
    for (size_t i = 0; i < template->role_count; i++)
        put_role(j, &template->roles[i], engines);
    json_close(j, '}');
    put_plugins(j, template, engines);
    json_key(j, "app_data");
    json_open(j, '{');
    json_close(j, '}');
    json_close(j, '}');
}
