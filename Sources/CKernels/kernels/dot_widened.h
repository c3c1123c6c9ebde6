// The same as dot.h for int8 weights, where the processor does not multiply int8: each is widened to f32 in a register and meets x as it
// is, and a column's scale comes at the end, so the weight is exactly what the checkpoint says. There are half of bf16's bytes to wait for,
// so few rows of x meet four rows of W at a time: as many sums that don't wait for each other.
//
// The sums of a row are taken in the same order however many rows there are.
#pragma once
#include "dot.h"

enum { WIDENED_COLUMNS = 4 };
/// A line of the cache, and how far ahead the least is fetched.
enum { WIDENED_LINE = 64, WIDENED_AHEAD = 8192 };

/// One register of weights.
INLINE vr widened_weights(const char *w) {
    typedef int8_t narrow __attribute__((ext_vector_type(LANES)));
    narrow bytes;
    memcpy(&bytes, w, LANES);
    return __builtin_convertvector(bytes, vr);
}

/// Adds the products of thirty-two elements of R rows of x and C rows of W.
INLINE void widened_step(int R, int C, const char *w, long row_bytes, const float *x, long x_stride, vr sum[DOT_ROWS][WIDENED_COLUMNS][DOT_SUMS]) {
#pragma clang loop unroll(full)
    for (int i = 0; i < DOT_REGISTERS; i++) {
        vr a[WIDENED_COLUMNS];
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) a[c] = widened_weights(w + c * row_bytes + i * LANES);
#pragma clang loop unroll(full)
        for (int r = 0; r < R; r++) {
            vr p = *(const vr_any *)(x + r * x_stride + i * LANES);
#pragma clang loop unroll(full)
            for (int c = 0; c < C; c++) sum[r][c][i % DOT_SUMS] = a[c] * p + sum[r][c][i % DOT_SUMS];
        }
    }
}

/// `out[r][c]` of R rows of x and C rows of W; what lies behind these rows of W is fetched on the way.
INLINE void widened_tile(int R, int C, const char *w, long in, const float *x, long x_stride, float *out) {
    vr sum[DOT_ROWS][WIDENED_COLUMNS][DOT_SUMS];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) sum[r][c][0] = sum[r][c][DOT_SUMS - 1] = 0;
    long k = 0, ahead = C * in > WIDENED_AHEAD ? C * in : WIDENED_AHEAD;
    for (; k + WIDENED_LINE <= in; k += WIDENED_LINE) {
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) __builtin_prefetch(w + ahead + k * C + c * WIDENED_LINE, 0, 2);
        widened_step(R, C, w + k, in, x + k, x_stride, sum);
        widened_step(R, C, w + k + 2 * W, in, x + k + 2 * W, x_stride, sum);
    }
    for (; k + 2 * W <= in; k += 2 * W) widened_step(R, C, w + k, in, x + k, x_stride, sum);
    if (k < in) {
        char last[WIDENED_COLUMNS][2 * W] = {0};
        for (int c = 0; c < C; c++) memcpy(last[c], w + c * in + k, (size_t)(in - k));
        widened_step(R, C, last[0], sizeof last[0], x + k, x_stride, sum);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) {
            vr lanes = DOT_SUMS == 1 ? sum[r][c][0] : sum[r][c][0] + sum[r][c][DOT_SUMS - 1];
            vf all = 0;
            memcpy(&all, &lanes, sizeof lanes);
            out[r * DOT_CHUNK + c] = sum_v(all);
        }
}

/// R rows of x against a chunk's columns.
INLINE void widened_rows(int R, const dot_t *g, const char *w, long columns, long row, float *sums) {
    long in = g->call->in, j = 0;
    const float *x = g->x + row * g->x_stride;
    sums += row * DOT_CHUNK;
    if (R <= 3)
        for (; j + 4 <= columns; j += 4) widened_tile(R, 4, w + j * in, in, x, g->x_stride, sums + j);
    for (; j + 2 <= columns; j += 2) widened_tile(R, 2, w + j * in, in, x, g->x_stride, sums + j);
    for (; j < columns; j++) widened_tile(R, 1, w + j * in, in, x, g->x_stride, sums + j);
}

static void widened_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const dot_t *g = argument;
    const ck_linear_call *call = g->call;
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    long rows = call->rows, blocks = (rows + DOT_ROWS - 1) / DOT_ROWS;
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK, columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        const char *w = (const char *)call->weight.data + column * call->in;
        for (long block = 0; block < blocks; block++) {
            long row = rows * block / blocks, next = rows * (block + 1) / blocks;
            switch (next - row) {
            case 1: widened_rows(1, g, w, columns, row, sums); break;
            case 2: widened_rows(2, g, w, columns, row, sums); break;
            case 3: widened_rows(3, g, w, columns, row, sums); break;
            case 4: widened_rows(4, g, w, columns, row, sums); break;
            case 5: widened_rows(5, g, w, columns, row, sums); break;
            case 6: widened_rows(6, g, w, columns, row, sums); break;
            }
        }
        finish(&g->finish, sums, DOT_CHUNK, rows, column, columns, call->y + column, call->y_stride);
    }
}

static void dot_widened(ck_context *context, const ck_linear_call *call) {
    dot_t g = {.context = context, .call = call, .x = call->x, .x_stride = call->x_stride};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.finish.scale = call->scales;
    if (call->rows > 1 || call->in % (2 * W)) {
        // An odd number of vectors, so that rows of a power of two don't share one set of the cache.
        g.x_stride = (call->in + 2 * W - 1) / (2 * W) * 2 * W + W;
        float *x = ck_shared(context, SHARED_A, (size_t)(call->rows * g.x_stride) * 4);
        for (long m = 0; m < call->rows; m++) {
            memcpy(x + m * g.x_stride, call->x + m * call->x_stride, (size_t)call->in * 4);
            memset(x + m * g.x_stride + call->in, 0, (size_t)(g.x_stride - call->in) * 4);
        }
        g.x = x;
    }
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), widened_task, &g);
}
