#include "cases.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *made[256];
static int count;

void *block(size_t bytes) {
    if (count == sizeof made / sizeof made[0]) abort();
    return made[count++] = malloc(bytes ? bytes : 1);
}

void release(void) {
    while (count) free(made[--count]);
}

static uint64_t state = 1;

float draw(void) {
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        sum += (float)(state >> 40) * 0x1p-24f - 0.5f;
    }
    return sum * 1.7f;
}

float *drawn(long n) {
    float *x = block((size_t)n * 4);
    for (long i = 0; i < n; i++) x[i] = draw();
    return x;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

float rounded_bf16(float value) {
    uint32_t bits = bits_of(value);
    return float_of((bits + 0x7fff + (bits >> 16 & 1)) >> 16 << 16);
}

ck_weight drawn_weight(ck_type type, long n) {
    size_t bytes = type == CK_F32 ? 4 : type == CK_I8 ? 1 : 2;
    char *data = block((size_t)n * bytes + 1);
    for (long i = 0; i < n; i++) {
        float value = draw();
        // An f16 of any fraction, between 2^-3 and 2 or so.
        uint32_t bits = type == CK_F32 ? bits_of(value)
            : type == CK_BF16          ? bits_of(rounded_bf16(value)) >> 16
            : type == CK_I8            ? bits_of(value) >> 8
                                       : (bits_of(value) >> 16 & 0x8000) | (0x3000 + (bits_of(value) & 0xfff));
        memcpy(data + 1 + (size_t)i * bytes, &bits, bytes);
    }
    return (ck_weight){data + 1, type};
}

double element(ck_weight weight, long i) {
    if (!weight.data) return 0;
    if (weight.type == CK_F32) {
        float value;
        memcpy(&value, (const char *)weight.data + i * 4, 4);
        return value;
    }
    if (weight.type == CK_I8) return ((const int8_t *)weight.data)[i];
    uint16_t bits;
    memcpy(&bits, (const char *)weight.data + i * 2, 2);
    if (weight.type == CK_BF16) return float_of((uint32_t)bits << 16);
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return bits & 0x8000 ? -value : value;
}

const ck_epilogue epilogues[6] = {
    {CK_STORE, CK_IDENTITY, NULL}, {CK_STORE, CK_GELU, NULL}, {CK_STORE, CK_GELU_TANH, NULL},
    {CK_STORE, CK_SILU, NULL},     {CK_ADD, CK_IDENTITY, NULL}, {CK_ADD_GATED, CK_IDENTITY, NULL},
};

double activated(ck_activation activation, double x) {
    switch (activation) {
    case CK_IDENTITY: return x;
    case CK_GELU: return 0.5 * x * erfc(-x / sqrt(2));
    case CK_GELU_TANH: return x / (1 + exp(-2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case CK_SILU: return x / (1 + exp(-x));
    }
    abort();
}

double finished(const ck_epilogue *epilogue, double gate, double before, double sum, double *error) {
    double y = activated(epilogue->activation, sum);
    // No activation is steeper than 1.13; its polynomials are good to a few units in the last place.
    if (epilogue->activation != CK_IDENTITY) *error = 1.13 * *error + 16 * STEP * fabs(y);
    if (epilogue->output == CK_STORE) return y;
    if (epilogue->output == CK_ADD_GATED) {
        y *= gate;
        *error *= fabs(gate);
    }
    *error += STEP * (fabs(y) + fabs(before));
    return before + y;
}

static char place[200];

void at(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(place, sizeof place, format, arguments);
    va_end(arguments);
}

void expect_same(const void *a, const void *b, size_t bytes, const char *promise) {
    if (!memcmp(a, b, bytes)) return;
    printf("%s: %s\n", place, promise);
    exit(1);
}

void expect_near(float value, double truth, double tolerance) {
    if (fabs(value - truth) <= tolerance) return;
    printf("%s: %.9g instead of %.9g ± %.2g\n", place, value, truth, tolerance);
    exit(1);
}
