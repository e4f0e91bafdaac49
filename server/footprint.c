#include "server/footprint.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

// Executable segments are never written, so dropping their pages loses nothing: the next use
// maps them from the page cache. (Segments with relocations would lose those.)
static int drop_code(struct dl_phdr_info *object, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) ||
            (segment->p_flags & PF_W))
            continue;
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
        uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
        // Best effort: where the kernel refuses, the pages stay, which harms nobody.
        (void)madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void footprint_trim(void)
{
    malloc_trim(0);
    dl_iterate_phdr(drop_code, NULL);
}
