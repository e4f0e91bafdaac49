// The subscribing side of an endpoint: its feeds, and our offers.
//
// A track that comes means an offer to everybody in its room, and each costs time for each of
// its sections: so subscribers wait in line, in the order in which they came to want one, and
// the router makes OFFER_SECTIONS_PER_PASS sections at a time (sfu/router.c). A
// subscriber that waits gets one offer for all that came meanwhile.
//
// At most one offer is outstanding. What changes meanwhile is told by the next one, which
// follows the answer, however late that is: a second offer would be fatal for the call of a
// client that is merely slow. An offer that was lost with a signalling connection is repeated
// by signal/ on the next one.
//
// A client only waits when its subscribe connection fails; so when a connection falls silent
// we restart its ICE, long before the transport is given up.
//
// A viewer (WHEP) is a subscriber that makes the offer itself, once: it has seats (sfu/seats.h)
// instead of places (sfu/places.h), nothing is ever offered to it, and restarting ICE is its
// own affair.
#pragma once

#include "base/list.h"
#include "sfu/capacity.h"
#include "sfu/command.h"
#include "sfu/feed.h"
#include "sfu/leg.h"
#include "sfu/places.h"
#include "sfu/police.h"
#include "sfu/quality.h"
#include "sfu/redundancy.h"
#include "sfu/tick.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SUBSCRIBER_FEEDS_MAX = SUBSCRIBE_SECTIONS_MAX, // at a time
    // Browsers check their path every 2.5 s (Chromium) or 5 s (RFC 7675 section 5.1).
    SILENCE_PATIENCE_US = 10 * 1000 * 1000,
    QUALITY_NONE = 0xff,
};

struct seats; // sfu/seats.h

struct subscriber {
    struct leg *leg;
    struct seats *seats; // of a viewer; else NULL
    struct feed_list feeds;
    struct places places;

    struct capacity capacity;

    bool offer_wanted;
    bool offer_outstanding;
    struct list offer_due;  // link in shared.offers_due, while it is wanted and may be made
    uint32_t offered_count; // sections of the last offer

    bool is_fed; // media was sent to it

    bool restart_wanted;  // of ICE, with the next offer
    int64_t restarted_at; // ICE, by us

    int64_t report_at; // sfu/reports.h: the next sender reports; NEVER while nothing is sent

    struct police feedback; // what is read of it
    // sfu/feedback.h: what was reported lately.
    struct quality quality;
    uint8_t score; // as the last notice said; QUALITY_NONE before the first
    int64_t scored_at;
    // How many packets of sound each one is to repeat, and does: as many as there is room for.
    struct redundancy redundancy;
    uint8_t repeated;
};

// `answers`: it is a viewer.
struct subscriber *subscriber_new(struct leg *leg, bool answers, const struct tick *tick);
void subscriber_close(struct subscriber *s); // ends its feeds
void subscriber_free(struct subscriber *s);

// As COMMAND_FEED_OPEN says.
void subscriber_add(struct subscriber *s, struct stream *stream, const struct command *command,
                    const struct tick *tick);
// The best that a feed of it may be sent, as commanded.
void subscriber_want(struct subscriber *s, struct feed *f, enum video_quality most,
                     const struct tick *tick);
void subscriber_remove(struct feed *f, const struct tick *tick);          // frees the feed
struct feed *subscriber_feed(const struct subscriber *s, uint64_t track); // NULL: none

void subscriber_answer(struct subscriber *s, const char *sdp, const struct tick *tick);
// A viewer's offer: answered with NOTICE_ANSWER.
void subscriber_watch(struct subscriber *s, const struct command *command,
                      const struct tick *tick);
// What a viewer wants of its sections, or asks of them: answered with NOTICE_ANSWER.
void subscriber_choose(struct subscriber *s, const struct command *command,
                       const struct tick *tick);
void subscriber_restart_ice(struct subscriber *s, const struct tick *tick);
// The connection came up or is gone: feeds flow or stop.
void subscriber_connection_changed(struct subscriber *s, const struct tick *tick);

// Viewers' seats follow: a stream was muted, is heard again, or has another codec; somebody
// talks, which matters to those who have no seat for that.
void subscribers_follow_stream(struct stream *stream, const struct tick *tick);
void subscribers_follow_talker(struct stream *stream, const struct tick *tick);

// Makes the offer that is due. Returns how many sections it has.
size_t subscriber_offer(struct subscriber *s, const struct tick *tick);

int64_t subscriber_deadline(const struct subscriber *s);
void subscriber_expire(struct subscriber *s, const struct tick *tick);
