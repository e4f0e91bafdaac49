// The figures of people's media as JSON, of both towers: the rooms know who somebody is and
// what their tracks are called, the media workers know what became of their packets.
// docs/openapi.yaml has its members.
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
