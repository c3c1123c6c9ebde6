/// What an operation finds: the pool, its scratch memory, and the table of kernels it belongs to.
#pragma once

#include "include/CKernels.h"
#include "openblas.h"
#include "pool.h"

/// The operations of one instruction set; see CKernels.h for each.
typedef struct {
    const char *name;
    int panel; // columns of its product's panels: 16 or 32
    bool bf16; // whether it multiplies bf16
    bool tiles; // and by AMX
    void (*linear)(ck_context *, const ck_linear_call *);
    void (*embed)(ck_context *, const int32_t *, long, ck_weight, long, long, float *, long);
    void (*rms_norm)(ck_context *, const float *, long, long, long, ck_weight, float, bool, float *, long);
    void (*layer_norm)(ck_context *, const float *, long, long, long, ck_weight, ck_weight, bool, float, float *, long);
    void (*head_layer_norm)(ck_context *, float *, long, long, long, long, float);
    void (*rotate)(ck_context *, ck_rotary_style, float *, long, long, long, long, const float *, long, const float *, long, long);
    void (*gated)(ck_context *, ck_activation, const float *, long, const float *, long, long, long, float *, long);
    void (*activate)(ck_context *, ck_activation, const float *, long, long, long, float *, long);
    void (*add)(ck_context *, const float *, long, long, long, float *, long);
    void (*add_scaled)(ck_context *, float, const float *, long, long, long, float, float *, long);
    float (*mean_absolute)(ck_context *, const float *, long, long, long);
    void (*attention)(ck_context *, const ck_attention_call *);
    void (*paged_attention)(ck_context *, const ck_paged_attention_call *);
    void (*scatter)(ck_context *, const float *, long, long, const int32_t *, long, void *, ck_type, long);
    void (*argmax)(ck_context *, const float *, long, long, long, int32_t *);
    void (*convolution)(ck_context *, const ck_convolution_call *);
    void (*group_norm)(ck_context *, const ck_group_norm_call *);
    double (*product_flops)(bool bf16, long rounds);
    float (*read_sum)(const void *memory, size_t bytes);
} ck_table;

extern const ck_table ck_table_generic;
#if defined(__x86_64__)
extern const ck_table ck_table_avx2, ck_table_avx512, ck_table_avx512_bf16, ck_table_amx;
#elif defined(__aarch64__)
extern const ck_table ck_table_neon, ck_table_neon_bf16;
#endif

/// Scratch buffers of one thread, by use; each grows to the largest request and stays.
enum { CK_SLOTS = 8 };
typedef struct {
    void *memory[CK_SLOTS];
    size_t bytes[CK_SLOTS];
    char padding[64];
} ck_scratch_set;

struct ck_context {
    const ck_table *table;
    ck_pool *pool;
    int threads;
    bool bf16;
    bool int8, native_int8; // whether products round activations to int8, and whether there is an instruction for them
    ck_sgemm *sgemm; // null unless this context's products go to OpenBLAS
    ck_scratch_set *scratch; // [threads + 1]; the last is shared
};

/// At least `bytes` bytes, 64-byte aligned, with undefined contents; they stay valid until the same slot is asked for again.
void *ck_scratch(ck_context *context, int thread, int slot, size_t bytes);
/// The same in the shared set, for the submitting thread to fill and all to read.
void *ck_shared(ck_context *context, int slot, size_t bytes);
