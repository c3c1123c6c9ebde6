#include "context.h"
#include "memory.h"

#include <stdlib.h>

static void *grow(ck_scratch_set *set, int slot, size_t bytes) {
    if (set->bytes[slot] < bytes) {
        free(set->memory[slot]);
        size_t rounded = (bytes + bytes / 8 + 4095) / 4096 * 4096;
        set->memory[slot] = ck_require(ck_allocate(rounded), rounded, "an operation's scratch memory");
        set->bytes[slot] = rounded;
    }
    return set->memory[slot];
}

void *ck_scratch(ck_context *context, int thread, int slot, size_t bytes) { return grow(&context->scratch[thread], slot, bytes); }

void *ck_shared(ck_context *context, int slot, size_t bytes) { return grow(&context->scratch[context->threads], slot, bytes); }

static const ck_table *table_of(ck_set set) {
    switch (set) {
#if defined(__x86_64__)
    case CK_AVX2: return &ck_table_avx2;
    case CK_AVX512: return &ck_table_avx512;
    case CK_AVX512_BF16: return &ck_table_avx512_bf16;
    case CK_AMX: return &ck_table_amx;
#elif defined(__aarch64__)
    case CK_NEON: return &ck_table_neon;
    case CK_NEON_BF16: return &ck_table_neon_bf16;
#endif
    default: return &ck_table_generic;
    }
}

bool ck_multiplies_bf16(ck_set set) { return table_of(set)->bf16; }

ck_context *ck_create(int threads, ck_set set, bool bf16) {
    ck_context *context = ck_require(calloc(1, sizeof(ck_context)), sizeof(ck_context), "a context of kernels");
    context->table = table_of(set);
    context->pool = ck_pool_create(threads);
    context->threads = ck_pool_threads(context->pool);
    context->bf16 = bf16 && context->table->bf16;
    context->native_int8 = context->int8 = ck_multiplies_int8(set);
    context->sgemm = set == CK_GENERIC ? ck_openblas() : NULL;
    size_t sets = (size_t)context->threads + 1;
    context->scratch = ck_require(calloc(sets, sizeof(ck_scratch_set)), sets * sizeof(ck_scratch_set), "the threads' scratch sets");
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
bool ck_uses_openblas(const ck_context *context) { return context->sgemm != NULL; }
const char *ck_openblas_kernels(const ck_context *context) { return context->sgemm ? ck_openblas_core() : NULL; }
bool ck_uses_bf16(const ck_context *context) { return context->bf16; }
bool ck_uses_int8(const ck_context *context) { return context->int8; }
void ck_use_int8(ck_context *context) { context->int8 = true; }
