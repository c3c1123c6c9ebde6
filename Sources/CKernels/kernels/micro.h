// The innermost loops of every product: R rows of A against V vectors of B, all sums in registers.
//
// A is row-major, `a_stride` apart (a constant, so the rows are displacements of one pointer), each element broadcast; B has
// one row of V vectors per step, `b_stride` apart. A step is one f32, or one pair of bf16. With AHEAD, the R · steps floats
// behind these rows of A are fetched on the way: the next block, where blocks lie one behind the other.
#pragma once
#include "pairs.h"

/// Columns of one panel of B.
enum { NR = NV * W };
_Static_assert(NR == 16 || NR == 32, "what CKernels.h and convolution_pack.c allow for a table's panel");

#define MICRO(NAME, R, V, AHEAD)                                                                                               \
    INLINE void NAME(long steps, const float *a, long a_stride, const float *b, long b_stride, vf sum[R][V]) {          \
        for (long p = 0; p < steps; p++) {                                                                              \
            vf row[V];                                                                                                  \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) row[v] = load(b + v * W);                    \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < R; i++) {                                            \
                vf x = splat(a[i * a_stride + p]);                                                                      \
                _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) sum[i][v] = x * row[v] + sum[i][v];      \
            }                                                                                                           \
            if (AHEAD) __builtin_prefetch(a + R * a_stride + p * R);                                                    \
            b += b_stride;                                                                                              \
        }                                                                                                               \
    }

#if CK_HAS_BF16
#define MICRO_BF16(NAME, R, V, AHEAD)                                                                                          \
    INLINE void NAME(long steps, const float *a, long a_stride, const float *b, long b_stride, vf sum[R][V]) {          \
        for (long p = 0; p < steps; p++) {                                                                              \
            vf row[V];                                                                                                  \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) row[v] = load(b + v * W);                    \
            _Pragma("clang loop unroll(full)") for (int i = 0; i < R; i++) {                                            \
                vf x = splat(a[i * a_stride + p]);                                                                      \
                _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) sum[i][v] = pair_dot(sum[i][v], x, row[v]); \
            }                                                                                                           \
            if (AHEAD) __builtin_prefetch(a + R * a_stride + p * R);                                                    \
            b += b_stride;                                                                                              \
        }                                                                                                               \
    }
#endif
