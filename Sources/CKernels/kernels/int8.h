// Products of int8 with int8: W as the checkpoint stores it, each row of x rounded by a scale of its own. A step is four elements of K, which one
// instruction multiplies and adds to a sum in int32.
//
// x86's instruction on vectors takes one side unsigned. That is W + 128, one bit of each byte: Σ (w + 128) · x − 128 · Σ x is the sum that was
// meant. Arm's takes both signed. Sums are exact, so a row's values depend on nothing but the row: not on other rows, however many there are, nor on
// threads, nor on whether the processor has the instruction or the same is computed without.
#pragma once
#include "slots.h"
#include "tiles.h"

/// What is added to each weight, and its pattern for four of them.
#if defined(__aarch64__)
enum { INT8_BIAS = 0 };
static const uint32_t INT8_FLIP = 0;
#else
enum { INT8_BIAS = 128 };
static const uint32_t INT8_FLIP = 0x80808080;
#endif
/// The longest rows whose sums an int32 holds: 255 · 127 · 66311 is more.
enum { INT8_DEPTH = 66310 };
/// Elements of a vector of steps.
enum { INT8_VECTOR = 4 * W };

static bool multiplies_int8(const ck_context *context, const ck_linear_call *call) {
    return context->int8 && call->weight.type == CK_I8 && call->in <= INT8_DEPTH;
}

/// What a row of x is apart from its int8: times `scale`; and their sum.
typedef struct {
    float scale;
    int32_t total;
} int8_row;

/// Where element `k` of a row lies whose vectors are `vector` floats apart, and whose blocks of KC steps are `block`.
INLINE char *int8_place(float *a, long k, long vector, long block) {
    return (char *)(a + k / (4 * KC) * block + k % (4 * KC) / INT8_VECTOR * vector) + k % INT8_VECTOR;
}

/// Rounds a row of x to nearest, ties to even, with its largest magnitude at 127, zero behind `in` up to a whole INT8_VECTOR. A row with
/// a NaN or an infinity has a scale that makes its results so.
static int8_row int8_quantize(const float *x, long in, float *a, long vector, long block) {
#pragma clang fp contract(off)
    vu largest = 0;
    for (long k = 0; k < in; k += W) {
        vu magnitude = as_vu(load_n(x + k, in - k)) & 0x7fffffff;
        largest = magnitude > largest ? magnitude : largest;
    }
    uint32_t top = 0;
    for (int i = 0; i < W; i++) top = largest[i] > top ? largest[i] : top;
    float magnitude = __builtin_bit_cast(float, top);
    // What is smaller counts as zero: its inverse may be infinite.
    float inverse = magnitude > 1e-30f ? 127 / magnitude : 0;
    vi sum = 0;
    for (long k = 0; k < in; k += W) {
        // Where units are 1, so that a sum is rounded to them: the lowest byte is the number.
        vu bits = as_vu(load_n(x + k, in - k) * inverse + 12582912.0f);
        sum += (vi)(bits << 24) >> 24;
        *(vb_any *)int8_place(a, k, vector, block) = __builtin_convertvector(bits, vb);
    }
    for (long k = (in + W - 1) / W * W; k % INT8_VECTOR; k += W) *(vb_any *)int8_place(a, k, vector, block) = 0;
    return (int8_row){magnitude / 127, __builtin_reduce_add(sum)};
}

/// What was meant by sums of `rows` rows, `columns` in whole vectors, `stride` apart, of weights with `bias` added: as floats in their place.
INLINE void int8_scale(const int8_row *row, long rows, long columns, int32_t bias, float *sums, long stride) {
    for (long i = 0; i < rows; i++, sums += stride)
        for (long j = 0; j < columns; j += W) {
            vi sum = (vi)load_u(sums + j) - bias * row[i].total;
            store(sums + j, __builtin_convertvector(sum, vf) * row[i].scale);
        }
}

/// What the instruction does: four bytes of `w`, unsigned where they have a bias, times four signed ones of `x`, added to each lane.
INLINE vi int8_dot(vi sum, vi w, vi x) {
#pragma clang loop unroll(full)
    for (int byte = 0; byte < 4; byte++) sum += (INT8_BIAS ? w >> 8 * byte & 0xff : w << (24 - 8 * byte) >> 24) * (x << (24 - 8 * byte) >> 24);
    return sum;
}

/// The instruction, for functions that are INT8_NATIVE: those that run where the processor has it.
#if CK_HAS_AVX512
#define INT8_NATIVE __attribute__((target(CK_TARGET ",avx512vnni")))
INT8_NATIVE INLINE vi int8_dot_native(vi sum, vi w, vi x) { return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)w, (__m512i)x); }
#elif defined(CK_TARGET_DOT)
#define INT8_NATIVE __attribute__((target(CK_TARGET_DOT)))
INT8_NATIVE INLINE vi int8_dot_native(vi sum, vi w, vi x) {
#define QUARTER(Q) sum.Q = (__typeof__(sum.Q))vdotq_s32((int32x4_t)sum.Q, (int8x16_t)w.Q, (int8x16_t)x.Q)
    QUARTER(lo.lo);
    QUARTER(lo.hi);
    QUARTER(hi.lo);
    QUARTER(hi.hi);
#undef QUARTER
    return sum;
}
#endif
