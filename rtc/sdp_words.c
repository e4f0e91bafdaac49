#include "rtc/sdp.h"

#include "base/err.h"

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool sdp_is(struct bytes b, const char *text)
{
    for (size_t i = 0; i < b.len; i++) {
        if (text[i] == '\0')
            return false;
        if (b.at[i] != (uint8_t)text[i] && lower(b.at[i]) != lower((uint8_t)text[i]))
            return false;
    }
    return text[b.len] == '\0';
}

struct bytes sdp_cut(struct bytes *rest, char separator)
{
    const uint8_t *end = rest->len ? memchr(rest->at, separator, rest->len) : NULL;
    struct bytes word = *rest;
    if (!end) {
        *rest = (struct bytes){0};
        return word;
    }
    word.len = (size_t)(end - rest->at);
    *rest = (struct bytes){end + 1, rest->len - word.len - 1};
    return word;
}

bool sdp_number(struct bytes b, uint64_t max, uint64_t *value)
{
    uint64_t n = 0;
    if (b.len == 0 || b.len > 20)
        return false;
    for (size_t i = 0; i < b.len; i++) {
        if (b.at[i] < '0' || b.at[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(b.at[i] - '0');
        if (n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *value = n;
    return true;
}

size_t sdp_count(struct bytes b, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < b.len; i++)
        count += b.at[i] == (uint8_t)c;
    return count;
}

struct bytes sdp_trim(struct bytes b)
{
    while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
        b = (struct bytes){b.at + 1, b.len - 1};
    while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
        b.len--;
    return b;
}

bool sdp_parameter(struct bytes fmtp, const char *name, struct bytes *value)
{
    while (fmtp.len) {
        struct bytes rest = sdp_trim(sdp_cut(&fmtp, ';'));
        if (sdp_is(sdp_trim(sdp_cut(&rest, '=')), name)) {
            *value = sdp_trim(rest);
            return true;
        }
    }
    return false;
}

static bool read_candidate_type(struct bytes word, enum sdp_candidate_type *type)
{
    static const char *const names[] = {"host", "srflx", "prflx", "relay"};
    for (int i = SDP_HOST; i <= SDP_RELAY; i++)
        if (sdp_is(word, names[i])) {
            *type = (enum sdp_candidate_type)i;
            return true;
        }
    return false;
}

static bool cut_prefix(struct bytes *b, const char *prefix)
{
    size_t len = strlen(prefix);
    if (b->len < len || !sdp_is((struct bytes){b->at, len}, prefix))
        return false;
    *b = (struct bytes){b->at + len, b->len - len};
    return true;
}

int sdp_parse_candidate(struct sdp_candidate *candidate, struct bytes line)
{
    line = sdp_trim(line);
    cut_prefix(&line, "a=");
    cut_prefix(&line, "candidate:");
    if (!line.len) {
        *candidate = (struct sdp_candidate){.type = SDP_END};
        return 0;
    }

    struct sdp_candidate c = {.foundation = sdp_cut(&line, ' ')};
    uint64_t component;
    uint64_t priority;
    uint64_t port;
    if (!c.foundation.len || !sdp_number(sdp_cut(&line, ' '), 256, &component))
        return ERR_MALFORMED;
    struct bytes protocol = sdp_cut(&line, ' ');
    c.udp = sdp_is(protocol, "udp");
    c.tcp = sdp_is(protocol, "tcp");
    if (!sdp_number(sdp_cut(&line, ' '), UINT32_MAX, &priority))
        return ERR_MALFORMED;
    c.address = sdp_cut(&line, ' ');
    if (!c.address.len || !sdp_number(sdp_cut(&line, ' '), UINT16_MAX, &port))
        return ERR_MALFORMED;
    if (!sdp_is(sdp_cut(&line, ' '), "typ") ||
        !read_candidate_type(sdp_cut(&line, ' '), &c.type))
        return ERR_MALFORMED;
    c.component = (uint16_t)component;
    c.priority = (uint32_t)priority;
    c.port = (uint16_t)port;
    c.rest = sdp_trim(line);

    char ip[ADDR_TEXT_MAX];
    if (c.address.len < sizeof ip) {
        memcpy(ip, c.address.at, c.address.len);
        ip[c.address.len] = '\0';
        if (addr_parse_ip(&c.addr, ip, c.port) < 0)
            c.addr = (struct addr){0}; // a name, "<uuid>.local"
    }
    *candidate = c;
    return 0;
}

enum sdp_protocol sdp_protocol_of(struct bytes word)
{
    if (sdp_is(word, "UDP/TLS/RTP/SAVPF"))
        return SDP_RTP;
    // DTLS/SCTP is what browsers wrote before RFC 8841.
    if (sdp_is(word, "UDP/DTLS/SCTP") || sdp_is(word, "DTLS/SCTP"))
        return SDP_SCTP;
    return SDP_PROTOCOL_OTHER;
}
