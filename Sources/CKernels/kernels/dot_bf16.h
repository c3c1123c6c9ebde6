// The same as dot.h on bf16 pairs, for weights that the checkpoint keeps in bf16: x is rounded once per call and laid out as
// the weights are, and one instruction multiplies thirty-two of both. Four rows of x meet four rows of W, so a weight is
// loaded once for four rows; all rows pass over a chunk of W while the second-level cache holds it.
//
// Each sum takes its products in the order of K in one register, and its lanes are added by one tree, however many rows there
// are: a row's values are the same to the bit alone and in a batch.
#pragma once
#include "dot.h"
#include "pack.h"

#if CK_HAS_BF16
enum { PAIR_ROWS = 4, PAIR_COLUMNS = 4 };

/// Four columns of one row's sums from `out[r]` on; `fetch` lies where the weights of a later tile begin.
INLINE void pair_tile(int R, int C, int lines, const char *w, long in, const float *x, long x_stride, const char *fetch, float *out) {
    vf sum[PAIR_ROWS * PAIR_COLUMNS];
    long row_bytes = in * 2;
#pragma clang loop unroll(full)
    for (int i = 0; i < PAIR_ROWS * PAIR_COLUMNS; i++) sum[i] = splat(0);
#define PAIR_STEP(LOAD)                                                                                                 \
    vf a[PAIR_COLUMNS];                                                                                                 \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) a[c] = LOAD(w + c * row_bytes + k * 2);              \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                                                    \
        __m512bh p = __builtin_bit_cast(__m512bh, load(x + r * x_stride + k / 2));                                      \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) sum[r * PAIR_COLUMNS + c] =                      \
            (vf)_mm512_dpbf16_ps((__m512)sum[r * PAIR_COLUMNS + c], p, __builtin_bit_cast(__m512bh, a[c]));             \
    }
    long k = 0;
    for (; k + 2 * W <= in; k += 2 * W) {
#pragma clang loop unroll(full)
        for (int line = 0; line < lines; line++) __builtin_prefetch(fetch + line * row_bytes + k * 2, 0, 2);
        PAIR_STEP(load)
    }
    if (k < in) {
        __mmask32 left = (1u << (in - k)) - 1;
#define PAIR_LOAD_PART(P) __builtin_bit_cast(vf, _mm512_maskz_loadu_epi16(left, P))
        PAIR_STEP(PAIR_LOAD_PART)
#undef PAIR_LOAD_PART
    }
#undef PAIR_STEP
    if (R * C > PAIR_COLUMNS) {
        vf all = sums16(sum);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) out[r * DOT_CHUNK + c] = all[r * PAIR_COLUMNS + c];
    } else {
#pragma clang loop unroll(full)
        for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
            for (int c = 0; c < C; c++) out[r * DOT_CHUNK + c] = sum_v(sum[r * PAIR_COLUMNS + c]);
    }
}

/// R rows of x against a chunk's columns. `lines` columns of the next chunk are fetched by each tile.
INLINE void pair_rows(int R, int lines, const dot_t *g, const char *w, long columns, long row, long block, float *sums) {
    long in = g->call->in, row_bytes = in * 2, j = 0;
    const float *x = g->x + row * g->x_stride;
    sums += row * DOT_CHUNK;
    // One row alone takes the weights as one stream, unless it is too long to stay in the cache.
    if (R == 1 && lines == PAIR_COLUMNS && in <= DOT_CACHED) {
        for (; j < columns; j++) pair_tile(1, 1, 1, w + j * row_bytes, in, x, g->x_stride, w + j * row_bytes + 8192, sums + j);
        return;
    }
    const char *next = w + (DOT_CHUNK + block * PAIR_COLUMNS * lines) * row_bytes;
    for (; j + PAIR_COLUMNS <= columns; j += PAIR_COLUMNS, next += lines * row_bytes) {
        pair_tile(R, PAIR_COLUMNS, lines, w + j * row_bytes, in, x, g->x_stride, next, sums + j);
    }
    for (; j < columns; j++) pair_tile(R, 1, 1, w + j * row_bytes, in, x, g->x_stride, next, sums + j);
}

static void pair_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const dot_t *g = argument;
    const ck_linear_call *call = g->call;
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    long rows = call->rows, blocks = (rows + PAIR_ROWS - 1) / PAIR_ROWS;
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK, columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        const char *w = (const char *)call->weight.data + column * call->in * 2;
        for (long block = 0; block < blocks; block++) {
            long row = rows * block / blocks, next = rows * (block + 1) / blocks;
            // All blocks together fetch the next chunk once.
#define PAIR_ROWS_OF(R)                                                                                                 \
    case R:                                                                                                             \
        if (blocks == 1) pair_rows(R, 4, g, w, columns, row, block, sums);                                              \
        else if (blocks < 4) pair_rows(R, 2, g, w, columns, row, block, sums);                                          \
        else pair_rows(R, 1, g, w, columns, row, block, sums);                                                          \
        break;
            switch (next - row) {
                PAIR_ROWS_OF(1)
                PAIR_ROWS_OF(2)
                PAIR_ROWS_OF(3)
                PAIR_ROWS_OF(4)
            }
#undef PAIR_ROWS_OF
        }
        finish(&g->finish, sums, DOT_CHUNK, rows, column, columns, call->y + column, call->y_stride);
    }
}

static void dot_bf16(ck_context *context, const ck_linear_call *call) {
    dot_t g = {.context = context, .call = call};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    long steps = (call->in + 2 * W - 1) / (2 * W) * W;
    // An odd number of vectors, so that rows of a power of two don't share one set of the cache.
    g.x_stride = (steps / W | 1) * W;
    float *x = ck_shared(context, SHARED_A, (size_t)(call->rows * g.x_stride) * 4);
    for (long m = 0; m < call->rows; m++) pack_row(true, call->x + m * call->x_stride, call->in, steps, x + m * g.x_stride);
    g.x = x;
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), pair_task, &g);
}
#endif
