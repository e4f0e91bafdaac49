// What the server has an engine for. A template may grant what needs one, and keeps what it
// says; but nobody is told that they may do what nothing would do for them.
#pragma once

#include "room/template.h"

#include <stdbool.h>

enum engine {
    ENGINE_RECORDING,
    ENGINE_RTMP,
    ENGINE_HLS,
    ENGINE_TRANSCRIPTION,
    ENGINE_WHITEBOARD,
    ENGINE_COUNT,
};

// Zero-initialised has none of them. A change that builds one sets it where the live rooms are
// made.
struct engines {
    bool has[ENGINE_COUNT];
};

// What a role may do here: what the template grants it and the server can do.
bool engine_grants(const struct engines *engines, const struct role *role, enum permission p);
