// The publishing side of an endpoint: its offers, and what its sender must hear for its own
// congestion control and repair.
#pragma once

#include "base/bytes.h"
#include "rtc/report.h"
#include "sfu/command.h"
#include "sfu/ingest.h"
#include "sfu/leg.h"
#include "sfu/tick.h"

#include <stdint.h>

enum { REPORT_INTERVAL_US = 1000 * 1000 };

struct publisher {
    struct leg *leg;
    // What subscribers see: a name of ours, so that nothing of the client's leaks.
    char cname[CNAME_LEN + 1];
    struct ingest ingest;
    struct report_clock clock;
    int64_t report_at; // the next receiver report; NEVER before the first packet
};

struct publisher *publisher_new(struct leg *leg, const struct tick *tick);
// Closes its tracks, whose feeds the router ends.
void publisher_close(struct publisher *p, const struct tick *tick);
// For the first time, or again.
void publisher_connected(struct publisher *p, const struct tick *tick);
void publisher_free(struct publisher *p);

// What the offer of a COMMAND_OFFER says, and whether it can be served: it touches no
// publisher. Returns 0 or a negative ERR_*, and then `why` says why.
int publisher_read_offer(const struct command *c, struct publish_offer *offer,
                         struct text *why);

// Answers with NOTICE_ANSWER. Tracks that the offer does not send any more are closed; of the
// others feeds and seats are to follow.
void publisher_offer(struct publisher *p, const struct command *command,
                     const struct tick *tick);

void publisher_media(struct publisher *p, struct bytes packet, int64_t arrived_at,
                     const struct tick *tick);
void publisher_rtcp(struct publisher *p, struct bytes compound, const struct tick *tick);

// Takes what its subscribers wish of a track, and sends what requests are due.
void publisher_take_wishes(struct publisher *p, struct track *t, const struct tick *tick);

int64_t publisher_deadline(const struct publisher *p);
void publisher_expire(struct publisher *p, const struct tick *tick);
