#include "test.h"

#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS_MAX = 1024 };

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;

// What the running test was handed and need not free.
static void **owned;
static size_t owned_count;

static int free_owned(void **state)
{
    (void)state;
    for (size_t i = 0; i < owned_count; i++)
        free(owned[i]);
    free(owned);
    owned = NULL;
    owned_count = 0;
    return 0;
}

static void *own(void *p)
{
    owned = mem_resize(owned, (owned_count + 1) * sizeof *owned);
    owned[owned_count++] = p;
    return p;
}

void test_register(const char *name, CMUnitTestFunction function)
{
    if (test_count == TESTS_MAX)
        abort();
    tests[test_count++] =
        (struct CMUnitTest){.name = name, .test_func = function, .teardown_func = free_owned};
}

struct bytes test_exact_copy(const void *at, size_t len)
{
    uint8_t *copy = own(malloc(len ? len : 1));
    if (len)
        memcpy(copy, at, len);
    return (struct bytes){copy, len};
}

struct bytes test_hex(const char *hex)
{
    uint8_t *octets = own(mem_alloc(strlen(hex) / 2 + 1));
    size_t digits = 0;
    for (; *hex; hex++) {
        static const char alphabet[] = "0123456789abcdef";
        const char *digit = strchr(alphabet, *hex | 0x20);
        if (*hex <= ' ')
            continue;
        assert_non_null(digit);
        octets[digits / 2] = (uint8_t)(octets[digits / 2] << 4 | (digit - alphabet));
        digits++;
    }
    assert_int_equal(digits % 2, 0);
    return (struct bytes){octets, digits / 2};
}

struct bytes test_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("no file %s: tests run from the top of the source tree", path);
    struct text content = {0};
    char buffer[4096];
    size_t got;
    while ((got = fread(buffer, 1, sizeof buffer, f)) > 0)
        text_add_bytes(&content, (struct bytes){(const uint8_t *)buffer, got});
    fclose(f);
    struct bytes exact = test_exact_copy(content.at, content.len);
    text_dispose(&content);
    return exact;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t test_folder(const char *path, const char ***files)
{
    DIR *dir = opendir(path);
    if (!dir)
        fail_msg("no folder %s: tests run from the top of the source tree", path);
    const char **names = NULL;
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        struct text name = {0};
        text_addf(&name, "%s/%s", path, entry->d_name);
        names = mem_resize(names, (count + 1) * sizeof *names);
        names[count++] = own(text_take(&name));
    }
    closedir(dir);
    if (!count)
        fail_msg("folder %s is empty", path);
    qsort(names, count, sizeof *names, by_name);
    *files = own(names);
    return count;
}

int main(int argc, char **argv)
{
    // A name as argument runs the tests whose names contain it.
    if (argc > 1) {
        size_t kept = 0;
        for (size_t i = 0; i < test_count; i++)
            if (strstr(tests[i].name, argv[1]))
                tests[kept++] = tests[i];
        test_count = kept;
    }
    return _cmocka_run_group_tests(argv[0], tests, test_count, NULL, NULL);
}
