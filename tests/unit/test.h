// A thin layer on cmocka: TEST registers a function, CHECK_* assert inside it.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

void test_register(const char *name, CMUnitTestFunction function);

#define TEST(name)                                                                             \
    static void name(void **state);                                                            \
    __attribute__((constructor)) static void register_##name(void)                             \
    {                                                                                          \
        test_register(#name, name);                                                            \
    }                                                                                          \
    static void name(__attribute__((unused)) void **state)

#define CHECK(condition) assert_true(condition)
#define CHECK_EQ(actual, expected) assert_int_equal(actual, expected)
#define CHECK_TEXT(actual, expected) assert_string_equal(actual, expected)
#define CHECK_BYTES(actual, at_, len_)                                                         \
    do {                                                                                       \
        struct bytes check_actual = (actual);                                                  \
        assert_int_equal(check_actual.len, len_);                                              \
        assert_memory_equal(check_actual.at, at_, len_);                                       \
    } while (0)

// A heap block of exactly `len` octets, freed after the test, so that the address sanitizer
// sees a parser which reads even one octet too far.
struct bytes test_exact_copy(const void *at, size_t len);

// The octets of a hex text; white space is skipped. Freed after the test.
struct bytes test_hex(const char *hex);

// A file below the top of the source tree; fails the test when it is not there. Freed after it.
struct bytes test_file(const char *path);

// The files of a folder, sorted by name; the paths are as test_file() takes them. Freed after
// the test. Fails the test when there is none.
size_t test_folder(const char *path, const char ***files);
