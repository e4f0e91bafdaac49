// How much the process may use: the machine's, or what the least of its control groups allows.
#include "server/memory.h"

#include "base/mem.h"
#include "base/text.h"
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char root[] = "/tmp/parlor-memory-XXXXXX";

static int remove_each(const char *path, const struct stat *what, int type, struct FTW *at)
{
    (void)what, (void)type, (void)at;
    return remove(path);
}

static void begin(void)
{
    snprintf(root, sizeof root, "/tmp/parlor-memory-XXXXXX");
    CHECK(mkdtemp(root) != NULL);
}

static void end(void)
{
    nftw(root, remove_each, 8, FTW_DEPTH | FTW_PHYS);
}

// A file below the root, with its folders.
static void put(const char *path, const char *content)
{
    struct text whole = {0};
    text_addf(&whole, "%s%s", root, path);
    for (char *slash = strchr(whole.at + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(whole.at, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole.at, "we");
    CHECK(file != NULL);
    fputs(content, file);
    fclose(file);
    text_dispose(&whole);
}

static const int64_t gigabyte = 1000000000;

TEST(without_control_groups_it_is_what_the_machine_has)
{
    begin();
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 8 * gigabyte);
    end();
}

TEST(each_group_above_ours_bounds_it_in_the_unified_layout)
{
    begin();
    put("/proc/self/cgroup", "0::/system.slice/parlor.service\n");
    put("/sys/fs/cgroup/system.slice/parlor.service/memory.max", "max\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 8 * gigabyte);
    put("/sys/fs/cgroup/system.slice/memory.max", "3000000000\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 3 * gigabyte);
    put("/sys/fs/cgroup/system.slice/parlor.service/memory.max", "2000000000\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 2 * gigabyte);
    put("/sys/fs/cgroup/memory.max", "1000000000\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 1 * gigabyte);
    CHECK_EQ(memory_limit(root, gigabyte / 2), gigabyte / 2); // a machine that has less
    end();
}

TEST(a_container_sees_its_own_group_as_the_root)
{
    begin();
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "1000000000\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), gigabyte);
    end();
}

TEST(the_old_layout_has_a_number_also_where_there_is_no_limit)
{
    begin();
    put("/proc/self/cgroup", "12:cpu,cpuacct:/other\n5:memory:/docker/abc\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 8 * gigabyte);
    put("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "2000000000\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 2 * gigabyte);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1000000000\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), gigabyte);
    end();
}

TEST(what_cannot_be_read_bounds_nothing)
{
    begin();
    put("/proc/self/cgroup", "\nnonsense\n0:\n0::/a\n");
    put("/sys/fs/cgroup/a/memory.max", "\n");
    put("/sys/fs/cgroup/memory.max", "many\n");
    CHECK_EQ(memory_limit(root, 8 * gigabyte), 8 * gigabyte);
    end();
}

TEST(the_setting_is_octets_or_percent_of_it)
{
    CHECK_EQ(memory_budget(0, 75, 8 * gigabyte), 6 * gigabyte);
    CHECK_EQ(memory_budget(0, 100, 8 * gigabyte), 8 * gigabyte);
    CHECK_EQ(memory_budget(123456789, 75, 8 * gigabyte), 123456789);
}

TEST(it_is_short_from_90_percent_on_and_free_again_below_85)
{
    struct memory m = {.max = 1000000, .left = 1000000};
    memory_judge(&m, 899999);
    CHECK_EQ(m.left, 1);
    memory_judge(&m, 900000);
    CHECK_EQ(m.left, 0);
    memory_judge(&m, 899999);
    CHECK(m.left < 0);
    memory_judge(&m, 850000);
    CHECK_EQ(m.left, 0);
    memory_judge(&m, 849999);
    CHECK(m.left > 0);
    memory_judge(&m, 899999);
    CHECK_EQ(m.left, 1);
}
