// The parts of server/doctor.h, a subject each: what each adds to the report. What decides is
// pure and told apart from what looks, so that tests can ask it.
#pragma once

#include "server/config.h"
#include "server/doctor_report.h"

#include <stdint.h>

// --- doctor_ports.c ---

void doctor_ports(const struct config *config, struct doctor_report *r);

// --- doctor_addresses.c ---

void doctor_addresses(const struct config *config, struct doctor_report *r);
void doctor_firewall(const struct config *config, struct doctor_report *r);
// Whether clients find media: at those of the setting, else those of this machine.
void doctor_judge_public_ips(const struct config *config, struct doctor_report *r);
void doctor_judge_own_addresses(bool is_local, const struct addr *own, size_t count,
                                struct doctor_report *r);

// --- doctor_certificate.c ---

void doctor_certificate(const struct config *config, struct doctor_report *r);

// --- doctor_host.c ---

void doctor_clock(struct doctor_report *r);
void doctor_limits(struct doctor_report *r);
void doctor_kernel(struct doctor_report *r);
void doctor_processor(struct doctor_report *r);
void doctor_judge_clock(int64_t now_s, bool is_known, bool is_synchronous,
                        struct doctor_report *r);
void doctor_judge_files(uint64_t most, struct doctor_report *r);
void doctor_judge_buffer(const char *name, long octets, struct doctor_report *r);

// --- doctor_data.c ---

void doctor_disk(const struct config *config, struct doctor_report *r);
void doctor_secrets(const struct config *config, struct doctor_report *r);
void doctor_database(const struct config *config, struct doctor_report *r);
void doctor_judge_disk(const char *where, uint64_t free_octets, uint64_t free_files,
                       struct doctor_report *r);
// `mode` of a file's or folder's stat; `refused` are the bits that must not be set.
void doctor_judge_mode(const char *path, unsigned mode, unsigned refused,
                       struct doctor_report *r);

// --- doctor_ice.c ---

void doctor_ice_servers(const struct config *config, struct doctor_report *r);

// "turn:host:port?transport=udp", RFC 7065 section 3.1, and "stun:", RFC 7064.
struct doctor_ice_url {
    bool is_turn, is_tls, is_tcp;
    char host[256];
    char port[8];
};
int doctor_read_ice_url(const char *url, struct doctor_ice_url *out); // 0 or ERR_MALFORMED
