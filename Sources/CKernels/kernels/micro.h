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

/// Four steps at a time, so that what surrounds the products stays small beside them: it takes the same units where another thread
/// shares the core. A step is MULTIPLY(x, row, sum), one element of A against one vector of B.
#define MICRO_LOOP(NAME, R, V, AHEAD, MULTIPLY)                                                                         \
    INLINE void NAME##_step(const float *a, long a_stride, const float *b, vf sum[R][V]) {                              \
        vf row[V];                                                                                                      \
        _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) row[v] = load(b + v * W);                        \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < R; i++) {                                                \
            vf x = splat(a[i * a_stride]);                                                                              \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) sum[i][v] = MULTIPLY(x, row[v], sum[i][v]);  \
        }                                                                                                               \
    }                                                                                                                   \
    INLINE void NAME(long steps, const float *a, long a_stride, const float *b, long b_stride, vf sum[R][V]) {          \
        long p = 0;                                                                                                     \
        for (; p + 4 <= steps; p += 4, b += 4 * b_stride) {                                                             \
            _Pragma("clang loop unroll(full)") for (int u = 0; u < 4; u++) {                                            \
                NAME##_step(a + p + u, a_stride, b + u * b_stride, sum);                                                \
                if (AHEAD && (u % 2 == 0 || 2 * R > W)) __builtin_prefetch(a + R * a_stride + (p + u) * R);             \
            }                                                                                                           \
        }                                                                                                               \
        for (; p < steps; p++, b += b_stride) NAME##_step(a + p, a_stride, b, sum);                                     \
    }
#define MULTIPLY_F32(X, Y, SUM) ((X) * (Y) + (SUM))
#define MICRO(NAME, R, V, AHEAD) MICRO_LOOP(NAME, R, V, AHEAD, MULTIPLY_F32)

#if CK_HAS_BF16
#define MULTIPLY_BF16(X, Y, SUM) pair_dot(SUM, X, Y)
#define MICRO_BF16(NAME, R, V, AHEAD) MICRO_LOOP(NAME, R, V, AHEAD, MULTIPLY_BF16)
#endif
