// What a product does with its sums: scale, bias, activation, and store, add or gated add.
#pragma once
#include "maths.h"
#include "slots.h"

typedef struct {
    const float *scale, *bias; // [out], null without
    const float *up_scale;     // of a gated product
    const float *gate;
    ck_output output;
    ck_activation activation;
} finish_t;

/// One vector of `n <= 16` sums of columns `column ..< column + n`, to `y`.
INLINE void finish_vector(const finish_t *f, ck_output output, ck_activation activation, vf sum, long column, long n, float *y) {
    if (f->scale) sum *= load_n(f->scale + column, n);
    if (f->bias) sum += load_n(f->bias + column, n);
    sum = activate_v(activation, sum);
    if (output == CK_ADD) sum += load_n(y, n);
    if (output == CK_ADD_GATED) sum = load_n(y, n) + load_n(f->gate + column, n) * sum;
    store_n(y, sum, n);
}

INLINE void finish_block(const finish_t *f, ck_output output, ck_activation activation, const float *sums, long stride, long rows, long column, long columns, float *y, long y_stride) {
    for (long i = 0; i < rows; i++, sums += stride, y += y_stride) {
        long j = 0;
        for (; j + W <= columns; j += W) finish_vector(f, output, activation, load(sums + j), column + j, W, y + j);
        if (j < columns) finish_vector(f, output, activation, load(sums + j), column + j, columns - j, y + j);
    }
}

/// `rows` rows of sums, `stride` apart and readable up to whole vectors, of columns `column ..< column + columns`, to
/// `y`, where the first row's first of these columns lies.
static void finish(const finish_t *f, const float *sums, long stride, long rows, long column, long columns, float *y, long y_stride) {
#define FINISH(OUTPUT, ACTIVATION) finish_block(f, OUTPUT, ACTIVATION, sums, stride, rows, column, columns, y, y_stride)
    switch (f->output) {
    case CK_ADD: return FINISH(CK_ADD, CK_IDENTITY);
    case CK_ADD_GATED: return FINISH(CK_ADD_GATED, CK_IDENTITY);
    case CK_STORE: break;
    }
    switch (f->activation) {
    case CK_IDENTITY: return FINISH(CK_STORE, CK_IDENTITY);
    case CK_GELU: return FINISH(CK_STORE, CK_GELU);
    case CK_GELU_TANH: return FINISH(CK_STORE, CK_GELU_TANH);
    case CK_SILU: return FINISH(CK_STORE, CK_SILU);
    }
#undef FINISH
}

INLINE void finish_gated_block(const finish_t *f, ck_activation activation, const float *gate, const float *up, long stride, long rows, long column, long columns, float *y, long y_stride) {
    for (long i = 0; i < rows; i++, gate += stride, up += stride, y += y_stride) {
        for (long j = 0; j < columns; j += W) {
            long n = columns - j < W ? columns - j : W;
            vf g = load(gate + j), u = load(up + j);
            if (f->scale) g *= load_n(f->scale + column + j, n);
            if (f->bias) g += load_n(f->bias + column + j, n);
            if (f->up_scale) u *= load_n(f->up_scale + column + j, n);
            store_n(y + j, activate_v(activation, g) * u, n);
        }
    }
}

/// The same for a gated product, from the sums of both halves.
static void finish_gated(const finish_t *f, const float *gate, const float *up, long stride, long rows, long column, long columns, float *y, long y_stride) {
#define FINISH(ACTIVATION) finish_gated_block(f, ACTIVATION, gate, up, stride, rows, column, columns, y, y_stride)
    switch (f->activation) {
    case CK_IDENTITY: return FINISH(CK_IDENTITY);
    case CK_GELU: return FINISH(CK_GELU);
    case CK_GELU_TANH: return FINISH(CK_GELU_TANH);
    case CK_SILU: return FINISH(CK_SILU);
    }
#undef FINISH
}

/// A vector of a checkpoint as aligned floats in the shared slot, or null where it is absent.
static const float *vector_f32(ck_context *context, int slot, ck_weight v, long n) {
    if (!v.data) return NULL;
    if (v.type == CK_F32 && (uintptr_t)v.data % 4 == 0) return v.data;
    float *out = ck_shared(context, slot, (size_t)(n + W) * 4);
    for (long i = 0; i < n; i += W) store(out + i, load_weight_n(v.data, v.type, i, n - i));
    return out;
}

static finish_t make_finish(ck_context *context, const ck_epilogue *epilogue, ck_weight bias, long out) {
    return (finish_t){.bias = vector_f32(context, SHARED_BIAS, bias, out), .gate = epilogue->gate, .output = epilogue->output, .activation = epilogue->activation};
}
