// One meeting: who is in, since when, as what. Every change of who is in enters here, whichever
// door it came by.
#pragma once

#include "room/admission.h"
#include "room/event.h"
#include "room/live.h"

// --- Coming and going ---

// Lets the peer in: PEER_JOINING until media_answered(), or joined at once without an offer.
// The only offer of a peer that does not signal is in the wish, with all that it publishes.
// EVENT_ANSWERED with `request` follows in any case. Somebody who is in already has lost the
// answer to its first try: it leaves and joins anew, in the role that it has by now. Returns 0;
// ERR_REFUSED with `why` set when it may not come in; ERR_FULL for a name or metadata over its
// bound.
int room_join(struct room *room, const struct join_wish *wish, uint64_t request,
              struct moment now, struct event_list *events, struct peer **peer,
              enum admission *why);

// A peer that was joining does not come in, and is gone.
void room_fail_join(struct peer *peer, const char *why, struct moment now,
                    struct event_list *events);

void room_leave(struct peer *peer, enum leave_reason reason, struct moment now,
                struct event_list *events);

// Somebody makes the peer go: `by` is their peer id, "" the back end or the server itself, and
// `why` what they said.
struct expulsion {
    enum leave_reason reason; // LEAVE_REMOVED, LEAVE_ROOM_ENDED
    const char *by;
    const char *why;
};

void room_expel(struct peer *peer, const struct expulsion *expulsion, struct moment now,
                struct event_list *events);

// The peer's socket is gone: it stays for RECONNECT_GRACE_MS, media goes on. One that has not
// joined yet leaves at once.
void room_detach(struct peer *peer, struct moment now, struct event_list *events);
// A new socket speaks for the peer: its bearer showed the peer's token, as admission_of() said.
// An offer of ours that the old one may have lost is repeated. When that one still looked open
// it is told: EVENT_TAKEN_OVER.
void room_attach(struct peer *peer, struct event_list *events);

// Whether a name and metadata are within their bounds; NULL is.
bool room_texts_fit(const char *name, const char *metadata);

// NULL leaves as it is. Returns 0, or ERR_FULL beyond a bound.
int room_update_peer(struct peer *peer, const char *name, const char *metadata,
                     struct moment now, struct event_list *events);

size_t room_track_count(const struct room *room); // announced ones

// Nobody comes in any more, until the record says otherwise; those who are in stay.
void room_disable(struct room *room);

// --- Staying ---

// A room is forgotten when nobody is in it and nobody holds it. Events may name it later: they
// know its number only.
void room_hold(struct room *room);
void room_release(struct room *room);

// Takes the room out of the tables with everybody in it, and tells nobody.
void room_forget(struct room *room);

// What is stored of the room's codes: those that are disabled. Takes `codes`; NULL: none.
void room_set_codes(struct room *room, struct room_codes *codes);
// One of them was changed.
void room_set_code(struct room *room, const char *code_id, bool is_disabled);

// The room's template was changed, or another was given to it. Peers that come in
// or get a role go by the new one from now on; those who are in go on by what they have, also
// in a role that is no more. Takes `template`.
void room_take_template(struct room *room, struct template *template);

// --- For the other files of room/ only ---

// `role` is one of `template`. What the peer went by may be freed.
void room_set_role(struct peer *peer, struct template *template, const struct role *role);

struct peer *room_add_peer(struct room *room, const struct join_wish *wish,
                           struct template *template, const struct role *role);
// The first offer was accepted: the peer is in.
void room_admit(struct peer *peer, const char *answer, struct moment now,
                struct event_list *events);
// A peer that joined without an offer, or whose connections are lost, sends one after all.
void room_open_media(struct peer *peer, struct event_list *events);
// Takes the peer and its tracks out of all tables and frees them.
void room_drop_peer(struct peer *peer);
void room_forget_if_idle(struct room *room);
