// STUN messages: RFC 8489, with the attributes of ICE (RFC 8445 section 16.1).
#pragma once

#include "base/addr.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STUN_HEADER_LEN = 20,
    STUN_TRANSACTION_LEN = 12,
    STUN_INTEGRITY_LEN = 20,
    STUN_MESSAGE_MAX = 576, // what we build always fits (RFC 8489 section 6.1)
    STUN_UNKNOWN_MAX = 8,   // unknown attributes that an error names
};

enum stun_type { // method and class together
    STUN_BINDING_REQUEST = 0x0001,
    STUN_BINDING_INDICATION = 0x0011,
    STUN_BINDING_SUCCESS = 0x0101,
    STUN_BINDING_ERROR = 0x0111,
};

enum stun_attribute {
    STUN_USERNAME = 0x0006,
    STUN_MESSAGE_INTEGRITY = 0x0008,
    STUN_ERROR_CODE = 0x0009,
    STUN_UNKNOWN_ATTRIBUTES = 0x000a,
    STUN_REALM = 0x0014,
    STUN_NONCE = 0x0015,
    STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c,
    STUN_XOR_MAPPED_ADDRESS = 0x0020,
    STUN_PRIORITY = 0x0024,
    STUN_USE_CANDIDATE = 0x0025,
    STUN_FINGERPRINT = 0x8028,
    STUN_ICE_CONTROLLED = 0x8029,
    STUN_ICE_CONTROLLING = 0x802a,
};

enum { STUN_BAD_REQUEST = 400, STUN_UNKNOWN_ATTRIBUTE = 420, STUN_ROLE_CONFLICT = 487 };

// A view of one message. Attributes that follow MESSAGE-INTEGRITY are not in it (RFC 8489
// section 14.5), FINGERPRINT excepted. Nothing of it is to be believed before
// stun_authentic() said yes.
struct stun_message {
    uint16_t type;              // enum stun_type, or another
    const uint8_t *transaction; // STUN_TRANSACTION_LEN octets
    struct bytes username;      // empty when absent
    bool has_mapped;
    struct addr mapped; // XOR-MAPPED-ADDRESS
    bool has_priority;
    uint32_t priority;
    bool use_candidate;
    bool controlling;
    bool controlled;
    uint64_t tie_breaker; // of either
    uint16_t error_code;  // 0 when absent
    uint16_t unknown[STUN_UNKNOWN_MAX];
    uint8_t unknown_count; // comprehension-required ones that we do not know
    bool has_fingerprint;
    uint16_t integrity_at; // where MESSAGE-INTEGRITY begins; 0 when absent
    struct bytes datagram;
};

// Reads a datagram. A FINGERPRINT is checked when there is one.
// Returns 0, or ERR_MALFORMED and leaves `message` untouched.
int stun_parse(struct stun_message *message, struct bytes datagram);

// Whether MESSAGE-INTEGRITY is there and right under `key` (the password, for short-term
// credentials).
bool stun_authentic(const struct stun_message *message, struct bytes key);

// The part of USERNAME before the colon: in a check, the receiver's ufrag. For finding whom a
// datagram is for, before anything is authenticated. False when it is not a binding request
// with such a name.
bool stun_peek_ufrag(struct bytes datagram, struct bytes *ufrag);

// HMAC-SHA1, as in MESSAGE-INTEGRITY.
void stun_hmac(struct bytes key, struct bytes text, uint8_t mac[STUN_INTEGRITY_LEN]);

// Building: stun_begin(), the attributes, stun_finish(). `w` is at its beginning and at least
// STUN_MESSAGE_MAX long.
void stun_begin(struct writer *w, enum stun_type type,
                const uint8_t transaction[STUN_TRANSACTION_LEN]);
void stun_put_bytes(struct writer *w, enum stun_attribute attribute, struct bytes value);
void stun_put_u32(struct writer *w, enum stun_attribute attribute, uint32_t value);
void stun_put_u64(struct writer *w, enum stun_attribute attribute, uint64_t value);
void stun_put_address(struct writer *w, const struct addr *mapped); // XOR-MAPPED-ADDRESS
void stun_put_error(struct writer *w, uint16_t code, const char *reason);
void stun_put_unknown(struct writer *w, const uint16_t *attributes, size_t count);
// Adds MESSAGE-INTEGRITY under `key` and FINGERPRINT.
void stun_finish(struct writer *w, struct bytes key);

// A whole binding request of an ICE client, as our tests and simulations send it.
struct stun_check {
    struct bytes username; // "their ufrag:our ufrag"
    struct bytes password; // theirs
    uint8_t transaction[STUN_TRANSACTION_LEN];
    uint32_t priority;
    uint64_t tie_breaker;
    bool controlled; // instead of controlling
    bool nominate;   // USE-CANDIDATE
};
void stun_put_check(struct writer *w, const struct stun_check *check);
