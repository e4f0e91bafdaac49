#include "server/doctor.h"

#include "server/doctor_parts.h"

void doctor_examine(const struct config *config, struct doctor_report *report)
{
    doctor_ports(config, report);
    doctor_addresses(config, report);
    doctor_firewall(config, report);
    doctor_certificate(config, report);
    doctor_clock(report);
    doctor_limits(report);
    doctor_kernel(report);
    doctor_processor(report);
    doctor_disk(config, report);
    doctor_secrets(config, report);
    doctor_database(config, report);
    doctor_ice_servers(config, report);
}
