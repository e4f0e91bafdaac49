// A datagram that looks like SRTP or SRTCP, under the session keys of RFC 7714, so that its
// packets are accepted as they are.
#include "base/mem.h"
#include "rtc/srtp_context.h"

#include <stdlib.h>

static void unprotect(struct srtp *s, const uint8_t *data, size_t size)
{
    for (int rtcp = 0; rtcp < 2; rtcp++) {
        uint8_t *packet = mem_alloc(size);
        uint64_t index;
        if (size)
            memcpy(packet, data, size);
        int len = rtcp ? srtp_unprotect_rtcp(s, packet, size)
                       : srtp_unprotect(s, packet, size, &index);
        if (len >= 0 && (size_t)len >= size)
            abort();
        mem_free(packet);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct srtp_session_keys keys = {
        .key = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, .salt = "Quid pro quo"};
    static struct srtp_engine *engine;
    if (!engine)
        engine = srtp_engine_best();
    static const enum srtp_profile profiles[] = {SRTP_AEAD_AES_128_GCM,
                                                 SRTP_AES128_CM_HMAC_SHA1_80};
    for (size_t i = 0; i < 2; i++) {
        struct srtp *s = srtp_new_session(engine, profiles[i], &keys, &keys);
        unprotect(s, data, size);
        srtp_free(s);
    }
    return 0;
}
