// What a document leaves open, written out: whoever reads it over REST sees what holds.
#include "store/document.h"

#include "base/json.h"

static void set_member(json_t *object, const char *key, json_t *value)
{
    const json_t *present = json_object_get(object, key);
    if (!present || json_is_null(present))
        json_object_set_new(object, key, value);
    else
        json_decref(value);
}

// The object under `key`, made when it is absent.
static json_t *section(json_t *object, const char *key)
{
    set_member(object, key, json_object());
    return json_object_get(object, key);
}

static json_t *list_of(const struct names *names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->count; i++)
        json_array_append_new(list, json_string(names->at[i]));
    return list;
}

static void fill_media(json_t *params, enum publish_kind kind, const struct role_media *media)
{
    json_t *object = section(params, publish_kind_name(kind));
    set_member(object, "bitRate", json_integer(media->bitrate_kbps));
    set_member(object, "codec", json_string(media->codec));
    if (kind == PUBLISH_AUDIO)
        return;
    set_member(object, "frameRate", json_integer(media->frame_rate));
    set_member(object, "width", json_integer(media->width));
    set_member(object, "height", json_integer(media->height));
}

static void fill_publish(json_t *params, const struct role *role)
{
    json_t *allowed = json_array();
    for (int kind = 0; kind < PUBLISH_KIND_COUNT; kind++) {
        if (role->allowed[kind])
            json_array_append_new(allowed, json_string(publish_kind_name(kind)));
        fill_media(params, kind, &role->media[kind]);
    }
    set_member(params, "allowed", allowed);
    set_member(params, "simulcast", json_object());
}

static void fill_role(json_t *object, const struct role *role)
{
    set_member(object, "name", json_string(role->name));
    fill_publish(section(object, "publishParams"), role);
    json_t *subscribe = section(object, "subscribeParams");
    set_member(subscribe, "subscribeToRoles", list_of(&role->subscribe_to_roles));
    set_member(subscribe, "maxSubsBitRate", json_integer(role->max_subscribe_bitrate_kbps));
    json_t *permissions = section(object, "permissions");
    for (int p = 0; p < PERMISSION_COUNT; p++)
        set_member(permissions, permission_name(p), json_boolean(role->permissions[p]));
    set_member(object, "priority", json_integer(role->priority));
    set_member(object, "maxPeerCount", json_integer(role->max_peer_count));
}

void store_document_fill(json_t *document, const struct template *t)
{
    json_t *roles = section(document, "roles");
    for (size_t i = 0; i < t->role_count; i++)
        fill_role(json_object_get(roles, t->roles[i].name), &t->roles[i]);

    json_t *settings = section(document, "settings");
    set_member(settings, "region", json_string("auto"));
    set_member(settings, "recording", json_null());
    json_t *state = section(settings, "roomState");
    set_member(state, "messageInterval", json_integer(t->room_state.interval_s));
    set_member(state, "sendPeerList", json_boolean(t->room_state.send_peer_list));
    set_member(state, "stopRoomStateOnJoin", json_boolean(t->room_state.stop_on_join));
    set_member(state, "enabled", json_boolean(t->room_state.enabled));
    set_member(settings, "retry", json_object());
    section(document, "destinations");
    section(document, "plugins");
}
