// The figures of people's media as JSON, of both towers: who somebody is and what their tracks
// are called the rooms know, what became of their packets the media workers. What it says is
// written in docs/openapi.yaml.
#pragma once

#include "base/json.h"
#include "room/rooms.h"
#include "sfu/figures.h"

// What the worker told of a connection.
struct figures_answer {
    bool came;           // in time
    struct figures *are; // NULL: there is no such connection
};

// A value: the person, and both connections. One that was not told of in time is left out.
void figures_write_peer(struct json_out *j, const struct rooms *rooms, const struct peer *peer,
                        const struct figures_answer *publish,
                        const struct figures_answer *subscribe);
