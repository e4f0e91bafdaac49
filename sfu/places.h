// The media sections of a subscriber's connection, of which there are at most
// SUBSCRIBE_SECTIONS_MAX, and which feed has which.
//
// Browsers report an old track's id for a section that is merely made active again, so the
// place of a feed that is gone goes through the steps of struct subscribe_section, each of them
// agreed by an answer before the next, and is then given to another feed under a new mid.
// Places change at the moment when an offer is written. They take their steps with offers that
// are made anyway; only a feed that waits for a place makes us offer for the steps alone.
//
// A section that the answer refuses (Firefox does that to codecs it lacks) is given up like
// that of a feed that is gone.
#pragma once

#include "rtc/negotiate.h"
#include "sfu/feed.h"

#include <stdbool.h>
#include <stdint.h>

// Whose a section is.
struct place {
    struct feed *feed; // NULL: nobody's any more
    bool agreed;       // what the section says now was answered
};

// Zero-initialised has none.
struct places {
    struct subscribe_section *sections;
    struct place *at; // of the same index
    uint32_t count;
    uint32_t cap;
    uint32_t last_mid;
};

void places_dispose(struct places *p);

// Before an offer: the places of feeds that are gone take their next step, and feeds that wait
// are given what is free.
void places_step(struct places *p, const struct feed_list *feeds);
// The feed's place is nobody's from now on.
void places_leave(struct places *p, struct feed *f);
// What the answer says of one place. Returns whether that agrees to a step it has taken.
bool places_accept(struct places *p, uint32_t at, const struct subscribe_accepted *accepted);
// Whether a feed waits for a place.
bool places_lack(const struct feed_list *feeds);
