// Sixteen floats at a time, in clang's own vector types: one zmm register with AVX-512, two ymm with AVX2, four quarters
// with SSE or NEON. Included by each table inside its target attribute, so the same source becomes each instruction set.
#pragma once
#include "../constants.h"
#include "../context.h"

#include <string.h>

#if !defined(CK_HAS_AVX512) || !defined(CK_HAS_BF16) || !defined(CK_HAS_TILES) || !defined(CK_HAS_F16) || !defined(CK_REGISTERS)
#error "kernels are compiled by a table: see table.h for what it defines before"
#endif

typedef float vf __attribute__((ext_vector_type(16)));
typedef int32_t vi __attribute__((ext_vector_type(16)));
typedef uint32_t vu __attribute__((ext_vector_type(16)));
typedef uint16_t vh __attribute__((ext_vector_type(16)));
typedef int8_t vb __attribute__((ext_vector_type(16)));
// The same at any address.
typedef vf vf_any __attribute__((aligned(1), may_alias));
typedef vu vu_any __attribute__((aligned(1), may_alias));
typedef vh vh_any __attribute__((aligned(1), may_alias));
typedef vb vb_any __attribute__((aligned(1), may_alias));

#define INLINE static inline __attribute__((always_inline))
_Static_assert(sizeof(vf) == W * sizeof(float), "a vector holds W floats");

INLINE vf load(const void *p) { return *(const vf_any *)p; }
INLINE vu load_u(const void *p) { return *(const vu_any *)p; }
INLINE void store(void *p, vf a) { *(vf_any *)p = a; }
INLINE void store_u(void *p, vu a) { *(vu_any *)p = a; }
INLINE vf splat(float a) { return (vf)(a); }
INLINE vf as_vf(vu a) { return __builtin_bit_cast(vf, a); }
INLINE vu as_vu(vf a) { return __builtin_bit_cast(vu, a); }

/// The first `n < 16` elements, zero behind.
INLINE vf load_part(const void *p, long n) {
#if CK_HAS_AVX512
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#else
    vf a = 0;
    memcpy(&a, p, (size_t)n * 4);
    return a;
#endif
}
/// In halves, quarters and so on: a masked store would hold up a load of what lies behind it, the next head or row, until
/// it has reached the cache.
INLINE void store_part(void *p, vf a, long n) {
    typedef float v8 __attribute__((ext_vector_type(8), aligned(4)));
    typedef float v4 __attribute__((ext_vector_type(4), aligned(4)));
    float *to = p;
    if (n & 8) {
        *(v8 *)to = a.lo;
        to += 8;
        a.lo = a.hi;
    }
    if (n & 4) {
        *(v4 *)to = a.lo.lo;
        to += 4;
        a.lo.lo = a.lo.hi;
    }
    if (n & 2) {
        to[0] = a[0];
        to[1] = a[1];
        to += 2;
        a[0] = a[2];
    }
    if (n & 1) to[0] = a[0];
}
/// `n` elements, at most 16.
INLINE vf load_n(const void *p, long n) { return n >= W ? load(p) : load_part(p, n); }
INLINE void store_n(void *p, vf a, long n) {
    if (n >= W) store(p, a);
    else store_part(p, a, n);
}

/// `a` in the first `n` lanes, zero behind.
INLINE vf keep(vf a, long n) {
    const vi lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lanes < (vi)(int)n ? a : splat(0);
}

/// 1 / a for a between 1 and 1e37, to an ulp.
INLINE vf reciprocal(vf a) {
#if CK_HAS_AVX512
    vf r = (vf)_mm512_rcp14_ps((__m512)a);
    return r + r * (1.0f - a * r);
#else
    return 1.0f / a;
#endif
}

/// The smaller and the larger; a NaN in `b` stays.
INLINE vf min_v(vf a, vf b) { return a < b ? a : b; }
INLINE vf max_v(vf a, vf b) { return a > b ? a : b; }

INLINE float sum_v(vf a) {
    typedef float v8 __attribute__((ext_vector_type(8)));
    typedef float v4 __attribute__((ext_vector_type(4)));
    v8 b = a.lo + a.hi;
    v4 c = b.lo + b.hi;
    return (c[0] + c[2]) + (c[1] + c[3]);
}
/// Sixteen vectors' sums or maxima, each by one tree: lanes 8 apart, then 4, 2 and 1, as `sum_v` does.
#define REDUCE16(NAME, OF)                                                                                              \
    INLINE vf NAME(const vf a[16]) {                                                                                    \
        vf part[4], s[2];                                                                                               \
        /* Quarter q of `part[e]` is to hold what is left of a[4q + e]. */                                              \
        _Pragma("clang loop unroll(full)") for (int e = 0; e < 4; e++) {                                                \
            vf x = OF(__builtin_shufflevector(a[e], a[e + 4], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),  \
                      __builtin_shufflevector(a[e], a[e + 4], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)); \
            vf y = OF(__builtin_shufflevector(a[e + 8], a[e + 12], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), \
                      __builtin_shufflevector(a[e + 8], a[e + 12], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)); \
            part[e] = OF(__builtin_shufflevector(x, y, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27),       \
                         __builtin_shufflevector(x, y, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31));    \
        }                                                                                                               \
        _Pragma("clang loop unroll(full)") for (int e = 0; e < 2; e++) {                                                \
            vf x = part[2 * e], y = part[2 * e + 1];                                                                    \
            s[e] = OF(__builtin_shufflevector(x, y, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29),          \
                      __builtin_shufflevector(x, y, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31));       \
        }                                                                                                               \
        return OF(__builtin_shufflevector(s[0], s[1], 0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30),       \
                  __builtin_shufflevector(s[0], s[1], 1, 3, 17, 19, 5, 7, 21, 23, 9, 11, 25, 27, 13, 15, 29, 31));      \
    }
INLINE vf add_v(vf a, vf b) { return a + b; }
REDUCE16(sums16, add_v)
REDUCE16(maxima16, max_v)
#undef REDUCE16

INLINE float max_of(vf a) {
    typedef float v8 __attribute__((ext_vector_type(8)));
    typedef float v4 __attribute__((ext_vector_type(4)));
    v8 b = a.lo > a.hi ? a.lo : a.hi;
    v4 c = b.lo > b.hi ? b.lo : b.hi;
    float d = c[0] > c[1] ? c[0] : c[1], e = c[2] > c[3] ? c[2] : c[3];
    return d > e ? d : e;
}

/// Sixteen bf16 or f16 as floats.
INLINE vf widen_bf16(vh a) { return as_vf(__builtin_convertvector(a, vu) << 16); }
/// Rounded to nearest even; a NaN stays one.
INLINE vh narrow_bf16(vf a) {
    vu bits = as_vu(a);
    vu rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return __builtin_convertvector(a == a ? rounded : bits >> 16 | 0x40, vh);
}
INLINE vf widen_f16(vh a) {
#if CK_HAS_F16
    typedef _Float16 v16 __attribute__((ext_vector_type(16)));
    return __builtin_convertvector(__builtin_bit_cast(v16, a), vf);
#else
    // Shifted into place, the exponent is 112 short: a product by 2^112 is exact and serves subnormals too. What was
    // infinite or NaN comes out at 65536 and more, where no f16 lies.
    vu bits = __builtin_convertvector(a, vu);
    vf value = as_vf((bits & 0x7fff) << 13) * as_vf((vu)(0x77800000));
    vu magnitude = as_vu(value);
    magnitude = value >= splat(65536) ? magnitude | 0x7f800000 : magnitude;
    return as_vf(magnitude | (bits & 0x8000) << 16);
#endif
}

INLINE vf widen_i8(vb a) { return __builtin_convertvector(a, vf); }

/// Sixteen elements of a weight as floats, from element `k` on.
INLINE vf load_weight(const void *p, ck_type type, long k) {
    switch (type) {
    case CK_F32: return load((const char *)p + k * 4);
    case CK_BF16: return widen_bf16(*(const vh_any *)((const char *)p + k * 2));
    case CK_F16: return widen_f16(*(const vh_any *)((const char *)p + k * 2));
    case CK_I8: return widen_i8(*(const vb_any *)((const char *)p + k));
    }
    __builtin_unreachable();
}
/// The first `n <= 16` of them, zero behind.
INLINE vf load_weight_n(const void *p, ck_type type, long k, long n) {
    if (n >= W) return load_weight(p, type, k);
    if (type == CK_F32) return load_part((const char *)p + k * 4, n);
    if (type == CK_I8) {
        vb a = 0;
        memcpy(&a, (const char *)p + k, (size_t)n);
        return widen_i8(a);
    }
    vh a = 0;
    memcpy(&a, (const char *)p + k * 2, (size_t)n * 2);
    return type == CK_BF16 ? widen_bf16(a) : widen_f16(a);
}
INLINE long type_bytes(ck_type type) { return type == CK_F32 ? 4 : type == CK_I8 ? 1 : 2; }

/// Rows become columns: r[i][j] ↔ r[j][i], in four steps of pairwise exchange (1, 2, 4, 8 apart).
INLINE void transpose16(vf r[16]) {
    vf t[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 2) {
        t[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
        t[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i += 4) {
#pragma clang loop unroll(full)
        for (int j = 0; j < 2; j++) {
            r[i + 2 * j] = __builtin_shufflevector(t[i + j], t[i + j + 2], 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
            r[i + 2 * j + 1] = __builtin_shufflevector(t[i + j], t[i + j + 2], 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
        }
    }
    // r[4b + c] now holds, in its quarter q, column 4q + c of rows 4b ..< 4b + 4: exchange quarters.
#pragma clang loop unroll(full)
    for (int c = 0; c < 4; c++) {
        vf a = __builtin_shufflevector(r[c], r[c + 4], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        vf b = __builtin_shufflevector(r[c], r[c + 4], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
        vf d = __builtin_shufflevector(r[c + 8], r[c + 12], 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        vf e = __builtin_shufflevector(r[c + 8], r[c + 12], 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
        // a: quarters 0 and 2 of rows 0–3 and 4–7; d the same of rows 8–15.
        r[c] = __builtin_shufflevector(a, d, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        r[c + 8] = __builtin_shufflevector(a, d, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
        r[c + 4] = __builtin_shufflevector(b, e, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
        r[c + 12] = __builtin_shufflevector(b, e, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    }
}
