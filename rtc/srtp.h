// SRTP and SRTCP: RFC 3711 (AES_CM_128_HMAC_SHA1_80) and RFC 7714 (AEAD_AES_128_GCM).
//
// Two back ends do the ciphers: intel-ipsec-mb, and OpenSSL EVP where it is missing or fails
// its known-answer test. The engine holds what a thread needs of them; contexts hold keys.
#pragma once

#include "base/batch.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum srtp_profile { // values of RFC 5764 section 4.1.2, RFC 7714 section 14.2
    SRTP_AES128_CM_HMAC_SHA1_80 = 0x0001,
    SRTP_AEAD_AES_128_GCM = 0x0007,
};

enum { SRTP_KEY_LEN = 16, SRTP_SALT_MAX = 14, SRTP_TAG_MAX = 16, SRTCP_INDEX_LEN = 4 };

enum srtp_backend { SRTP_IPSEC_MB, SRTP_OPENSSL };

struct srtp_engine; // of one thread

// Runs the known-answer test of `backend`. Returns NULL when it is not available or wrong.
struct srtp_engine *srtp_engine_new(enum srtp_backend backend);
// The fastest back end that passes; never NULL, aborts when none does.
struct srtp_engine *srtp_engine_best(void);
void srtp_engine_free(struct srtp_engine *e);
const char *srtp_engine_name(const struct srtp_engine *e); // "ipsec-mb (avx512)", "openssl"

struct srtp_keys {
    enum srtp_profile profile;
    uint8_t key[SRTP_KEY_LEN];
    uint8_t salt[SRTP_SALT_MAX]; // 14 octets for AES_CM, 12 for GCM
};

// One direction of one transport. Incoming: extended indexes and a replay window of 1024 for
// each SSRC (rtc/replay.h), at most SSRC_PER_TRANSPORT_MAX of them, learned only from
// authenticated packets.
struct srtp;

struct srtp *srtp_new(struct srtp_engine *e, const struct srtp_keys *keys);
void srtp_free(struct srtp *s); // wipes the keys

// A destination among the thread's others: all that is read for each of its packets lies close
// to what is read for those of the next.
struct batch_path *srtp_path_new(struct srtp_engine *e);
void srtp_path_free(struct srtp_engine *e, struct batch_path *path);

// Unprotects in place. Returns the length of the plain packet, or ERR_MALFORMED (not RTP),
// ERR_REFUSED (authentication), ERR_EXISTS (replayed, or too old to tell), ERR_FULL (too many
// SSRCs). `*index` is ROC << 16 | sequence number. A refused packet may be scrambled.
int srtp_unprotect(struct srtp *s, uint8_t *packet, size_t len, uint64_t *index);
int srtp_unprotect_rtcp(struct srtp *s, uint8_t *packet, size_t len);

// Many packets of one receive call at once; each result is as of srtp_unprotect().
struct srtp_input {
    struct srtp *keys;
    uint8_t *packet;
    size_t len;
    uint64_t index; // out
    int result;     // out
};
void srtp_unprotect_many(struct srtp_engine *e, struct srtp_input *inputs, size_t count);

// The next SRTCP index of an outgoing context: 31 bits, never repeated (RFC 3711 section 3.4).
uint32_t srtp_next_rtcp_index(struct srtp *s);

// Forgets an incoming SSRC, so that another may take its place. Where its packets go on stays
// known: the sender may use it again.
void srtp_forget(struct srtp *s, uint32_t ssrc);

// Protects every packet of `b` into buffers that lie contiguously per destination, evens out
// trains with RTP padding of at most BATCH_PAD_MAX octets (docs/packet-trains.md has the rule),
// and fills b->runs. Packets on a path without keys are dropped and counted in the result.
// Where the shared part has a place for it, a packet gets the transport-wide number of its
// path, in the order of leaving; it is noted in the path's estimate as sent at `now`. The runs
// lie in the engine's memory until its next srtp_seal(). That memory grows with the largest
// batch, so whoever fills a batch without bound flushes it in between.
size_t srtp_seal(struct srtp_engine *e, struct batch *b, int64_t now);
