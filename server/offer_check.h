// Whether an offer can be served, before anything is done for it. The media worker finds that
// out too, but when whoever it replaces has gone.
#pragma once

#include "base/text.h"

#include <stdbool.h>

// Of an offer over a web socket, as signal_set_offer_check() wants it.
int offer_check_signal(struct bytes sdp, struct text *why);

// Of an offer over WHIP, whose role may publish this. Returns 0, or what the worker would
// answer, and then `why` says why.
int offer_check(struct bytes sdp, bool may_send_audio, bool may_send_video, struct text *why);
