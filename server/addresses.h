// Addresses of this machine.
#pragma once

#include "base/addr.h"

#include <stddef.h>

// Those that another machine could use, IPv4 first; without loopback and link-local ones.
size_t addresses_of_machine(struct addr *addresses, size_t max);
bool addresses_have_ipv6(void); // whether ::1 can be used
