// Looking over the text of JSON without parsing it: where its strings end, and what reading it
// will cost. A gigabyte of long strings takes less than a second, and nothing is allocated.
#pragma once

#include "base/bytes.h"

enum { JSON_LONG = 64 }; // octets as written, from which on a string is long

// A string, as it is written.
struct json_string {
    size_t end; // of its closing quote; the text's length when there is none
    size_t escapes;
    bool has_unicode; // an escape \u among them
    bool is_wide;     // it, or what follows at once, has octets that are not of ASCII
};

// The string whose first octet behind the quote is at `at`.
struct json_string json_string_at(struct bytes text, size_t at);
// Behind the colon and the blanks that make the string which ends before `at` a member's name;
// 0 when it is none.
size_t json_value_behind(struct bytes text, size_t at);

struct json_scan {
    size_t members;      // and elements
    size_t octets;       // all that are not those of long values
    size_t escapes;      // the same
    size_t long_octets;  // of long strings that are values
    size_t long_escapes; // the same
    size_t wide_octets;  // of those of them that are not of ASCII only
    size_t value_at;     // of the outermost object's member that was asked for; 0: none
};

// What `text` holds, whether or not it is JSON.
struct json_scan json_scan(struct bytes text, const char *key);

// --- Eight octets at a time ---

enum { JSON_WORD = 8 };

// Bit 7 of the lowest octet that is `c` is set, and none below it.
static inline uint64_t json_word_is(uint64_t word, uint8_t c)
{
    uint64_t ones = UINT64_MAX / 255;
    uint64_t differs = word ^ ones * c;
    return (differs - ones) & ~differs & ones << 7;
}

// The same of the lowest that is less than `c`, which is at most 128.
static inline uint64_t json_word_is_below(uint64_t word, uint8_t c)
{
    uint64_t ones = UINT64_MAX / 255;
    return (word - ones * c) & ~word & ones << 7;
}

// The octet at the lowest address is the lowest of the word.
static inline uint64_t json_word(const uint8_t *at)
{
    uint64_t word = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(&word, at, JSON_WORD);
#else
    for (size_t i = 0; i < JSON_WORD; i++)
        word |= (uint64_t)at[i] << 8 * i;
#endif
    return word;
}

// Which octet of the word is the lowest with its bit 7 set; there is one.
static inline size_t json_word_first(uint64_t found)
{
    return (size_t)__builtin_ctzll(found) / 8;
}
