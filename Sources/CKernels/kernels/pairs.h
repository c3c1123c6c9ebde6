// Pairs of bf16, where the processor multiplies them: rounded from f32 to nearest even, two products at a time added to an f32 sum.
//
// The processors round differently inside a step. x86 (vdpbf16ps) rounds after each product to nearest. Arm (BFDOT without the
// extended mode) rounds the sum of the two products, and then the whole, to odd. Both take subnormals as zero. So the sets agree
// to a tolerance, not to the bit.
#pragma once
#include "vector.h"

#if CK_HAS_BF16
#if defined(__x86_64__)
INLINE vh round_bf16(vf a) { return __builtin_bit_cast(vh, _mm512_cvtneps_pbh((__m512)a)); }
/// Thirty-two floats as sixteen pairs.
INLINE vf pair_bf16(vf low, vf high) { return __builtin_bit_cast(vf, _mm512_cvtne2ps_pbh((__m512)high, (__m512)low)); }
/// The first `n < 32` bf16 as pairs, zero behind.
INLINE vf load_pairs_part(const void *p, long n) { return __builtin_bit_cast(vf, _mm512_maskz_loadu_epi16((1u << n) - 1, p)); }
/// `sum + a.low · b.low + a.high · b.high`, lane by lane.
INLINE vf pair_dot(vf sum, vf a, vf b) { return (vf)_mm512_dpbf16_ps((__m512)sum, __builtin_bit_cast(__m512bh, a), __builtin_bit_cast(__m512bh, b)); }
/// The same in one register.
INLINE vf pair_dot_register(vf sum, vf a, vf b) { return pair_dot(sum, a, b); }
#elif defined(__aarch64__)
typedef float quarter __attribute__((ext_vector_type(4)));

INLINE vh round_bf16(vf a) {
    bfloat16x8_t low = vcvtq_high_bf16_f32(vcvtq_low_bf16_f32((float32x4_t)a.lo.lo), (float32x4_t)a.lo.hi);
    bfloat16x8_t high = vcvtq_high_bf16_f32(vcvtq_low_bf16_f32((float32x4_t)a.hi.lo), (float32x4_t)a.hi.hi);
    vh rounded;
    memcpy(&rounded, &low, sizeof low);
    memcpy((char *)&rounded + sizeof low, &high, sizeof high);
    return rounded;
}
INLINE vf pair_bf16(vf low, vf high) {
    vf pairs;
    vh first = round_bf16(low), second = round_bf16(high);
    memcpy(&pairs, &first, sizeof first);
    memcpy((char *)&pairs + sizeof first, &second, sizeof second);
    return pairs;
}
INLINE vf load_pairs_part(const void *p, long n) {
    vf pairs = 0;
    memcpy(&pairs, p, (size_t)n * 2);
    return pairs;
}
INLINE quarter pair_dot_register(quarter sum, quarter a, quarter b) {
    return (quarter)vbfdotq_f32((float32x4_t)sum, __builtin_bit_cast(bfloat16x8_t, a), __builtin_bit_cast(bfloat16x8_t, b));
}
INLINE vf pair_dot(vf sum, vf a, vf b) {
    sum.lo.lo = pair_dot_register(sum.lo.lo, a.lo.lo, b.lo.lo);
    sum.lo.hi = pair_dot_register(sum.lo.hi, a.lo.hi, b.lo.hi);
    sum.hi.lo = pair_dot_register(sum.hi.lo, a.hi.lo, b.hi.lo);
    sum.hi.hi = pair_dot_register(sum.hi.hi, a.hi.hi, b.hi.hi);
    return sum;
}
#endif
#endif
