// Which H.264 stream a receiver decodes, by the parameters of its format: RFC 6184 sections 8.1
// and 8.2.2.
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

// Table 5 of RFC 6184; what is not here is not forwarded (extended, 10 bits, 4:2:2 and 4:4:4).
enum h264_profile {
    H264_BASELINE, // the baselines: what every receiver decodes. Also what is not said means
    H264_MAIN,
    H264_CONSTRAINED_HIGH,
    H264_HIGH,
    H264_PROFILE_COUNT,
    H264_OTHER = H264_PROFILE_COUNT,
};

// By "profile-level-id" of the format's parameters.
enum h264_profile h264_profile_of(struct bytes fmtp);
// Whether packets carry one NAL unit each. RFC 6184 section 8.1: packetization-mode that is not
// said is 0, and 2 (interleaved) is nobody's: neither.
bool h264_is_single(struct bytes fmtp);
bool h264_is_interleaved(struct bytes fmtp);

// Of two formats the higher is the one that more receivers decode.
int h264_rank(struct bytes fmtp);
// Whether (nearly) everybody does.
bool h264_is_common(struct bytes fmtp);

// Whether a receiver that takes `receiver` decodes a stream of `stream`: a stream of a smaller
// profile is one of the larger ones, too (H.264 annex A.2).
bool h264_decodes(enum h264_profile receiver, enum h264_profile stream);

const char *h264_profile_level_id(enum h264_profile profile); // as we offer it
