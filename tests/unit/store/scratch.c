#include "scratch.h"

#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct scratch scratch_new(void)
{
    struct scratch s;
    const char *top = getenv("TMPDIR");
    snprintf(s.folder, sizeof s.folder, "%s/parlor-test-XXXXXX", top ? top : "/tmp");
    CHECK(mkdtemp(s.folder) != NULL);
    return s;
}

const char *scratch_path(const struct scratch *s, const char *name)
{
    static _Thread_local char paths[4][2 * SCRATCH_PATH_MAX];
    static _Thread_local int next;
    next = (next + 1) % 4;
    snprintf(paths[next], sizeof paths[next], "%s/%.200s", s->folder, name);
    return paths[next];
}

void scratch_remove(const struct scratch *s)
{
    DIR *folder = opendir(s->folder);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        unlink(scratch_path(s, entry->d_name));
    if (folder)
        closedir(folder);
    rmdir(s->folder);
}
