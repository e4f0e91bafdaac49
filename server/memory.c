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

// The path of our group, of a line of the file that lists them: in the unified hierarchy
// ("0::/system.slice/parlor.service"), or of the memory controller alone ("5:memory:/parlor").
static bool read_group(const char *root, const char *controllers, char path[PATH_LEN_MAX])
{
    char line[PATH_LEN_MAX], name[PATH_LEN_MAX];
    bool found = false;
    snprintf(name, sizeof name, "%s/proc/self/cgroup", root);
    FILE *file = fopen(name, "re");
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *of = strchr(line, ':');
        char *group = of ? strchr(of + 1, ':') : NULL;
        if (!group)
            continue;
        *group++ = 0;
        found = strcmp(of + 1, controllers) == 0;
        if (found)
            snprintf(path, PATH_LEN_MAX, "%s", group);
    }
    fclose(file);
    return found;
}

static int64_t lesser(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

// The least that the files `name` of our group, and of each group above it, allow: -1, if none
// does. A container sees its own group as the root, whatever the list says.
static int64_t least_of(const char *root, const char *mount, const char *controllers,
                        const char *name)
{
    char group[PATH_LEN_MAX] = "", file[2 * PATH_LEN_MAX];
    int64_t least = -1;
    read_group(root, controllers, group);
    for (;;) {
        char *slash = strrchr(group, '/');
        if (slash && !slash[1]) { // the root is written "/"
            *slash = 0;
            continue;
        }
        snprintf(file, sizeof file, "%s%s%s/%s", root, mount, group, name);
        least = lesser(least, read_number(file));
        if (!slash)
            return least;
        *slash = 0;
    }
}

int64_t memory_limit(const char *root, int64_t machine)
{
    int64_t unified = least_of(root, "/sys/fs/cgroup", "", "memory.max");
    int64_t old = least_of(root, "/sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes");
    return lesser(machine, lesser(unified, old));
}

int64_t memory_budget(int64_t octets, int percent, int64_t limit)
{
    return octets ? octets : limit / 100 * percent;
}

void memory_init(struct memory *m, int64_t octets, int percent)
{
    *m = (struct memory){.max = memory_budget(octets, percent, memory_limit("", of_machine()))};
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

void memory_judge(struct memory *m, int64_t used)
{
    int percent = m->left <= 0 ? MEMORY_FREE_PERCENT : MEMORY_TIGHT_PERCENT;
    m->left = m->max / 100 * percent - used;
}

void memory_look(struct memory *m, int64_t now)
{
    bool was_tight = m->left <= 0;
    memory_judge(m, memory_used());
    if (m->left <= 0 && now >= m->trim_at) {
        malloc_trim(0);
        m->trim_at = now + TRIM_US;
        if (!was_tight)
            m->left = 1; // it is not short yet
        memory_judge(m, memory_used());
    }
    if (m->left <= 0 && !was_tight)
        log_warn("server", "memory is short: joins and what is large are refused");
    else if (m->left > 0 && was_tight)
        log_info("server", "there is memory again");
}
