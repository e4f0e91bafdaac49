// What it costs to seal a tick: a hundred subscribers, each the same six packets of a frame.
// Prints microseconds of CPU time per packet for both back ends and profiles, with packets as
// they are, with a rewritten descriptor, and with sizes one octet apart.
#include "rtc/srtp.h"

#include <stdio.h>
#include <time.h>

enum { SUBSCRIBERS = 100, TRAIN = 6, PAYLOAD_LEN = 1170, HEAD_LEN = 20, PACKETS = 300 * 1000 };

enum shape { AS_IT_IS, DESCRIPTOR, UNEVEN };

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static void queue(struct batch *b, struct batch_path *paths, enum shape shape, uint64_t first)
{
    static const uint8_t frame[TRAIN][PAYLOAD_LEN + 1];
    for (size_t i = 0; i < TRAIN; i++) {
        struct batch_shared *shared = batch_share(b);
        *shared = (struct batch_shared){
            .payload = {frame[i], PAYLOAD_LEN + (shape == UNEVEN && i >= TRAIN / 2 ? 1 : 0)},
            .kind = BATCH_RTP,
            .head_len = HEAD_LEN,
            .clear_len = HEAD_LEN,
            .picture_id_at = 2,
            .picture_id_long = true,
            .tl0_at = 4,
            .head = {0x80},
        };
        for (size_t s = 0; s < SUBSCRIBERS; s++) {
            struct batch_packet *p = batch_media(b, &paths[s]);
            p->shared = shared;
            p->index = first + i;
            p->ssrc = p->timestamp = 0;
            p->renumbered = shape == DESCRIPTOR;
            p->picture_id = p->tl0 = 0;
        }
    }
}

static void measure(enum srtp_backend backend, enum srtp_profile profile, enum shape shape)
{
    static const char *const names[] = {"as it is", "descriptor", "uneven"};
    struct srtp_engine *e = srtp_engine_new(backend);
    if (!e)
        return;
    struct batch_path paths[SUBSCRIBERS];
    for (uint8_t s = 0; s < SUBSCRIBERS; s++) {
        struct srtp_keys keys = {.profile = profile, .key = {s}};
        batch_path_init(&paths[s]);
        paths[s].protect = srtp_new(e, &keys);
    }
    struct batch b = {0};
    double us = 0;
    size_t count = 0;
    for (uint64_t index = 0; count < PACKETS; index += TRAIN) {
        queue(&b, paths, shape, index);
        double before = cpu_us();
        srtp_seal(e, &b, 0);
        us += cpu_us() - before;
        count += b.packet_count;
        batch_reset(&b);
    }
    printf("%-20s %-28s %-10s %.3f us/packet\n", srtp_engine_name(e),
           profile == SRTP_AEAD_AES_128_GCM ? "AEAD_AES_128_GCM" : "AES_CM_128_HMAC_SHA1_80",
           names[shape], us / (double)count);
    batch_dispose(&b);
    for (size_t s = 0; s < SUBSCRIBERS; s++)
        srtp_free(paths[s].protect);
    srtp_engine_free(e);
}

int main(void)
{
    static const enum srtp_backend backends[] = {SRTP_IPSEC_MB, SRTP_OPENSSL};
    static const enum srtp_profile profiles[] = {SRTP_AEAD_AES_128_GCM,
                                                 SRTP_AES128_CM_HMAC_SHA1_80};
    for (size_t b = 0; b < 2; b++)
        for (size_t p = 0; p < 2; p++)
            for (int shape = AS_IT_IS; shape <= UNEVEN; shape++)
                measure(backends[b], profiles[p], (enum shape)shape);
    return 0;
}
