// What of a stream's layers a feed may be sent: as its client asked, as its way has room for,
// and as the publisher sends. Nothing is changed here.
#pragma once

#include "sfu/feed.h"

// The layers as steps to choose from, the worst first: step 0 is the last layer.
const struct allocate_step *choice_steps(struct stream *s, int64_t now);
// The best quality within `most` that the stream has a layer of, whether or not it is sent now.
enum video_quality choice_best(const struct stream *s, enum video_quality most);
bool choice_is_paused(const struct feed *f);
// The layers whose next key frame begins a segment on this line: bit n of layer n.
uint8_t choice_starts(const struct feed_line *line, int64_t now);
