// The same as dot.h for int8 weights, with both sides in int8 (int8.h): up to six rows of x meet four rows of W in registers. So few rows read
// int8 weights at the memory's speed, and have the bits that they have among many.
#pragma once
#include "dot.h"
#include "int8.h"

#if defined(INT8_NATIVE) && !CK_HAS_TILES
/// As many sums as the registers hold. A line of the cache is a vector; how far ahead the least is fetched.
enum { INT8_ROWS_FEW = CK_HAS_AVX512 ? DOT_ROWS : 2, INT8_COLUMNS = CK_HAS_AVX512 ? 4 : 2, INT8_AHEAD = 8192 };

typedef struct {
    const ck_linear_call *call;
    finish_t finish;
    const char *x; // [rows][x_stride] of int8, zero behind `in` up to a whole INT8_VECTOR
    long x_stride;
    const int8_row *rows;
} dot_int8_t;

/// `out[r][c]` of R rows of x and C rows of W, int32; what lies behind these rows of W is fetched on the way.
INT8_NATIVE INLINE void int8_tile(int R, int C, const char *w, long in, const char *x, long x_stride, int32_t *out) {
    vi sum[INT8_ROWS_FEW][INT8_COLUMNS];
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) sum[r][c] = 0;
#define STEP(WEIGHTS)                                                                                                   \
    vi a[INT8_COLUMNS];                                                                                                 \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) a[c] = (vi)(load_u(WEIGHTS) ^ INT8_FLIP);            \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                                                    \
        vi p = (vi)load_u(x + r * x_stride + k);                                                                        \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) sum[r][c] = int8_dot_native(sum[r][c], a[c], p); \
    }
    long k = 0, ahead = C * in > INT8_AHEAD ? C * in : INT8_AHEAD;
    for (; k + INT8_VECTOR <= in; k += INT8_VECTOR) {
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) __builtin_prefetch(w + ahead + k * C + c * INT8_VECTOR, 0, 2);
        STEP(w + c * in + k)
    }
    if (k < in) {
        char last[INT8_COLUMNS][INT8_VECTOR] = {0};
        for (int c = 0; c < C; c++) memcpy(last[c], w + c * in + k, (size_t)(in - k));
        STEP(last[c])
    }
#undef STEP
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) out[r * DOT_CHUNK + c] = __builtin_reduce_add(sum[r][c]);
}

/// R rows of x against a chunk's columns.
INT8_NATIVE INLINE void int8_rows(int R, const dot_int8_t *g, const char *w, long columns, long row, int32_t *sums) {
    long in = g->call->in, j = 0;
    const char *x = g->x + row * g->x_stride;
    sums += row * DOT_CHUNK;
    for (; j + INT8_COLUMNS <= columns; j += INT8_COLUMNS) int8_tile(R, INT8_COLUMNS, w + j * in, in, x, g->x_stride, sums + j);
    for (; j < columns; j++) int8_tile(R, 1, w + j * in, in, x, g->x_stride, sums + j);
}

INT8_NATIVE static void dot_int8_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const dot_int8_t *g = argument;
    const ck_linear_call *call = g->call;
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    long rows = call->rows, blocks = (rows + INT8_ROWS_FEW - 1) / INT8_ROWS_FEW;
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK, columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        const char *w = (const char *)call->weight.data + column * call->in;
        for (long block = 0; block < blocks; block++) {
            long row = rows * block / blocks, next = rows * (block + 1) / blocks;
            switch (next - row) {
            case 1: int8_rows(1, g, w, columns, row, (int32_t *)sums); break;
            case 2: int8_rows(2, g, w, columns, row, (int32_t *)sums); break;
#if CK_HAS_AVX512
            case 3: int8_rows(3, g, w, columns, row, (int32_t *)sums); break;
            case 4: int8_rows(4, g, w, columns, row, (int32_t *)sums); break;
            case 5: int8_rows(5, g, w, columns, row, (int32_t *)sums); break;
            case 6: int8_rows(6, g, w, columns, row, (int32_t *)sums); break;
#endif
            }
        }
        int8_scale(g->rows, rows, DOT_CHUNK, INT8_BIAS, sums, DOT_CHUNK);
        finish(&g->finish, sums, DOT_CHUNK, rows, column, columns, call->y + column, call->y_stride);
    }
}

static void dot_int8(ck_context *context, const ck_linear_call *call) {
    dot_int8_t g = {.call = call, .finish = make_finish(context, &call->epilogue, call->bias, call->out)};
    g.finish.scale = call->scales;
    // An odd number of lines, so that rows of a power of two don't share one set of the cache.
    g.x_stride = ((call->in + INT8_VECTOR - 1) / INT8_VECTOR | 1) * INT8_VECTOR;
    char *x = ck_shared(context, SHARED_A, (size_t)(call->rows * g.x_stride));
    int8_row *rows = ck_shared(context, SHARED_ROWS, (size_t)call->rows * sizeof(int8_row));
    for (long m = 0; m < call->rows; m++) rows[m] = int8_quantize(call->x + m * call->x_stride, call->in, (float *)(x + m * g.x_stride), W, KC);
    g.x = x;
    g.rows = rows;
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), dot_int8_task, &g);
}
#endif
