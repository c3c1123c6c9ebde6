// The same as dot.h for int8 weights: each is widened to f32 in a register and meets x as it is, and a column's scale comes at the
// end, so the weight is exactly what the checkpoint says. There are a fourth of f32's bytes to wait for, so one row of x meets four
// rows of W at a time: as many sums that don't wait for each other.
//
// Each sum takes its products in the order of K in sixteen lanes, which are added by one tree, however many rows there are: a row's
// values are the same to the bit alone and in a batch.
#pragma once
#include "dot.h"
#include "pack.h"

/// Sums of sixteen lanes that the registers hold, and the most rows and columns that share them.
enum { INT8_SUMS = MR * NV, INT8_ROWS = INT8_SUMS < DOT_ROWS ? INT8_SUMS : DOT_ROWS, INT8_COLUMNS = 4 };
/// A line of the cache.
enum { INT8_LINE = 64, INT8_AHEAD = 8192 };

/// `out[r][c]` of R rows of x and C rows of W; the rows of W behind these are fetched on the way.
INLINE void int8_tile(int R, int C, const char *w, long in, const float *x, long x_stride, float *out) {
    vf sum[DOT_ROWS][INT8_COLUMNS];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) sum[r][c] = splat(0);
#define INT8_STEP(WEIGHTS, ROW)                                                                                         \
    do {                                                                                                                \
        vf a[INT8_COLUMNS];                                                                                             \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) a[c] = WEIGHTS(w + c * in, CK_I8, k);            \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                                                \
            vf p = ROW(x + r * x_stride + k);                                                                           \
            _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) sum[r][c] = a[c] * p + sum[r][c];            \
        }                                                                                                               \
    } while (0)
    long k = 0, ahead = C * in > INT8_AHEAD ? C * in : INT8_AHEAD;
    while (k + INT8_LINE <= in) {
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) __builtin_prefetch(w + ahead + k * C + c * INT8_LINE, 0, 2);
#pragma clang loop unroll(full)
        for (int i = 0; i < INT8_LINE / W; i++, k += W) INT8_STEP(load_weight, load);
    }
    for (; k + W <= in; k += W) INT8_STEP(load_weight, load);
    if (k < in) {
        long left = in - k;
#define INT8_WEIGHT_PART(P, TYPE, K) load_weight_n(P, TYPE, K, left)
#define INT8_ROW_PART(P) load_part(P, left)
        INT8_STEP(INT8_WEIGHT_PART, INT8_ROW_PART);
#undef INT8_ROW_PART
#undef INT8_WEIGHT_PART
    }
#undef INT8_STEP
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) out[r * DOT_CHUNK + c] = sum_v(sum[r][c]);
}

/// R rows of x against a chunk's columns.
INLINE void int8_rows(int R, const dot_t *g, const char *w, long columns, long row, float *sums) {
    long in = g->call->in, j = 0;
    const float *x = g->x + row * g->x_stride;
    sums += row * DOT_CHUNK;
    if (R * 4 <= INT8_SUMS)
        for (; j + 4 <= columns; j += 4) int8_tile(R, 4, w + j * in, in, x, g->x_stride, sums + j);
    if (R * 2 <= INT8_SUMS)
        for (; j + 2 <= columns; j += 2) int8_tile(R, 2, w + j * in, in, x, g->x_stride, sums + j);
    for (; j < columns; j++) int8_tile(R, 1, w + j * in, in, x, g->x_stride, sums + j);
}

static void int8_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const dot_t *g = argument;
    const ck_linear_call *call = g->call;
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    long rows = call->rows, blocks = (rows + INT8_ROWS - 1) / INT8_ROWS;
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK, columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        const char *w = (const char *)call->weight.data + column * call->in;
        for (long block = 0; block < blocks; block++) {
            long row = rows * block / blocks, next = rows * (block + 1) / blocks;
            switch (next - row) {
            case 1: int8_rows(1, g, w, columns, row, sums); break;
            case 2: int8_rows(2, g, w, columns, row, sums); break;
            case 3: if (3 <= INT8_ROWS) int8_rows(3, g, w, columns, row, sums); break;
            case 4: if (4 <= INT8_ROWS) int8_rows(4, g, w, columns, row, sums); break;
            case 5: if (5 <= INT8_ROWS) int8_rows(5, g, w, columns, row, sums); break;
            case 6: if (6 <= INT8_ROWS) int8_rows(6, g, w, columns, row, sums); break;
            }
        }
        finish(&g->finish, sums, DOT_CHUNK, rows, column, columns, call->y + column, call->y_stride);
    }
}

static void dot_int8(ck_context *context, const ck_linear_call *call) {
    dot_t g = {.context = context, .call = call, .x = call->x, .x_stride = call->x_stride};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    g.finish.scale = call->scales;
    if (call->rows > 1) {
        // An odd number of vectors, so that rows of a power of two don't share one set of the cache.
        g.x_stride = ((call->in + W - 1) / W | 1) * W;
        float *x = ck_shared(context, SHARED_A, (size_t)(call->rows * g.x_stride) * 4);
        for (long m = 0; m < call->rows; m++) memcpy(x + m * g.x_stride, call->x + m * call->x_stride, (size_t)call->in * 4);
        g.x = x;
    }
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), int8_task, &g);
}
