// The lite agent of RFC 8445: it answers checks, and the peer (who is controlling) chooses the
// path. Whatever address an authenticated check comes from is a path, peer-reflexive ones
// included. A NAT that rebinds gives a peer another address without the peer's knowledge:
// Firefox nominates once and never again, so media follows what is authentic as soon as nothing
// comes from the nominated address any more. Chromium nominates with each check, but those of a
// pair that works are seconds apart: when it leaves one that works in one direction only, its
// media comes from the other pair long before its word does. So media goes to where media comes
// from, too.
//
// A client, which knows the credentials, can easily forge a source address, and a check
// with the address of somebody else must not send them a meeting's media: nothing of it is
// asked for, and 100 octets would bring megabytes. So once the handshake has begun, which shows
// that its path leads to the peer, media moves to another only when something that we sent
// there was answered. A lite agent need not send checks (RFC 8445 section 2.5) but may, and
// whoever gets one has to answer (section 7.3): each check from an address that is not proven
// yet is answered, and asks back. Without an answer media stays where it is.
#pragma once

#include "base/addr.h"
#include "base/batch.h"
#include "base/bytes.h"
#include "base/limits.h"
#include "base/rng.h"
#include "rtc/stun.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ICE_PATHS_MAX = 8,    // checked addresses; at the bound the one silent for longest goes
    ICE_SOURCES_MAX = 16, // addresses whose checks are counted; same at the bound
    // Then the selected path is silent. Chromium checks the pair that it uses every 2.5 s, and
    // its spare ones more rarely, without nominating them: these must not draw media.
    ICE_PATH_SILENCE_US = 3 * 1000 * 1000,
    // Peers send media over one pair: where it comes from another path while none came from the
    // selected one for so long, they have changed it.
    ICE_MEDIA_SILENCE_US = 500 * 1000,
    // After a move, before the next without a nomination: what was under way comes late.
    ICE_FOLLOW_INTERVAL_US = 1000 * 1000,
    // Between two checks of ours to one address: clients check as often while a path is new.
    ICE_ASK_INTERVAL_US = 50 * 1000,
};

struct ice_credentials {
    char ufrag[ICE_UFRAG_LEN + 1];
    char pwd[ICE_PWD_LEN + 1];
};

// That what is sent to a path arrives at the peer.
struct ice_proof {
    bool is_asked;
    int64_t asked_at; // the last time
    bool is_given;
    uint8_t transaction[STUN_TRANSACTION_LEN]; // which nobody knows who has not received it
};

// Counts the checks from one source, right or wrong.
struct ice_source {
    struct addr from;
    int64_t window_at;
    uint32_t in_window;
};

struct ice_agent {
    struct ice_credentials local;
    struct ice_credentials old; // of before a restart, until a new path is nominated; else ""
    char remote_ufrag[257];     // "" until the peer's description is known
    char remote_pwd[257];
    uint8_t worker;
    struct rng *rng;

    struct addr paths[ICE_PATHS_MAX]; // each passed an authenticated check
    int64_t heard_at[ICE_PATHS_MAX];
    int64_t media_at[ICE_PATHS_MAX]; // the last time that something else than a check came
    bool fresh[ICE_PATHS_MAX];       // checked under `local`, not `old`
    struct ice_proof proofs[ICE_PATHS_MAX];
    uint32_t path_count;
    uint32_t generation; // grows whenever `paths` changes

    bool has_selected;
    bool nominated; // `selected` was chosen by the peer, not just the last one that worked
    struct addr selected;
    int64_t moved_at; // when another than before became it
    bool wants_proof; // from now on only what is proven becomes it
    bool is_wanted;
    struct addr wanted; // what the peer nominated, until it is proven

    struct ice_source sources[ICE_SOURCES_MAX];
};

enum ice_result {
    ICE_IGNORED,   // a response or an indication: nothing to do
    ICE_ANSWERED,  // authentic, and answered; `from` is checked
    ICE_PROVEN,    // the answer to a check of ours
    ICE_ERROR,     // authentic, and answered with an error; `from` is not checked
    ICE_MALFORMED, // not STUN, or not authentic: no answer
    ICE_TOO_MANY,  // over ICE_CHECKS_PER_SECOND from this source
};

void ice_init(struct ice_agent *a, uint8_t worker, struct rng *rng); // keeps `rng`

// What the peer's description says; "" for neither.
void ice_set_remote(struct ice_agent *a, const char *ufrag, const char *pwd);
// The handshake begins, on the selected path or where none is; and is done.
void ice_want_proof(struct ice_agent *a);
void ice_prove_selected(struct ice_agent *a);

// New local credentials. The paths and the old credentials serve until the peer nominates a
// path under the new ones. RFC 8445 section 9.
void ice_restart(struct ice_agent *a, struct rng *rng);

// The peer is out of reach: whatever address it comes back from, that is its path then. The
// credentials stay.
void ice_forget_paths(struct ice_agent *a);

bool ice_has_ufrag(const struct ice_agent *a, struct bytes ufrag);

enum ice_result ice_receive(struct ice_agent *a, const struct addr *from, struct bytes datagram,
                            int64_t now, struct batch *out);

// Whether `from` passed an authenticated check. An authenticated packet of another protocol is
// told with ice_heard(), so that a path in use is not the one that makes room, and not left as
// silent. This, a check and an answer may move `selected`.
bool ice_is_checked(const struct ice_agent *a, const struct addr *from);
void ice_heard(struct ice_agent *a, const struct addr *from, int64_t now);
// Whether something authentic came from there later than `since`.
bool ice_heard_since(const struct ice_agent *a, const struct addr *from, int64_t since);
