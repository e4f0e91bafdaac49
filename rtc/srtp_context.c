#include "rtc/srtp.h"

#include "base/err.h"
#include "base/mem.h"
#include "rtc/srtp_context.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

enum { LABEL_KEY = 0, LABEL_MAC = 1, LABEL_SALT = 2, LABELS_OF_RTCP = 3 };

static const uint32_t encrypted_flag = 0x80000000; // E of SRTCP, RFC 3711 section 3.4

// The keystream of AES-CM is AES-CTR of zeros under the master key. The label goes where
// RFC 3711 section 4.3.1 puts it: 7 octets before the end of a salt of 14. A salt of 12 counts
// as the beginning of one of 14 (RFC 7714 section 11).
static void derive(const struct srtp_keys *master, uint8_t label, uint8_t *out, size_t len)
{
    uint8_t iv[16] = {0};
    memcpy(iv, master->salt, SRTP_SALT_MAX);
    if (master->profile == SRTP_AEAD_AES_128_GCM)
        iv[12] = iv[13] = 0;
    iv[7] ^= label;

    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int written = 0;
    memset(out, 0, len);
    bool done = c && EVP_EncryptInit_ex(c, EVP_aes_128_ctr(), NULL, master->key, iv) == 1 &&
                EVP_EncryptUpdate(c, out, &written, out, (int)len) == 1;
    assert(done);
    EVP_CIPHER_CTX_free(c);
}

void srtp_derive(const struct srtp_keys *master, uint8_t label, struct srtp_session_keys *out)
{
    *out = (struct srtp_session_keys){0};
    bool gcm = master->profile == SRTP_AEAD_AES_128_GCM;
    derive(master, label + LABEL_KEY, out->key, sizeof out->key);
    if (!gcm)
        derive(master, label + LABEL_MAC, out->mac_key, sizeof out->mac_key);
    derive(master, label + LABEL_SALT, out->salt, gcm ? SRTP_GCM_SALT_LEN : SRTP_SALT_MAX);
}

static void open_session(const struct srtp *s, struct srtp_session *session,
                         const struct srtp_session_keys *keys, void *key_at)
{
    const struct cipher_backend *b = s->engine->backend;
    memcpy(session->salt, keys->salt, sizeof session->salt);
    session->key = key_at;
    if (s->profile == SRTP_AEAD_AES_128_GCM)
        b->gcm_key_init(s->engine->state, key_at, keys->key);
    else
        b->cm_key_init(s->engine->state, key_at, keys->key,
                       (struct bytes){keys->mac_key, sizeof keys->mac_key});
}

struct srtp *srtp_new_session(struct srtp_engine *e, enum srtp_profile profile,
                              const struct srtp_session_keys *rtp,
                              const struct srtp_session_keys *rtcp)
{
    struct srtp *s = slab_alloc(&e->contexts);
    s->engine = e;
    s->profile = profile;
    open_session(s, &s->rtp, rtp, (uint8_t *)s + SRTP_KEY_AT);
    open_session(s, &s->rtcp, rtcp, slab_alloc(&e->report_keys));
    return s;
}

struct srtp *srtp_new(struct srtp_engine *e, const struct srtp_keys *keys)
{
    struct srtp_session_keys rtp, rtcp;
    srtp_derive(keys, 0, &rtp);
    srtp_derive(keys, LABELS_OF_RTCP, &rtcp);
    struct srtp *s = srtp_new_session(e, keys->profile, &rtp, &rtcp);
    mem_wipe(&rtp, sizeof rtp);
    mem_wipe(&rtcp, sizeof rtcp);
    return s;
}

void srtp_free(struct srtp *s)
{
    if (!s)
        return;
    struct srtp_engine *e = s->engine;
    void (*key_dispose)(void *) = s->profile == SRTP_AEAD_AES_128_GCM
                                      ? e->backend->gcm_key_dispose
                                      : e->backend->cm_key_dispose;
    key_dispose(s->rtp.key);
    key_dispose(s->rtcp.key);
    slab_free(&e->report_keys, s->rtcp.key);
    replay_dispose(&s->replay);
    mem_wipe(s, sizeof *s);
    slab_free(&e->contexts, s);
}

uint32_t srtp_next_rtcp_index(struct srtp *s)
{
    return s->next_rtcp_index++ & ~encrypted_flag;
}

void srtp_gcm_iv(const struct srtp_session *s, uint32_t ssrc, uint64_t index,
                 uint8_t iv[CIPHER_GCM_IV_LEN])
{
    iv[0] = iv[1] = 0;
    write_u32(iv + 2, ssrc);
    write_u16(iv + 6, (uint16_t)(index >> 32));
    write_u32(iv + 8, (uint32_t)index);
    for (size_t i = 0; i < CIPHER_GCM_IV_LEN; i++)
        iv[i] ^= s->salt[i];
}

void srtp_cm_iv(const struct srtp_session *s, uint32_t ssrc, uint64_t index,
                uint8_t iv[CIPHER_CM_IV_LEN])
{
    memset(iv, 0, CIPHER_CM_IV_LEN);
    write_u32(iv + 4, ssrc);
    write_u16(iv + 8, (uint16_t)(index >> 32));
    write_u32(iv + 10, (uint32_t)index);
    for (size_t i = 0; i < SRTP_SALT_MAX; i++)
        iv[i] ^= s->salt[i];
}

void srtp_forget(struct srtp *s, uint32_t ssrc)
{
    replay_forget(&s->replay, ssrc);
}

// --- Incoming RTP ---

// The length of the RTP header with CSRCs and extension, which SRTP leaves in the clear; 0 when
// the packet is too short for it.
static size_t header_len(const uint8_t *packet, size_t len)
{
    if (len < RTP_FIXED_HEADER_LEN || packet[0] >> 6 != 2)
        return 0;
    size_t header = RTP_FIXED_HEADER_LEN + 4 * (size_t)(packet[0] & 15);
    if (packet[0] & 0x10) {
        if (len < header + 4)
            return 0;
        header += 4 + 4 * (size_t)read_u16(packet + header + 2);
    }
    return header <= len ? header : 0;
}

static size_t tag_len(const struct srtp *s)
{
    return s->profile == SRTP_AEAD_AES_128_GCM ? CIPHER_GCM_TAG_LEN : SRTP_CM_TAG_LEN;
}

// What can be said before any cipher: the plain length, or why there is none. `*index` is the
// estimate, `*sure` whether it is the only one.
static int admit(const struct srtp *s, const uint8_t *packet, size_t len, uint64_t *index,
                 bool *sure)
{
    size_t tag = tag_len(s);
    if (len < tag || len > DATAGRAM_MAX || !header_len(packet, len - tag))
        return ERR_MALFORMED;
    int err = replay_guess(&s->replay, read_u32(packet + 8), read_u16(packet + 2), index, sure);
    return err ? err : (int)(len - tag);
}

static int open_gcm(struct srtp *s, uint8_t *packet, size_t plain_len, uint64_t index)
{
    size_t header = header_len(packet, plain_len);
    uint8_t iv[CIPHER_GCM_IV_LEN];
    srtp_gcm_iv(&s->rtp, read_u32(packet + 8), index, iv);
    struct bytes text = {packet + header, plain_len - header};
    if (!s->engine->backend->gcm_open(s->engine->state, s->rtp.key, iv,
                                      (struct bytes){packet, header}, text, packet + header,
                                      packet + plain_len))
        return ERR_REFUSED;
    int err = replay_learn(&s->replay, read_u32(packet + 8), false, index);
    return err ? err : (int)plain_len;
}

// The MAC covers the packet and its ROC (RFC 3711 section 4.2), which takes the place of the
// tag while the job runs.
struct cm_input {
    struct srtp_input *input;
    int plain_len;
    uint8_t tag[SRTP_CM_TAG_LEN];
};

static void prepare_cm(struct cm_input *c, struct cm_job *job)
{
    struct srtp_input *in = c->input;
    size_t plain_len = (size_t)c->plain_len;
    size_t header = header_len(in->packet, plain_len);
    memcpy(c->tag, in->packet + plain_len, sizeof c->tag);
    write_u32(in->packet + plain_len, (uint32_t)(in->index >> 16));
    *job = (struct cm_job){.key = in->keys->rtp.key,
                           .at = in->packet,
                           .mac_len = (uint32_t)plain_len + 4,
                           .text_at = (uint32_t)header,
                           .text_len = (uint32_t)(plain_len - header),
                           .decrypt = true};
    srtp_cm_iv(&in->keys->rtp, read_u32(in->packet + 8), in->index, job->iv);
}

static void conclude_cm(struct cm_input *c, const struct cm_job *job)
{
    struct srtp_input *in = c->input;
    if (CRYPTO_memcmp(job->mac, c->tag, sizeof c->tag)) {
        in->result = ERR_REFUSED;
        return;
    }
    int err = replay_learn(&in->keys->replay, read_u32(in->packet + 8), false, in->index);
    in->result = err ? err : c->plain_len;
}

static void run_cm(struct srtp_engine *e, struct cm_input *waiting, size_t count)
{
    for (size_t i = 0; i < count; i++)
        prepare_cm(&waiting[i], &e->jobs[i]);
    e->backend->cm_run(e->state, e->jobs, count);
    for (size_t i = 0; i < count; i++)
        conclude_cm(&waiting[i], &e->jobs[i]);
}

// The first packet of a stream decides how the next ones are numbered, so it is not put off. It
// may be the first that reached us and not the first that was sent: when those before it were
// lost around the end of the circle its ROC is one higher. A refused packet may be scrambled,
// so the second try is made on a copy.
static void open_first(struct srtp_engine *e, struct srtp_input *in)
{
    uint8_t copy[DATAGRAM_MAX];
    size_t plain_len = (size_t)in->result;
    memcpy(copy, in->packet, in->len);
    for (int tries = 0; tries < 2; tries++) {
        if (in->keys->profile == SRTP_AEAD_AES_128_GCM) {
            in->result = open_gcm(in->keys, in->packet, plain_len, in->index);
        } else {
            struct cm_input alone = {.input = in, .plain_len = (int)plain_len};
            run_cm(e, &alone, 1);
        }
        if (in->result != ERR_REFUSED || tries == 1)
            return;
        memcpy(in->packet, copy, in->len);
        in->index += 1u << 16;
    }
}

void srtp_unprotect_many(struct srtp_engine *e, struct srtp_input *inputs, size_t count)
{
    struct cm_input waiting[CM_JOBS_MAX];
    size_t waiting_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct srtp_input *in = &inputs[i];
        bool sure = true;
        in->result = admit(in->keys, in->packet, in->len, &in->index, &sure);
        if (in->result < 0)
            continue;
        if (!sure) {
            open_first(e, in);
        } else if (in->keys->profile == SRTP_AEAD_AES_128_GCM) {
            in->result = open_gcm(in->keys, in->packet, (size_t)in->result, in->index);
        } else {
            waiting[waiting_count++] = (struct cm_input){.input = in, .plain_len = in->result};
            if (waiting_count == CM_JOBS_MAX) {
                run_cm(e, waiting, waiting_count);
                waiting_count = 0;
            }
        }
    }
    run_cm(e, waiting, waiting_count);
}

int srtp_unprotect(struct srtp *s, uint8_t *packet, size_t len, uint64_t *index)
{
    struct srtp_input input = {.keys = s, .packet = packet, .len = len};
    srtp_unprotect_many(s->engine, &input, 1);
    if (input.result >= 0)
        *index = input.index;
    return input.result;
}

// --- Incoming RTCP ---

// header | ciphertext | tag | E and index; the header and the last word are authenticated
// (RFC 7714 section 9.2).
static int open_rtcp_gcm(struct srtp *s, uint8_t *packet, size_t plain_len, uint32_t index)
{
    uint8_t aad[RTCP_CLEAR_LEN + SRTCP_INDEX_LEN];
    memcpy(aad, packet, RTCP_CLEAR_LEN);
    memcpy(aad + RTCP_CLEAR_LEN, packet + plain_len + CIPHER_GCM_TAG_LEN, SRTCP_INDEX_LEN);
    uint8_t iv[CIPHER_GCM_IV_LEN];
    srtp_gcm_iv(&s->rtcp, read_u32(packet + 4), index, iv);
    uint8_t *text = packet + RTCP_CLEAR_LEN;
    bool right = s->engine->backend->gcm_open(
        s->engine->state, s->rtcp.key, iv, (struct bytes){aad, sizeof aad},
        (struct bytes){text, plain_len - RTCP_CLEAR_LEN}, text, packet + plain_len);
    return right ? 0 : ERR_REFUSED;
}

// header | ciphertext | E and index | tag; all but the tag is authenticated.
static int open_rtcp_cm(struct srtp *s, uint8_t *packet, size_t plain_len, uint32_t index)
{
    struct cm_job *job = &s->engine->jobs[0];
    *job = (struct cm_job){.key = s->rtcp.key,
                           .at = packet,
                           .mac_len = (uint32_t)plain_len + SRTCP_INDEX_LEN,
                           .text_at = RTCP_CLEAR_LEN,
                           .text_len = (uint32_t)plain_len - RTCP_CLEAR_LEN,
                           .decrypt = true};
    srtp_cm_iv(&s->rtcp, read_u32(packet + 4), index, job->iv);
    s->engine->backend->cm_run(s->engine->state, job, 1);
    return CRYPTO_memcmp(job->mac, packet + plain_len + SRTCP_INDEX_LEN, SRTP_CM_TAG_LEN)
               ? ERR_REFUSED
               : 0;
}

int srtp_unprotect_rtcp(struct srtp *s, uint8_t *packet, size_t len)
{
    bool gcm = s->profile == SRTP_AEAD_AES_128_GCM;
    size_t trailer = tag_len(s) + SRTCP_INDEX_LEN;
    if (len < RTCP_CLEAR_LEN + trailer || len > DATAGRAM_MAX || packet[0] >> 6 != 2)
        return ERR_MALFORMED;
    size_t plain_len = len - trailer;
    uint32_t word = read_u32(packet + (gcm ? len - SRTCP_INDEX_LEN : plain_len));
    uint32_t index = word & ~encrypted_flag;
    if (!(word & encrypted_flag)) // both profiles encrypt RTCP
        return ERR_REFUSED;

    uint32_t ssrc = read_u32(packet + 4);
    int err = replay_ask_rtcp(&s->replay, ssrc, index);
    if (err)
        return err;
    err = gcm ? open_rtcp_gcm(s, packet, plain_len, index)
              : open_rtcp_cm(s, packet, plain_len, index);
    if (!err)
        err = replay_learn(&s->replay, ssrc, true, index);
    return err ? err : (int)plain_len;
}

struct batch_path *srtp_path_new(struct srtp_engine *e)
{
    struct batch_path *path = slab_alloc(&e->paths);
    batch_path_init(path);
    return path;
}

void srtp_path_free(struct srtp_engine *e, struct batch_path *path)
{
    slab_free(&e->paths, path);
}
