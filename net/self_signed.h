// A certificate that nobody but this machine vouches for: for a LAN, where browsers give the
// camera only to https.
#pragma once

#include "base/addr.h"

#include <stddef.h>

// Writes a P-256 key and its certificate, valid for a year, unless both files are there and
// stay valid for a month. The certificate names localhost, the host and `addresses`. Returns 0
// or ERR_IO.
int self_signed_ensure(const char *cert_path, const char *key_path,
                       const struct addr *addresses, size_t address_count);
