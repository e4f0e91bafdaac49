// What clients report of themselves: figures about their media, and what failed on their side.
// Nothing here can be checked against what really happened, so it is bounded, counted as one
// peer's word, and never more than that: it is about the peer whose socket it came by, and
// about tracks that this peer sends and gets, or did.
#pragma once

#include "room/event.h"
#include "room/live.h"

// Whether one more may be taken: REPORTS_PER_MINUTE.
bool report_take(struct report_budget *budget, int64_t now_us);

// What of a track is looked at again and again. Whole numbers, REPORT_UNKNOWN where there is
// none.
enum report_column {
    REPORT_AT, // ms since the Unix epoch, by the client's clock
    REPORT_BITRATE_BPS,
    REPORT_FPS,
    REPORT_LOST,    // packets: sent ones since the track began, received ones of the sample
    REPORT_PACKETS, // that were sent, or received: the same
    REPORT_RTT_MS,
    REPORT_JITTER_MS,
    REPORT_FREEZES,
    REPORT_CONCEALED, // audio samples
    REPORT_COLUMN_COUNT
};

enum { REPORT_UNKNOWN = -1 };

struct report_sample {
    int64_t of[REPORT_COLUMN_COUNT];
};

struct report_track {
    const char *id;
    enum track_type type;
    char rid; // 'f', 'h', 'q'; 0: one encoding
    const struct report_sample *samples;
    size_t sample_count;
};

// Figures of a peer that is in. Tracks that it cannot know anything about are left out.
void report_stats(const struct peer *peer, bool subscribes, const struct report_track *tracks,
                  size_t count, struct event_list *events);

struct report_failure {
    const char *name;  // of the client's event: "publish.failed"
    const char *info;  // what it says, JSON, opaque here
    const char *agent; // the client's software, as it says
};

// Something failed, for a peer that is in, or for somebody who never came in: then `who` is as
// their token says.
void report_peer_failure(const struct peer *peer, const struct report_failure *failure,
                         struct event_list *events);
void report_stranger_failure(const struct room *room, const struct peer_view *who,
                             const struct report_failure *failure, struct event_list *events);

// --- For the other files of room/ only ---

// The track goes: what its publisher and those who saw it say of it may still come.
void report_remember(const struct track *track);
void report_forget(struct room *room); // the session is over
