#include "rtc/h264_profile.h"

#include "rtc/sdp.h"

enum { CONSTRAINT_SET_1 = 0x40, CONSTRAINT_SET_4_5 = 0x0c };

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// profile_idc and the flags of constraints, 8 bits each; -1 when it is malformed, and the
// baseline's when it is absent.
static int read_profile(struct bytes fmtp)
{
    struct bytes id;
    if (!sdp_parameter(fmtp, "profile-level-id", &id))
        return 0x4200;
    int number = 0;
    for (size_t i = 0; i < 6 && id.len == 6; i++) {
        int digit = hex(id.at[i]);
        if (digit < 0)
            return -1;
        if (i < 4)
            number = number << 4 | digit;
    }
    return id.len == 6 ? number : -1;
}

// RFC 6184 table 5.
enum h264_profile h264_profile_of(struct bytes fmtp)
{
    int read = read_profile(fmtp);
    if (read < 0)
        return H264_OTHER;
    int flags = read & 0xff;
    switch (read >> 8) {
    case 0x42:
        return H264_BASELINE;
    case 0x4d:
        return flags & 0x80 ? H264_BASELINE : H264_MAIN;
    case 0x58: // extended, of which a part is baseline
        return flags & 0x80 ? H264_BASELINE : H264_OTHER;
    case 0x64:
        return (flags & CONSTRAINT_SET_4_5) == CONSTRAINT_SET_4_5 ? H264_CONSTRAINED_HIGH
                                                                  : H264_HIGH;
    default:
        return H264_OTHER;
    }
}

bool h264_is_single(struct bytes fmtp)
{
    struct bytes mode;
    return !sdp_parameter(fmtp, "packetization-mode", &mode) || sdp_is(mode, "0");
}

bool h264_is_interleaved(struct bytes fmtp)
{
    struct bytes mode;
    return sdp_parameter(fmtp, "packetization-mode", &mode) && !sdp_is(mode, "0") &&
           !sdp_is(mode, "1");
}

// Constrained baseline in fragments is what Safari and Firefox have, then baseline. Single NAL
// units do not fit into datagrams at the sizes of today.
int h264_rank(struct bytes fmtp)
{
    static const int ranks[] = {[H264_BASELINE] = 4,
                                [H264_MAIN] = 3,
                                [H264_CONSTRAINED_HIGH] = 2,
                                [H264_HIGH] = 1,
                                [H264_OTHER] = 0};
    enum h264_profile profile = h264_profile_of(fmtp);
    bool constrained = profile == H264_BASELINE && (read_profile(fmtp) & CONSTRAINT_SET_1) != 0;
    return ranks[profile] * 2 + constrained + (h264_is_single(fmtp) ? 0 : 10);
}

bool h264_is_common(struct bytes fmtp)
{
    return h264_profile_of(fmtp) == H264_BASELINE && !h264_is_single(fmtp);
}

bool h264_decodes(enum h264_profile receiver, enum h264_profile stream)
{
    // Constrained high is high without fields and B slices, and main is not a part of it.
    if (receiver == H264_CONSTRAINED_HIGH && stream == H264_MAIN)
        return false;
    return stream <= receiver;
}

const char *h264_profile_level_id(enum h264_profile profile)
{
    static const char *const ids[] = {[H264_BASELINE] = "42e01f",
                                      [H264_MAIN] = "4d001f",
                                      [H264_CONSTRAINED_HIGH] = "640c1f",
                                      [H264_HIGH] = "64001f"};
    return ids[profile];
}
