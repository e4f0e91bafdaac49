// What every step of the media machines is given besides its own state and input.
#pragma once

#include "base/batch.h"
#include "sfu/notice.h"

#include <stdint.h>

struct tick {
    struct shared *shared; // sfu/shared.h
    int64_t now;
    struct batch *out;
    struct notice_list *notices;
};
