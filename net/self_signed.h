// A certificate that nobody but this machine vouches for: for a LAN, where browsers give the
// camera only to https.
#pragma once

#include "base/addr.h"

#include <stddef.h>

// What a certificate must cover beside localhost and this machine's own name.
struct self_signed_names {
    const struct addr *addresses;
    size_t address_count;
    const char *host; // a name; NULL: no other
};

// Writes a P-256 key and its certificate, valid for a year, unless both files are there, stay
// valid for a month and cover all names. A good key is kept, and only its certificate made
// anew. Returns 1 when something was written, 0 when nothing had to be, ERR_IO.
int self_signed_ensure(const char *cert_path, const char *key_path,
                       const struct self_signed_names *names);
