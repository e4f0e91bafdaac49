// The seats of a viewer (WHEP): the sections of the one offer that it makes, and which feed is
// in each of them. There may be more tracks than seats, or none at all; a seat goes from one to
// the next without a word of signalling, as one stream: numbers and timestamps go on, and what
// comes begins with a key frame.
//
// Which tracks get a seat, the first that applies:
//
//     audio   not muted; of somebody who talks (sfu/speaker.h); with a seat; the older
//     video   not muted; a screen; with a seat; the older
//
// A track whose codec the viewer does not decode gets none. One viewer has one name (CNAME) for
// all seats, since the sender reports of all are on our clock: sound and picture stay in step
// for all publishers.
#pragma once

#include "base/text.h"
#include "rtc/negotiate_watch.h"
#include "sfu/feed.h"
#include "sfu/leg.h"
#include "sfu/seat.h"
#include "sfu/tick.h"

struct seats {
    struct seat *at;
    uint32_t count;
    char cname[CNAME_LEN + 1];
};

struct seats *seats_new(const struct tick *tick);
void seats_free(struct seats *seats); // NULL is none

// Makes the seats of a viewer that has none yet, and names their streams in `offer`.
void seats_take_offer(struct seats *seats, struct watch_offer *offer, const struct tick *tick);

// Gives the seats to those of `feeds` who are to have them.
void seats_fill(struct seats *seats, struct leg *leg, const struct feed_list *feeds,
                const struct tick *tick);
// The feed goes: its seat is empty.
void seats_leave(struct feed *f, const struct tick *tick);

// The best that the viewer wants in the section `mid`, or in all with pictures when that is "".
// False: there is none.
bool seats_choose(struct seats *seats, const char *mid, enum video_quality most,
                  const struct tick *tick);
// As COMMAND_SEAT_LAYER says.
void seats_describe(const struct seats *seats, struct text *out);

// How a seat carries what a publisher sends as `sent`; NULL: not at all.
const struct negotiated_codec *seat_codec(const struct seat *seat,
                                          const struct negotiated_codec *sent);
