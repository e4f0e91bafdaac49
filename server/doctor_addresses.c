// At which addresses clients are told to send media, and what may be in between.
#include "server/doctor_parts.h"

#include "server/addresses.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_public(const struct addr *address)
{
    return target_refusal(&(struct target_rules){0}, address) == NULL;
}

static bool is_of_machine(const struct addr *address)
{
    struct addr own[TARGET_OWN_MAX];
    size_t count = addresses_of_machine(own, TARGET_OWN_MAX);
    for (size_t i = 0; i < count; i++)
        if (memcmp(own[i].ip, address->ip, sizeof address->ip) == 0)
            return true;
    return false;
}

void doctor_judge_public_ips(const struct config *config, struct doctor_report *r)
{
    for (size_t i = 0; i < config->public_ip_count; i++) {
        const struct addr *ip = &config->public_ips[i];
        char text[ADDR_TEXT_MAX];
        addr_format_ip(ip, text);
        bool is_of_use = !addr_is_any(ip) && (config_is_local(config) || !addr_is_loopback(ip));
        if (!is_of_use) {
            doctor_add(r, "public-ip", DOCTOR_ERROR, "%s is %s: nobody else reaches it", text,
                       addr_is_any(ip) ? "no address" : "a loopback address");
            doctor_advise(r, "--public-ip with the address that others see: curl -4 "
                             "https://ifconfig.me");
        } else if (!is_public(ip) && !addr_is_loopback(ip)) {
            doctor_add(r, "public-ip", DOCTOR_WARNING,
                       "%s is %s: only who is in that network reaches it", text,
                       target_refusal(&(struct target_rules){0}, ip));
            doctor_advise(r, "add the public address, unless all people are in that network");
        } else if (is_of_machine(ip)) {
            doctor_add(r, "public-ip", DOCTOR_OK, "%s, an address of this machine", text);
        } else {
            doctor_add(r, "public-ip", DOCTOR_OK,
                       "%s; whoever has it has to forward the media ports to this machine",
                       text);
        }
    }
}

static void list(const struct addr *addresses, size_t count, struct text *out)
{
    for (size_t i = 0; i < count; i++) {
        char ip[ADDR_TEXT_MAX];
        addr_format_ip(&addresses[i], ip);
        text_addf(out, "%s%s", i ? " " : "", ip);
    }
}

void doctor_judge_own_addresses(bool is_local, const struct addr *own, size_t count,
                                struct doctor_report *r)
{
    struct text all = {0};
    bool any_public = false;
    for (size_t i = 0; i < count; i++)
        any_public = any_public || is_public(&own[i]);
    list(own, count, &all);
    if (is_local) {
        doctor_add(r, "public-ip", DOCTOR_SKIPPED, "only this machine can connect");
    } else if (count == 0) {
        doctor_add(r, "public-ip", DOCTOR_ERROR, "this machine has no address");
        doctor_advise(r, "bring an interface up (ip address), or set --public-ip");
    } else if (any_public) {
        doctor_add(r, "public-ip", DOCTOR_OK, "not set, and this machine has %s", all.at);
    } else {
        doctor_add(r, "public-ip", DOCTOR_WARNING,
                   "not set, and all addresses are private ones, behind NAT: %s", all.at);
        doctor_advise(r, "--public-ip with the address that others see (curl -4 "
                         "https://ifconfig.me), unless all people are in that network");
    }
    text_dispose(&all);
}

void doctor_addresses(const struct config *config, struct doctor_report *r)
{
    struct addr own[TARGET_OWN_MAX];
    if (config->public_ip_count)
        doctor_judge_public_ips(config, r);
    else
        doctor_judge_own_addresses(config_is_local(config), own,
                                   addresses_of_machine(own, TARGET_OWN_MAX), r);
}

static bool has_line(const char *path, const char *wanted)
{
    char line[256];
    bool found = false;
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        found = strcmp(line, wanted) == 0;
    }
    if (file)
        fclose(file);
    return found;
}

// Its rules are root's to read, and a provider's are nowhere on this machine: what is said is
// which ports have to be open.
void doctor_firewall(const struct config *config, struct doctor_report *r)
{
    unsigned last = config->media_port + config_worker_count(config) - 1;
    if (config_is_local(config) && !config->public_url[0]) {
        doctor_add(r, "firewall", DOCTOR_SKIPPED, "only this machine can connect");
    } else if (has_line("/etc/ufw/ufw.conf", "ENABLED=yes")) {
        doctor_add(r, "firewall", DOCTOR_WARNING,
                   "ufw is switched on; its rules were not read");
        doctor_advise(r, "ufw allow %u:%u/udp, and the TCP port of --listen",
                      config->media_port, last);
    } else if (access("/run/firewalld", F_OK) == 0) {
        doctor_add(r, "firewall", DOCTOR_WARNING, "firewalld runs; its rules were not read");
        doctor_advise(r, "firewall-cmd --permanent --add-port=%u-%u/udp, then --reload",
                      config->media_port, last);
    } else {
        doctor_add(r, "firewall", DOCTOR_SKIPPED,
                   "neither ufw nor firewalld; what is in front cannot be seen from here");
        doctor_advise(r, "UDP %u to %u has to be open in the provider's firewall",
                      config->media_port, last);
    }
}
