#include "base/text.h"

#include "base/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { CAP_FIRST = 64, DIGITS_MAX = 20 }; // of an int64_t, with its sign

void text_reserve(struct text *t, size_t more)
{
    if (t->cap - t->len > more)
        return;
    size_t cap = t->cap ? t->cap : CAP_FIRST;
    while (cap - t->len <= more)
        cap *= 2;
    t->at = mem_resize(t->at, cap);
    t->cap = cap;
}

void text_add_bytes(struct text *t, struct bytes more)
{
    text_reserve(t, more.len);
    if (more.len)
        memcpy(t->at + t->len, more.at, more.len);
    t->len += more.len;
    t->at[t->len] = 0;
}

void text_add(struct text *t, const char *more)
{
    text_add_bytes(t, bytes_of(more));
}

void text_add_char(struct text *t, char c)
{
    text_reserve(t, 1);
    t->at[t->len++] = c;
    t->at[t->len] = 0;
}

void text_add_int(struct text *t, int64_t value)
{
    char digits[DIGITS_MAX];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (value < 0)
        digits[--at] = '-';
    text_add_bytes(t, (struct bytes){(const uint8_t *)digits + at, sizeof digits - at});
}

void text_addf(struct text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = t->cap - t->len; // mostly enough
    int len = vsnprintf(room ? t->at + t->len : NULL, room, format, args);
    va_end(args);
    assert(len >= 0);
    if ((size_t)len >= room) {
        text_reserve(t, (size_t)len);
        vsnprintf(t->at + t->len, (size_t)len + 1, format, again);
    }
    va_end(again);
    t->len += (size_t)len;
}

void text_clear(struct text *t)
{
    t->len = 0;
    if (t->at)
        t->at[0] = 0;
}

void text_dispose(struct text *t)
{
    mem_free(t->at);
    *t = (struct text){0};
}

char *text_take(struct text *t)
{
    char *taken = t->at ? t->at : mem_alloc(1);
    *t = (struct text){0};
    return taken;
}

void text_add_escaped(struct text *t, struct bytes more)
{
    for (size_t i = 0; i < more.len; i++) {
        uint8_t c = more.at[i];
        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
            text_addf(t, "\\x%02x", c);
        else
            text_add_char(t, (char)c);
    }
}

size_t text_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((uint8_t)*text & 0xc0) != 0x80;
    return count;
}

void text_make_line(char *text)
{
    for (; *text; text++) {
        if ((uint8_t)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}

size_t text_weight(const char *text)
{
    size_t sum = 0;
    for (; text && *text; text++)
        sum += (uint8_t)*text < 0x20 ? 6 : *text == '"' || *text == '\\' ? 2 : 1;
    return sum;
}
