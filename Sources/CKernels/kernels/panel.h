// Columns of W as a product reads them: a panel [step][NR], transposed and widened.
//
// Rows of W are taken in units of 4 bytes, one f32 or a pair of bf16, so that pairs are transposed once and split afterwards.
#pragma once
#include "int8.h"
#include "micro.h"
#include "pairs.h"

/// Half a `vf`: eight rows meet eight units, which narrow registers and wide ones turn at the same cost.
typedef float v8 __attribute__((ext_vector_type(8)));
typedef uint32_t v8u __attribute__((ext_vector_type(8)));
typedef v8 v8_any __attribute__((aligned(1), may_alias));

/// Units `0 ..< 8` of eight rows that lie `stride` bytes apart, as columns.
INLINE void transpose8(const char *rows, long stride, v8 r[8]) {
    typedef float quarter __attribute__((ext_vector_type(4), aligned(1), may_alias));
#pragma clang loop unroll(full)
    for (int half = 0; half < 2; half++, rows += 16) {
        v8 a[4];
        // Quarters are put where they belong as they are loaded: what is left are 4 × 4 squares.
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) a[i] = __builtin_shufflevector(*(const quarter *)(rows + i * stride), *(const quarter *)(rows + (i + 4) * stride), 0, 1, 2, 3, 4, 5, 6, 7);
#define LOW(X, Y) __builtin_shufflevector(X, Y, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(X, Y) __builtin_shufflevector(X, Y, 2, 10, 3, 11, 6, 14, 7, 15)
        v8 low = LOW(a[0], a[1]), high = HIGH(a[0], a[1]), low2 = LOW(a[2], a[3]), high2 = HIGH(a[2], a[3]);
#undef LOW
#undef HIGH
#define FIRST(X, Y) __builtin_shufflevector(X, Y, 0, 1, 8, 9, 4, 5, 12, 13)
#define SECOND(X, Y) __builtin_shufflevector(X, Y, 2, 3, 10, 11, 6, 7, 14, 15)
        r[half * 4] = FIRST(low, low2);
        r[half * 4 + 1] = SECOND(low, low2);
        r[half * 4 + 2] = FIRST(high, high2);
        r[half * 4 + 3] = SECOND(high, high2);
#undef FIRST
#undef SECOND
    }
}

/// `units` units of NR rows, as they are: f32, or pairs for a product of bf16. Writes whole eights.
INLINE void panel_units(const char *rows, long stride, long units, float *b) {
    for (int n = 0; n < NR; n += 8) {
        for (long u = 0; u < units; u += 8) {
            v8 r[8];
            transpose8(rows + n * stride + u * 4, stride, r);
#pragma clang loop unroll(full)
            for (int j = 0; j < 8; j++) *(v8_any *)(b + (u + j) * NR + n) = r[j];
        }
    }
}

/// `units` pairs of bf16 of NR rows, each as two steps of f32.
INLINE void panel_split(const char *rows, long stride, long units, float *b) {
    for (int n = 0; n < NR; n += 8) {
        for (long u = 0; u < units; u += 8) {
            v8 r[8];
            transpose8(rows + n * stride + u * 4, stride, r);
#pragma clang loop unroll(full)
            for (int j = 0; j < 8; j++) {
                v8u pair = __builtin_bit_cast(v8u, r[j]);
                *(v8_any *)(b + (u + j) * 2 * NR + n) = __builtin_bit_cast(v8, pair << 16);
                *(v8_any *)(b + ((u + j) * 2 + 1) * NR + n) = __builtin_bit_cast(v8, pair & 0xffff0000);
            }
        }
    }
}

/// `count` weights of one row as units.
INLINE void panel_widen(bool bf16, const char *row, ck_type type, long count, float *units) {
#if CK_HAS_BF16
    if (bf16) {
        for (long i = 0; i < count; i += 2 * W, units += W) {
            long left = count - i;
            store(units, pair_bf16(load_weight_n(row, type, i, left), left > W ? load_weight_n(row, type, i + W, left - W) : splat(0)));
        }
        return;
    }
#endif
    (void)bf16;
    for (long i = 0; i < count; i += W) store(units + i, load_weight_n(row, type, i, count - i));
}

/// Columns `column ..< column + NR` of W, steps `step ..< step + steps`, to `b [KC][NR]`; zero where W ends.
static void pack_b(bool bf16, const void *weight, ck_type type, long in, long out, long column, long step, long steps, float *b) {
    long bytes = type_bytes(type), k = bf16 ? 2 * step : step, count = bf16 ? 2 * steps : steps;
    const char *rows = (const char *)weight + (column * in + k) * bytes;
    long stride = in * bytes;
    // What ends within a panel is laid out whole first, and so are weights that a shift does not widen.
    bool narrow = type == CK_F16 || type == CK_I8, ends = column + NR > out || k + (count + W - 1) / W * W > in;
    _Alignas(64) char whole[NR * KC * 4];
    if (narrow || ends) {
        long present = out - column < NR ? out - column : NR, left = in - k < count ? in - k : count;
        memset(whole, 0, sizeof whole);
        for (long n = 0; n < present; n++) {
            const char *from = rows + n * stride;
            char *to = whole + n * KC * 4;
            if (narrow) panel_widen(bf16, from, type, left, (float *)to);
            else memcpy(to, from, (size_t)(left * bytes));
        }
        rows = whole;
        stride = KC * 4;
    }
    if (bf16 || type != CK_BF16) panel_units(rows, stride, steps, b);
    else panel_split(rows, stride, (steps + 1) / 2, b);
}

/// Columns `column ..< column + NR` of W + INT8_BIAS, steps `step ..< step + steps`, transposed to `[step][NR]`.
static void pack_b_int8(const void *weight, long in, long out, long column, long step, long steps, float *b) {
    for (int v = 0; v < NV; v++) {
        for (long s = 0; s < steps; s += W) {
            vf r[W];
            long k = (step + s) * 4, left = in - k;
            for (int j = 0; j < W; j++) {
                long n = column + v * W + j;
                const char *w = (const char *)weight + n * in + k;
                vu bytes = 0;
                if (n < out) {
                    if (left >= 4 * W) bytes = load_u(w);
                    else if (left > 0) memcpy(&bytes, w, (size_t)left);
                }
                r[j] = as_vf(bytes ^ INT8_FLIP);
            }
            transpose16(r);
            for (int j = 0; j < W; j++) store(b + (s + j) * NR + v * W, r[j]);
        }
    }
}

/// What is fetched of a coming panel while products keep the processor busy: its rows of W are too many streams for the
/// processor to foresee.
typedef struct {
    const char *rows;
    long stride, row_lines, lines, next;
} panel_fetch_t;

/// Columns `column ..< column + NR` (none from `out` on), bytes `byte ..< byte + bytes` of each.
INLINE panel_fetch_t panel_fetch(const void *weight, long stride, long out, long column, long byte, long bytes) {
    long columns = out - column < NR ? out - column : NR, row_lines = (bytes + 63) / 64;
    return (panel_fetch_t){(const char *)weight + column * stride + byte, stride, row_lines, columns > 0 ? columns * row_lines : 0, 0};
}

INLINE void panel_fetch_lines(panel_fetch_t *f, long count) {
    for (long end = f->next + count < f->lines ? f->next + count : f->lines; f->next < end; f->next++) {
        __builtin_prefetch(f->rows + f->next / f->row_lines * f->stride + f->next % f->row_lines * 64, 0, 2);
    }
}
