// Sessions that go on after the process that held them ended: what store/snapshot wrote down is
// built up again here. The peers wait for their clients like others whose socket dropped: they
// have no connections and publish nothing until the client has made both anew.
//
//     room_restore()  session_store_restore() ...  chat_history_restore() ...
//     room_restore_peer() ...  poll_restore() ...  room_restored()
//
// room/past.h takes the same structs out of a session that runs.
//
// What was written is input like any other. Roles, the template and the room may have changed
// since, and a row may be damaged: each of these looks at all that it is given, and what does
// not fit is left out. Those who come back are told of nothing: to them, nothing has happened.
#pragma once

#include "room/rooms.h"

struct past_session {
    const char *id;
    int64_t started_at;         // ms since the Unix epoch
    int64_t last_value_version; // of the session store, as is `has_unset`
    bool has_unset;
    uint64_t chat_forgotten;          // how many were in the chat history before its first
    const struct token_hash *removed; // tokens of those who were, the first to be removed first
    size_t removed_count;
};

// Makes the room live with a session that runs. Takes `template`. room_release() it when all
// that was in it is restored: without a peer it is forgotten then. Returns NULL, and frees the
// template, when the room is live already or the session is none.
struct room *room_restore(struct rooms *rooms, const struct room_record *record,
                          struct template *template, const struct past_session *session,
                          struct moment now);

struct past_peer {
    uint64_t number; // which the order of joining goes by; 0: not known
    const char *id;
    const char *user_id;
    const char *name;
    const char *metadata;
    const char *token_role;
    struct token_hash token; // of no token: nobody could prove to be this peer
    const char *role;        // the present one
    int64_t joined_at;
    bool was_told; // of to the others
    bool had_media;
    bool auto_video;
    bool on_demand;
    const char *const *wanted; // ids of tracks
    size_t wanted_count;
    bool saw_all_chat;
    uint64_t chat_seen;          // the last message that it got, else
    const char *const *observed; // keys of the session store
    size_t observed_count;
    const char *const *groups;
    size_t group_count;
};

// It has RECONNECT_GRACE_MS from `now` to come back. Returns 0; ERR_NOT_FOUND when the template
// has one of its roles no more; ERR_REFUSED when no token is known that it came in with;
// ERR_MALFORMED or ERR_EXISTS for what no room has written. Then it is not in.
int room_restore_peer(struct room *room, const struct past_peer *past, struct moment now);

// All that fits is in: what the session says of those who are in is true of them again.
void room_restored(struct room *room, struct moment now);
