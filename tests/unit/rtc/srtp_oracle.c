#include "srtp_oracle.h"

#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

struct oracle {
    srtp_t session;
};

struct oracle *oracle_new(bool gcm, const uint8_t *key, const uint8_t *salt, bool inbound)
{
    static bool initialised;
    if (!initialised && srtp_init() != srtp_err_status_ok)
        abort();
    initialised = true;

    uint8_t master[16 + 14];
    memcpy(master, key, 16);
    memcpy(master + 16, salt, gcm ? 12 : 14);
    srtp_policy_t policy;
    memset(&policy, 0, sizeof policy);
    policy.key = master;
    policy.window_size = 128;
    policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    if (gcm) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }
    struct oracle *o = calloc(1, sizeof *o);
    if (!o || srtp_create(&o->session, &policy) != srtp_err_status_ok)
        abort();
    return o;
}

void oracle_free(struct oracle *o)
{
    srtp_dealloc(o->session);
    free(o);
}

// The variants with a master key identifier are the ones whose names nobody else has.
bool oracle_protect(struct oracle *o, bool rtcp, uint8_t *packet, size_t *len)
{
    int n = (int)*len;
    srtp_err_status_t status = rtcp ? srtp_protect_rtcp_mki(o->session, packet, &n, 0, 0)
                                    : srtp_protect_mki(o->session, packet, &n, 0, 0);
    *len = (size_t)n;
    return status == srtp_err_status_ok;
}

bool oracle_unprotect(struct oracle *o, bool rtcp, uint8_t *packet, size_t *len)
{
    int n = (int)*len;
    srtp_err_status_t status = rtcp ? srtp_unprotect_rtcp_mki(o->session, packet, &n, 0)
                                    : srtp_unprotect_mki(o->session, packet, &n, 0);
    *len = (size_t)n;
    return status == srtp_err_status_ok;
}
