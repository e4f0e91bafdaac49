// SCTP for data channels (RFC 9260, RFC 8831), carried inside DTLS (RFC 8261). usrsctp does the
// protocol behind this header, without its threads: packets, messages and time go in through
// functions, and what follows is appended to a list. Its callbacks never leave rtc/sctp.c.
//
// usrsctp's state is global, so there is one stack for the process and one thread that uses it.
// Names here must not be those of libusrsctp.so (it exports sctp_close, sctp_init, sctp_output
// and more): ours would take their place.
#pragma once

#include "base/bytes.h"
#include "base/moment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sctp_stack;       // usrsctp, and all associations
struct sctp_association; // one; belongs to the stack

enum { SCTP_PORT = 5000 }; // ours; no packet shows it outside DTLS

enum sctp_notice_kind {
    SCTP_NOTICE_PACKET,  // `bytes` are to be sent inside DTLS
    SCTP_NOTICE_UP,      // established: sctp_send() works from now on
    SCTP_NOTICE_MESSAGE, // a whole message came in
    SCTP_NOTICE_RESET,   // the peer closed its direction of `stream` (RFC 6525)
    SCTP_NOTICE_DOWN, // aborted, shut down or timed out; only sctp_close_association() is left
};

struct sctp_notice {
    enum sctp_notice_kind kind;
    uint64_t owner; // of the association
    uint16_t stream;
    uint32_t ppid; // payload protocol identifier of a message
    uint8_t *at;   // mem_alloc(): to keep it, copy the pointer and set it NULL here
    size_t len;
};

// Notices in the order in which they happened. Zero-initialised is empty.
struct sctp_notices {
    struct sctp_notice *at;
    size_t count;
    size_t cap;
};
void sctp_notices_clear(struct sctp_notices *list); // frees what is still in it, keeps the list
void sctp_notices_dispose(struct sctp_notices *list);

// There can be one stack at a time.
struct sctp_stack *sctp_stack_new(int64_t now);
void sctp_stack_free(struct sctp_stack *s); // with its associations, silently

// Time moves for all associations together. NEVER when nothing waits for it.
int64_t sctp_stack_deadline(const struct sctp_stack *s);
void sctp_stack_expire(struct sctp_stack *s, int64_t now, struct sctp_notices *out);

// Starts an association: both sides of a data channel connection do (RFC 8831 section 6.2), so
// an INIT is the first packet of `out`. Call it when DTLS is up. `owner` comes back in every
// notice and is not otherwise looked at.
struct sctp_association *sctp_open(struct sctp_stack *s, uint64_t owner, uint16_t remote_port,
                                   int64_t now, struct sctp_notices *out);
// Aborts if it is still up, and frees. Notices of other associations stay in `out`.
void sctp_close_association(struct sctp_association *a, int64_t now, struct sctp_notices *out);

// One packet from DTLS. What is not SCTP or fails its checksum is dropped.
void sctp_receive(struct sctp_association *a, struct bytes packet, int64_t now,
                  struct sctp_notices *out);

// Queues a message of at least one octet, reliable and in order. Returns 0, ERR_WRONG_STATE
// while not up, ERR_NOT_FOUND for a stream that was not negotiated, or ERR_FULL: over
// SCTP_MESSAGE_MAX, or SCTP_BUFFER_MAX waits already.
int sctp_send(struct sctp_association *a, uint16_t stream, uint32_t ppid, struct bytes message,
              int64_t now, struct sctp_notices *out);

// Closes our direction of a stream once what was sent on it has arrived (RFC 6525).
int sctp_reset(struct sctp_association *a, uint16_t stream, int64_t now,
               struct sctp_notices *out);
