// The innermost loops of products of int8 (int8.h): MR rows of A against a panel, or by AMX a block of registers; sums are int32.
#pragma once
#include "int8.h"
#include "micro.h"

#define MICRO_INT8(NAME, DOT)                                                                                           \
    static void NAME(long steps, const float *a, const float *b, float *sums, bool first) {                             \
        vi sum[MR][NV];                                                                                                 \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) sum[i][v] = 0;                              \
        for (long p = 0; p < steps; p++, b += NR) {                                                                     \
            vi row[NV];                                                                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) row[v] = (vi)load_u(b + v * W);             \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++) {                                           \
                vi x = (vi)as_vu(splat(a[i * KC + p]));                                                                 \
                _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) sum[i][v] = DOT(sum[i][v], row[v], x);  \
            }                                                                                                           \
            __builtin_prefetch(a + MR * KC + p * MR);                                                                   \
        }                                                                                                               \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < NV; v++) {                                           \
            float *to = sums + i * NR + v * W;                                                                          \
            store_u(to, (vu)(first ? sum[i][v] : (vi)load_u(to) + sum[i][v]));                                          \
        }                                                                                                               \
    }

/// One block of sums from (or added to) `sums [MR][NR]`, int32.
MICRO_INT8(int8_block, int8_dot)
/// The same by the instruction.
#if CK_HAS_TILES
static void int8_block_native(long steps, const float *a, const float *b, float *sums, bool first) { tiles_multiply(true, steps, a, W, BF16_ROWS * W, b, NR, sums, NR, first); }
#elif defined(INT8_NATIVE)
INT8_NATIVE MICRO_INT8(int8_block_native, int8_dot_native)
#endif
#undef MICRO_INT8
