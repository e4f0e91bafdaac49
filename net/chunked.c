#include "net/chunked.h"

#include "base/err.h"

#include <ctype.h>
#include <string.h>

enum {
    OVERHEAD_MAX = 4096, // extensions and trailers: read and forgotten
    SIZE_DIGITS_MAX = 7, // far over any body that is allowed
};

enum {
    SIZE,
    SIZE_SPACE, // between a size and the semicolon of an extension
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER,
    TRAILER_LF,
    END_LF,
};

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

static int size_octet(struct chunked *c, uint8_t octet)
{
    int digit = hex_value(octet);
    if (digit >= 0) {
        if (c->digits == SIZE_DIGITS_MAX)
            return ERR_MALFORMED;
        c->digits++;
        c->left = c->left << 4 | (uint32_t)digit;
        return 0;
    }
    if (c->digits == 0)
        return ERR_MALFORMED;
    if (octet == '\r')
        c->state = SIZE_LF;
    else if (octet == ';')
        c->state = EXTENSION;
    else if (octet == ' ' || octet == '\t')
        c->state = SIZE_SPACE;
    else
        return ERR_MALFORMED;
    return 0;
}

// RFC 9110 section 5.6.2.
static bool is_token_octet(uint8_t c)
{
    return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

// What is read and forgotten: no control characters, and lines that end in pairs.
static int forgotten_octet(struct chunked *c, uint8_t octet, uint8_t at_end)
{
    bool possible = octet == '\t' || (octet >= ' ' && octet != 0x7f);
    if (octet == '\r')
        c->state = at_end;
    else if (!possible || ++c->overhead > OVERHEAD_MAX)
        return ERR_MALFORMED;
    return 0;
}

// A trailer is a field: a name that is a token, a colon, and anything.
static int trailer_octet(struct chunked *c, uint8_t octet)
{
    bool starts = c->state == TRAILER_START;
    if (starts && octet == '\r') {
        c->state = END_LF;
        return 0;
    }
    c->state = octet == ':' && !starts ? TRAILER : TRAILER_NAME;
    bool possible = c->state == TRAILER || is_token_octet(octet);
    return possible && ++c->overhead <= OVERHEAD_MAX ? 0 : ERR_MALFORMED;
}

// Everything that is not data, one octet at a time.
static int octet_of_frame(struct chunked *c, uint8_t octet)
{
    switch (c->state) {
    case SIZE:
        return size_octet(c, octet);
    case SIZE_SPACE:
        if (octet == ';')
            c->state = EXTENSION;
        else if (octet != ' ' && octet != '\t' && octet != '\r')
            return ERR_MALFORMED;
        return octet == ';' ? 0 : forgotten_octet(c, octet, SIZE_LF);
    case EXTENSION:
        return forgotten_octet(c, octet, SIZE_LF);
    case TRAILER:
        return forgotten_octet(c, octet, TRAILER_LF);
    case TRAILER_START:
    case TRAILER_NAME:
        return trailer_octet(c, octet);
    case DATA_CR:
        c->state = DATA_LF;
        return octet == '\r' ? 0 : ERR_MALFORMED;
    default: // one of the states that wait for a line feed
        if (octet != '\n')
            return ERR_MALFORMED;
        if (c->state == SIZE_LF)
            c->state = c->left ? DATA : TRAILER_START;
        else if (c->state == DATA_LF)
            c->state = SIZE;
        else if (c->state == TRAILER_LF)
            c->state = TRAILER_START;
        else
            c->done = true;
        c->digits = 0;
        return 0;
    }
}

int chunked_decode(struct chunked *c, struct bytes in, size_t max, struct text *body,
                   size_t *used)
{
    size_t i = 0;
    while (i < in.len && !c->done) {
        if (c->state != DATA) {
            int err = octet_of_frame(c, in.at[i++]);
            if (err)
                return err;
            continue;
        }
        size_t len = in.len - i < c->left ? in.len - i : c->left;
        if (body->len + len > max)
            return ERR_FULL;
        text_add_bytes(body, (struct bytes){in.at + i, len});
        c->left -= (uint32_t)len;
        i += len;
        if (c->left == 0)
            c->state = DATA_CR;
    }
    *used = i;
    return 0;
}
