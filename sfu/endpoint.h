// One peer connection. A person has two: one to publish, one to subscribe, so the two sides
// never offer at the same time.
#pragma once

#include "base/list.h"
#include "base/timers.h"
#include "rtc/negotiate.h"
#include "rtc/transport.h"
#include "sfu/command.h"
#include "sfu/demux.h"
#include "sfu/shared.h"
#include "sfu/strays.h"
#include "sfu/tick.h"

#include <stdint.h>

struct publisher;
struct subscriber;

struct endpoint {
    uint64_t id;
    struct shared *shared;
    struct meeting *meeting;
    struct transport *transport;
    enum endpoint_kind kind;
    enum transport_state state;     // as of the last notice
    struct transport_remote remote; // as last described; without ufrag before
    int64_t heard_at;               // the last datagram that the transport did not drop
    uint16_t sctp_port;             // the peer's, as described; 0: it has no data channel
    union {
        struct publisher *publisher;
        struct subscriber *subscriber;
    };
    struct timer timer;
    struct demux_names names;
    struct strays strays;
    uint32_t generation; // of the transport addresses that demux knows
    uint64_t session_id; // of the o= line
    uint64_t session_version;
    struct list link; // in shared.closed_endpoints once closed
};

struct endpoint *endpoint_open(struct shared *s, struct meeting *meeting,
                               const struct command *command, const struct tick *tick);
// Ends its tracks or feeds, says goodbye, and moves it to shared.closed_endpoints.
void endpoint_close(struct endpoint *e, const struct tick *tick);
void endpoint_free(struct endpoint *e); // one that was closed

// A datagram that is not media of a connected transport.
void endpoint_receive(struct endpoint *e, const struct addr *from, uint8_t *datagram,
                      size_t len, const struct tick *tick);
// A media packet that was unprotected.
void endpoint_media(struct endpoint *e, struct bytes packet, const struct tick *tick);

// Looks what is due, and sets the timer to the next deadline.
void endpoint_expire(struct endpoint *e, const struct tick *tick);
// The deadline may have come nearer.
void endpoint_touch(struct endpoint *e, const struct tick *tick);

// What the client's description says of its side. Other credentials than before are a restart
// of ICE, which our next description answers with new ones: RFC 8445 section 9.
void endpoint_take_remote(struct endpoint *e, const struct transport_remote *remote,
                          const struct tick *tick);
// What the client's description says of a data channel; 0: nothing. A client that asked for
// none is sent no SCTP.
void endpoint_take_channel(struct endpoint *e, uint16_t sctp_port, const struct tick *tick);
// The client's candidates, which a lite agent does not need, or its restart of ICE.
void endpoint_fragment(struct endpoint *e, const struct command *command,
                       const struct tick *tick);

// Begins the answer to a command that has a `request`.
struct notice endpoint_answer(const struct endpoint *e, const struct command *command);

// What our next description says; the session version grows. Registers the ufrag.
struct local_description endpoint_describe(struct endpoint *e, const struct tick *tick);

// The peer sent under an SSRC that is no stream of ours.
void endpoint_note_stray(struct endpoint *e, uint32_t ssrc);

bool endpoint_is_connected(const struct endpoint *e);
