// Packets as Chromium sent them: tests/vectors/layers.
#pragma once

#include "test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDED_MAX = 400 };

struct recorded {
    uint16_t seq;
    uint32_t timestamp;
    bool marker;
    struct bytes descriptor;
    struct bytes payload; // its beginning
};

// Returns how many packets there are.
static inline size_t recording(const char *name, struct recorded packets[RECORDED_MAX])
{
    char path[256];
    snprintf(path, sizeof path, "tests/vectors/layers/%s.txt", name);
    struct bytes file = test_file(path);
    char *text = malloc(file.len + 1);
    memcpy(text, file.at, file.len);
    text[file.len] = '\0';
    size_t count = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        unsigned seq, timestamp, marker, len;
        static char descriptor[512], payload[128];
        CHECK_EQ(sscanf(line, "%u %u %u %511s %u %127s", &seq, &timestamp, &marker, descriptor,
                        &len, payload),
                 6);
        CHECK(count < RECORDED_MAX);
        packets[count++] = (struct recorded){
            .seq = (uint16_t)seq,
            .timestamp = timestamp,
            .marker = marker,
            .descriptor = test_hex(descriptor[0] == '-' ? "" : descriptor),
            .payload = test_hex(payload),
        };
    }
    free(text);
    return count;
}
