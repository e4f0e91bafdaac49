// The table of settings: what each is called, what it means, and how its value is read into
// struct config. Where values come from is config.c's.
#pragma once

#include "server/config.h"

enum setting_display {
    SETTING_OPEN,
    SETTING_LOCATION, // a URL may have a password: shown without it
    SETTING_SECRET,   // never shown
};

struct setting {
    const char *name;
    const char *argument; // as the help shows it; NULL for one that needs none
    const char *fallback;
    const char *help;
    int (*read)(struct config *config, const char *value); // 0 or ERR_MALFORMED
    enum setting_display display;
};

enum { SETTING_COUNT = 53 };

extern const struct setting settings[]; // the first is `listen`
