// The same as dot_bf16.h by AMX: a register takes 16 rows of W as they lie in memory, and meets up to 16 rows of x,
//
//   sums [16 rows of W][rows of x]  +=  W [16 rows][32 of K]  ·  xᵀ [16 pairs][rows of x]
//
// so that up to 64 rows of x cost no more than it takes to read the weights once. x is rounded once per call and laid out in groups of
// equal size: [group][pairs of K][rows of the group].
//
// A sum takes K in one order however many rows there are: a row's values are the same to the bit alone and in a batch.
#pragma once
#include "dot.h"
#include "pack.h"
#include "tiles.h"

#if CK_HAS_TILES
enum { TILE_DEPTH = 2 * BF16_STEPS, TILE_GROUPS = DOT_MAX_ROWS / TILE_ROWS };
_Static_assert(DOT_CHUNK == TILE_ROWS && TILE_GROUPS == 4, "a chunk of W is a register, and there is one of sums for each group");

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    float *x;
    long steps;         // of a row of x, in whole registers
    long groups, width; // rows of each
} tile_dot_t;

/// Registers 0 to 3 are sums and 6 is x, `width` columns wide; 4 is W.
INLINE void tile_dot_open(long width) {
    tile_shape shape = tile_shapes();
    shape.row_bytes[0] = shape.row_bytes[1] = shape.row_bytes[2] = shape.row_bytes[3] = shape.row_bytes[6] = (uint16_t)(4 * width);
    _tile_loadconfig(&shape);
}

/// 16 rows of W by 32 of K, `*stride` bytes apart: in place where they are whole, else copied with zeros behind.
INLINE const char *tile_weights(const tile_dot_t *g, long column, long k, char *copy, long *stride) {
    const ck_linear_call *call = g->call;
    const char *w = (const char *)call->weight.data + (column * call->in + k) * 2;
    long columns = call->out - column < TILE_ROWS ? call->out - column : TILE_ROWS, count = call->in - k < TILE_DEPTH ? call->in - k : TILE_DEPTH;
    *stride = call->in * 2;
    if (columns == TILE_ROWS && count == TILE_DEPTH) return w;
    memset(copy, 0, TILE_ROWS * 64);
    for (long c = 0; c < columns; c++) memcpy(copy + c * 64, w + c * *stride, (size_t)count * 2);
    *stride = 64;
    return copy;
}

/// `sums [rows of x][DOT_CHUNK]` of a chunk of W.
INLINE void tile_dot_chunk(int groups, const tile_dot_t *g, long column, float *sums) {
    _Alignas(64) char copy[TILE_ROWS * 64];
    const float *x = g->x;
    long width = g->width, group = g->steps * width, row_bytes = g->call->in * 2;
    const char *next = (const char *)g->call->weight.data + (column + TILE_ROWS) * row_bytes;
    _tile_zero(0);
    if (groups > 1) _tile_zero(1);
    if (groups > 2) _tile_zero(2);
    if (groups > 3) _tile_zero(3);
    for (long k = 0; k < g->call->in; k += TILE_DEPTH, x += BF16_STEPS * width, next += 64) {
        long stride;
        const char *w = tile_weights(g, column, k, copy, &stride);
        // Of the next chunk, two neighbouring lines of every other row at a time: even rows, then odd ones.
        const char *line = k / TILE_DEPTH % 2 ? next + row_bytes - 64 : next;
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_ROWS; row += 2) {
            __builtin_prefetch(line + row * row_bytes, 0, 2);
            __builtin_prefetch(line + row * row_bytes + 64, 0, 2);
        }
        _tile_loadd(4, w, stride);
#define GROUP(G)                                                                                                        \
    if (groups > G) {                                                                                                   \
        _tile_loadd(6, x + G * group, width * 4);                                                                       \
        _tile_dpbf16ps(G, 4, 6);                                                                                        \
    }
        GROUP(0)
        GROUP(1)
        GROUP(2)
        GROUP(3)
#undef GROUP
    }
    float columns[TILE_GROUPS][TILE_ROWS][W];
    _tile_stored(0, columns[0], W * 4);
    if (groups > 1) _tile_stored(1, columns[1], W * 4);
    if (groups > 2) _tile_stored(2, columns[2], W * 4);
    if (groups > 3) _tile_stored(3, columns[3], W * 4);
    for (int i = 0; i < groups; i++) {
        vf r[W];
        for (int c = 0; c < W; c++) r[c] = load(columns[i][c]);
        transpose16(r);
        for (long m = 0; m < width; m++) store(sums + (i * width + m) * DOT_CHUNK, r[m]);
    }
}

static void tile_dot_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const tile_dot_t *g = argument;
    const ck_linear_call *call = g->call;
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    tile_dot_open(g->width);
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK, columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        switch (g->groups) {
        case 1: tile_dot_chunk(1, g, column, sums); break;
        case 2: tile_dot_chunk(2, g, column, sums); break;
        case 3: tile_dot_chunk(3, g, column, sums); break;
        default: tile_dot_chunk(4, g, column, sums); break;
        }
        finish(&g->finish, sums, DOT_CHUNK, call->rows, column, columns, call->y + column, call->y_stride);
    }
    tiles_close();
}

static void dot_tiles(ck_context *context, const ck_linear_call *call) {
    tile_dot_t g = {.context = context, .call = call, .finish = make_finish(context, &call->epilogue, call->bias, call->out)};
    g.steps = row_steps(true, call->in);
    g.groups = (call->rows + TILE_ROWS - 1) / TILE_ROWS;
    g.width = (call->rows + g.groups - 1) / g.groups;
    long rows = g.groups * g.width;
    g.x = ck_shared(context, SHARED_A, (size_t)((rows + 1) * g.steps) * 4);
    float *row = g.x + rows * g.steps;
    for (long m = 0; m < rows; m++) {
        float *to = g.x + m / g.width * g.steps * g.width + m % g.width;
        if (m < call->rows) pack_row(true, call->x + m * call->x_stride, call->in, g.steps, row);
        else memset(row, 0, (size_t)g.steps * 4);
        for (long s = 0; s < g.steps; s++) to[s * g.width] = row[s];
    }
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), tile_dot_task, &g);
}
#endif
