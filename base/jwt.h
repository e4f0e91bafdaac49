// The two kinds of token, management and app: JSON Web Tokens signed with HMAC-SHA-256
// (RFC 7515, RFC 7519). The algorithm is pinned: what a token's header asks for only decides
// whether it is refused.
#pragma once

#include "base/bytes.h"
#include "base/id.h"
#include "base/text.h"
#include "base/token_hash.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JWT_USER_ID_SENT_MAX = 2 * 256 }; // octets, as JSON
enum { JWT_TEXT_MAX = 256, JWT_MAC_LEN = 32, JWT_SECRETS_MAX = 2, JWT_SECRET_LEN_MAX = 512 };

enum jwt_type {
    JWT_MANAGEMENT, // for the REST API only
    JWT_APP,        // for joining only
    JWT_OTHER,      // a well-made token of a type that nothing accepts
};

struct jwt_claims {
    enum jwt_type type;
    char access_key[OBJECT_ID_LEN + 1];
    char room_id[OBJECT_ID_LEN + 1]; // app: the form is checked, not whether it exists
    char role[JWT_TEXT_MAX + 1];     // app
    char user_id[JWT_TEXT_MAX + 1];  // app: "" when the token has none
    // app: of the room code that it was traded for; "": none
    char room_code_id[OBJECT_ID_LEN + 1];
    char jti[JWT_TEXT_MAX + 1]; // "" when the token has none
    int64_t issued_at_s;        // 0 when the token has none
    int64_t expires_at_s;
    struct token_hash hash; // set by jwt_verify()
};

// Whether somebody may have this id. It is in every message that names the peer, where a
// control character takes six octets: so it has a bound as it is sent, too, that all others are
// within.
bool jwt_user_id_fits(const char *user_id);

// An access key and its secrets: two while one is being replaced. The HMAC key is the octets
// of the text, which is never decoded first.
struct jwt_key {
    char access_key[OBJECT_ID_LEN + 1];
    char secrets[JWT_SECRETS_MAX][JWT_SECRET_LEN_MAX + 1]; // the first signs; "" is unused
};

struct jwt_keys {
    const struct jwt_key *at;
    size_t count;
};

// Why a token was refused, in the order in which it is looked at.
enum jwt_fault {
    JWT_VALID,
    JWT_MALFORMED,     // not three canonical parts, header, payload or a claim's form
    JWT_UNKNOWN_KEY,   // no such access key
    JWT_BAD_SIGNATURE, // of the access key it names
    JWT_EXPIRED,
    JWT_NOT_YET,
    JWT_BAD_VERSION,
};

// What the error body says in `details`: "malformed token", "not found", "signature is
// invalid", "token is expired", "token is not valid yet", "invalid version"; "" for JWT_VALID.
const char *jwt_fault_text(enum jwt_fault fault);

// Checks `token` and fills `claims` when it is JWT_VALID, and also when all that is wrong with
// it is that it is JWT_EXPIRED: such a token may still say whose place somebody comes back to.
// For any other fault `claims` is left as it is. The caller checks the type: the wrong one is
// 403, all faults are 401. Moments are compared with a leeway of TOKEN_LEEWAY_S.
enum jwt_fault jwt_verify(struct bytes token, const struct jwt_keys *keys, int64_t now_s,
                          struct jwt_claims *claims);

// Whether a token with this `exp` is over: what jwt_verify() says of it.
bool jwt_has_expired(int64_t expires_at_s, int64_t now_s);

// Appends a signed token. An app token carries room, role, user and room code, a management
// token none of them. Its middle part never has `-` or `_`: the web SDK reads it with atob().
void jwt_sign(const struct jwt_claims *claims, const char *secret, struct text *token);

// The layers below, for what is not one of our two tokens.

// A JWS in compact form, taken apart. Views of the token.
struct jws {
    struct bytes signed_part; // header, dot, payload
    struct bytes payload;     // base64url
    uint8_t mac[JWT_MAC_LEN];
};

// Returns 0, or ERR_MALFORMED, or ERR_UNSUPPORTED for an algorithm but HS256 or for `crit`.
int jws_parse(struct jws *jws, struct bytes token);
bool jws_signed_by(const struct jws *jws, struct bytes secret); // in constant time
// Decodes the payload. Returns 0 and an object (the caller's to json_decref()), or
// ERR_MALFORMED.
int jws_payload(const struct jws *jws, json_t **payload);
// JWT_VALID, JWT_EXPIRED, JWT_NOT_YET, or JWT_MALFORMED when exp is missing or a time is no
// number.
enum jwt_fault jwt_check_times(const json_t *payload, int64_t now_s, int64_t leeway_s);

// Compares two secrets in a time that tells only whether their lengths differ.
bool jwt_secret_equal(const char *a, const char *b);

void jwt_hmac(struct bytes key, struct bytes message, uint8_t mac[JWT_MAC_LEN]);
