#include "net/chunked.h"

#include "base/err.h"

enum {
    OVERHEAD_MAX = 4096, // extensions and trailers: read and forgotten
    SIZE_DIGITS_MAX = 7, // far over any body that is allowed
};

enum {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
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
    else if (octet == ';' || octet == ' ' || octet == '\t')
        c->state = EXTENSION;
    else
        return ERR_MALFORMED;
    return 0;
}

// Everything that is not data, one octet at a time.
static int octet_of_frame(struct chunked *c, uint8_t octet)
{
    switch (c->state) {
    case SIZE:
        return size_octet(c, octet);
    case EXTENSION:
    case TRAILER:
        if (octet == '\n' || octet == 0 || ++c->overhead > OVERHEAD_MAX)
            return ERR_MALFORMED;
        if (octet == '\r')
            c->state = c->state == EXTENSION ? SIZE_LF : TRAILER_LF;
        return 0;
    case TRAILER_START:
        c->state = octet == '\r' ? END_LF : TRAILER;
        return octet == '\n' ? ERR_MALFORMED : 0;
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
