// Lists of words, which are short and searched from the front.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

// Its place in the list; `count` when it is not there.
static inline size_t words_find(const char *const *list, size_t count, const char *word)
{
    size_t i = 0;
    while (i < count && strcmp(list[i], word) != 0)
        i++;
    return i;
}

static inline bool words_contain(const char *const *list, size_t count, const char *word)
{
    return words_find(list, count, word) < count;
}

// The word as it stands in a list that ends with NULL; NULL when it is not there.
static inline const char *words_known(const char *const *known, const char *word)
{
    while (*known && strcmp(*known, word) != 0)
        known++;
    return *known;
}
