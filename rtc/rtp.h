// RTP packets: reading and writing the header (RFC 3550 section 5.1), and retransmission
// packets (RFC 4588). What is in the extension block is read and written by rtc/extension.h.
//
//     in:   rtp_parse -> extension_read -> (rtp_unwrap_rtx) -> codec_parse -> history_add
//     out:  rtp_put_header -> (rtp_put_osn) into batch_shared.head; the payload stays in place
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { RTP_HEADER_LEN = 12, RTP_OSN_LEN = 2 };

// A view of one packet. Nothing is copied: `extension` and `payload` point into the datagram
// given to rtp_parse() and live only as long as it does.
struct rtp_packet {
    uint8_t payload_type; // 0..127
    bool marker;
    uint16_t seq;
    uint32_t timestamp; // ticks of the codec's clock: 90 kHz video, 48 kHz Opus
    uint32_t ssrc;
    struct bytes extension; // RFC 8285 block with its 4-octet header; empty if absent
    struct bytes payload;   // without padding; empty in a padding-only probe
};

// Reads `datagram` into `packet`.
// Returns 0, or ERR_MALFORMED and leaves `packet` untouched.
int rtp_parse(struct rtp_packet *packet, struct bytes datagram);

// Turns a packet of a retransmission stream into the original it carries: `seq` becomes the
// OSN in front of the payload, which is skipped; `ssrc` and `payload_type` become those given.
// Timestamp and marker are the original's already (RFC 4588 section 4).
// Returns 0; or ERR_MALFORMED when there is no OSN, as in a padding-only probe (Chromium sends
// those on the retransmission stream), and leaves `packet` untouched.
int rtp_unwrap_rtx(struct rtp_packet *packet, uint32_t ssrc, uint8_t payload_type);

// What a packet that we send says.
struct rtp_header {
    uint8_t payload_type;
    bool marker;
    uint16_t seq;
    uint32_t timestamp;
    uint32_t ssrc;
};

struct extension_ids;    // rtc/negotiate.h
struct extension_values; // rtc/extension.h

// Appends a header without CSRCs and padding, and with the extensions of `values` for which
// `ids` has an id; either may be NULL for none. w->len is then the packet's clear_len:
//
//     struct writer w = writer_on(shared->head, BATCH_HEAD_MAX);
//     rtp_put_header(&w, &header, &ids, &values);
//     shared->clear_len = (uint8_t)w.len;
//
// At most RTP_HEADER_LEN + EXTENSION_BLOCK_MAX octets.
void rtp_put_header(struct writer *w, const struct rtp_header *header,
                    const struct extension_ids *ids, const struct extension_values *values);

// Where in a header that was put the data of the extension with `id` are; 0: it is not there.
uint8_t rtp_extension_at(struct bytes header, uint8_t id);

// A retransmission: after a header with the retransmission stream's SSRC, payload type and own
// sequence number comes the original sequence number (as it was sent to this receiver).
static inline void rtp_put_osn(struct writer *w, uint16_t original_seq)
{
    put_u16(w, original_seq);
}

// Whether `a` follows `b` on the 16-bit circle, so that 0 follows 65535.
static inline bool rtp_seq_after(uint16_t a, uint16_t b)
{
    return (int16_t)(a - b) > 0;
}

// Whether `a` is later than `b` on the 32-bit circle of timestamps.
static inline bool rtp_timestamp_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}
