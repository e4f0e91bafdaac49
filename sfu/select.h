// Which layer of its track a feed sends: the best that it may and that is sent at all. A switch
// begins with a key frame; until one comes, the old layer goes on. Where nothing is sent yet,
// one that came a moment ago is taken out of the history.
#pragma once

#include "sfu/feed.h"

// Lets the feed flow on `path`, which came up at `since`, or stops it when that is NULL.
void select_flow(struct feed *f, struct batch_path *path, int64_t since,
                 const struct tick *tick);
// The best that it may be sent, as commanded.
void select_at_most(struct feed *f, enum video_quality most, const struct tick *tick);
// Chooses again, because layers came or went: for one, and for all that flow.
void select_layer(struct feed *f, const struct tick *tick);
void select_layers(struct stream *s, const struct tick *tick);
// The subscriber's decoder asks for a key frame: its budget (sfu/key_budget.h) says whether
// that is passed on, or is owed.
void select_key_frame(struct feed *f, const struct tick *tick);
// What is owed is passed on as soon as the budget has it, unless a key frame came meanwhile.
void select_owed_key_frame(struct feed *f, const struct tick *tick);
