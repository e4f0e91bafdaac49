// What a back end of rtc/srtp does: AES-GCM on one packet, and AES-CM with HMAC-SHA1 on many.
// Nothing here knows what RTP is.
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CIPHER_KEY_LEN = 16,
    CIPHER_GCM_IV_LEN = 12,
    CIPHER_GCM_TAG_LEN = 16,
    CIPHER_CM_IV_LEN = 16,
    CIPHER_MAC_LEN = 20,
    CIPHER_MAC_KEY_LEN_MAX = 64, // one block of SHA-1; SRTP has 20
    CIPHER_KEY_SIZE_MAX = 1024,  // of a key that is ready for use: GCM's with its powers
};

// AES-CM and HMAC-SHA1 of one packet, in place. Encryption comes before the MAC, decryption
// after it (RFC 3711 section 3.3): the MAC is always that of the ciphertext.
struct cm_job {
    void *key;        // of cm_key_init()
    uint8_t *at;      // the authenticated octets
    uint32_t mac_len; // how many of them
    uint32_t text_at; // the encrypted ones among them
    uint32_t text_len;
    bool decrypt;
    uint8_t iv[CIPHER_CM_IV_LEN];
    uint8_t mac[CIPHER_MAC_LEN]; // out
};

enum { CM_JOBS_MAX = 64 }; // of one call

struct cipher_backend {
    // What a thread needs, or NULL when the machine cannot; its name goes to `name`.
    void *(*open)(const char **name);
    void (*close)(void *state);

    // Keys lie in the caller's memory, so that what is used together lies together: `key_size`
    // octets, aligned to a line of the processor's cache.
    size_t key_size;
    void (*gcm_key_init)(void *state, void *at, const uint8_t key[CIPHER_KEY_LEN]);
    void (*gcm_key_dispose)(void *at); // wipes it
    // `out` may be `text`, otherwise they do not overlap.
    void (*gcm_seal)(void *state, void *key, const uint8_t iv[CIPHER_GCM_IV_LEN],
                     struct bytes aad, struct bytes text, uint8_t *out,
                     uint8_t tag[CIPHER_GCM_TAG_LEN]);
    // False when the tag is wrong; `out` is scrambled then.
    bool (*gcm_open)(void *state, void *key, const uint8_t iv[CIPHER_GCM_IV_LEN],
                     struct bytes aad, struct bytes text, uint8_t *out,
                     const uint8_t tag[CIPHER_GCM_TAG_LEN]);

    void (*cm_key_init)(void *state, void *at, const uint8_t key[CIPHER_KEY_LEN],
                        struct bytes mac_key);
    void (*cm_key_dispose)(void *at);
    void (*cm_run)(void *state, struct cm_job *jobs, size_t count);
};

extern const struct cipher_backend cipher_openssl;
#ifdef HAVE_IPSEC_MB
extern const struct cipher_backend cipher_ipsec_mb;
#endif

// Known answers: RFC 7714 section 16, RFC 3711 appendix B.2, RFC 2202, on as many lanes as a
// multi-buffer implementation has.
bool cipher_passes(const struct cipher_backend *backend, void *state);
