// Sixteen-bit floating point as the device rounds it: to nearest, ties to even.
#pragma once

#include <stdint.h>
#include <string.h>

static inline uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float of_bits(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline float bf16_to_float(uint16_t h) { return of_bits((uint32_t)h << 16); }

static inline uint16_t float_to_bf16(float x) {
    uint32_t u = bits_of(x);
    if ((u & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)((u >> 16) | 0x40); // stays a NaN
    return (uint16_t)((u + 0x7FFF + ((u >> 16) & 1)) >> 16);
}

static inline float f16_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7FFF;
    if (magnitude >= 0x7C00) return of_bits(sign | 0x7F800000 | (magnitude & 0x3FF) << 13);
    if (magnitude >= 0x0400) return of_bits(sign | ((magnitude << 13) + 0x38000000));
    float x = (float)magnitude * 0x1p-24f; // zero and the subnormals
    return sign ? -x : x;
}

static inline uint16_t float_to_f16(float x) {
    uint32_t u = bits_of(x), sign = u >> 16 & 0x8000, magnitude = u & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00);
    if (magnitude >= 0x477FF000) return (uint16_t)(sign | 0x7C00); // 65520 and more round to infinity
    if (magnitude < 0x38800000) { // subnormal: adding 0.5 aligns the bits at 2^-24, rounded by the adder
        float y = of_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (bits_of(y) - 0x3F000000));
    }
    return (uint16_t)(sign | ((magnitude + 0xFFF + (magnitude >> 13 & 1) - 0x38000000) >> 13));
}

/// HF32, the cube's short form of f32: 8 exponent and 11 mantissa bits.
static inline float round_to_hf32(float x) {
    uint32_t u = bits_of(x);
    if ((u & 0x7F800000) == 0x7F800000) return x;
    return of_bits((u + 0x7FF + (u >> 12 & 1)) & ~0xFFFu);
}
