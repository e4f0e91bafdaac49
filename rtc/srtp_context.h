// The inside of rtc/srtp: engines and contexts, for its own files and their tests.
#pragma once

#include "base/slab.h"
#include "rtc/replay.h"
#include "rtc/srtp.h"
#include "rtc/srtp_cipher.h"

enum {
    SRTP_GCM_SALT_LEN = 12,
    SRTP_CM_TAG_LEN = 10,
    SRTP_CM_MAC_KEY_LEN = 20,
    RTP_FIXED_HEADER_LEN = 12,
    RTCP_CLEAR_LEN = 8, // RFC 3711 section 3.4: what SRTCP does not encrypt
};

struct srtp_engine {
    const struct cipher_backend *backend;
    void *state;
    const char *name;
    // What the runs of the last srtp_seal() point into: chunks that are filled in turn and
    // kept, as many as the largest batch of some thousand needed.
    uint8_t **chunks;
    size_t chunk_count;
    size_t chunk_at;
    size_t chunk_used;
    size_t chunk_peak; // since `seals` were 0
    uint32_t seals;
    // AES_CM packets that wait to be protected together, and where their tags go.
    struct cm_job jobs[CM_JOBS_MAX];
    uint8_t *tags[CM_JOBS_MAX];
    size_t job_count;
    // What is read for every packet of a destination.
    struct slab contexts; // struct srtp, and at SRTP_KEY_AT its key of RTP
    struct slab report_keys;
    struct slab paths;
};

// Session keys of RTP or of RTCP, RFC 3711 section 4.3.1.
struct srtp_session_keys {
    uint8_t key[SRTP_KEY_LEN];
    uint8_t mac_key[SRTP_CM_MAC_KEY_LEN]; // AES_CM only
    uint8_t salt[SRTP_SALT_MAX];
};

struct srtp_session {
    void *key; // of the back end
    uint8_t salt[SRTP_SALT_MAX];
};

struct srtp {
    struct srtp_engine *engine;
    enum srtp_profile profile;
    struct srtp_session rtp;
    struct srtp_session rtcp;
    uint32_t next_rtcp_index; // outgoing

    struct replay replay; // incoming
};

// Where in an object of srtp_engine.contexts the key of RTP is.
enum { SRTP_KEY_AT = (sizeof(struct srtp) + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN };

// A context from session keys, below the key derivation: for the vectors of RFC 7714.
struct srtp *srtp_new_session(struct srtp_engine *e, enum srtp_profile profile,
                              const struct srtp_session_keys *rtp,
                              const struct srtp_session_keys *rtcp);
// RFC 3711 section 4.3 with a key derivation rate of 0; `label` is 0 for RTP, 3 for RTCP.
void srtp_derive(const struct srtp_keys *master, uint8_t label, struct srtp_session_keys *out);

// IVs: RFC 7714 sections 8.1 and 9.1, RFC 3711 section 4.1.1.
void srtp_gcm_iv(const struct srtp_session *s, uint32_t ssrc, uint64_t index,
                 uint8_t iv[CIPHER_GCM_IV_LEN]);
void srtp_cm_iv(const struct srtp_session *s, uint32_t ssrc, uint64_t index,
                uint8_t iv[CIPHER_CM_IV_LEN]);
