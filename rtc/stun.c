#include "rtc/stun.h"

#include "base/err.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum {
    ATTRIBUTE_HEADER_LEN = 4,
    FINGERPRINT_ATTRIBUTE_LEN = 8,
    FAMILY_V4 = 1,
    FAMILY_V6 = 2,
};

static const uint32_t magic_cookie = 0x2112a442;
static const uint32_t fingerprint_mask = 0x5354554e; // "STUN", RFC 8489 section 14.7

// CRC-32 of ITU-T V.42: a message is short and rare, so a nibble at a time is fast enough.
static uint32_t crc32(struct bytes b)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < b.len; i++) {
        crc ^= b.at[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

void stun_hmac(struct bytes key, struct bytes text, uint8_t mac[STUN_INTEGRITY_LEN])
{
    unsigned len = 0;
    HMAC(EVP_sha1(), key.at, (int)key.len, text.at, text.len, mac, &len);
    assert(len == STUN_INTEGRITY_LEN);
}

// The octets of a mapped address are XORed with the cookie and the transaction id, which lie
// next to each other in the header (RFC 8489 section 14.2).
static bool read_address(const uint8_t *header, struct bytes value, struct addr *a)
{
    if (value.len < 4)
        return false;
    bool v4 = value.at[1] == FAMILY_V4;
    size_t ip_len = v4 ? 4 : 16;
    if ((!v4 && value.at[1] != FAMILY_V6) || value.len != 4 + ip_len)
        return false;
    *a = (struct addr){.port = (uint16_t)(read_u16(value.at + 2) ^ magic_cookie >> 16)};
    if (v4)
        a->ip[10] = a->ip[11] = 0xff;
    for (size_t i = 0; i < ip_len; i++)
        a->ip[16 - ip_len + i] = value.at[4 + i] ^ header[4 + i];
    return true;
}

static void note_unknown(struct stun_message *m, uint16_t attribute)
{
    bool comprehension_required = attribute < 0x8000;
    if (comprehension_required && m->unknown_count < STUN_UNKNOWN_MAX)
        m->unknown[m->unknown_count++] = attribute;
}

// Returns false when the value is not what the attribute demands.
static bool read_attribute(struct stun_message *m, uint16_t attribute, struct bytes value)
{
    switch (attribute) {
    case STUN_USERNAME:
        m->username = value;
        return value.len <= 513; // RFC 8489 section 14.3: shorter than 509; some send 513
    case STUN_XOR_MAPPED_ADDRESS:
        m->has_mapped = true;
        return read_address(m->datagram.at, value, &m->mapped);
    case STUN_PRIORITY:
        if (value.len != 4)
            return false;
        m->has_priority = true;
        m->priority = read_u32(value.at);
        return true;
    case STUN_USE_CANDIDATE:
        m->use_candidate = true;
        return value.len == 0;
    case STUN_ICE_CONTROLLED:
    case STUN_ICE_CONTROLLING:
        if (value.len != 8)
            return false;
        *(attribute == STUN_ICE_CONTROLLED ? &m->controlled : &m->controlling) = true;
        m->tie_breaker = read_u64(value.at);
        return true;
    case STUN_ERROR_CODE:
        if (value.len < 4)
            return false;
        m->error_code = (uint16_t)((value.at[2] & 7) * 100 + value.at[3]);
        return true;
    case STUN_UNKNOWN_ATTRIBUTES: // these three mean nothing to an ICE agent
    case STUN_REALM:
    case STUN_NONCE:
    case STUN_MESSAGE_INTEGRITY_SHA256: // we ask for SHA-1 by RFC 8445 section 7.1.2
        return true;
    default:
        note_unknown(m, attribute);
        return true;
    }
}

static bool read_fingerprint(const struct stun_message *m, size_t at, struct bytes value)
{
    if (value.len != 4 || at + FINGERPRINT_ATTRIBUTE_LEN != m->datagram.len)
        return false; // it is the last attribute
    return read_u32(value.at) == (crc32((struct bytes){m->datagram.at, at}) ^ fingerprint_mask);
}

int stun_parse(struct stun_message *message, struct bytes datagram)
{
    const uint8_t *p = datagram.at;
    if (datagram.len < STUN_HEADER_LEN || p[0] > 3 || datagram.len > UINT16_MAX ||
        read_u16(p + 2) != datagram.len - STUN_HEADER_LEN || datagram.len % 4 != 0 ||
        read_u32(p + 4) != magic_cookie)
        return ERR_MALFORMED;

    struct stun_message m = {
        .type = read_u16(p),
        .transaction = p + 8,
        .datagram = datagram,
    };
    for (size_t at = STUN_HEADER_LEN; at < datagram.len;) {
        uint16_t attribute = read_u16(p + at); // lengths are multiples of 4: 4 octets are there
        struct bytes value = {p + at + ATTRIBUTE_HEADER_LEN, read_u16(p + at + 2)};
        size_t padded_len = (value.len + 3) & ~(size_t)3;
        if (datagram.len - at - ATTRIBUTE_HEADER_LEN < padded_len)
            return ERR_MALFORMED;
        if (attribute == STUN_FINGERPRINT) {
            if (!read_fingerprint(&m, at, value))
                return ERR_MALFORMED;
            m.has_fingerprint = true;
        } else if (attribute == STUN_MESSAGE_INTEGRITY && !m.integrity_at) {
            if (value.len != STUN_INTEGRITY_LEN)
                return ERR_MALFORMED;
            m.integrity_at = (uint16_t)at;
        } else if (!m.integrity_at && !read_attribute(&m, attribute, value)) {
            return ERR_MALFORMED;
        }
        at += ATTRIBUTE_HEADER_LEN + padded_len;
    }
    *message = m;
    return 0;
}

// The HMAC covers the message up to the attribute, under a header whose length ends with it
// (RFC 8489 section 14.5).
static void integrity(struct bytes key, const uint8_t *message, size_t integrity_at,
                      uint8_t mac[STUN_INTEGRITY_LEN])
{
    uint8_t text[2048];
    assert(integrity_at <= sizeof text);
    memcpy(text, message, integrity_at);
    write_u16(text + 2, (uint16_t)(integrity_at + ATTRIBUTE_HEADER_LEN + STUN_INTEGRITY_LEN -
                                   STUN_HEADER_LEN));
    stun_hmac(key, (struct bytes){text, integrity_at}, mac);
}

bool stun_authentic(const struct stun_message *message, struct bytes key)
{
    if (!message->integrity_at || message->integrity_at > 2048)
        return false;
    uint8_t mac[STUN_INTEGRITY_LEN];
    integrity(key, message->datagram.at, message->integrity_at, mac);
    const uint8_t *theirs = message->datagram.at + message->integrity_at + ATTRIBUTE_HEADER_LEN;
    return CRYPTO_memcmp(mac, theirs, sizeof mac) == 0;
}

bool stun_peek_ufrag(struct bytes datagram, struct bytes *ufrag)
{
    struct stun_message m;
    if (stun_parse(&m, datagram) || m.type != STUN_BINDING_REQUEST || !m.username.len)
        return false;
    const uint8_t *colon = memchr(m.username.at, ':', m.username.len);
    if (!colon)
        return false;
    *ufrag = (struct bytes){m.username.at, (size_t)(colon - m.username.at)};
    return true;
}

// While a message is built its header is kept right after every attribute.
static void set_length(struct writer *w)
{
    if (!w->overflow)
        write_u16(w->at + 2, (uint16_t)(w->len - STUN_HEADER_LEN));
}

void stun_begin(struct writer *w, enum stun_type type,
                const uint8_t transaction[STUN_TRANSACTION_LEN])
{
    put_u16(w, (uint16_t)type);
    put_u16(w, 0);
    put_u32(w, magic_cookie);
    put_bytes(w, (struct bytes){transaction, STUN_TRANSACTION_LEN});
}

void stun_put_bytes(struct writer *w, enum stun_attribute attribute, struct bytes value)
{
    put_u16(w, (uint16_t)attribute);
    put_u16(w, (uint16_t)value.len);
    put_bytes(w, value);
    while (w->len % 4 && !w->overflow)
        put_u8(w, 0);
    set_length(w);
}

void stun_put_u32(struct writer *w, enum stun_attribute attribute, uint32_t value)
{
    uint8_t octets[4];
    write_u32(octets, value);
    stun_put_bytes(w, attribute, (struct bytes){octets, sizeof octets});
}

void stun_put_u64(struct writer *w, enum stun_attribute attribute, uint64_t value)
{
    uint8_t octets[8];
    write_u64(octets, value);
    stun_put_bytes(w, attribute, (struct bytes){octets, sizeof octets});
}

void stun_put_address(struct writer *w, const struct addr *mapped)
{
    bool v4 = addr_is_v4(mapped);
    size_t ip_len = v4 ? 4 : 16;
    uint8_t value[20] = {0, v4 ? FAMILY_V4 : FAMILY_V6};
    write_u16(value + 2, (uint16_t)(mapped->port ^ magic_cookie >> 16));
    for (size_t i = 0; i < ip_len; i++)
        value[4 + i] = mapped->ip[16 - ip_len + i] ^ w->at[4 + i];
    stun_put_bytes(w, STUN_XOR_MAPPED_ADDRESS, (struct bytes){value, 4 + ip_len});
}

void stun_put_error(struct writer *w, uint16_t code, const char *reason)
{
    uint8_t value[4 + 128] = {0, 0, (uint8_t)(code / 100), (uint8_t)(code % 100)};
    size_t reason_len = strlen(reason);
    assert(reason_len <= 128);
    memcpy(value + 4, reason, reason_len);
    stun_put_bytes(w, STUN_ERROR_CODE, (struct bytes){value, 4 + reason_len});
}

void stun_put_unknown(struct writer *w, const uint16_t *attributes, size_t count)
{
    assert(count <= STUN_UNKNOWN_MAX);
    uint8_t value[2 * STUN_UNKNOWN_MAX];
    for (size_t i = 0; i < count; i++)
        write_u16(value + 2 * i, attributes[i]);
    stun_put_bytes(w, STUN_UNKNOWN_ATTRIBUTES, (struct bytes){value, 2 * count});
}

void stun_finish(struct writer *w, struct bytes key)
{
    assert(!w->overflow);
    uint8_t mac[STUN_INTEGRITY_LEN];
    integrity(key, w->at, w->len, mac);
    stun_put_bytes(w, STUN_MESSAGE_INTEGRITY, (struct bytes){mac, sizeof mac});

    // The length in the header counts FINGERPRINT before it is computed.
    size_t covered_len = w->len;
    write_u16(w->at + 2, (uint16_t)(covered_len + FINGERPRINT_ATTRIBUTE_LEN - STUN_HEADER_LEN));
    uint32_t crc = crc32((struct bytes){w->at, covered_len});
    stun_put_u32(w, STUN_FINGERPRINT, crc ^ fingerprint_mask);
    assert(!w->overflow);
}

void stun_put_check(struct writer *w, const struct stun_check *check)
{
    stun_begin(w, STUN_BINDING_REQUEST, check->transaction);
    stun_put_bytes(w, STUN_USERNAME, check->username);
    stun_put_u32(w, STUN_PRIORITY, check->priority);
    stun_put_u64(w, check->controlled ? STUN_ICE_CONTROLLED : STUN_ICE_CONTROLLING,
                 check->tie_breaker);
    if (check->nominate)
        stun_put_bytes(w, STUN_USE_CANDIDATE, (struct bytes){0});
    stun_finish(w, check->password);
}
