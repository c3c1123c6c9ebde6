#include "memory.h"
#include "include/CKernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void *ck_allocate(size_t bytes) {
    if (bytes < HUGE_PAGE) return aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    if (bytes > SIZE_MAX - HUGE_PAGE) return NULL;
    size_t rounded = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *memory = aligned_alloc(HUGE_PAGE, rounded);
    if (memory) madvise(memory, rounded, MADV_HUGEPAGE);
    return memory;
}

void ck_free(void *memory) { free(memory); }

void *ck_require(void *memory, size_t bytes, const char *purpose) {
    if (memory) return memory;
    fprintf(stderr, "out of memory: %zu bytes for %s\n", bytes, purpose);
    abort();
}
