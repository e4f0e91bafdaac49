#include "server/metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

// The field of /proc/self/stat that is the 22nd of proc(5): after the name in brackets, which
// may have anything in it, it is the 20th.
double metrics_started_at(void)
{
    char line[1024];
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return 0;
    const char *at = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    fclose(file);
    for (int i = 0; at && i < 20; i++)
        at = strchr(at + 1, ' ');
    unsigned long long ticks;
    if (!at || sscanf(at, " %llu", &ticks) != 1)
        return 0;
    struct timespec wall, up;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &up);
    double booted_at =
        (double)(wall.tv_sec - up.tv_sec) + (double)(wall.tv_nsec - up.tv_nsec) / 1e9;
    return booted_at + (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

// Entries of a folder of /proc, without the two that each has.
static uint64_t count_entries(const char *path, uint64_t ours)
{
    uint64_t count = 0;
    DIR *folder = opendir(path);
    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count > ours ? count - ours : 0;
}

void metrics_read_process(struct process_figures *p)
{
    *p = (struct process_figures){0};
    struct timespec cpu;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
        p->cpu_s = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
    unsigned long long size, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%llu %llu", &size, &resident) == 2) {
        p->virtual_octets = size * (uint64_t)sysconf(_SC_PAGESIZE);
        p->resident_octets = resident * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    if (file)
        fclose(file);
    struct rlimit most;
    if (getrlimit(RLIMIT_NOFILE, &most) == 0)
        p->descriptors_max = most.rlim_cur;
    p->open_descriptors = count_entries("/proc/self/fd", 1); // that of the folder
    p->threads = count_entries("/proc/self/task", 0);
}

void metrics_write_process(const struct process_figures *p, struct exposition *e)
{
    exposition_family(e, "process_cpu_seconds", EXPOSITION_COUNTER,
                      "User and system CPU time, in seconds.");
    exposition_number(e, NULL, p->cpu_s);
    exposition_family(e, "process_start_time_seconds", EXPOSITION_GAUGE,
                      "When the process started, in seconds since the Unix epoch.");
    exposition_number(e, NULL, p->started_at_s);
    exposition_single(e, "process_resident_memory_bytes", EXPOSITION_GAUGE,
                      "Memory that is resident.", p->resident_octets);
    exposition_single(e, "process_virtual_memory_bytes", EXPOSITION_GAUGE, "Address space.",
                      p->virtual_octets);
    exposition_single(e, "process_open_fds", EXPOSITION_GAUGE, "File descriptors, sockets too.",
                      p->open_descriptors);
    exposition_single(e, "process_max_fds", EXPOSITION_GAUGE, "How many there may be.",
                      p->descriptors_max);
    exposition_single(e, "process_threads", EXPOSITION_GAUGE, "Threads.", p->threads);
}
