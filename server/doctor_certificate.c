// How browsers find the server: with a certificate that they believe, or behind a proxy that
// has one.
#include "server/doctor_parts.h"

#include "base/err.h"
#include "net/certificate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DAY_S = 24 * 3600, RENEW_DAYS = 14 };

static void judge_dates(const struct certificate *c, int64_t now_s, bool renews_itself,
                        struct doctor_report *r)
{
    const char *renew = renews_itself ? "start the server: it makes its certificate anew"
                                      : "renew it (certbot renew), then kill -HUP the server";
    int64_t days = (c->ends_at_s - now_s) / DAY_S;
    if (c->ends_at_s <= now_s) {
        doctor_add(r, "certificate-dates", renews_itself ? DOCTOR_WARNING : DOCTOR_ERROR,
                   "it ended %" PRId64 " days ago", -days);
        doctor_advise(r, "%s", renew);
    } else if (c->begins_at_s > now_s) {
        doctor_add(r, "certificate-dates", DOCTOR_ERROR, "it is good in %" PRId64 " days only",
                   (c->begins_at_s - now_s + DAY_S - 1) / DAY_S);
        doctor_advise(r, "look at the clock of this machine, and of the one that made it");
    } else if (days < RENEW_DAYS) {
        doctor_add(r, "certificate-dates", DOCTOR_WARNING, "it ends in %" PRId64 " days", days);
        doctor_advise(r, "%s", renew);
    } else {
        doctor_add(r, "certificate-dates", DOCTOR_OK, "good for %" PRId64 " days", days);
    }
}

static void judge_trust(const struct certificate *c, bool by_ourselves, struct doctor_report *r)
{
    if (c->is_trusted) {
        doctor_add(r, "certificate-chain", DOCTOR_OK, "vouched for by an authority known here");
    } else if (c->is_self_issued) {
        doctor_add(r, "certificate-chain", by_ourselves ? DOCTOR_OK : DOCTOR_WARNING,
                   "self-signed: browsers ask before they open the page");
        if (!by_ourselves)
            doctor_advise(r, "have it signed by an authority (certbot certonly), unless it is "
                             "for a LAN");
    } else {
        doctor_add(r, "certificate-chain", DOCTOR_WARNING, "%s", c->distrust);
        doctor_advise(r, "name the whole chain: --tls-cert .../fullchain.pem, not cert.pem");
    }
}

static void look_at(const struct config *config, const char *cert, const char *key,
                    struct doctor_report *r)
{
    struct certificate c;
    char name[CONFIG_HOST_MAX];
    const char *host = config_public_host(config, name);
    int err = certificate_read(&c, cert, key, host);
    if (err) {
        doctor_add(r, "certificate", DOCTOR_ERROR, "%s: %s", cert,
                   err == ERR_IO ? strerror(errno) : "there is no certificate in it");
        doctor_advise(r, "--tls-cert names a PEM file that the server's user can read");
        return;
    }
    doctor_add(r, "certificate", DOCTOR_OK, "%s (%s)", cert, c.subject);
    judge_dates(&c, time(NULL), config->tls_self_signed, r);
    doctor_add(r, "certificate-key", c.is_pair ? DOCTOR_OK : DOCTOR_ERROR,
               c.is_pair ? "%s goes with it" : "%s does not go with it, or cannot be read",
               key);
    if (!c.is_pair)
        doctor_advise(r, "--tls-key names the key that the certificate was made for, without a "
                         "password, readable by the server's user");
    if (host) {
        doctor_add(r, "certificate-name", c.covers_host ? DOCTOR_OK : DOCTOR_ERROR,
                   c.covers_host ? "made for %s" : "not made for %s, which is in --public-url",
                   host);
        if (!c.covers_host)
            doctor_advise(r, "a certificate for %s, or another --public-url", host);
    }
    judge_trust(&c, config->tls_self_signed, r);
}

static void judge_plain(const struct config *config, struct doctor_report *r)
{
    if (strncmp(config->public_url, "https://", 8) == 0) {
        doctor_add(r, "certificate", DOCTOR_SKIPPED, "a proxy speaks https for %s",
                   config->public_url);
    } else if (config_is_local(config)) {
        doctor_add(r, "certificate", DOCTOR_SKIPPED,
                   "none is needed: only this machine can connect");
    } else {
        doctor_add(
            r, "certificate", DOCTOR_WARNING,
            "plain http: browsers give camera and microphone to https or localhost only");
        doctor_advise(r, "--tls-cert and --tls-key, --tls self-signed, or a proxy that speaks "
                         "https and its --public-url");
    }
}

void doctor_certificate(const struct config *config, struct doctor_report *r)
{
    char cert[CONFIG_PATH_MAX], key[CONFIG_PATH_MAX];
    config_certificate(config, cert, key);
    if (!cert[0])
        judge_plain(config, r);
    else if (config->tls_self_signed && access(cert, F_OK) != 0 && errno == ENOENT)
        doctor_add(r, "certificate", DOCTOR_OK, "the server makes one when it starts");
    else
        look_at(config, cert, key, r);
}
