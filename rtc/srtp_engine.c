#include "base/mem.h"
#include "rtc/srtp_context.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool gcm_passes(const struct cipher_backend *b, void *state)
{
    // RFC 7714 section 16.1.1
    static const uint8_t key[CIPHER_KEY_LEN] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                8, 9, 10, 11, 12, 13, 14, 15};
    static const uint8_t iv[CIPHER_GCM_IV_LEN] = {0x51, 0x75, 0x3c, 0x65, 0x80, 0xc2,
                                                  0x72, 0x6f, 0x20, 0x71, 0x84, 0x14};
    static const uint8_t aad[] = {0x80, 0x40, 0xf1, 0x7b, 0x80, 0x41,
                                  0xf8, 0xd3, 0x55, 0x01, 0xa0, 0xb2};
    static const char text[] = "Gallia est omnis divisa in partes tres";
    static const uint8_t sealed[] = {
        0xf2, 0x4d, 0xe3, 0xa3, 0xfb, 0x34, 0xde, 0x6c, 0xac, 0xba, 0x86, 0x1c, 0x9d, 0x7e,
        0x4b, 0xca, 0xbe, 0x63, 0x3b, 0xd5, 0x0d, 0x29, 0x4e, 0x6f, 0x42, 0xa5, 0xf4, 0x7a,
        0x51, 0xc7, 0xd1, 0x9b, 0x36, 0xde, 0x3a, 0xdf, 0x88, 0x33, 0x89, 0x9d, 0x7f, 0x27,
        0xbe, 0xb1, 0x6a, 0x91, 0x52, 0xcf, 0x76, 0x5e, 0xe4, 0x39, 0x0c, 0xce,
    };
    enum { TEXT_LEN = sizeof text - 1 };
    uint8_t out[TEXT_LEN], tag[CIPHER_GCM_TAG_LEN], back[TEXT_LEN];
    alignas(SLAB_ALIGN) uint8_t k[CIPHER_KEY_SIZE_MAX];
    b->gcm_key_init(state, k, key);
    b->gcm_seal(state, k, iv, (struct bytes){aad, sizeof aad}, bytes_of(text), out, tag);
    bool good =
        memcmp(out, sealed, TEXT_LEN) == 0 && memcmp(tag, sealed + TEXT_LEN, sizeof tag) == 0;
    good = good &&
           b->gcm_open(state, k, iv, (struct bytes){aad, sizeof aad},
                       (struct bytes){out, TEXT_LEN}, back, tag) &&
           memcmp(back, text, TEXT_LEN) == 0;
    tag[0] ^= 1;
    good = good && !b->gcm_open(state, k, iv, (struct bytes){aad, sizeof aad},
                                (struct bytes){out, TEXT_LEN}, back, tag);
    b->gcm_key_dispose(k);
    return good;
}

// Every lane gets the same job: two packets more than the widest machine has lanes.
static bool cm_passes(const struct cipher_backend *b, void *state)
{
    enum { LANES = 18, TEXT_LEN = 48 };
    // RFC 3711 appendix B.2; the MAC is of the keystream under the key of RFC 2202 test case 1,
    // computed with two other implementations.
    static const uint8_t key[CIPHER_KEY_LEN] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                                                0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
    static const uint8_t iv[CIPHER_CM_IV_LEN] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
                                                 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0,    0};
    static const uint8_t keystream[TEXT_LEN] = {
        0xe0, 0x3e, 0xad, 0x09, 0x35, 0xc9, 0x5e, 0x80, 0xe1, 0x66, 0xb1, 0x6d,
        0xd9, 0x2b, 0x4e, 0xb4, 0xd2, 0x35, 0x13, 0x16, 0x2b, 0x02, 0xd0, 0xf7,
        0x2a, 0x43, 0xa2, 0xfe, 0x4a, 0x5f, 0x97, 0xab, 0x41, 0xe9, 0x5b, 0x3b,
        0xb0, 0xa2, 0xe8, 0xdd, 0x47, 0x79, 0x01, 0xe4, 0xfc, 0xa8, 0x94, 0xc0,
    };
    static const uint8_t mac[CIPHER_MAC_LEN] = {0x8e, 0x4d, 0xfa, 0x73, 0xe1, 0xf4, 0x69,
                                                0x2d, 0xa1, 0x30, 0x55, 0x04, 0x39, 0x28,
                                                0xf9, 0xe9, 0x43, 0x16, 0x40, 0xe5};
    uint8_t mac_key[20];
    memset(mac_key, 0x0b, sizeof mac_key);
    alignas(SLAB_ALIGN) uint8_t k[CIPHER_KEY_SIZE_MAX];
    b->cm_key_init(state, k, key, (struct bytes){mac_key, sizeof mac_key});

    uint8_t texts[LANES][TEXT_LEN];
    struct cm_job jobs[LANES];
    memset(texts, 0, sizeof texts);
    bool good = true;
    for (int decrypt = 0; decrypt < 2; decrypt++) {
        for (size_t i = 0; i < LANES; i++) {
            jobs[i] = (struct cm_job){.key = k,
                                      .at = texts[i],
                                      .mac_len = TEXT_LEN,
                                      .text_len = TEXT_LEN,
                                      .decrypt = decrypt};
            memcpy(jobs[i].iv, iv, sizeof iv);
        }
        b->cm_run(state, jobs, LANES);
        for (size_t i = 0; i < LANES; i++) {
            static const uint8_t zeros[TEXT_LEN];
            good = good && memcmp(jobs[i].mac, mac, sizeof mac) == 0 &&
                   memcmp(texts[i], decrypt ? zeros : keystream, TEXT_LEN) == 0;
        }
    }
    b->cm_key_dispose(k);
    return good;
}

bool cipher_passes(const struct cipher_backend *backend, void *state)
{
    assert(backend->key_size <= CIPHER_KEY_SIZE_MAX);
    return gcm_passes(backend, state) && cm_passes(backend, state);
}

static const struct cipher_backend *find_backend(enum srtp_backend backend)
{
    switch (backend) {
    case SRTP_IPSEC_MB:
#ifdef HAVE_IPSEC_MB
        return &cipher_ipsec_mb;
#else
        return NULL;
#endif
    case SRTP_OPENSSL:
        return &cipher_openssl;
    }
    return NULL;
}

struct srtp_engine *srtp_engine_new(enum srtp_backend backend)
{
    const struct cipher_backend *b = find_backend(backend);
    const char *name = "";
    void *state = b ? b->open(&name) : NULL;
    if (!state)
        return NULL;
    if (!cipher_passes(b, state)) {
        b->close(state);
        return NULL;
    }
    struct srtp_engine *e = mem_alloc(sizeof *e);
    e->backend = b;
    e->state = state;
    e->name = name;
    slab_init(&e->contexts, SRTP_KEY_AT + b->key_size);
    slab_init(&e->report_keys, b->key_size);
    slab_init(&e->paths, sizeof(struct batch_path));
    return e;
}

struct srtp_engine *srtp_engine_best(void)
{
    struct srtp_engine *e = srtp_engine_new(SRTP_IPSEC_MB);
    if (!e)
        e = srtp_engine_new(SRTP_OPENSSL);
    if (!e) {
        fprintf(stderr, "srtp: no back end passes its known-answer test\n");
        abort();
    }
    return e;
}

void srtp_engine_free(struct srtp_engine *e)
{
    if (!e)
        return;
    e->backend->close(e->state);
    for (size_t i = 0; i < e->chunk_count; i++)
        mem_free(e->chunks[i]);
    mem_free(e->chunks);
    slab_dispose(&e->contexts);
    slab_dispose(&e->report_keys);
    slab_dispose(&e->paths);
    mem_free(e);
}

const char *srtp_engine_name(const struct srtp_engine *e)
{
    return e->name;
}
