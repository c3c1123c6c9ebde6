// One pass over rows: rotation, gating, activation, sum, gather; and the index of the largest.
#pragma once
#include "maths.h"
#include "rows.h"
#include "slots.h"

typedef struct {
    const float *x, *up;
    long x_stride, up_stride, columns;
    ck_activation activation;
    float *y;
    long y_stride;
} rows_t;

INLINE void gated_row(ck_activation activation, const float *gate, const float *up, long n, float *y) {
    long j = 0;
    for (; j + W <= n; j += W) store(y + j, activate_v(activation, load(gate + j)) * load(up + j));
    if (j < n) store_part(y + j, activate_v(activation, load_part(gate + j, n - j)) * load_part(up + j, n - j), n - j);
}

static void gated_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const rows_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *gate = g->x + row * g->x_stride, *up = g->up + row * g->up_stride;
        float *y = g->y + row * g->y_stride;
        switch (g->activation) {
        case CK_IDENTITY: gated_row(CK_IDENTITY, gate, up, g->columns, y); break;
        case CK_GELU: gated_row(CK_GELU, gate, up, g->columns, y); break;
        case CK_GELU_TANH: gated_row(CK_GELU_TANH, gate, up, g->columns, y); break;
        case CK_SILU: gated_row(CK_SILU, gate, up, g->columns, y); break;
        }
    }
}

INLINE void activate_row(ck_activation activation, const float *x, long n, float *y) {
    long j = 0;
    for (; j + W <= n; j += W) store(y + j, activate_v(activation, load(x + j)));
    if (j < n) store_part(y + j, activate_v(activation, load_part(x + j, n - j)), n - j);
}

static void activate_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const rows_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *x = g->x + row * g->x_stride;
        float *y = g->y + row * g->y_stride;
        switch (g->activation) {
        case CK_IDENTITY: activate_row(CK_IDENTITY, x, g->columns, y); break;
        case CK_GELU: activate_row(CK_GELU, x, g->columns, y); break;
        case CK_GELU_TANH: activate_row(CK_GELU_TANH, x, g->columns, y); break;
        case CK_SILU: activate_row(CK_SILU, x, g->columns, y); break;
        }
    }
}

static void add_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const rows_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *x = g->x + row * g->x_stride;
        float *y = g->y + row * g->y_stride;
        long j = 0;
        for (; j + W <= g->columns; j += W) store(y + j, load(y + j) + load(x + j));
        if (j < g->columns) store_part(y + j, load_part(y + j, g->columns - j) + load_part(x + j, g->columns - j), g->columns - j);
    }
}

static void gated(ck_context *context, ck_activation activation, const float *gate, long gate_stride, const float *up, long up_stride, long rows, long columns, float *y, long y_stride) {
    rows_t g = {.x = gate, .up = up, .x_stride = gate_stride, .up_stride = up_stride, .columns = columns, .activation = activation, .y = y, .y_stride = y_stride};
    ck_pool_run(context->pool, rows, row_grain(columns), gated_rows, &g);
}

static void activate(ck_context *context, ck_activation activation, const float *x, long x_stride, long rows, long columns, float *y, long y_stride) {
    rows_t g = {.x = x, .x_stride = x_stride, .columns = columns, .activation = activation, .y = y, .y_stride = y_stride};
    ck_pool_run(context->pool, rows, row_grain(columns), activate_rows, &g);
}

static void add(ck_context *context, const float *x, long x_stride, long rows, long columns, float *y, long y_stride) {
    rows_t g = {.x = x, .x_stride = x_stride, .columns = columns, .y = y, .y_stride = y_stride};
    ck_pool_run(context->pool, rows, row_grain(columns), add_rows, &g);
}

typedef struct {
    ck_rotary_style style;
    float *x;
    long x_stride, heads, head_size, angles;
    const float *cosine, *sine;
    long cosine_stride, sine_stride;
} rotate_t;

/// Element i turns with element i + angles.
INLINE void rotate_halves(float *a, const float *cosine, const float *sine, long angles) {
    float *b = a + angles;
    long j = 0;
    for (; j + W <= angles; j += W) {
        vf p = load(a + j), q = load(b + j), c = load(cosine + j), s = load(sine + j);
        store(a + j, p * c - q * s);
        store(b + j, q * c + p * s);
    }
    if (j < angles) {
        long n = angles - j;
        vf p = load_part(a + j, n), q = load_part(b + j, n), c = load_part(cosine + j, n), s = load_part(sine + j, n);
        store_part(a + j, p * c - q * s, n);
        store_part(b + j, q * c + p * s, n);
    }
}

/// Element 2i turns with element 2i + 1.
INLINE void rotate_interleaved(float *a, const float *cosine, const float *sine, long angles) {
    long j = 0;
    for (; j + W <= angles; j += W) {
        vf low = load(a + 2 * j), high = load(a + 2 * j + W), c = load(cosine + j), s = load(sine + j);
        vf p = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
        vf q = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
        vf x = p * c - q * s, y = q * c + p * s;
        store(a + 2 * j, __builtin_shufflevector(x, y, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
        store(a + 2 * j + W, __builtin_shufflevector(x, y, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
    }
    for (; j < angles; j++) {
        float p = a[2 * j], q = a[2 * j + 1], c = cosine[j], s = sine[j];
        a[2 * j] = p * c - q * s;
        a[2 * j + 1] = q * c + p * s;
    }
}

static void rotate_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const rotate_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *cosine = g->cosine + row * g->cosine_stride, *sine = g->sine + row * g->sine_stride;
        for (long head = 0; head < g->heads; head++) {
            float *x = g->x + row * g->x_stride + head * g->head_size;
            if (g->style == CK_HALVES) rotate_halves(x, cosine, sine, g->angles);
            else rotate_interleaved(x, cosine, sine, g->angles);
        }
    }
}

static void rotate(ck_context *context, ck_rotary_style style, float *x, long x_stride, long rows, long heads, long head_size, const float *cosine, long cosine_stride, const float *sine, long sine_stride, long angles) {
    rotate_t g = {style, x, x_stride, heads, head_size, angles, cosine, sine, cosine_stride, sine_stride};
    ck_pool_run(context->pool, rows, row_grain(heads * head_size), rotate_rows, &g);
}

typedef struct {
    const int32_t *ids;
    ck_weight table;
    long table_stride, columns;
    float *y;
    long y_stride;
} embed_t;

static void embed_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const embed_t *g = argument;
    for (long row = begin; row < end; row++) {
        long from = g->ids[row] * g->table_stride;
        float *y = g->y + row * g->y_stride;
        for (long j = 0; j < g->columns; j += W) store_n(y + j, load_weight_n(g->table.data, g->table.type, from + j, g->columns - j), g->columns - j);
    }
}

static void embed(ck_context *context, const int32_t *ids, long count, ck_weight table, long table_stride, long columns, float *y, long y_stride) {
    embed_t g = {ids, table, table_stride, columns, y, y_stride};
    ck_pool_run(context->pool, count, row_grain(columns), embed_rows, &g);
}

typedef struct {
    const float *x;
    long x_stride, columns;
    const int32_t *ids;
    char *table;
    ck_type type;
    long table_stride;
} scatter_t;

static void scatter_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const scatter_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *x = g->x + row * g->x_stride;
        char *to = g->table + g->ids[row] * g->table_stride * type_bytes(g->type);
        if (g->type == CK_F32) {
            memcpy(to, x, (size_t)g->columns * 4);
            continue;
        }
        for (long j = 0; j < g->columns; j += W) {
            long n = g->columns - j < W ? g->columns - j : W;
            vh rounded = narrow_bf16(load_n(x + j, n));
            memcpy(to + j * 2, &rounded, (size_t)n * 2);
        }
    }
}

static void scatter(ck_context *context, const float *x, long x_stride, long columns, const int32_t *ids, long count, void *table, ck_type type, long table_stride) {
    scatter_t g = {x, x_stride, columns, ids, table, type, table_stride};
    ck_pool_run(context->pool, count, row_grain(columns), scatter_rows, &g);
}

enum { ARGMAX_CHUNK = 4096 };
typedef struct {
    const float *x;
    long x_stride, columns, chunks;
    float *tops; // [rows][chunks]
} argmax_t;

static void argmax_chunks(void *argument, long begin, long end, int thread) {
    (void)thread;
    const argmax_t *g = argument;
    for (long item = begin; item < end; item++) {
        long column = item % g->chunks * ARGMAX_CHUNK;
        const float *x = g->x + item / g->chunks * g->x_stride + column;
        long n = g->columns - column < ARGMAX_CHUNK ? g->columns - column : ARGMAX_CHUNK, j = 0;
        vf top = splat(-__builtin_inff());
        for (; j + W <= n; j += W) {
            vf a = load(x + j);
            top = a > top ? a : top; // a NaN is never larger
        }
        float best = max_of(top);
        for (; j < n; j++) best = x[j] > best ? x[j] : best;
        g->tops[item] = best;
    }
}

static void argmax(ck_context *context, const float *x, long x_stride, long rows, long columns, int32_t *indices) {
    argmax_t g = {x, x_stride, columns, (columns + ARGMAX_CHUNK - 1) / ARGMAX_CHUNK, NULL};
    g.tops = ck_shared(context, SHARED_PARTIAL, (size_t)(rows * g.chunks + 1) * 4);
    ck_pool_run(context->pool, rows * g.chunks, 8, argmax_chunks, &g);
    for (long row = 0; row < rows; row++) {
        const float *tops = g.tops + row * g.chunks;
        long best = 0;
        for (long chunk = 1; chunk < g.chunks; chunk++) best = tops[chunk] > tops[best] ? chunk : best;
        long column = best * ARGMAX_CHUNK, end = columns - column < ARGMAX_CHUNK ? columns : column + ARGMAX_CHUNK;
        indices[row] = 0; // where nothing is larger than anything
        for (; column < end; column++) {
            if (x[row * x_stride + column] != tops[best]) continue;
            indices[row] = (int32_t)column;
            break;
        }
    }
}
