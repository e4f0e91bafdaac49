#include "signal/state.h"

#include "base/id.h"

#include <string.h>

// --- Writing ---

void shape_tracks(struct json_out *j, const struct track_wish *tracks, size_t count)
{
    json_open(j, '{');
    for (size_t i = 0; i < count; i++) {
        const struct track_wish *track = &tracks[i];
        json_key(j, track->id);
        json_open(j, '{');
        json_member_string(j, "type", track->type == TRACK_AUDIO ? "audio" : "video");
        json_member_string(j, "source", track->source);
        json_member_string(j, "description", track->description);
        json_member_bool(j, "mute", track->muted);
        json_member_string(j, "track_id", track->id);
        json_member_string(j, "stream_id", track->stream_id);
        json_close(j, '}');
    }
    json_close(j, '}');
}

void shape_node(struct json_out *j, const struct signal *s)
{
    if (s->node_id[0])
        json_member_string(j, "sfu_node_id", s->node_id);
}

void shape_peer_info(struct json_out *j, const struct peer_view *peer)
{
    json_member_string(j, "peer_id", peer->id);
    json_member_string(j, "role", peer->role);
    json_member_strings(j, "groups", peer->groups, peer->group_count);
    json_key(j, "info");
    json_open(j, '{');
    json_member_string(j, "name", peer->name);
    json_member_string(j, "data", peer->metadata);
    json_member_string(j, "user_id", peer->user_id);
    json_member_string(j, "type", "regular");
    json_close(j, '}');
}

// Without `realtime` the client drops and re-adds peers that it knows.
void shape_peer(struct json_out *j, const struct peer_view *peer,
                const struct shape_tracks *tracks)
{
    json_open(j, '{');
    shape_peer_info(j, peer);
    json_member_int(j, "joined_at", peer->joined_at);
    if (tracks) {
        json_key(j, "tracks");
        shape_tracks(j, tracks->list, tracks->count);
    }
    json_member_bool(j, "realtime", true);
    json_close(j, '}');
}

void shape_peer_brief(struct json_out *j, const struct peer_view *peer)
{
    struct peer_view brief = *peer;
    if (text_weight(brief.metadata) > METADATA_SHORT_MAX)
        brief.metadata = "";
    shape_peer_info(j, &brief);
}

struct peer_view shape_view(const struct peer *peer)
{
    return (struct peer_view){
        .number = peer->number,
        .id = peer->id,
        .role = peer->role->name,
        .name = peer->name,
        .metadata = peer->metadata,
        .user_id = peer->user_id,
        .groups = (const char *const *)peer->groups,
        .group_count = peer->group_count,
        .waits = peer->role->waiting_room,
        .is_told = peer->is_told,
        .joined_at = peer->joined_at,
    };
}

static void put_disabled(struct json_out *j, const char *key)
{
    json_key(j, key);
    json_open(j, '{');
    json_member_bool(j, "enabled", false);
    json_close(j, '}');
}

// Nothing records or streams yet, and the client wants to be told so. SDKs of 2021 call the
// recording by a browser "beam".
void shape_room_state(struct json_out *j, const struct room *room)
{
    json_open(j, '{');
    json_member_string(j, "name", room->record.name);
    if (room->session_id[0]) {
        json_member_string(j, "session_id", room->session_id);
        json_member_int(j, "started_at", room->started_at);
    }
    json_key(j, "recording");
    json_open(j, '{');
    put_disabled(j, "sfu");
    put_disabled(j, "browser");
    put_disabled(j, "beam");
    put_disabled(j, "hls");
    json_close(j, '}');
    json_key(j, "streaming");
    json_open(j, '{');
    json_member_bool(j, "enabled", false);
    put_disabled(j, "rtmp");
    json_key(j, "hls");
    json_open(j, '{');
    json_member_bool(j, "enabled", false);
    json_key(j, "variants");
    json_open(j, '[');
    json_close(j, ']');
    json_close(j, '}');
    json_close(j, '}');
    json_key(j, "transcriptions");
    json_open(j, '[');
    json_close(j, ']');
    json_close(j, '}');
}

// --- Reading ---

// Cuts at a bound, but not inside a character.
static void copy_text(char *to, size_t max, const char *text)
{
    size_t len = strlen(text);
    if (len > max) {
        len = max;
        while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(to, text, len);
    to[len] = 0;
    text_make_line(to);
}

// What would have to be escaped is in no msid: RFC 8830 section 2, token-char of RFC 8866.
static bool is_msid(const char *text)
{
    size_t len = strlen(text);
    return len <= TRACK_ID_LEN_MAX && text_weight(text) == len;
}

static bool is_id(const char *text)
{
    return text[0] && is_msid(text) && !id_is_inherited(text);
}

static bool read_track(const char *key, const json_t *track, struct track_wish *wish)
{
    const char *id = json_get_text(track, "track_id", key);
    const char *stream_id = json_get_text(track, "stream_id", "");
    const char *type = json_get_text(track, "type", "");
    bool is_audio = strcmp(type, "audio") == 0;

    if (!is_id(id) || !is_msid(stream_id) || (!is_audio && strcmp(type, "video") != 0))
        return false;
    *wish = (struct track_wish){
        .type = is_audio ? TRACK_AUDIO : TRACK_VIDEO,
        .muted = json_get_bool(track, "mute", false),
    };
    copy_text(wish->id, TRACK_ID_LEN_MAX, id);
    copy_text(wish->stream_id, TRACK_ID_LEN_MAX, stream_id);
    copy_text(wish->source, TRACK_SOURCE_LEN_MAX, json_get_text(track, "source", "regular"));
    copy_text(wish->description, TRACK_DESCRIPTION_LEN_MAX,
              json_get_text(track, "description", ""));
    return true;
}

size_t shape_read_tracks(const json_t *tracks, struct arena *arena,
                         const struct track_wish **list)
{
    size_t cap = json_object_size(tracks), count = 0;
    if (cap > SDP_LIVE_SECTIONS_MAX) // no offer can carry more
        cap = SDP_LIVE_SECTIONS_MAX;
    struct track_wish *wishes = arena_alloc(arena, cap * sizeof *wishes);

    const char *key;
    json_t *track;
    json_object_foreach((json_t *)tracks, key, track)
    {
        if (count < cap && read_track(key, track, &wishes[count]))
            count++;
    }
    *list = wishes;
    return count;
}
