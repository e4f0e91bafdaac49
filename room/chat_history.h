// What was said before somebody came: the last messages of type "chat" of a session, as many as
// the room is made to keep. A late joiner gets those that it may read, with the ids, times and
// senders that they had.
#pragma once

#include "base/id.h"
#include "base/token_hash.h"
#include "room/event.h"
#include "room/live.h"

#define CHAT_TYPE_TEXT "chat" // what people write; other types are the app's

// A message as it was sent. Its sender may have left since.
struct past_message {
    struct past_message *next; // the one after it; set by chat_history_add()
    uint64_t number;           // as well: 1 is the first of the session
    char message_id[UUID_LEN + 1];
    int64_t sent_at; // ms since the Unix epoch
    struct {         // all "": the application's back end
        char *peer_id;
        char *user_id;
        char *name;
        char *role;
        struct token_hash token; // unknown: as old as a server that kept none, as is `to_token`
    } from;
    char *text;
    char *to_peer_id; // NULL when it was not private
    struct token_hash to_token;
    char **roles; // those it was addressed to
    size_t role_count;
};

// Keeps a copy of `message`, and forgets the oldest beyond the room's number and
// CHAT_HISTORY_SIZE_MAX.
void chat_history_add(struct room *room, const struct past_message *message);

// The same with one as it was before a restart. Returns 0, or ERR_MALFORMED for what nobody can
// have sent.
int chat_history_restore(struct room *room, const struct past_message *message);

// Tells the peer what it may read of the messages after number `after`: all of them are after
// 0. A message to roles is for whoever has one of them now; a private one for the same peer
// with the same token, as anybody may take an id that is free; both for the one who sent it.
void chat_history_tell(const struct peer *peer, uint64_t after, struct event_list *events);

// --- For the other files of room/ only ---

void chat_history_dispose(struct chat_history *history);
