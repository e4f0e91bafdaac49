#include "server/memory.h"

#include "base/log.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIM_US = 5 * 1000 * 1000, PATH_LEN_MAX = 512 };

static int64_t of_machine(void)
{
    return (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

// A number in a file; -1 when there is none ("max").
static int64_t read_number(const char *path)
{
    long long number = -1;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    if (fscanf(file, "%lld", &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

// The path of our group in the unified hierarchy: "0::/system.slice/parlor.service".
static bool read_group(char path[PATH_LEN_MAX])
{
    char line[PATH_LEN_MAX];
    bool found = false;
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        found = strncmp(line, "0::", 3) == 0;
    }
    fclose(file);
    if (found)
        snprintf(path, PATH_LEN_MAX, "%s", line + 3);
    return found;
}

// Each group above ours bounds it too.
static int64_t of_group(void)
{
    char group[PATH_LEN_MAX];
    char file[2 * PATH_LEN_MAX];
    int64_t least = read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    if (!read_group(group))
        return least;
    for (;;) {
        snprintf(file, sizeof file, "/sys/fs/cgroup%s/memory.max", group);
        int64_t max = read_number(file);
        if (max >= 0 && (least < 0 || max < least))
            least = max;
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = 0;
    }
}

void memory_init(struct memory *m, int64_t octets, int percent)
{
    int64_t all = of_machine(), group = of_group();
    if (group >= 0 && group < all)
        all = group;
    *m = (struct memory){.max = octets ? octets : all / 100 * percent};
    m->left = m->max;
    log_info("server", "may use %lld MB of memory", (long long)(m->max / 1000 / 1000));
}

int64_t memory_used(void)
{
    long long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    int read = fscanf(file, "%lld %lld", &size, &resident);
    fclose(file);
    return read == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

void memory_look(struct memory *m, int64_t now)
{
    int64_t most = m->max / 100 * MEMORY_TIGHT_PERCENT;
    bool was_tight = m->left <= 0;
    m->left = most - memory_used();
    if (m->left <= 0 && now >= m->trim_at) {
        malloc_trim(0);
        m->trim_at = now + TRIM_US;
        m->left = most - memory_used();
    }
    if (m->left <= 0 && !was_tight)
        log_warn("server", "memory is short: joins and large bodies are refused");
    else if (m->left > 0 && was_tight)
        log_info("server", "there is memory again");
}
