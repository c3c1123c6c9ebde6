// Norms of rows and of heads: a row is read twice or three times, the second time from the first-level cache.
#pragma once
#include "finish.h"
#include "rows.h"

typedef struct {
    const float *x;
    long x_stride, columns;
    const float *weight, *bias;
    float epsilon, offset; // the weight counts as offset + weight
    bool add;
    long heads;
    float *y;
    long y_stride;
} norm_t;

INLINE float sum_of_squares(const float *x, long n, float mean) {
    vf a = 0, b = 0;
    long j = 0;
    for (; j + 2 * W <= n; j += 2 * W) {
        vf p = load(x + j) - mean, q = load(x + j + W) - mean;
        a += p * p;
        b += q * q;
    }
    if (j + W <= n) {
        vf p = load(x + j) - mean;
        a += p * p;
        j += W;
    }
    if (j < n) {
        vf p = keep(load_part(x + j, n - j) - mean, n - j);
        b += p * p;
    }
    return sum_v(a + b);
}

INLINE float sum_of(const float *x, long n) {
    vf a = 0, b = 0;
    long j = 0;
    for (; j + 2 * W <= n; j += 2 * W) {
        a += load(x + j);
        b += load(x + j + W);
    }
    if (j + W <= n) {
        a += load(x + j);
        j += W;
    }
    if (j < n) b += load_part(x + j, n - j);
    return sum_v(a + b);
}

static void rms_norm_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const norm_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *x = g->x + row * g->x_stride;
        float *y = g->y + row * g->y_stride;
        float scale = 1 / __builtin_sqrtf(sum_of_squares(x, g->columns, 0) / (float)g->columns + g->epsilon);
        long j = 0;
        for (; j + W <= g->columns; j += W) {
            vf r = load(x + j) * scale * load(g->weight + j);
            store(y + j, g->add ? r + load(y + j) : r);
        }
        if (j < g->columns) {
            long n = g->columns - j;
            vf r = load_part(x + j, n) * scale * load_part(g->weight + j, n);
            store_part(y + j, g->add ? r + load_part(y + j, n) : r, n);
        }
    }
}

INLINE void normalize(const float *x, long n, float epsilon, const float *weight, float offset, const float *bias, float *y) {
    float mean = sum_of(x, n) / (float)n;
    float scale = 1 / __builtin_sqrtf(sum_of_squares(x, n, mean) / (float)n + epsilon);
    long j = 0;
    for (; j + W <= n; j += W) {
        vf r = (load(x + j) - mean) * scale;
        if (weight) r *= offset + load(weight + j);
        if (bias) r += load(bias + j);
        store(y + j, r);
    }
    if (j < n) {
        vf r = (load_part(x + j, n - j) - mean) * scale;
        if (weight) r *= offset + load_part(weight + j, n - j);
        if (bias) r += load_part(bias + j, n - j);
        store_part(y + j, r, n - j);
    }
}

static void layer_norm_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const norm_t *g = argument;
    for (long row = begin; row < end; row++) {
        normalize(g->x + row * g->x_stride, g->columns, g->epsilon, g->weight, g->offset, g->bias, g->y + row * g->y_stride);
    }
}

/// V vectors, the last of `tail` elements, normalised in place without leaving the registers.
INLINE void normalize_head(int V, long tail, float epsilon, float *y) {
    vf r[8], sum = 0, squares = 0;
    float n = (float)((V - 1) * W + tail);
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
        r[v] = v + 1 < V ? load(y + v * W) : load_n(y + v * W, tail);
        sum += r[v];
    }
    float mean = sum_v(sum) / n;
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
        r[v] = v + 1 < V ? r[v] - mean : keep(r[v] - mean, tail);
        squares += r[v] * r[v];
    }
    float scale = 1 / __builtin_sqrtf(sum_v(squares) / n + epsilon);
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
        if (v + 1 < V) store(y + v * W, r[v] * scale);
        else store_n(y + v * W, r[v] * scale, tail);
    }
}

static void head_layer_norm_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const norm_t *g = argument;
    for (long row = begin; row < end; row++) {
        float *y = g->y + row * g->y_stride;
        long vectors = (g->columns + W - 1) / W, tail = g->columns - (vectors - 1) * W;
        for (long head = 0; head < g->heads; head++, y += g->columns) {
            switch (vectors) {
            case 2: normalize_head(2, tail, g->epsilon, y); break;
            case 3: normalize_head(3, tail, g->epsilon, y); break;
            case 4: normalize_head(4, tail, g->epsilon, y); break;
            case 8: normalize_head(8, tail, g->epsilon, y); break;
            default: normalize(y, g->columns, g->epsilon, NULL, 0, NULL, y);
            }
        }
    }
}

static void rms_norm(ck_context *context, const float *x, long x_stride, long rows, long columns, ck_weight weight, float epsilon, bool add, float *y, long y_stride) {
    norm_t g = {.x = x, .x_stride = x_stride, .columns = columns, .epsilon = epsilon, .add = add, .y = y, .y_stride = y_stride};
    g.weight = vector_f32(context, SHARED_WEIGHT, weight, columns);
    ck_pool_run(context->pool, rows, row_grain(columns), rms_norm_rows, &g);
}

static void layer_norm(ck_context *context, const float *x, long x_stride, long rows, long columns, ck_weight weight, ck_weight bias, bool modulate, float epsilon, float *y, long y_stride) {
    norm_t g = {.x = x, .x_stride = x_stride, .columns = columns, .epsilon = epsilon, .offset = modulate ? 1 : 0, .y = y, .y_stride = y_stride};
    g.weight = vector_f32(context, SHARED_WEIGHT, weight, columns);
    g.bias = vector_f32(context, SHARED_BIAS, bias, columns);
    ck_pool_run(context->pool, rows, row_grain(columns), layer_norm_rows, &g);
}

static void head_layer_norm(ck_context *context, float *x, long x_stride, long rows, long heads, long head_size, float epsilon) {
    norm_t g = {.columns = head_size, .epsilon = epsilon, .heads = heads, .y = x, .y_stride = x_stride};
    ck_pool_run(context->pool, rows, row_grain(heads * head_size), head_layer_norm_rows, &g);
}
