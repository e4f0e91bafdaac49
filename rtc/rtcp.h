// RTCP: compound packets (RFC 3550 section 6), feedback (RFC 4585), FIR (RFC 5104) and REMB
// (draft-alvestrand-rmcat-remb-03). Transport-wide feedback is found here and read by
// rtc/twcc.h.
//
//     struct rtcp_cursor cursor;
//     if (rtcp_begin(&cursor, compound) < 0)
//         drop;                                       // nothing of it was acted upon
//     for (struct rtcp_packet p; rtcp_next(&cursor, &p);)
//         switch (p.kind) ...
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum rtcp_kind {
    RTCP_SENDER_REPORT,
    RTCP_RECEIVER_REPORT,
    RTCP_SDES,
    RTCP_BYE,
    RTCP_NACK,  // RFC 4585 section 6.2.1
    RTCP_TWCC,  // draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1
    RTCP_PLI,   // RFC 4585 section 6.3.1
    RTCP_FIR,   // RFC 5104 section 4.3.1
    RTCP_REMB,  // a rate for all streams together
    RTCP_OTHER, // XR, APP, other feedback: well-formed, and nothing that we use
};

enum { RTCP_REPORT_BLOCKS_MAX = 31, RTCP_SSRCS_MAX = 31 };

// RFC 3550 section 6.4.1, "sender info".
struct rtcp_sender_info {
    uint64_t ntp; // seconds since 1900 in 32.32 fixed point
    uint32_t rtp; // the same moment on the stream's clock
    uint32_t packets;
    uint32_t octets; // of payload
};

// RFC 3550 section 6.4.1, one report block.
struct rtcp_report_block {
    uint32_t ssrc;           // about this stream
    uint8_t fraction_lost;   // of 256, since the last report
    int32_t cumulative_lost; // 24 bits; negative with duplicates
    uint32_t highest_seq;    // extended with 16 bits of cycles
    uint32_t jitter;         // ticks of the stream's clock
    uint32_t last_sr;        // middle 32 bits of the NTP time of the last SR; 0: none
    uint32_t delay_since_sr; // since it came, in 1/65536 s
};

// One packet of a compound. Views point into the compound.
struct rtcp_packet {
    enum rtcp_kind kind;
    uint32_t sender_ssrc;           // 0 for SDES, and a BYE without SSRCs
    uint32_t media_ssrc;            // NACK, PLI, TWCC; 0 in FIR and REMB
    size_t count;                   // entries; see the functions below
    struct rtcp_sender_info sender; // RTCP_SENDER_REPORT
    uint64_t rate_bps;              // RTCP_REMB
    struct bytes entries;           // what the functions below read
    struct bytes whole;             // with the header and padding: RTCP_TWCC for twcc_parse()
};

struct rtcp_cursor {
    struct bytes rest;
};

// Checks every packet of the compound. Returns 0, or ERR_MALFORMED when any of them is not
// right; then nothing of it may be used. Reduced-size compounds (RFC 5506) are welcome: the
// first packet may be of any type.
int rtcp_begin(struct rtcp_cursor *cursor, struct bytes compound);
// The next packet; false at the end.
bool rtcp_next(struct rtcp_cursor *cursor, struct rtcp_packet *packet);

// Entries; `i` is below packet->count.
struct rtcp_report_block rtcp_report_block(const struct rtcp_packet *packet,
                                           size_t i);                       // SR, RR
uint32_t rtcp_ssrc(const struct rtcp_packet *packet, size_t i);             // BYE, REMB
uint32_t rtcp_fir(const struct rtcp_packet *packet, size_t i, uint8_t *nr); // SSRC; its number
// The numbers that entry `i` of a NACK asks for, 1 to 17 of them, in order. Returns how many.
size_t rtcp_nack(const struct rtcp_packet *packet, size_t i, uint16_t seqs[17]);

// Writing: each appends one packet to a compound. Overflow is the writer's to tell.
// Reports: `count` is at most RTCP_REPORT_BLOCKS_MAX.
void rtcp_put_sender_report(struct writer *w, uint32_t ssrc,
                            const struct rtcp_sender_info *sender,
                            const struct rtcp_report_block *blocks, size_t count);
void rtcp_put_receiver_report(struct writer *w, uint32_t ssrc,
                              const struct rtcp_report_block *blocks, size_t count);
// An SDES packet with one chunk: the CNAME of `ssrc`, at most 255 octets.
void rtcp_put_cname(struct writer *w, uint32_t ssrc, struct bytes cname);
void rtcp_put_bye(struct writer *w, const uint32_t *ssrcs, size_t count); // RTCP_SSRCS_MAX
// Asks for `seqs`, which are in order (the first may be just before a wrap). Numbers within 16
// of each other share an entry. Nothing for none.
void rtcp_put_nack(struct writer *w, uint32_t sender_ssrc, uint32_t media_ssrc,
                   const uint16_t *seqs, size_t count);
void rtcp_put_pli(struct writer *w, uint32_t sender_ssrc, uint32_t media_ssrc);
// `nr` grows with each new request; a repetition keeps it (RFC 5104 section 4.3.1.1).
void rtcp_put_fir(struct writer *w, uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t nr);
void rtcp_put_remb(struct writer *w, uint32_t sender_ssrc, uint64_t rate_bps,
                   const uint32_t *ssrcs, size_t count); // count up to 255
