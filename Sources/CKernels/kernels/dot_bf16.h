// The same as dot.h on bf16 pairs, for weights that the checkpoint keeps in bf16: x is rounded once per call and laid out as
// the weights are, and one instruction multiplies a register of both. Four rows of x meet four rows of W, so a weight is
// loaded once for four rows; all rows pass over a chunk of W while the second-level cache holds it.
//
// Each sum takes its products in the order of K in one register, and its lanes are added by one tree, however many rows there
// are: a row's values are the same to the bit alone and in a batch.
#pragma once
#include "dot.h"
#include "pack.h"

#if CK_HAS_BF16 && !CK_HAS_TILES
enum { PAIR_ROWS = 4, PAIR_COLUMNS = 4 };

/// Four columns of one row's sums from `out[r]` on; `fetch` lies where the weights of a later tile begin.
INLINE void pair_tile(int R, int C, int lines, const char *w, long in, const float *x, long x_stride, const char *fetch, float *out) {
    vr sum[PAIR_ROWS * PAIR_COLUMNS];
    long row_bytes = in * 2;
#pragma clang loop unroll(full)
    for (int i = 0; i < PAIR_ROWS * PAIR_COLUMNS; i++) sum[i] = 0;
#define PAIR_STEP(WEIGHTS)                                                                                              \
    _Pragma("clang loop unroll(full)") for (int n = 0; n < W / LANES; n++) {                                            \
        vr a[PAIR_COLUMNS];                                                                                             \
        _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) a[c] = WEIGHTS;                                  \
        _Pragma("clang loop unroll(full)") for (int r = 0; r < R; r++) {                                                \
            vr p = *(const vr_any *)(x + r * x_stride + k / 2 + n * LANES);                                             \
            _Pragma("clang loop unroll(full)") for (int c = 0; c < C; c++) sum[r * PAIR_COLUMNS + c] =                  \
                pair_dot_register(sum[r * PAIR_COLUMNS + c], p, a[c]);                                                  \
        }                                                                                                               \
    }
    long k = 0;
    for (; k + 2 * W <= in; k += 2 * W) {
#pragma clang loop unroll(full)
        for (int line = 0; line < lines; line++) __builtin_prefetch(fetch + line * row_bytes + k * 2, 0, 2);
        PAIR_STEP(*(const vr_any *)(w + c * row_bytes + k * 2 + n * LANES * 4))
    }
    if (k < in) {
        vr last[PAIR_COLUMNS][W / LANES];
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) {
            vf pairs = load_pairs_part(w + c * row_bytes + k * 2, in - k);
            memcpy(last[c], &pairs, sizeof pairs);
        }
        PAIR_STEP(last[c][n])
    }
#undef PAIR_STEP
    // A register that is narrower than a vector is its first lanes.
    vf whole[PAIR_ROWS * PAIR_COLUMNS];
#pragma clang loop unroll(full)
    for (int i = 0; i < PAIR_ROWS * PAIR_COLUMNS; i++) {
        whole[i] = 0;
        memcpy(&whole[i], &sum[i], sizeof sum[i]);
    }
    if (LANES == W && R * C > PAIR_COLUMNS) {
        vf all = sums16(whole);
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) out[r * DOT_CHUNK + c] = all[r * PAIR_COLUMNS + c];
    } else {
#pragma clang loop unroll(full)
        for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
            for (int c = 0; c < C; c++) out[r * DOT_CHUNK + c] = sum_v(whole[r * PAIR_COLUMNS + c]);
    }
}

/// R rows of x against a chunk's columns. `lines` columns of the next chunk are fetched by each tile.
INLINE void pair_rows(int R, int lines, const dot_t *g, const char *w, long columns, long row, long block, float *sums) {
    long in = g->call->in, row_bytes = in * 2, j = 0;
    const float *x = g->x + row * g->x_stride;
    sums += row * DOT_CHUNK;
    // With AVX-512 one row alone takes the weights as one stream, unless it is too long to stay in the cache.
    if (CK_HAS_AVX512 && R == 1 && lines == PAIR_COLUMNS && in <= DOT_CACHED) {
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
    for (long m = 0; m < call->rows; m++) pack_row(true, call->x + m * call->x_stride, call->in, steps, x + m * g.x_stride, W);
    g.x = x;
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), pair_task, &g);
}
#endif
