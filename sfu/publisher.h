// The publishing side of an endpoint: its offers, which packet belongs to which track, and what
// its sender must hear for its own congestion control and repair.
#pragma once

#include "base/bytes.h"
#include "base/list.h"
#include "rtc/negotiate.h"
#include "rtc/report.h"
#include "rtc/twcc.h"
#include "sfu/command.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PUBLISHER_RTCP_SSRC = 1, // ours in feedback, as libwebrtc's receivers use it
    REPORT_INTERVAL_US = 1000 * 1000,
};

struct endpoint;
struct track;

// What an SSRC means.
struct publisher_stream {
    uint32_t ssrc;
    struct track *track;
    uint8_t layer;
    bool repair; // a retransmission stream
};

struct publisher {
    struct endpoint *endpoint;
    struct list tracks;
    char cname[20]; // what subscribers see: ours, so that nothing of the client's leaks

    struct publisher_stream streams[SSRC_PER_TRANSPORT_MAX];
    uint32_t stream_count;
    uint32_t last_stream; // of the last packet: frames come in rows
    int64_t learn_window_at;
    uint32_t learnt_in_window;

    struct extension_ids extensions; // of all sections: one meaning for each id in a BUNDLE
    struct twcc_recorder twcc;
    uint32_t twcc_ssrc; // of a media stream, to be named in feedback
    struct report_clock clock;
    int64_t report_at; // the next receiver report; NEVER before the first packet
};

struct publisher *publisher_new(struct endpoint *e, const struct tick *tick);
void publisher_close(struct publisher *p, const struct tick *tick); // ends its tracks
// For the first time, or again.
void publisher_connected(struct publisher *p, const struct tick *tick);
void publisher_free(struct publisher *p);

bool publisher_has_stream(struct publisher *p, uint32_t ssrc);

// Answers with NOTICE_ANSWER.
void publisher_offer(struct publisher *p, const struct command *command,
                     const struct tick *tick);

void publisher_media(struct publisher *p, struct bytes packet, const struct tick *tick);
void publisher_rtcp(struct publisher *p, struct bytes compound, const struct tick *tick);
void publisher_send_rtcp(struct publisher *p, const struct writer *w, const struct tick *tick);

int64_t publisher_deadline(const struct publisher *p);
void publisher_expire(struct publisher *p, const struct tick *tick);
