// Chat and the app's own messages: to all others, to roles, or to one. Chat is kept for late
// joiners where the room is made so (chat_history.h).
#pragma once

#include "room/event.h"
#include "room/live.h"

enum { CHAT_TYPE_LEN_MAX = 64 };

struct chat_wish {
    const char *type;    // "chat", "EMOJI_REACTION", ...
    const char *message; // text, often JSON
    const char *peer_id; // to this peer only; NULL for none
    const char *const *roles;
    size_t role_count; // 0: to all
};

// What the sender is told; the receivers learn the same.
struct chat_receipt {
    char message_id[UUID_LEN + 1];
    int64_t sent_at; // ms since the Unix epoch
};

// Never goes to the sender itself, who keeps a copy of its own. Returns 0, ERR_FULL beyond a
// bound, ERR_NOT_FOUND when the peer is not in the room, ERR_REFUSED for one who waits
// to be let in.
int chat_send(struct peer *from, const struct chat_wish *wish, struct moment now,
              struct event_list *events, struct chat_receipt *receipt);

// The same by the application's back end: a message without a sender.
int chat_announce(struct room *room, const struct chat_wish *wish, struct moment now,
                  struct event_list *events);
