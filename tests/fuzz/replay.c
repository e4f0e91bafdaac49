// Stands in for libFuzzer where it is not linked: runs a target on every file of the folders
// named as arguments, so that the seeds and all earlier findings are met in each test run.
#include "base/mem.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    // A block of exactly the file's size, so that the address sanitizer sees one octet too far.
    size_t size = 0;
    if (fseek(f, 0, SEEK_END) == 0 && ftell(f) > 0)
        size = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = mem_resize(NULL, size);
    size_t got = fread(data, 1, size, f);
    fclose(f);
    LLVMFuzzerTestOneInput(data, got);
    mem_free(data);
    return 1;
}

static int replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    int count = 0;
    if (!dir)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            count += replay_file(path);
    }
    closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++)
        count += replay_folder(argv[i]);
    // Empty input and one octet are always tried.
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    LLVMFuzzerTestOneInput((const uint8_t *)"\x80", 1);
    printf("%d inputs replayed\n", count);
    return count == 0 && argc > 1 ? EXIT_FAILURE : EXIT_SUCCESS;
}
