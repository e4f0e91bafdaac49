// The portable back end: OpenSSL EVP, one packet at a time.

#include "base/mem.h"
#include "rtc/srtp_cipher.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

// OpenSSL's calls below can only fail for want of memory or for an argument of ours.
static void must(int done)
{
    assert(done == 1);
}

struct state {
    EVP_MAC *hmac; // fetched once: a fetch takes locks
};

struct gcm_key {
    EVP_CIPHER_CTX *seal;
    EVP_CIPHER_CTX *open;
};

struct cm_key {
    EVP_CIPHER_CTX *stream;
    EVP_MAC_CTX *mac;
};

static void *open_state(const char **name)
{
    struct state *s = mem_alloc(sizeof *s);
    s->hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    *name = "openssl";
    if (!s->hmac) {
        mem_free(s);
        return NULL;
    }
    return s;
}

static void close_state(void *state)
{
    struct state *s = state;
    EVP_MAC_free(s->hmac);
    mem_free(s);
}

static void gcm_key_init(void *state, void *at, const uint8_t key[CIPHER_KEY_LEN])
{
    (void)state;
    struct gcm_key *k = at;
    k->seal = EVP_CIPHER_CTX_new();
    k->open = EVP_CIPHER_CTX_new();
    assert(k->seal && k->open);
    must(EVP_EncryptInit_ex(k->seal, EVP_aes_128_gcm(), NULL, key, NULL));
    must(EVP_DecryptInit_ex(k->open, EVP_aes_128_gcm(), NULL, key, NULL));
}

static void gcm_key_dispose(void *key)
{
    struct gcm_key *k = key;
    EVP_CIPHER_CTX_free(k->seal); // wipes
    EVP_CIPHER_CTX_free(k->open);
}

static void gcm_seal(void *state, void *key, const uint8_t iv[CIPHER_GCM_IV_LEN],
                     struct bytes aad, struct bytes text, uint8_t *out,
                     uint8_t tag[CIPHER_GCM_TAG_LEN])
{
    (void)state;
    EVP_CIPHER_CTX *c = ((struct gcm_key *)key)->seal;
    int len;
    must(EVP_EncryptInit_ex(c, NULL, NULL, NULL, iv));
    if (aad.len)
        must(EVP_EncryptUpdate(c, NULL, &len, aad.at, (int)aad.len));
    if (text.len)
        must(EVP_EncryptUpdate(c, out, &len, text.at, (int)text.len));
    must(EVP_EncryptFinal_ex(c, out + text.len, &len));
    must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, CIPHER_GCM_TAG_LEN, tag));
}

static bool gcm_open(void *state, void *key, const uint8_t iv[CIPHER_GCM_IV_LEN],
                     struct bytes aad, struct bytes text, uint8_t *out,
                     const uint8_t tag[CIPHER_GCM_TAG_LEN])
{
    (void)state;
    EVP_CIPHER_CTX *c = ((struct gcm_key *)key)->open;
    int len;
    must(EVP_DecryptInit_ex(c, NULL, NULL, NULL, iv));
    must(EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, CIPHER_GCM_TAG_LEN, (void *)tag));
    if (aad.len)
        must(EVP_DecryptUpdate(c, NULL, &len, aad.at, (int)aad.len));
    if (text.len)
        must(EVP_DecryptUpdate(c, out, &len, text.at, (int)text.len));
    uint8_t none[16];
    return EVP_DecryptFinal_ex(c, none, &len) == 1;
}

static void cm_key_init(void *state, void *at, const uint8_t key[CIPHER_KEY_LEN],
                        struct bytes mac_key)
{
    struct state *s = state;
    struct cm_key *k = at;
    k->stream = EVP_CIPHER_CTX_new();
    k->mac = EVP_MAC_CTX_new(s->hmac);
    assert(k->stream && k->mac && mac_key.len <= CIPHER_MAC_KEY_LEN_MAX);
    must(EVP_EncryptInit_ex(k->stream, EVP_aes_128_ctr(), NULL, key, NULL));
    char sha1[] = "SHA1";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0),
        OSSL_PARAM_construct_end(),
    };
    must(EVP_MAC_init(k->mac, mac_key.at, mac_key.len, parameters));
}

static void cm_key_dispose(void *key)
{
    struct cm_key *k = key;
    EVP_CIPHER_CTX_free(k->stream);
    EVP_MAC_CTX_free(k->mac);
}

static void apply_keystream(const struct cm_job *job)
{
    EVP_CIPHER_CTX *c = ((struct cm_key *)job->key)->stream;
    uint8_t *text = job->at + job->text_at;
    int len;
    must(EVP_EncryptInit_ex(c, NULL, NULL, NULL, job->iv));
    if (job->text_len)
        must(EVP_EncryptUpdate(c, text, &len, text, (int)job->text_len));
}

static void cm_run(void *state, struct cm_job *jobs, size_t count)
{
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct cm_job *job = &jobs[i];
        EVP_MAC_CTX *mac = ((struct cm_key *)job->key)->mac;
        size_t len;
        if (!job->decrypt)
            apply_keystream(job);
        must(EVP_MAC_init(mac, NULL, 0, NULL)); // the same key again
        must(EVP_MAC_update(mac, job->at, job->mac_len));
        must(EVP_MAC_final(mac, job->mac, &len, sizeof job->mac));
        if (job->decrypt)
            apply_keystream(job);
    }
}

const struct cipher_backend cipher_openssl = {
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
