// The fast back end: intel-ipsec-mb. GCM goes through its direct calls, which use the whole
// width of the machine on one packet; AES-CM with HMAC-SHA1 goes through its jobs, because
// SHA-1 is only fast on up to 16 packets at once.

#include "base/mem.h"
#include "rtc/srtp_cipher.h"

#include <assert.h>
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>

enum { SHA1_BLOCK = 64, SHA1_STATE = 20, AES_SCHEDULE = 11 * 16 };

struct gcm_key {
    struct gcm_key_data data; // wants the alignment of a cache line
};

struct cm_key {
    _Alignas(16) uint8_t schedule[AES_SCHEDULE];
    _Alignas(16) uint8_t unused[AES_SCHEDULE]; // of decryption: counter mode needs none
    _Alignas(16) uint8_t inner[SHA1_STATE];
    _Alignas(16) uint8_t outer[SHA1_STATE];
};

static void *open_state(const char **name)
{
    IMB_MGR *m = alloc_mb_mgr(0);
    if (!m)
        return NULL;
    IMB_ARCH arch;
    init_mb_mgr_auto(m, &arch);
    if (imb_get_errno(m)) {
        free_mb_mgr(m);
        return NULL;
    }
    switch (arch) {
    case IMB_ARCH_AVX512:
        *name = "ipsec-mb (avx512)";
        break;
    case IMB_ARCH_AVX2:
        *name = "ipsec-mb (avx2)";
        break;
    case IMB_ARCH_AVX:
        *name = "ipsec-mb (avx)";
        break;
    default:
        *name = "ipsec-mb (sse)";
        break;
    }
    return m;
}

static void close_state(void *state)
{
    free_mb_mgr(state);
}

static void gcm_key_init(void *state, void *at, const uint8_t key[CIPHER_KEY_LEN])
{
    struct gcm_key *k = at;
    IMB_AES128_GCM_PRE((IMB_MGR *)state, key, &k->data);
}

static void gcm_key_dispose(void *key)
{
    mem_wipe(key, sizeof(struct gcm_key));
}

static void gcm_seal(void *state, void *key, const uint8_t iv[CIPHER_GCM_IV_LEN],
                     struct bytes aad, struct bytes text, uint8_t *out,
                     uint8_t tag[CIPHER_GCM_TAG_LEN])
{
    struct gcm_context_data context;
    IMB_AES128_GCM_ENC((IMB_MGR *)state, &((struct gcm_key *)key)->data, &context, out, text.at,
                       text.len, iv, aad.at, aad.len, tag, CIPHER_GCM_TAG_LEN);
}

static bool gcm_open(void *state, void *key, const uint8_t iv[CIPHER_GCM_IV_LEN],
                     struct bytes aad, struct bytes text, uint8_t *out,
                     const uint8_t tag[CIPHER_GCM_TAG_LEN])
{
    struct gcm_context_data context;
    uint8_t computed[CIPHER_GCM_TAG_LEN];
    IMB_AES128_GCM_DEC((IMB_MGR *)state, &((struct gcm_key *)key)->data, &context, out, text.at,
                       text.len, iv, aad.at, aad.len, computed, CIPHER_GCM_TAG_LEN);
    return CRYPTO_memcmp(computed, tag, CIPHER_GCM_TAG_LEN) == 0;
}

static void cm_key_init(void *state, void *at, const uint8_t key[CIPHER_KEY_LEN],
                        struct bytes mac_key)
{
    IMB_MGR *m = state;
    struct cm_key *k = at;
    IMB_AES_KEYEXP_128(m, key, k->schedule, k->unused);

    // RFC 2104: the states of SHA-1 after the first block of either hash.
    assert(mac_key.len <= SHA1_BLOCK);
    uint8_t inner[SHA1_BLOCK], outer[SHA1_BLOCK];
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < mac_key.len; i++) {
        inner[i] ^= mac_key.at[i];
        outer[i] ^= mac_key.at[i];
    }
    IMB_SHA1_ONE_BLOCK(m, inner, k->inner);
    IMB_SHA1_ONE_BLOCK(m, outer, k->outer);
    mem_wipe(inner, sizeof inner);
    mem_wipe(outer, sizeof outer);
}

static void cm_key_dispose(void *key)
{
    mem_wipe(key, sizeof(struct cm_key));
}

static void fill_job(IMB_JOB *j, struct cm_job *job)
{
    const struct cm_key *k = job->key;
    *j = (IMB_JOB){
        .cipher_mode = job->text_len ? IMB_CIPHER_CNTR : IMB_CIPHER_NULL,
        .cipher_direction = job->decrypt ? IMB_DIR_DECRYPT : IMB_DIR_ENCRYPT,
        .chain_order = job->decrypt ? IMB_ORDER_HASH_CIPHER : IMB_ORDER_CIPHER_HASH,
        .hash_alg = IMB_AUTH_HMAC_SHA_1,
        .enc_keys = k->schedule,
        .dec_keys = k->schedule,
        .key_len_in_bytes = CIPHER_KEY_LEN,
        .src = job->at,
        .dst = job->at + job->text_at,
        .cipher_start_src_offset_in_bytes = job->text_at,
        .msg_len_to_cipher_in_bytes = job->text_len,
        .hash_start_src_offset_in_bytes = 0,
        .msg_len_to_hash_in_bytes = job->mac_len,
        .iv = job->iv,
        .iv_len_in_bytes = CIPHER_CM_IV_LEN,
        .auth_tag_output = job->mac,
        .auth_tag_output_len_in_bytes = CIPHER_MAC_LEN,
    };
    j->u.HMAC._hashed_auth_key_xor_ipad = k->inner;
    j->u.HMAC._hashed_auth_key_xor_opad = k->outer;
}

static void cm_run(void *state, struct cm_job *jobs, size_t count)
{
    IMB_MGR *m = state;
    assert(count <= CM_JOBS_MAX);
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        fill_job(IMB_GET_NEXT_JOB(m), &jobs[i]);
        for (IMB_JOB *j = IMB_SUBMIT_JOB(m); j; j = IMB_GET_COMPLETED_JOB(m), done++)
            assert(j->status == IMB_STATUS_COMPLETED);
    }
    for (IMB_JOB *j; (j = IMB_FLUSH_JOB(m)); done++)
        assert(j->status == IMB_STATUS_COMPLETED);
    assert(done == count);
}

const struct cipher_backend cipher_ipsec_mb = {
    .open = open_state,
    .close = close_state,
    .key_size = sizeof(struct gcm_key) > sizeof(struct cm_key) ? sizeof(struct gcm_key)
                                                               : sizeof(struct cm_key),
    .gcm_key_init = gcm_key_init,
    .gcm_key_dispose = gcm_key_dispose,
    .gcm_seal = gcm_seal,
    .gcm_open = gcm_open,
    .cm_key_init = cm_key_init,
    .cm_key_dispose = cm_key_dispose,
    .cm_run = cm_run,
};
