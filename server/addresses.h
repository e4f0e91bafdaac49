// Addresses of this machine. They come and go: a lease runs out, a cable is plugged in, a VPN
// opens.
#pragma once

#include "base/addr.h"

#include <stddef.h>

// Those that another machine could use, IPv4 first; without loopback and link-local ones.
size_t addresses_of_machine(struct addr *addresses, size_t max);

// A descriptor that becomes readable when they may have changed; -1 when the kernel has none.
int addresses_watch(void);
void addresses_read(int watch); // takes what it says: that something did

bool addresses_have_ipv6(void); // whether ::1 can be used
