// base64url without padding: RFC 4648 section 5, as JWS uses it (RFC 7515 section 2).
#pragma once

#include "base/bytes.h"
#include "base/text.h"

void base64url_add(struct text *to, struct bytes octets);

// Reads `text` into `out`, which has room for at least text.len * 3 / 4 octets.
// Returns how many, or ERR_MALFORMED: only the canonical form is read, so padding, other
// letters, an impossible length and left-over bits that are not zero (RFC 4648 section 3.5)
// are refused.
int base64url_read(struct bytes text, uint8_t *out);
