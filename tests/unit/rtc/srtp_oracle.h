// libsrtp2 behind names of its own: it and rtc/srtp.h declare functions of the same name.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oracle;

// One direction under a master key of 16 octets and a salt of 12 (GCM) or 14.
struct oracle *oracle_new(bool gcm, const uint8_t *key, const uint8_t *salt, bool inbound);
void oracle_free(struct oracle *o);

// In place. `*len` is the packet's length, before and after. False when it refuses.
bool oracle_protect(struct oracle *o, bool rtcp, uint8_t *packet, size_t *len);
bool oracle_unprotect(struct oracle *o, bool rtcp, uint8_t *packet, size_t *len);
