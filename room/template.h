// What a template says about the meetings made from it: roles, their permissions and media
// quality, and a few settings. store/document reads it from JSON, signal/policy tells it to
// clients. spec: the REST object of a template, camelCase there.
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

enum { SIMULCAST_LAYERS_MAX = 3, SIMULCAST_RID_MAX = 1 };

// What a role may do to others and to the meeting. The order is that of the table of names.
enum permission {
    PERMISSION_END_ROOM,
    PERMISSION_REMOVE_OTHERS,
    PERMISSION_MUTE,
    PERMISSION_UNMUTE,
    PERMISSION_CHANGE_ROLE,
    PERMISSION_SEND_ROOM_STATE, // despite its name: receives the room's state in a preview
    PERMISSION_POLL_READ,
    PERMISSION_POLL_WRITE, // includes PERMISSION_POLL_READ
    PERMISSION_BROWSER_RECORDING,
    PERMISSION_RTMP_STREAMING,
    PERMISSION_HLS_STREAMING,
    PERMISSION_COUNT
};

const char *permission_name(enum permission p); // "endRoom"
int permission_from_name(const char *name);     // an enum permission, or ERR_NOT_FOUND
bool permission_default(enum permission p);     // of a role that does not say

// What can be published; indexes the arrays of struct role.
enum publish_kind { PUBLISH_AUDIO, PUBLISH_VIDEO, PUBLISH_SCREEN, PUBLISH_KIND_COUNT };

const char *publish_kind_name(enum publish_kind kind); // "audio", "video", "screen"
int publish_kind_from_name(const char *name);          // or ERR_NOT_FOUND

// Quality asked of a publisher. 0 means "not said" everywhere.
struct role_media {
    int bitrate_kbps;
    const char *codec; // "opus", "vp8"; "" when not said
    int frame_rate;    // the pictures: 0 for audio
    int width;
    int height;
};

struct simulcast_layer {
    char rid[SIMULCAST_RID_MAX + 1]; // "f", "h", "q"
    double scale_resolution_down_by;
    int max_bitrate_kbps; // 0: not said
    int max_frame_rate;
};

struct simulcast {
    struct simulcast_layer layers[SIMULCAST_LAYERS_MAX];
    size_t layer_count; // 0: one encoding
};

struct names {
    const char **at;
    size_t count;
};

struct role {
    const char *name;
    int priority;       // 1 is the highest
    int max_peer_count; // -1: nobody, 0: no limit
    bool waiting_room;  // whoever has this role waits to be let in: see room/waiting.h
    bool allowed[PUBLISH_KIND_COUNT];
    struct role_media media[PUBLISH_KIND_COUNT];
    struct simulcast video_simulcast;
    struct simulcast screen_simulcast;
    struct names subscribe_to_roles;
    int max_subscribe_bitrate_kbps;
    bool has_degradation;
    struct {
        int packet_loss_threshold; // percent
        int degrade_grace_s;
        int recover_grace_s;
    } degradation;
    bool permissions[PERMISSION_COUNT];
};

// settings.roomState: what those who only look on are told.
struct room_state_settings {
    bool enabled;
    bool send_peer_list;
    bool stop_on_join; // else also those who have joined
    int interval_s;
};

// Shared by the live rooms made from it and by the peers in them: nobody changes it then.
struct template
{
    int holders;
    struct arena arena; // holds every string and array below
    const char *id;
    const char *name;
    struct role *roles; // in the order of the template
    size_t role_count;  // up to ROLES_PER_TEMPLATE_MAX

    struct room_state_settings room_state;

    struct { // plugins.whiteboard.permissions
        bool present;
        struct names admin;
        struct names writer;
        struct names reader;
    } whiteboard;

    struct { // plugins.transcriptions
        bool present;
        const char *mode; // "caption"
        struct names admin;
    } transcription;

    bool noise_cancellation; // plugins.noiseCancellation.enabled
};

struct template *template_new(void); // held once
struct template *template_hold(struct template *t);
void template_free(struct template *t); // lets go; the last one frees it; NULL is fine

// A copy of `text` that lives as long as the template.
const char *template_text(struct template *t, const char *text);
// Room for `count` roles, each with the default permissions, which the caller fills.
void template_set_roles(struct template *t, size_t count);
// Room for `count` names, each NULL, which the caller fills with template_text().
struct names template_names(struct template *t, size_t count);

const struct role *template_role(const struct template *t, const char *name); // or NULL
// The place of `role` in `t`; where it is of another template, of the one that has its name.
// ERR_NOT_FOUND: there is none.
int template_place(const struct template *t, const struct role *role);
bool names_contain(const struct names *names, const char *name);
// Whether somebody with `role` may publish such a track. Nobody who waits to be let in may.
bool role_publishes(const struct role *role, enum publish_kind kind);
// Whether somebody with `role` gets the media of somebody with `of`. Nobody who waits to be let
// in gets or gives any, whatever the roles say.
bool role_gets(const struct role *role, const struct role *of);
// Whether a message may name all of these, be they roles or not.
bool role_names_fit(const char *const *names, size_t count);
