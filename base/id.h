// The ids that the API knows: object ids, UUIDs and room codes.
#pragma once

#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>

enum { OBJECT_ID_LEN = 24, UUID_LEN = 36, ROOM_CODE_LEN = 12 }; // without terminator

// Makes time-ordered object ids: 4 octets of Unix seconds, 5 random octets of this source, 3
// of a counter, as 24 lower-case hex digits. So id order is creation order, which the paging
// of lists relies on.
struct id_source {
    uint8_t random[5];
    uint32_t counter; // 24 bits are used
    int64_t last_s;   // ids never run backwards when the wall clock does
};

void id_source_init(struct id_source *s, struct rng *rng);
void id_object(struct id_source *s, int64_t wall_ms, char out[OBJECT_ID_LEN + 1]);

void id_uuid(struct rng *rng, char out[UUID_LEN + 1]);           // RFC 9562 version 4
void id_room_code(struct rng *rng, char out[ROOM_CODE_LEN + 1]); // "xxx-yyyy-zzz", a to z

bool id_is_object(const char *text);
bool id_is_room_code(const char *text);

// Whether each object of JavaScript has a member of this name without being given one, as
// "constructor". Clients keep what they hear of in such objects, by its id: they would take
// what has this id for known already, so nothing that a client names is to be called so.
bool id_is_inherited(const char *text);
