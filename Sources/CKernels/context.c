#define _GNU_SOURCE // sched_getaffinity
#include "context.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20 };

void *ck_allocate(size_t bytes) {
    if (bytes < HUGE_PAGE) return aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    size_t rounded = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *memory = aligned_alloc(HUGE_PAGE, rounded);
#if defined(MADV_HUGEPAGE)
    if (memory) madvise(memory, rounded, MADV_HUGEPAGE);
#endif
    return memory;
}

void ck_free(void *memory) { free(memory); }

static void *grow(ck_scratch_set *set, int slot, size_t bytes) {
    if (set->bytes[slot] < bytes) {
        free(set->memory[slot]);
        size_t rounded = (bytes + bytes / 8 + 4095) / 4096 * 4096;
        set->memory[slot] = ck_allocate(rounded);
        if (!set->memory[slot]) abort(); // out of memory, like Swift's own allocations
        set->bytes[slot] = rounded;
    }
    return set->memory[slot];
}

void *ck_scratch(ck_context *context, int thread, int slot, size_t bytes) { return grow(&context->scratch[thread], slot, bytes); }

void *ck_shared(ck_context *context, int slot, size_t bytes) { return grow(&context->scratch[context->threads], slot, bytes); }

bool ck_supports(ck_set set) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
    switch (set) {
    case CK_GENERIC: return true;
    case CK_AVX2: return avx2;
    case CK_AVX512: return avx512;
    case CK_AVX512_BF16: return avx512 && __builtin_cpu_supports("avx512bf16");
    }
    return false;
#else
    return set == CK_GENERIC;
#endif
}

int ck_processors(void) {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int)online : 1;
}

static const ck_table *table_of(ck_set set) {
#if defined(__x86_64__)
    switch (set) {
    case CK_GENERIC: return &ck_table_generic;
    case CK_AVX2: return &ck_table_avx2;
    case CK_AVX512: return &ck_table_avx512;
    case CK_AVX512_BF16: return &ck_table_avx512_bf16;
    }
#endif
    (void)set;
    return &ck_table_generic;
}

ck_context *ck_create(int threads, ck_set set, bool bf16) {
    ck_context *context = calloc(1, sizeof(ck_context));
    context->table = table_of(set);
    context->pool = ck_pool_create(threads);
    context->threads = ck_pool_threads(context->pool);
    context->bf16 = bf16 && context->table->bf16;
    context->sgemm = set == CK_GENERIC ? ck_openblas() : NULL;
    context->scratch = calloc((size_t)context->threads + 1, sizeof(ck_scratch_set));
    return context;
}

void ck_destroy(ck_context *context) {
    ck_pool_destroy(context->pool);
    for (int thread = 0; thread <= context->threads; thread++) {
        for (int slot = 0; slot < CK_SLOTS; slot++) free(context->scratch[thread].memory[slot]);
    }
    free(context->scratch);
    free(context);
}

const char *ck_name(const ck_context *context) { return context->table->name; }
int ck_threads(const ck_context *context) { return context->threads; }
bool ck_uses_bf16(const ck_context *context) { return context->bf16; }
bool ck_openblas_available(void) { return ck_openblas() != NULL; }
