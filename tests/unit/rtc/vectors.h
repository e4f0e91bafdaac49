// Test vectors: JSON files whose octets are hexadecimal.
#pragma once

#include "test.h"

#include <jansson.h>

static inline json_t *load(const char *path)
{
    struct bytes text = test_file(path);
    json_t *root = json_loadb((const char *)text.at, text.len, 0, NULL);
    assert_non_null(root);
    return root;
}

static inline struct bytes hex_member(const json_t *object, const char *key)
{
    struct bytes b = test_hex(json_string_value(json_object_get(object, key)));
    return test_exact_copy(b.at, b.len);
}
