// The stock themes of prebuilt clients: palettes by the names that they know.
#pragma once

#include <stddef.h>

struct layout_colour {
    const char *name;
    const char *value; // "#rrggbb"
};

struct layout_theme {
    const char *name;
    const char *type;
    const struct layout_colour
        *palette; // whole: clients take the dark default for what is missing
    size_t colour_count;
};

enum { LAYOUT_THEME_COUNT = 2 };
extern const struct layout_theme layout_themes[LAYOUT_THEME_COUNT]; // the first is the default
