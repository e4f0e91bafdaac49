// The web client's files, embedded into the binary. web/embed.py makes the table when the
// server is built.
#pragma once

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>

// One file in up to three forms, all with the same content.
struct asset {
    const char *path; // "/index.html", "/assets/index-B3x.js"
    const char *type; // "text/html; charset=utf-8"
    const char *etag; // weak: W/"..."
    struct bytes identity;
    struct bytes gzip;   // empty: none
    struct bytes brotli; // empty: none
    bool immutable;      // its name holds a hash of its content
};

// Sorted by path. There is always an "/index.html".
extern const struct asset assets[];
extern const size_t asset_count;
