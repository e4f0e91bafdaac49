// What clients are sent: frames in a list, each to one socket or data channel.
#pragma once

#include "base/bytes.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_kind {
    FRAME_TEXT,  // to the socket of `session`
    FRAME_DATA,  // to the data channel of `peer`; while that is not open, to `session` if any
    FRAME_CLOSE, // closes the socket of `session`; the session is gone, no signal_closed()
};

struct frame {
    enum frame_kind kind;
    uint16_t close_code;
    uint64_t session;  // 0: the peer has no socket
    uint64_t peer;     // the peer's number, FRAME_DATA
    struct bytes text; // in the list's arena; frames with the same text share it
    bool is_long;      // FRAME_TEXT: may be longer than what else may wait for the socket

    // An answer that is not to go out before this change of a room (room/live.h) is stored, and
    // not after ANSWER_WAIT_MS: `late` does then, and signal_not_stored() is told of it.
    uint64_t room, change; // 0: at once, as all else
    struct bytes late;
    uint64_t request; // what of `peer` it answers
    uint64_t before;  // rooms.last_change before it was carried out
    uint64_t after;   // the same after it
};

// Zero-initialised is an empty list.
struct frame_list {
    struct frame *at;
    size_t count;
    size_t cap;
    struct arena arena;
};

void frame_list_clear(struct frame_list *list); // keeps the table's memory
void frame_list_dispose(struct frame_list *list);

// RFC 6455 section 7.4.1 and its registry.
enum {
    SIGNAL_CLOSE_NORMAL = 1000,     // the session is over
    SIGNAL_CLOSE_GOING_AWAY = 1001, // silent for too long, or replaced by a newer socket
    SIGNAL_CLOSE_POLICY = 1008,     // ERRORS_IN_A_ROW_MAX errors
    SIGNAL_CLOSE_RESTART = 1012,    // the server ends
    SIGNAL_CLOSE_TRY_LATER = 1013,  // too much sent before the room was loaded
};

// --- For the other files of signal/ ---

struct text;

struct bytes frame_text(struct frame_list *list, const struct text *text); // a copy
void frame_add(struct frame_list *list, struct frame frame);
