// Exponentials and what is made of them, by polynomials: relative error about 1e-7, NaN in is NaN out.
#pragma once
#include "vector.h"

/// p · 2^n for a whole number n of −200 to 127, given as `shifted` = n + 1.5 · 2^23, whose low bits are n.
INLINE vf scale_by(vf p, vf shifted) {
#if CK_HAS_AVX512
    return (vf)_mm512_scalef_ps((__m512)p, (__m512)(shifted - 12582912.0f));
#else
    // Without subnormals: below 2^−126 all is zero.
    vf result = p * as_vf((as_vu(shifted) << 23) + 0x3f800000);
    return shifted < splat(12582912.0f - 126) ? splat(0) : result;
#endif
}

/// 2^x for x up to 127, by rounding to the nearest whole power and a minimax polynomial for the rest: of degree 6 (relative
/// error 2e-9 before rounding), or of degree 4 (3e-6) where the result becomes a bf16. −∞ gives 0.
INLINE vf exp2_v(vf x, bool coarse) {
    vf bounded = max_v(splat(-200), x);
    vf shifted = bounded + 12582912.0f;
    vf f = bounded - (shifted - 12582912.0f);
    vf p;
    if (coarse) {
        p = splat(9.570101729e-3f);
        p = p * f + 5.591786031e-2f;
        p = p * f + 0.2402474483f;
        p = p * f + 0.6931218147f;
    } else {
        p = splat(1.534581185e-4f);
        p = p * f + 1.339993122e-3f;
        p = p * f + 9.618488958e-3f;
        p = p * f + 5.550328777e-2f;
        p = p * f + 0.2402264689f;
        p = p * f + 0.6931472057f;
    }
    p = p * f + 1.0f;
    return scale_by(p, shifted);
}

/// e^x: 2^n · e^r with ln 2 in two parts, so that large arguments keep their accuracy; saturated above 88.3.
INLINE vf exp_v(vf x) {
    vf bounded = max_v(splat(-138), min_v(splat(88.3f), x));
    vf shifted = bounded * 1.44269504088896341f + 12582912.0f;
    vf n = shifted - 12582912.0f;
    vf r = bounded - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    vf p = splat(1.38369e-3f);
    p = p * r + 8.37480e-3f;
    p = p * r + 4.16682e-2f;
    p = p * r + 1.66664e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    return scale_by(p, shifted);
}

/// 1 / (1 + e^−x) by e^−|x|, which never overflows: sigmoid(−∞) is 0.
INLINE vf sigmoid_v(vf x) {
    vf e = exp_v(as_vf(as_vu(x) | 0x80000000));
    return (x < splat(0) ? e : splat(1)) * reciprocal(1.0f + e);
}

/// x · sigmoid(x).
INLINE vf silu_v(vf x) { return x * sigmoid_v(x); }

/// ½ x (1 + tanh(u)) = x · sigmoid(2u), u = √(2/π) (x + 0.044715 x³).
INLINE vf gelu_tanh_v(vf x) {
    vf u = x * (0.7978845608028654f + 0.035677408136300125f * (x * x));
    return x * sigmoid_v(2.0f * u);
}

/// x · Φ(x) by erfc(z) = e^(−z²) · t · P(t), z = |x|/√2, t = 1 / (1 + 0.4 z): a fit of degree 8 with relative error 6e-8 on
/// 0 … 10, so that the small values at negative x are right too.
INLINE vf gelu_v(vf x) {
    vf magnitude = as_vf(as_vu(x) & 0x7fffffff);
    vf t = reciprocal(1.0f + 0.28284271247461903f * min_v(splat(1e3f), magnitude));
    vf p = splat(0.0412531579f);
    p = p * t - 0.140319802f;
    p = p * t + 0.0839884312f;
    p = p * t + 0.0879630642f;
    p = p * t + 0.0797573452f;
    p = p * t + 0.193392858f;
    p = p * t + 0.201887676f;
    p = p * t + 0.2264431f;
    p = p * t + 0.225634232f;
    vf square = magnitude * magnitude * 0.5f;
    vf half_erfc = 0.5f * t * p * exp_v(-square);
    vf phi = x < splat(0) ? half_erfc : 1.0f - half_erfc;
    return x * phi;
}

INLINE vf activate_v(ck_activation activation, vf x) {
    switch (activation) {
    case CK_IDENTITY: return x;
    case CK_GELU: return gelu_v(x);
    case CK_GELU_TANH: return gelu_tanh_v(x);
    case CK_SILU: return silu_v(x);
    }
    __builtin_unreachable();
}
