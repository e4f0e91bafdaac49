// Data channels of all peer connections: the Data Channel Establishment Protocol (RFC 8832) on
// top of rtc/sctp.h. Reliable and ordered, which is all that signalling needs.
//
//     datachannels_connect()   once DTLS of an endpoint is up
//     datachannels_receive()   for each decrypted SCTP packet of it
//     datachannels_send()      text on a channel
//     datachannels_close()     with the endpoint
//
// Endpoints are told apart by a number that the caller chooses (the router's endpoint id). Used
// by one thread only: there is one `struct datachannels` in the process.
#pragma once

#include "base/bytes.h"
#include "base/moment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DATACHANNEL_LABEL_MAX = 64,     // octets; an OPEN with a longer label closes that channel
    DATACHANNELS_PER_ENDPOINT = 16, // an OPEN beyond closes that channel
};

struct datachannels;

struct datachannels *datachannels_new(int64_t now);
void datachannels_free(struct datachannels *d); // says nothing to the peers

enum datachannel_event_kind {
    DATACHANNEL_PACKET,  // `at`, `len`: an SCTP packet for the endpoint's transport
    DATACHANNEL_OPEN,    // either side's channel can be used; `label`, `protocol` say which
    DATACHANNEL_MESSAGE, // `at`, `len`; `text` tells strings from binary
    DATACHANNEL_CLOSED,  // that channel is gone; the connection stays
    DATACHANNEL_DOWN,    // the association is gone with all its channels
};

struct datachannel_event {
    enum datachannel_event_kind kind;
    uint64_t endpoint;
    uint16_t stream; // names the channel: OPEN, MESSAGE, CLOSED
    char label[DATACHANNEL_LABEL_MAX + 1];
    char protocol[DATACHANNEL_LABEL_MAX + 1];
    bool text;
    uint8_t *at; // mem_alloc(): to keep it, copy the pointer and set it NULL here
    size_t len;
};

// Events in the order in which they happened. Zero-initialised is empty.
struct datachannel_events {
    struct datachannel_event *at;
    size_t count;
    size_t cap;
};
void datachannel_events_clear(struct datachannel_events *list);
void datachannel_events_dispose(struct datachannel_events *list);

struct datachannel_config {
    bool dtls_client;     // our side of the handshake: clients open even streams, servers odd
                          // ones (RFC 8832 section 6)
    uint16_t remote_port; // a=sctp-port of the peer
    const char *label;    // a channel that we open; NULL for none. Copied.
};

// Starts the association, and opens our channel once it is up. ERR_EXISTS when the endpoint has
// one already.
int datachannels_connect(struct datachannels *d, uint64_t endpoint,
                         const struct datachannel_config *config, int64_t now,
                         struct datachannel_events *out);
// Aborts the association and forgets the endpoint; nothing happens when there is none.
void datachannels_close(struct datachannels *d, uint64_t endpoint, int64_t now,
                        struct datachannel_events *out);

// An SCTP packet of the endpoint. Dropped when it has no association.
void datachannels_receive(struct datachannels *d, uint64_t endpoint, struct bytes packet,
                          int64_t now, struct datachannel_events *out);

// Text on an open channel. Returns 0, ERR_NOT_FOUND (no such endpoint or channel) or ERR_FULL
// (message over SCTP_MESSAGE_MAX, or SCTP_BUFFER_MAX is waiting for a slow peer).
int datachannels_send(struct datachannels *d, uint64_t endpoint, uint16_t stream,
                      struct bytes text, int64_t now, struct datachannel_events *out);

int64_t datachannels_deadline(const struct datachannels *d); // NEVER when nothing waits
void datachannels_expire(struct datachannels *d, int64_t now, struct datachannel_events *out);

// DCEP messages: RFC 8832 section 5.1 and 5.2.
struct dcep_open {
    uint8_t channel_type; // 0x00 reliable and ordered; others are accepted and served reliably
    uint16_t priority;
    uint32_t reliability;
    struct bytes label;
    struct bytes protocol;
};
enum { DCEP_ACK = 0x02, DCEP_OPEN = 0x03, DCEP_OPEN_LEN = 12 };

// Reads a DATA_CHANNEL_OPEN. Returns 0 or ERR_MALFORMED.
int dcep_parse_open(struct dcep_open *open, struct bytes message);
