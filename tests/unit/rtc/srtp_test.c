#include "base/err.h"
#include "base/limits.h"
#include "rtc/srtp_context.h"
#include "srtp_oracle.h"
#include "test.h"
#include "vectors.h"

#include <stdalign.h>

// Each fact is checked on every back end of this machine.
static const enum srtp_backend backends[] = {
#ifdef HAVE_IPSEC_MB
    SRTP_IPSEC_MB,
#endif
    SRTP_OPENSSL,
};
enum { BACKENDS = sizeof backends / sizeof *backends };

static const enum srtp_profile profiles[] = {SRTP_AEAD_AES_128_GCM,
                                             SRTP_AES128_CM_HMAC_SHA1_80};
enum { PROFILES = 2 };

// A copy that may be decrypted in place, exactly as long as the packet.
static uint8_t *own(struct bytes b)
{
    return (uint8_t *)test_exact_copy(b.at, b.len).at;
}

static struct srtp_keys keys_of(enum srtp_profile profile)
{
    struct srtp_keys keys = {.profile = profile};
    for (size_t i = 0; i < SRTP_KEY_LEN; i++)
        keys.key[i] = (uint8_t)(0xa0 + i);
    for (size_t i = 0; i < (profile == SRTP_AEAD_AES_128_GCM ? 12u : 14u); i++)
        keys.salt[i] = (uint8_t)(0x30 + i);
    return keys;
}

// --- Vectors ---

TEST(every_back_end_passes_its_known_answers)
{
    for (size_t i = 0; i < BACKENDS; i++) {
        struct srtp_engine *e = srtp_engine_new(backends[i]);
        assert_non_null(e);
        CHECK(strlen(srtp_engine_name(e)) > 0);
        srtp_engine_free(e);
    }
}

TEST(keys_are_derived_as_in_rfc_3711_b_3)
{
    json_t *root = load("tests/vectors/rfc/rfc3711-srtp.json");
    json_t *kdf = json_object_get(root, "kdf");
    struct srtp_keys master = {.profile = SRTP_AES128_CM_HMAC_SHA1_80};
    memcpy(master.key, hex_member(kdf, "master_key").at, SRTP_KEY_LEN);
    memcpy(master.salt, hex_member(kdf, "master_salt").at, SRTP_SALT_MAX);
    struct srtp_session_keys session;
    srtp_derive(&master, 0, &session);
    CHECK_EQ(memcmp(session.key, hex_member(kdf, "cipher_key").at, SRTP_KEY_LEN), 0);
    CHECK_EQ(memcmp(session.salt, hex_member(kdf, "cipher_salt").at, SRTP_SALT_MAX), 0);
    CHECK_EQ(memcmp(session.mac_key, hex_member(kdf, "auth_key_94").at, SRTP_CM_MAC_KEY_LEN),
             0);
    json_decref(root);
}

TEST(the_keystream_is_that_of_rfc_3711_b_2)
{
    json_t *root = load("tests/vectors/rfc/rfc3711-srtp.json");
    json_t *v = json_object_get(root, "aes_cm_keystream");
    for (size_t i = 0; i < BACKENDS; i++) {
        struct srtp_engine *e = srtp_engine_new(backends[i]);
        alignas(SLAB_ALIGN) uint8_t key[CIPHER_KEY_SIZE_MAX];
        e->backend->cm_key_init(e->state, key, hex_member(v, "session_key").at,
                                bytes_of("any key"));
        uint8_t text[48] = {0};
        struct cm_job job = {.key = key, .at = text, .mac_len = 48, .text_len = 48};
        memcpy(job.iv, hex_member(v, "iv").at, sizeof job.iv);
        e->backend->cm_run(e->state, &job, 1);
        CHECK_EQ(memcmp(text, hex_member(v, "keystream_48").at, 48), 0);
        e->backend->cm_key_dispose(key);
        srtp_engine_free(e);
    }
    json_decref(root);
}

// A context under the session keys of RFC 7714.
static struct srtp *rfc7714(struct srtp_engine *e, const json_t *v)
{
    struct srtp_session_keys keys = {0};
    memcpy(keys.key, hex_member(v, "key128").at, SRTP_KEY_LEN);
    memcpy(keys.salt, hex_member(v, "salt").at, SRTP_GCM_SALT_LEN);
    return srtp_new_session(e, SRTP_AEAD_AES_128_GCM, &keys, &keys);
}

TEST(srtp_packets_are_those_of_rfc_7714_16)
{
    json_t *v = load("tests/vectors/rfc/rfc7714-srtp-gcm.json");
    for (size_t i = 0; i < BACKENDS; i++) {
        struct srtp_engine *e = srtp_engine_new(backends[i]);
        struct srtp *s = rfc7714(e, v);
        struct bytes plain = hex_member(v, "rtp_plain"), sealed = hex_member(v, "srtp_128");

        struct batch b = {0};
        struct batch_path path;
        batch_path_init(&path);
        path.protect = s;
        batch_single(&b, &path, BATCH_RTP, plain, 12, 0xf17b);
        CHECK_EQ(srtp_seal(e, &b, 0), 0);
        CHECK_EQ(b.run_count, 1);
        CHECK_BYTES(((struct bytes){b.runs[0].at, b.runs[0].len}), sealed.at, sealed.len);
        batch_dispose(&b);

        uint64_t index = 0;
        uint8_t *packet = own(sealed);
        CHECK_EQ(srtp_unprotect(s, packet, sealed.len, &index), (int)plain.len);
        CHECK(index == 0xf17b);
        CHECK_EQ(memcmp(packet, plain.at, plain.len), 0);
        srtp_free(s);
        srtp_engine_free(e);
    }
    json_decref(v);
}

TEST(srtcp_packets_are_those_of_rfc_7714_17)
{
    json_t *v = load("tests/vectors/rfc/rfc7714-srtp-gcm.json");
    for (size_t i = 0; i < BACKENDS; i++) {
        struct srtp_engine *e = srtp_engine_new(backends[i]);
        struct srtp *s = rfc7714(e, v);
        struct bytes plain = hex_member(v, "rtcp_plain"), sealed = hex_member(v, "srtcp_128");

        struct batch b = {0};
        struct batch_path path;
        batch_path_init(&path);
        path.protect = s;
        batch_single(&b, &path, BATCH_RTCP, plain, 8, 1492);
        CHECK_EQ(srtp_seal(e, &b, 0), 0);
        CHECK_BYTES(((struct bytes){b.runs[0].at, b.runs[0].len}), sealed.at, sealed.len);
        batch_dispose(&b);

        uint8_t *packet = own(sealed);
        CHECK_EQ(srtp_unprotect_rtcp(s, packet, sealed.len), (int)plain.len);
        CHECK_EQ(memcmp(packet, plain.at, plain.len), 0);
        srtp_free(s);
        srtp_engine_free(e);
    }
    json_decref(v);
}

TEST(every_must_fail_of_rfc_7714_is_refused)
{
    json_t *v = load("tests/vectors/rfc/rfc7714-srtp-gcm.json");
    for (size_t b = 0; b < BACKENDS; b++) {
        struct srtp_engine *e = srtp_engine_new(backends[b]);
        size_t i;
        json_t *bad;
        json_array_foreach(json_object_get(v, "must_fail"), i, bad)
        {
            struct srtp *s = rfc7714(e, v);
            uint64_t index;
            if (json_object_get(bad, "srtcp_128")) {
                struct bytes packet = hex_member(bad, "srtcp_128");
                CHECK(srtp_unprotect_rtcp(s, own(packet), packet.len) < 0);
            } else {
                struct bytes packet = hex_member(bad, "srtp_128");
                bool replay =
                    strncmp(json_string_value(json_object_get(bad, "name")), "replay", 6) == 0;
                if (replay)
                    CHECK(srtp_unprotect(s, own(packet), packet.len, &index) > 0);
                CHECK(srtp_unprotect(s, own(packet), packet.len, &index) < 0);
            }
            srtp_free(s);
        }
        CHECK_EQ(i, 8);
        srtp_engine_free(e);
    }
    json_decref(v);
}

TEST(wycheproof_aes_gcm)
{
    json_t *root = load("tests/vectors/wycheproof/aes_gcm_test.json");
    for (size_t b = 0; b < BACKENDS; b++) {
        struct srtp_engine *e = srtp_engine_new(backends[b]);
        size_t g, i;
        int seen = 0;
        json_t *group, *test;
        json_array_foreach(json_object_get(root, "testGroups"), g, group)
        {
            if (json_integer_value(json_object_get(group, "keySize")) != 128 ||
                json_integer_value(json_object_get(group, "ivSize")) != 96 ||
                json_integer_value(json_object_get(group, "tagSize")) != 128)
                continue;
            json_array_foreach(json_object_get(group, "tests"), i, test)
            {
                alignas(SLAB_ALIGN) uint8_t key[CIPHER_KEY_SIZE_MAX];
                e->backend->gcm_key_init(e->state, key, hex_member(test, "key").at);
                struct bytes ct = hex_member(test, "ct"), msg = hex_member(test, "msg");
                uint8_t *out = own(msg);
                bool valid =
                    strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
                bool opened = e->backend->gcm_open(e->state, key, hex_member(test, "iv").at,
                                                   hex_member(test, "aad"), ct, out,
                                                   hex_member(test, "tag").at);
                CHECK_EQ(opened, valid);
                if (valid) {
                    uint8_t tag[CIPHER_GCM_TAG_LEN];
                    CHECK_EQ(memcmp(out, msg.at, msg.len), 0);
                    e->backend->gcm_seal(e->state, key, hex_member(test, "iv").at,
                                         hex_member(test, "aad"), msg, out, tag);
                    CHECK_EQ(memcmp(out, ct.at, ct.len), 0);
                    CHECK_EQ(memcmp(tag, hex_member(test, "tag").at, sizeof tag), 0);
                }
                e->backend->gcm_key_dispose(key);
                seen++;
            }
        }
        CHECK(seen > 30);
        srtp_engine_free(e);
    }
    json_decref(root);
}

TEST(wycheproof_hmac_sha1_with_keys_of_at_most_a_block)
{
    json_t *root = load("tests/vectors/wycheproof/hmac_sha1_test.json");
    static const uint8_t cipher_key[CIPHER_KEY_LEN];
    for (size_t b = 0; b < BACKENDS; b++) {
        struct srtp_engine *e = srtp_engine_new(backends[b]);
        size_t g, i;
        int seen = 0;
        json_t *group, *test;
        json_array_foreach(json_object_get(root, "testGroups"), g, group)
        {
            json_array_foreach(json_object_get(group, "tests"), i, test)
            {
                struct bytes mac_key = hex_member(test, "key"), msg = hex_member(test, "msg");
                struct bytes tag = hex_member(test, "tag");
                if (mac_key.len > CIPHER_MAC_KEY_LEN_MAX || msg.len == 0)
                    continue; // no packet is empty
                alignas(SLAB_ALIGN) uint8_t key[CIPHER_KEY_SIZE_MAX];
                e->backend->cm_key_init(e->state, key, cipher_key, mac_key);
                struct cm_job job = {.key = key, .at = own(msg), .mac_len = (uint32_t)msg.len};
                e->backend->cm_run(e->state, &job, 1);
                bool valid =
                    strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
                CHECK_EQ(memcmp(job.mac, tag.at, tag.len) == 0, valid);
                e->backend->cm_key_dispose(key);
                seen++;
            }
        }
        CHECK(seen > 50);
        srtp_engine_free(e);
    }
    json_decref(root);
}

// --- libsrtp2 as oracle ---

enum { ORACLE_PACKETS = 600, ORACLE_FIRST_SEQ = 65300, ORACLE_MAX = 1400 };

// Packet `i`: now and then CSRCs, an extension, no payload at all.
static size_t oracle_packet(uint32_t i, uint8_t at[ORACLE_MAX])
{
    struct writer w = writer_on(at, ORACLE_MAX);
    bool extension = i % 3 == 0;
    uint8_t csrcs = i % 7 == 0 ? 2 : 0;
    put_u8(&w, (uint8_t)(0x80 | (extension ? 0x10 : 0) | csrcs));
    put_u8(&w, 96);
    put_u16(&w, (uint16_t)(ORACLE_FIRST_SEQ + i));
    put_u32(&w, i * 3000);
    put_u32(&w, 0xcafe);
    for (int c = 0; c < csrcs; c++)
        put_u32(&w, 77);
    if (extension) {
        put_u32(&w, 0xbede0001);
        put_u32(&w, 0x10ff0000);
    }
    size_t payload_len = i * 37 % 1201;
    for (size_t k = 0; k < payload_len; k++)
        put_u8(&w, (uint8_t)(k ^ i));
    return w.len;
}

static size_t clear_len(const uint8_t *packet)
{
    return 12 + 4 * (size_t)(packet[0] & 15) + (packet[0] & 0x10 ? 8 : 0);
}

// A compound of a receiver report and `i % 50` words of an APP packet.
static size_t oracle_compound(uint32_t i, uint8_t at[ORACLE_MAX])
{
    struct writer w = writer_on(at, ORACLE_MAX);
    uint16_t words = (uint16_t)(i % 50);
    put_u32(&w, 0x80c90001);
    put_u32(&w, 0xcafe);
    put_u16(&w, 0x80cc);
    put_u16(&w, (uint16_t)(words + 2));
    put_u32(&w, 0xcafe);
    put_bytes(&w, bytes_of("test"));
    for (uint32_t k = 0; k < words; k++)
        put_u32(&w, k * i);
    return w.len;
}

static struct oracle *oracle_of(enum srtp_profile profile, bool inbound)
{
    struct srtp_keys keys = keys_of(profile);
    return oracle_new(profile == SRTP_AEAD_AES_128_GCM, keys.key, keys.salt, inbound);
}

// Runs `test` on both profiles with every back end.
static void on_all(void (*test)(struct srtp_engine *e, struct srtp *s, enum srtp_profile p))
{
    for (size_t b = 0; b < BACKENDS; b++) {
        for (size_t i = 0; i < PROFILES; i++) {
            struct srtp_engine *e = srtp_engine_new(backends[b]);
            struct srtp_keys keys = keys_of(profiles[i]);
            struct srtp *s = srtp_new(e, &keys);
            test(e, s, profiles[i]);
            srtp_free(s);
            srtp_engine_free(e);
        }
    }
}

// Seals one packet and returns what is on the wire.
static struct bytes seal_one(struct srtp_engine *e, struct srtp *s, enum batch_kind kind,
                             struct bytes plain, size_t clear, size_t head, uint64_t index)
{
    struct batch b = {0};
    struct batch_path path;
    batch_path_init(&path);
    path.protect = s;
    struct batch_shared *shared = batch_single(&b, &path, kind, plain, clear, index);
    shared->head_len = (uint8_t)head;
    shared->payload = (struct bytes){plain.at + head, plain.len - head};
    memcpy(shared->head, plain.at, head);
    CHECK_EQ(srtp_seal(e, &b, 0), 0);
    CHECK_EQ(b.run_count, 1);
    CHECK_EQ(b.runs[0].count, 1);
    CHECK_EQ(b.runs[0].segment_len, b.runs[0].len);
    struct bytes sealed = test_exact_copy(b.runs[0].at, b.runs[0].len);
    batch_dispose(&b);
    return sealed;
}

static void libsrtp_opens_ours(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    struct oracle *oracle = oracle_of(profile, true);
    uint8_t plain[ORACLE_MAX], opened[ORACLE_MAX];
    for (uint32_t i = 0; i < ORACLE_PACKETS; i++) {
        size_t len = oracle_packet(i, plain);
        size_t clear = clear_len(plain);
        // Part of the payload lies in the head, as when a descriptor was rewritten.
        size_t head = i % 2 && len - clear > 6 ? clear + 6 : clear;
        struct bytes sealed = seal_one(e, s, BATCH_RTP, (struct bytes){plain, len}, clear, head,
                                       ORACLE_FIRST_SEQ + i);
        size_t opened_len = sealed.len;
        memcpy(opened, sealed.at, sealed.len);
        CHECK(oracle_unprotect(oracle, false, opened, &opened_len));
        CHECK_BYTES(((struct bytes){opened, opened_len}), plain, len);

        len = oracle_compound(i, plain);
        sealed = seal_one(e, s, BATCH_RTCP, (struct bytes){plain, len}, 8, i % 2 ? 12 : 8,
                          srtp_next_rtcp_index(s));
        opened_len = sealed.len;
        memcpy(opened, sealed.at, sealed.len);
        CHECK(oracle_unprotect(oracle, true, opened, &opened_len));
        CHECK_BYTES(((struct bytes){opened, opened_len}), plain, len);
    }
    oracle_free(oracle);
}

TEST(libsrtp_opens_what_we_seal)
{
    on_all(libsrtp_opens_ours);
}

static void we_open_libsrtps(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    (void)e;
    struct oracle *oracle = oracle_of(profile, false);
    uint8_t plain[ORACLE_MAX], sealed[ORACLE_MAX + 64];
    for (uint32_t i = 0; i < ORACLE_PACKETS; i++) {
        size_t len = oracle_packet(i, plain);
        size_t sealed_len = len;
        memcpy(sealed, plain, len);
        CHECK(oracle_protect(oracle, false, sealed, &sealed_len));
        uint8_t *packet = own((struct bytes){sealed, sealed_len});
        uint64_t index = 0;
        CHECK_EQ(srtp_unprotect(s, packet, sealed_len, &index), (int)len);
        CHECK(index == ORACLE_FIRST_SEQ + i); // it counts on past the wrap
        CHECK_EQ(memcmp(packet, plain, len), 0);

        len = sealed_len = oracle_compound(i, plain);
        memcpy(sealed, plain, len);
        CHECK(oracle_protect(oracle, true, sealed, &sealed_len));
        packet = own((struct bytes){sealed, sealed_len});
        CHECK_EQ(srtp_unprotect_rtcp(s, packet, sealed_len), (int)len);
        CHECK_EQ(memcmp(packet, plain, len), 0);
    }
    oracle_free(oracle);
}

TEST(we_open_what_libsrtp_seals)
{
    on_all(we_open_libsrtps);
}

// --- What is refused, and what is learned ---

static const uint8_t plain_rtp[] = {0x80, 96, 0, 100, 0, 0, 0, 1, 0, 0, 0, 5, 'p', 'a', 'y'};

static struct bytes rtp_of(struct srtp_engine *e, struct srtp *s, uint32_t ssrc, uint64_t index)
{
    uint8_t packet[sizeof plain_rtp];
    memcpy(packet, plain_rtp, sizeof packet);
    write_u16(packet + 2, (uint16_t)index);
    write_u32(packet + 8, ssrc);
    return seal_one(e, s, BATCH_RTP, (struct bytes){packet, sizeof packet}, 12, 12, index);
}

static int open_rtp(struct srtp *s, struct bytes sealed)
{
    uint64_t index;
    return srtp_unprotect(s, own(sealed), sealed.len, &index);
}

static void refuses_changes(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    (void)profile;
    struct bytes sealed = rtp_of(e, s, 5, 100);
    for (size_t at = 0; at < sealed.len; at++) {
        uint8_t *changed = own(sealed);
        changed[at] ^= 0x40;
        uint64_t index;
        CHECK(srtp_unprotect(s, changed, sealed.len, &index) < 0);
    }
    for (size_t len = 0; len < sealed.len; len++)
        CHECK(open_rtp(s, (struct bytes){sealed.at, len}) < 0);
    CHECK_EQ(s->replay.count, 0); // nothing was learned from any of them
    CHECK_EQ(open_rtp(s, sealed), sizeof plain_rtp);
    CHECK_EQ(s->replay.count, 1);
}

TEST(any_changed_octet_and_any_truncation_is_refused)
{
    on_all(refuses_changes);
}

static void refuses_rtcp_changes(struct srtp_engine *e, struct srtp *s,
                                 enum srtp_profile profile)
{
    (void)profile;
    static const uint8_t plain[] = {0x80, 201, 0, 1, 0, 0, 0, 9, 0x81, 206,
                                    0,    2,   0, 0, 0, 9, 0, 0, 0,    3};
    struct bytes sealed = seal_one(e, s, BATCH_RTCP, (struct bytes){plain, sizeof plain}, 8, 8,
                                   srtp_next_rtcp_index(s));
    for (size_t at = 0; at < sealed.len; at++) {
        uint8_t *changed = own(sealed);
        changed[at] ^= 0x80;
        CHECK(srtp_unprotect_rtcp(s, changed, sealed.len) < 0);
    }
    for (size_t len = 0; len < sealed.len; len++)
        CHECK(srtp_unprotect_rtcp(s, own((struct bytes){sealed.at, len}), len) < 0);
    CHECK_EQ(srtp_unprotect_rtcp(s, own(sealed), sealed.len), sizeof plain);
    CHECK_EQ(srtp_unprotect_rtcp(s, own(sealed), sealed.len), ERR_EXISTS);
}

TEST(any_changed_octet_of_rtcp_is_refused)
{
    on_all(refuses_rtcp_changes);
}

static void keeps_the_window(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    (void)profile;
    int len = sizeof plain_rtp;
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2000)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2000)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 977)), len); // 1023 behind: the last of the window
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 976)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 1937)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 1937)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2063)), len); // by 63, into the next word
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2000)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 1937)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 1999)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2127)), len); // by a word
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2063)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2062)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 3150)), len); // by the window: 2127 is its last
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2127)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2128)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2126)), ERR_EXISTS); // was never seen, and is too old
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 30000)), len);       // by far
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 3150)), ERR_EXISTS);
    for (uint64_t index = 29999; index > 30000 - 1024; index--)
        CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, index)), len); // nothing is left of before
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 60000)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65536 + 3)), len); // the next ROC
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65534)), len);     // and back across the wrap
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65534)), ERR_EXISTS);
}

// An encoder without a retransmission stream sends a packet that was reported missing once
// more, hundreds of packets later: 4 Mbit/s and a round trip of 300 ms.
static void takes_repeated_packets(struct srtp_engine *e, struct srtp *s,
                                   enum srtp_profile profile)
{
    (void)profile;
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 40000)), sizeof plain_rtp);
    for (uint64_t index = 40002; index < 40400; index++)
        CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, index)), sizeof plain_rtp);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 40001)), sizeof plain_rtp);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 40001)), ERR_EXISTS);
}

TEST(a_packet_that_is_repeated_four_hundred_packets_later_is_taken)
{
    on_all(takes_repeated_packets);
}

// A camera that is stopped and started again has the same SSRC and the same counter.
static void goes_on_after_forgetting(struct srtp_engine *e, struct srtp *s,
                                     enum srtp_profile profile)
{
    (void)profile;
    int len = sizeof plain_rtp;
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 60000)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65536 + 10)), len);
    srtp_forget(s, 5);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65536 + 10)), ERR_EXISTS); // no replay afterwards
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65536 + 500)), len);
    // Once more, and meanwhile it wrapped unheard.
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65536 + 20000)), len);
    srtp_forget(s, 5);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2 * 65536 + 100)), len);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2 * 65536 + 99)), len);
}

TEST(a_forgotten_ssrc_goes_on_with_its_rollover_counter)
{
    on_all(goes_on_after_forgetting);
}

static void bounds_the_past(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    (void)profile;
    for (uint32_t ssrc = 0; ssrc < SSRC_REMEMBERED_MAX + 1; ssrc++) {
        CHECK_EQ(open_rtp(s, rtp_of(e, s, ssrc, 7)), sizeof plain_rtp);
        srtp_forget(s, ssrc);
    }
    CHECK_EQ(s->replay.past_count, SSRC_REMEMBERED_MAX);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 0, 7)), sizeof plain_rtp); // the one forgotten first
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 1, 7)), ERR_EXISTS);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 1, 8)), sizeof plain_rtp);
}

TEST(what_is_remembered_of_forgotten_ssrcs_is_bounded)
{
    on_all(bounds_the_past);
}

// The stream began at 65534; what reaches us first is the third packet.
static void finds_the_roc(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    (void)profile;
    uint64_t index = 0;
    struct bytes third = rtp_of(e, s, 5, 65536);
    uint8_t *packet = own(third);
    CHECK_EQ(srtp_unprotect(s, packet, third.len, &index), sizeof plain_rtp);
    CHECK_EQ(index, 65536);
    CHECK_EQ(memcmp(packet + 12, "pay", 3), 0);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65535)), sizeof plain_rtp); // it was only late
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 65537)), sizeof plain_rtp);
    // Only the first packet has two chances.
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 5, 2 * 65536 + 5)), ERR_REFUSED);
}

TEST(a_stream_whose_first_packets_are_lost_at_the_end_of_the_circle_is_opened)
{
    on_all(finds_the_roc);
}

TEST(replays_are_refused_in_a_window_of_1024)
{
    on_all(keeps_the_window);
}

static void bounds_ssrcs(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    (void)profile;
    for (uint32_t ssrc = 0; ssrc < SSRC_PER_TRANSPORT_MAX; ssrc++)
        CHECK_EQ(open_rtp(s, rtp_of(e, s, ssrc, 7)), sizeof plain_rtp);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 1000, 7)), ERR_FULL);
    srtp_forget(s, 10);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 1000, 7)), sizeof plain_rtp);
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 63, 7)), ERR_EXISTS); // it moved, and is remembered
    CHECK_EQ(open_rtp(s, rtp_of(e, s, 1001, 7)), ERR_FULL);
}

TEST(ssrcs_are_bounded_and_can_be_forgotten)
{
    on_all(bounds_ssrcs);
}

// A call that brings one packet twice, streams that start at the end of the circle, forged
// ones, and two profiles.
static void opens_many(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    enum { COUNT = 200 };
    struct srtp_input inputs[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        struct bytes sealed = rtp_of(e, s, i % 3, 65500 + i / 3);
        inputs[i] = (struct srtp_input){.keys = s, .packet = own(sealed), .len = sealed.len};
    }
    struct bytes twice = rtp_of(e, s, 2, 65520); // as inputs[62]
    inputs[65] = (struct srtp_input){.keys = s, .packet = own(twice), .len = twice.len};
    inputs[70].packet[14] ^= 1;

    struct srtp_keys other_keys = keys_of(
        profile == SRTP_AEAD_AES_128_GCM ? SRTP_AES128_CM_HMAC_SHA1_80 : SRTP_AEAD_AES_128_GCM);
    struct srtp *other = srtp_new(e, &other_keys);
    struct bytes theirs = rtp_of(e, other, 9, 1);
    inputs[90] = (struct srtp_input){.keys = other, .packet = own(theirs), .len = theirs.len};

    srtp_unprotect_many(e, inputs, COUNT);
    int good = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        if (inputs[i].result < 0)
            continue;
        good++;
        CHECK_EQ(inputs[i].result, sizeof plain_rtp);
        if (i != 90)
            CHECK(inputs[i].index == 65500 + i / 3);
        CHECK_EQ(memcmp(inputs[i].packet + 12, "pay", 3), 0);
    }
    CHECK_EQ(inputs[65].result, ERR_EXISTS);
    CHECK_EQ(inputs[70].result, ERR_REFUSED);
    CHECK_EQ(good, COUNT - 2);
    srtp_free(other);
}

TEST(many_packets_of_one_call_are_judged_like_single_ones)
{
    on_all(opens_many);
}

static void replays_files(struct srtp_engine *e, struct srtp *s, enum srtp_profile profile)
{
    (void)e;
    (void)profile;
    static const char *const folders[] = {
        "tests/vectors/webrtc-corpora/rtp", "tests/vectors/webrtc-corpora/rtcp",
        "tests/vectors/mediasoup/crash-reports", "tests/vectors/mediasoup/packets"};
    for (size_t f = 0; f < sizeof folders / sizeof *folders; f++) {
        const char **files;
        size_t count = test_folder(folders[f], &files);
        for (size_t i = 0; i < count; i++) {
            struct bytes file = test_file(files[i]);
            CHECK(open_rtp(s, file) < 0);
            CHECK(srtp_unprotect_rtcp(s, own(file), file.len) < 0);
        }
    }
}

TEST(files_that_crashed_others_do_no_harm)
{
    on_all(replays_files);
}
