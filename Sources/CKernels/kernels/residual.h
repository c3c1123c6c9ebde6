// Scaled sums, and the mean size of a matrix: what residuals are compared and extrapolated with.
#pragma once
#include "rows.h"
#include "slots.h"

typedef struct {
    const float *x;
    float *y;
    long x_stride, y_stride, columns;
    float a, b;
} add_scaled_t;

static void add_scaled_rows(void *argument, long begin, long end, int thread) {
    (void)thread;
    const add_scaled_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *x = g->x + row * g->x_stride;
        float *y = g->y + row * g->y_stride;
        long j = 0;
        for (; j + W <= g->columns; j += W) store(y + j, g->a * load(x + j) + g->b * load(y + j));
        if (j < g->columns) store_part(y + j, g->a * load_part(x + j, g->columns - j) + g->b * load_part(y + j, g->columns - j), g->columns - j);
    }
}

static void add_scaled(ck_context *context, float a, const float *x, long x_stride, long rows, long columns, float b, float *y, long y_stride) {
    add_scaled_t g = {x, y, x_stride, y_stride, columns, a, b};
    ck_pool_run(context->pool, rows, row_grain(columns), add_scaled_rows, &g);
}

typedef struct {
    const float *x;
    long x_stride, columns;
    float *sums; // [rows]
} absolute_sums_t;

static void absolute_sums(void *argument, long begin, long end, int thread) {
    (void)thread;
    const absolute_sums_t *g = argument;
    for (long row = begin; row < end; row++) {
        const float *x = g->x + row * g->x_stride;
        vf sum = 0;
        for (long j = 0; j < g->columns; j += W) sum += as_vf(as_vu(load_n(x + j, g->columns - j)) & 0x7fffffffu);
        g->sums[row] = sum_v(sum);
    }
}

/// Row by row, then over the rows in their order: the same bits on any number of threads.
static float mean_absolute(ck_context *context, const float *x, long x_stride, long rows, long columns) {
    absolute_sums_t g = {x, x_stride, columns, ck_shared(context, SHARED_PARTIAL, (size_t)rows * 4 + 4)};
    ck_pool_run(context->pool, rows, row_grain(columns), absolute_sums, &g);
    double sum = 0;
    for (long row = 0; row < rows; row++) sum += g.sums[row];
    return (float)(sum / ((double)rows * (double)columns));
}
