// What of a stream a feed may be sent: as its client asked, as its way has room for, and as the
// publisher sends.
//
// The steps of a stream are three for each of its levels, which are the encodings of a
// simulcast or, of a single encoding, its spatial layers: T0 alone, up to T1, and all. Each has
// its place whether or not there is such a thing, so that what was chosen stays what it is when
// more of the stream shows.
//
//     step      0      1      2      3      4      5      6      7      8
//     of      q, T0  q, T1    q      -    h, T1    h      -    f, T1    f
//             S0,T0  S0,T1    S0     -    S1,T1    S1     -    T1       all
//
// T0 alone is a step of the least level only: seven pictures a second of a larger one are worse
// than thirty of a smaller. Of a screen they are better, as text is to be read: it has T0 of
// each level, in the steps that are free above.
#pragma once

#include "sfu/feed.h"

// What there is to choose from, with what each takes: choice_step_count() of them.
const struct allocate_step *choice_steps(struct stream *s, int64_t now);
unsigned choice_step_count(const struct stream *s);
// Whether all of it has one quality, so that clients are told that they get what they ask for.
bool choice_is_single(const struct stream *s);
// The best quality within `most` that the stream has a level of, whether or not it is sent now.
enum video_quality choice_best(const struct stream *s, enum video_quality most);
// What it is sent now; of a stream of one quality, what it asks for.
enum video_quality choice_sent(const struct feed *f);
// What a step that was chosen is by now: of a stream that turned out to have fewer levels the
// least one is all of it.
int choice_step_now(const struct stream *s, int step);
bool choice_is_paused(const struct feed *f);
// Whether the feed is to be sent no more than the least spatial layer: AV1 whose layers the
// subscriber cannot tell apart. libwebrtc puts all of one timestamp into one frame and begins
// it anew at each layer, so that it shows nothing.
bool choice_is_plain(const struct feed *f);
// The substream of `layer` that the feed is to be sent while it is sent that layer.
unsigned choice_substream(const struct feed *f, unsigned layer);
// Writes to the line what it is to be sent next: the layers whose next key frame begins a
// segment, and the substream of the present one.
void choice_direct(struct feed_line *line, int64_t now);
