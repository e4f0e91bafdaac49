// The connection of an endpoint, as its publishing or subscribing side sees it: what it says of
// itself and of the peer, and the way to the peer. Neither side is known here.
#pragma once

#include "base/bytes.h"
#include "base/list.h"
#include "rtc/negotiate.h"
#include "rtc/transport.h"
#include "sfu/command.h"
#include "sfu/demux.h"
#include "sfu/notice.h"
#include "sfu/police.h"
#include "sfu/shared.h"
#include "sfu/strays.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stdint.h>

enum { OWN_RTCP_SSRC = 1 }; // ours in feedback, as libwebrtc's receivers use it

struct leg {
    uint64_t endpoint; // its number
    struct shared *shared;
    struct meeting *meeting; // NULL: it was closed
    struct transport *transport;
    enum transport_state state;     // as of the last notice
    struct transport_remote remote; // as last described; without ufrag before
    int64_t connected_at;           // the last time that it came up
    int64_t heard_at;               // the last datagram that the transport did not drop
    uint64_t received_packets;      // those datagrams
    uint64_t received_octets;
    uint16_t sctp_port;    // the peer's, as described; 0: it has no data channel
    struct police channel; // what is passed on of that
    struct demux_names names;
    struct strays strays;
    uint32_t generation; // of the transport addresses that demux knows
    uint64_t session_id; // of the o= line
    uint64_t session_version;
    struct list touched; // in shared.touched
};

// `strays`: how many are remembered.
void leg_init(struct leg *l, struct endpoint *e, uint64_t id, struct meeting *meeting,
              uint32_t strays, const struct tick *tick);
// Says goodbye; what names it in this tick stays until leg_dispose().
void leg_close(struct leg *l, const struct tick *tick);
void leg_dispose(struct leg *l);

// The deadline of its endpoint may have come nearer: the router looks at the end of its call.
void leg_touch(struct leg *l);

// What the client's description says of its side. Other credentials than before are a restart
// of ICE, which our next description answers with new ones: RFC 8445 section 9.
void leg_take_remote(struct leg *l, const struct transport_remote *remote,
                     const struct tick *tick);
// What the client's description says of a data channel; 0: nothing. A client that asked for
// none is sent no SCTP.
void leg_take_channel(struct leg *l, uint16_t sctp_port, const struct tick *tick);
// The client's candidates, which a lite agent does not need, or its restart of ICE.
void leg_fragment(struct leg *l, const struct command *command, const struct tick *tick);

// Begins the answer to a command that has a `request`.
struct notice leg_answer(const struct leg *l, const struct command *command);
// Adds NOTICE_CONNECTED.
void leg_tell_connected(const struct leg *l, const struct tick *tick);

// What our next description says; the session version grows. Registers the ufrag.
struct local_description leg_describe(struct leg *l, const struct tick *tick);

bool leg_is_connected(const struct leg *l);
// A datagram came that the transport did not drop.
void leg_note_received(struct leg *l, size_t octets);
// Where RTP is queued; NULL unless it is connected.
struct batch_path *leg_path(const struct leg *l);
// Queues a compound packet that was written whole.
void leg_send_rtcp(struct leg *l, const struct writer *w, const struct tick *tick);

// The peer sent under an SSRC that is no stream of ours. Returns one that is to be forgotten
// for it unless it became a stream meanwhile; 0: none.
uint32_t leg_note_stray(struct leg *l, uint32_t ssrc);
