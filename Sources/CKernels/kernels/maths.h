// Exponentials and what is made of them, by polynomials: relative error about 1e-7, NaN in is NaN out.

/// 2^x by rounding to the nearest whole power and a polynomial of degree 6 for the rest; 0 below −126, saturated above 127.
INLINE vf exp2_v(vf x) {
    vf bounded = max_v(splat(-127), min_v(splat(127.4f), x));
    vf shifted = bounded + 12582912.0f; // 1.5 · 2^23: the sum's low bits are the rounded exponent
    vf f = bounded - (shifted - 12582912.0f);
    vf p = splat(1.540353039338161e-4f);
    p = p * f + 1.3333558146428443e-3f;
    p = p * f + 9.618129107628477e-3f;
    p = p * f + 5.550410866482158e-2f;
    p = p * f + 0.24022650695910072f;
    p = p * f + 0.6931471805599453f;
    p = p * f + 1.0f;
    vf scale = as_vf((as_vu(shifted) << 23) + 0x3f800000);
    vf result = p * scale;
    return x < splat(-126) ? splat(0) : result;
}

/// e^x: 2^n · e^r with ln 2 in two parts, so that large arguments keep their accuracy; 0 below −87.3, saturated above 88.3.
INLINE vf exp_v(vf x) {
    vf bounded = max_v(splat(-88), min_v(splat(88.3f), x));
    vf shifted = bounded * 1.44269504088896341f + 12582912.0f;
    vf n = shifted - 12582912.0f;
    vf r = bounded - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    vf p = splat(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    vf scale = as_vf((as_vu(shifted) << 23) + 0x3f800000);
    vf result = p * scale;
    return x < splat(-87.3f) ? splat(0) : result;
}

/// 1 / (1 + e^−x) by e^−|x|, which never overflows: sigmoid(−∞) is 0.
INLINE vf sigmoid_v(vf x) {
    vf e = exp_v(as_vf(as_vu(x) | 0x80000000));
    return (x < splat(0) ? e : splat(1)) / (1.0f + e);
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
    vf z = magnitude * 0.7071067811865476f;
    vf t = 1.0f / (1.0f + 0.4f * z);
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
