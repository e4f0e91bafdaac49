#include "base/jwt.h"

#include "base/base64.h"
#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { VERSION = 2 };

const char *jwt_fault_text(enum jwt_fault fault)
{
    switch (fault) {
    case JWT_VALID:
        return "";
    case JWT_MALFORMED:
        return "malformed token";
    case JWT_UNKNOWN_KEY:
        return "not found";
    case JWT_BAD_SIGNATURE:
        return "signature is invalid";
    case JWT_EXPIRED:
        return "token is expired";
    case JWT_NOT_YET:
        return "token is not valid yet";
    case JWT_BAD_VERSION:
        return "invalid version";
    }
    return "";
}

void jwt_hmac(struct bytes key, struct bytes message, uint8_t mac[JWT_MAC_LEN])
{
    // HMAC() refuses a NULL key, which an empty one may be.
    const void *key_at = key.len ? (const void *)key.at : "";
    unsigned len = JWT_MAC_LEN;
    unsigned char *made =
        HMAC(EVP_sha256(), key_at, (int)key.len, message.at, message.len, mac, &len);
    assert(made && len == JWT_MAC_LEN);
}

bool jwt_secret_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

// The part in front of the next dot. Returns false when there is no dot.
static bool cut(struct bytes *rest, struct bytes *part)
{
    const uint8_t *dot = rest->len ? memchr(rest->at, '.', rest->len) : NULL;
    if (!dot)
        return false;
    *part = (struct bytes){rest->at, (size_t)(dot - rest->at)};
    *rest = (struct bytes){dot + 1, rest->len - part->len - 1};
    return true;
}

// Reads a part that holds a JSON object. TOKEN_LEN_MAX bounds it.
static int read_object(struct bytes part, json_t **object)
{
    uint8_t octets[TOKEN_LEN_MAX];
    int len = base64url_read(part, octets);
    if (len < 0)
        return ERR_MALFORMED;
    json_t *value;
    if (json_read((struct bytes){octets, (size_t)len}, &json_bounds_default, &value))
        return ERR_MALFORMED;
    if (!json_is_object(value)) {
        json_decref(value);
        return ERR_MALFORMED;
    }
    *object = value;
    return 0;
}

int jws_parse(struct jws *jws, struct bytes token)
{
    if (token.len > TOKEN_LEN_MAX)
        return ERR_MALFORMED;

    struct bytes rest = token;
    struct bytes header;
    struct jws parsed = {0};
    if (!cut(&rest, &header) || !cut(&rest, &parsed.payload))
        return ERR_MALFORMED;
    parsed.signed_part = (struct bytes){token.at, token.len - rest.len - 1};

    uint8_t octets[TOKEN_LEN_MAX];
    if (base64url_read(parsed.payload, octets) < 0 ||
        base64url_read(rest, octets) != JWT_MAC_LEN)
        return ERR_MALFORMED;
    memcpy(parsed.mac, octets, JWT_MAC_LEN);

    json_t *fields;
    if (read_object(header, &fields))
        return ERR_MALFORMED;
    // kid, jwk, jku, x5u and the like are not looked at: the key is ours to know. `crit` says
    // that a token must not be taken by who does not know an extension (RFC 7515 section
    // 4.1.11), and we know none.
    bool supported = strcmp(json_get_text(fields, "alg", ""), "HS256") == 0 &&
                     !json_object_get(fields, "crit");
    json_decref(fields);
    if (!supported)
        return ERR_UNSUPPORTED;

    *jws = parsed;
    return 0;
}

bool jws_signed_by(const struct jws *jws, struct bytes secret)
{
    uint8_t mac[JWT_MAC_LEN];
    jwt_hmac(secret, jws->signed_part, mac);
    return CRYPTO_memcmp(mac, jws->mac, JWT_MAC_LEN) == 0;
}

int jws_payload(const struct jws *jws, json_t **payload)
{
    return read_object(jws->payload, payload);
}

// A NumericDate of RFC 7519 section 2, which may have a fraction. False when it is no number
// that a comparison in seconds can use.
static bool read_time(const json_t *value, double *s)
{
    if (!json_is_number(value))
        return false;
    *s = json_number_value(value);
    return isfinite(*s) && fabs(*s) < 1e15;
}

enum jwt_fault jwt_check_times(const json_t *payload, int64_t now_s, int64_t leeway_s)
{
    double now = (double)now_s;
    double leeway = (double)leeway_s;
    double at;

    if (!read_time(json_object_get(payload, "exp"), &at))
        return JWT_MALFORMED;
    // exp is exclusive (RFC 7519 section 4.1.4).
    if (now >= at + leeway)
        return JWT_EXPIRED;

    static const char *const starts[] = {"nbf", "iat"};
    for (size_t i = 0; i < 2; i++) {
        const json_t *start = json_object_get(payload, starts[i]);
        if (!start || json_is_null(start))
            continue;
        if (!read_time(start, &at))
            return JWT_MALFORMED;
        if (now < at - leeway)
            return JWT_NOT_YET;
    }
    return JWT_VALID;
}

// Copies a text claim. False when it is no string or too long; absent and null are "".
static bool take_text(const json_t *payload, const char *key, char *out, size_t cap)
{
    out[0] = 0;
    const json_t *value = json_object_get(payload, key);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_string(value) || json_string_length(value) >= cap)
        return false;
    memcpy(out, json_string_value(value), json_string_length(value) + 1);
    return true;
}

// Copies a claim that identifies something. Libraries write times and counters of databases
// into these as the numbers that they are: such a number is its text. False when it is too
// long.
static bool take_id(const json_t *payload, const char *key, char *out, size_t cap)
{
    const json_t *value = json_object_get(payload, key);
    if (!json_is_number(value))
        return take_text(payload, key, out, cap);
    int len = json_is_integer(value)
                  ? snprintf(out, cap, "%" PRId64, (int64_t)json_integer_value(value))
                  : snprintf(out, cap, "%.15g", json_real_value(value));
    return len > 0 && (size_t)len < cap;
}

bool jwt_user_id_fits(const char *user_id)
{
    return strlen(user_id) <= JWT_TEXT_MAX && text_weight(user_id) <= JWT_USER_ID_SENT_MAX;
}

static bool read_claims(const json_t *payload, struct jwt_claims *claims)
{
    const char *type = json_get_text(payload, "type", NULL);
    if (!type || !take_id(payload, "jti", claims->jti, sizeof claims->jti))
        return false;
    claims->expires_at_s = (int64_t)json_number_value(json_object_get(payload, "exp"));
    claims->issued_at_s = (int64_t)json_number_value(json_object_get(payload, "iat"));

    claims->type = JWT_OTHER;
    if (strcmp(type, "management") == 0)
        claims->type = JWT_MANAGEMENT;
    if (strcmp(type, "app") != 0)
        return true;
    claims->type = JWT_APP;
    const char *code_id = json_get_text(payload, "room_code_id", "");
    if (id_is_object(code_id)) // one of another form is not ours
        memcpy(claims->room_code_id, code_id, sizeof claims->room_code_id);
    return take_text(payload, "room_id", claims->room_id, sizeof claims->room_id) &&
           take_text(payload, "role", claims->role, sizeof claims->role) &&
           take_id(payload, "user_id", claims->user_id, sizeof claims->user_id) &&
           jwt_user_id_fits(claims->user_id) && id_is_object(claims->room_id) &&
           claims->role[0];
}

static const struct jwt_key *find_key(const struct jwt_keys *keys, const char *access_key)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->at[i].access_key, access_key) == 0)
            return &keys->at[i];
    }
    return NULL;
}

static bool signed_by_key(const struct jws *jws, const struct jwt_key *key)
{
    bool good = false;
    for (size_t i = 0; i < JWT_SECRETS_MAX; i++) {
        if (key->secrets[i][0])
            good |= jws_signed_by(jws, bytes_of(key->secrets[i]));
    }
    return good;
}

static enum jwt_fault verify_payload(const struct jws *jws, const json_t *payload,
                                     const struct jwt_keys *keys, int64_t now_s,
                                     struct jwt_claims *claims)
{
    struct jwt_claims read = {0};
    if (!take_text(payload, "access_key", read.access_key, sizeof read.access_key))
        return json_is_string(json_object_get(payload, "access_key")) ? JWT_UNKNOWN_KEY
                                                                      : JWT_MALFORMED;
    if (!read.access_key[0])
        return JWT_MALFORMED;
    const struct jwt_key *key = find_key(keys, read.access_key);
    if (!key)
        return JWT_UNKNOWN_KEY;
    if (!signed_by_key(jws, key))
        return JWT_BAD_SIGNATURE;

    enum jwt_fault fault = jwt_check_times(payload, now_s, TOKEN_LEEWAY_S);
    if (fault && fault != JWT_EXPIRED)
        return fault;
    bool is_readable = read_claims(payload, &read);
    bool is_version = json_get_int(payload, "version", 0) == VERSION;
    if (is_readable && is_version) {
        read.hash = token_hash_of((struct bytes){jws->mac, sizeof jws->mac});
        *claims = read;
    }
    if (fault)
        return fault;
    if (!is_version)
        return JWT_BAD_VERSION;
    return is_readable ? JWT_VALID : JWT_MALFORMED;
}

bool jwt_has_expired(int64_t expires_at_s, int64_t now_s)
{
    return now_s >= expires_at_s + TOKEN_LEEWAY_S;
}

enum jwt_fault jwt_verify(struct bytes token, const struct jwt_keys *keys, int64_t now_s,
                          struct jwt_claims *claims)
{
    struct jws jws;
    json_t *payload;
    if (jws_parse(&jws, token) || jws_payload(&jws, &payload))
        return JWT_MALFORMED;
    enum jwt_fault fault = verify_payload(&jws, payload, keys, now_s, claims);
    json_decref(payload);
    return fault;
}

// The code point at `*at`, which moves on. The text is valid UTF-8: it came out of a parser
// that checks it, or is our own.
static uint32_t next_code_point(const uint8_t **at)
{
    const uint8_t *p = *at;
    int more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t point = more ? p[0] & (0x3fu >> more) : p[0];
    int i = 1;
    for (; i <= more && (p[i] & 0xc0) == 0x80; i++)
        point = point << 6 | (p[i] & 0x3f);
    *at = p + i;
    return point;
}

// A JSON string whose base64url form cannot contain `-` or `_`, wherever it lies. Those stand
// for the groups 62 and 63 of six bits, 11111x. Of the ASCII characters only > ? ~ and DEL can
// yield them, and of the others all could.
static void add_member(struct text *to, const char *key, const char *value)
{
    text_addf(to, ",\"%s\":\"", key);
    const uint8_t *at = (const uint8_t *)value;
    while (*at) {
        uint32_t c = next_code_point(&at);
        if (c > 0xffff)
            text_addf(to, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                      0xdc00 + (c & 0x3ff));
        else if (c < 0x20 || c > '}' || strchr("\"\\>?", (int)c))
            text_addf(to, "\\u%04x", c);
        else
            text_add_char(to, (char)c);
    }
    text_add_char(to, '"');
}

void jwt_sign(const struct jwt_claims *claims, const char *secret, struct text *token)
{
    static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    bool app = claims->type == JWT_APP;

    struct text payload = {0};
    text_addf(&payload, "{\"version\":%d", VERSION);
    add_member(&payload, "type", app ? "app" : "management");
    add_member(&payload, "access_key", claims->access_key);
    if (app) {
        add_member(&payload, "room_id", claims->room_id);
        add_member(&payload, "role", claims->role);
        if (claims->user_id[0])
            add_member(&payload, "user_id", claims->user_id);
        if (claims->room_code_id[0])
            add_member(&payload, "room_code_id", claims->room_code_id);
    }
    text_addf(&payload, ",\"iat\":%" PRId64 ",\"nbf\":%" PRId64 ",\"exp\":%" PRId64,
              claims->issued_at_s, claims->issued_at_s, claims->expires_at_s);
    add_member(&payload, "jti", claims->jti);
    text_add_char(&payload, '}');

    size_t start = token->len;
    base64url_add(token, bytes_of(header));
    text_add_char(token, '.');
    base64url_add(token, text_bytes(&payload));
    text_dispose(&payload);

    uint8_t mac[JWT_MAC_LEN];
    jwt_hmac(bytes_of(secret),
             (struct bytes){(const uint8_t *)token->at + start, token->len - start}, mac);
    text_add_char(token, '.');
    base64url_add(token, (struct bytes){mac, sizeof mac});
}
