// The same as dot_bf16.h and dot_int8.h by AMX: a register takes 16 rows of W as they lie in memory, and meets up to 16 rows of x,
//
//   sums [16 rows of W][rows of x]  +=  W [16 rows][64 bytes of K]  ·  xᵀ [16 steps][rows of x]
//
// so that up to 64 rows of x cost no more than it takes to read the weights once. A step is 4 bytes, a pair of bf16 or four of int8. x is rounded
// once per call and laid out in groups of equal size: [group][steps of K][rows of the group].
//
// A sum of bf16 takes K in one order however many rows there are, and one of int8 is exact: a row's values are the same to the bit alone
// and in a batch.
#pragma once
#include "dot.h"
#include "int8.h"
#include "pack.h"
#include "tiles.h"

#if CK_HAS_TILES
enum { TILE_BYTES = 64, TILE_GROUPS = DOT_MAX_ROWS / TILE_ROWS };
_Static_assert(DOT_CHUNK == TILE_ROWS && TILE_GROUPS == 4, "a chunk of W is a register, and there is one of sums for each group");

typedef struct {
    const ck_linear_call *call;
    finish_t finish;
    bool int8;
    long row_bytes;      // of W
    float *x;
    const int8_row *row; // of each row of x, where they are int8
    long steps;          // of a row of x, in whole registers
    long groups, width;  // rows of each
} tile_dot_t;

/// Registers 0 to 3 are sums and 6 is x, `width` columns wide; 4 is W.
INLINE void tile_dot_open(long width) {
    tile_shape shape = tile_shapes();
    shape.row_bytes[0] = shape.row_bytes[1] = shape.row_bytes[2] = shape.row_bytes[3] = shape.row_bytes[6] = (uint16_t)(4 * width);
    _tile_loadconfig(&shape);
}

/// 16 rows of W from byte `at` on, `*stride` bytes apart: in place where they are whole, else copied with zeros behind.
INLINE const char *tile_weights(const tile_dot_t *g, long column, long at, char *copy, long *stride) {
    const char *w = (const char *)g->call->weight.data + column * g->row_bytes + at;
    long columns = g->call->out - column < TILE_ROWS ? g->call->out - column : TILE_ROWS, count = g->row_bytes - at < TILE_BYTES ? g->row_bytes - at : TILE_BYTES;
    *stride = g->row_bytes;
    if (columns == TILE_ROWS && count == TILE_BYTES) return w;
    memset(copy, 0, TILE_ROWS * TILE_BYTES);
    for (long c = 0; c < columns; c++) memcpy(copy + c * TILE_BYTES, w + c * *stride, (size_t)count);
    *stride = TILE_BYTES;
    return copy;
}

/// `sums [rows of x][DOT_CHUNK]` of a chunk of W: f32, or int32 of int8.
INLINE void tile_dot_chunk(bool int8, int groups, const tile_dot_t *g, long column, float *sums) {
    _Alignas(64) char copy[TILE_ROWS * TILE_BYTES];
    const float *x = g->x;
    long width = g->width, group = g->steps * width, row_bytes = g->row_bytes;
    const char *next = (const char *)g->call->weight.data + (column + TILE_ROWS) * row_bytes;
    _tile_zero(0);
    if (groups > 1) _tile_zero(1);
    if (groups > 2) _tile_zero(2);
    if (groups > 3) _tile_zero(3);
    for (long at = 0; at < row_bytes; at += TILE_BYTES, x += BF16_STEPS * width, next += TILE_BYTES) {
        long stride;
        const char *w = tile_weights(g, column, at, copy, &stride);
        // Of the next chunk, two neighbouring lines of every other row at a time: even rows, then odd ones.
        const char *line = at / TILE_BYTES % 2 ? next + row_bytes - TILE_BYTES : next;
#pragma clang loop unroll(full)
        for (int row = 0; row < TILE_ROWS; row += 2) {
            __builtin_prefetch(line + row * row_bytes, 0, 2);
            __builtin_prefetch(line + row * row_bytes + 64, 0, 2);
        }
        _tile_loadd(4, w, stride);
#define GROUP(G)                                                                                                        \
    if (groups > G) {                                                                                                   \
        _tile_loadd(6, x + G * group, width * 4);                                                                       \
        if (int8) _tile_dpbssd(G, 4, 6);                                                                                \
        else _tile_dpbf16ps(G, 4, 6);                                                                                   \
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

INLINE void tile_dot_chunks(bool int8, int groups, const tile_dot_t *g, long begin, long end) {
    const ck_linear_call *call = g->call;
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK, columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        tile_dot_chunk(int8, groups, g, column, sums);
        if (int8) int8_scale(g->row, call->rows, DOT_CHUNK, 0, sums, DOT_CHUNK);
        finish(&g->finish, sums, DOT_CHUNK, call->rows, column, columns, call->y + column, call->y_stride);
    }
}

static void tile_dot_task(void *argument, long begin, long end, int thread) {
    (void)thread;
    const tile_dot_t *g = argument;
    tile_dot_open(g->width);
    switch (g->groups * 2 + g->int8) {
    case 2: tile_dot_chunks(false, 1, g, begin, end); break;
    case 3: tile_dot_chunks(true, 1, g, begin, end); break;
    case 4: tile_dot_chunks(false, 2, g, begin, end); break;
    case 5: tile_dot_chunks(true, 2, g, begin, end); break;
    case 6: tile_dot_chunks(false, 3, g, begin, end); break;
    case 7: tile_dot_chunks(true, 3, g, begin, end); break;
    case 8: tile_dot_chunks(false, 4, g, begin, end); break;
    default: tile_dot_chunks(true, 4, g, begin, end); break;
    }
    tiles_close();
}

static void dot_tiles(ck_context *context, const ck_linear_call *call) {
    tile_dot_t g = {.call = call, .finish = make_finish(context, &call->epilogue, call->bias, call->out), .int8 = call->weight.type == CK_I8};
    g.finish.scale = call->scales;
    g.row_bytes = call->in * type_bytes(call->weight.type);
    g.steps = (g.row_bytes + TILE_BYTES - 1) / TILE_BYTES * BF16_STEPS;
    g.groups = (call->rows + TILE_ROWS - 1) / TILE_ROWS;
    g.width = (call->rows + g.groups - 1) / g.groups;
    long rows = g.groups * g.width;
    g.x = ck_shared(context, SHARED_A, (size_t)((rows + 1) * g.steps) * 4);
    int8_row *row_of = ck_shared(context, SHARED_ROWS, (size_t)call->rows * sizeof(int8_row));
    g.row = row_of;
    float *row = g.x + rows * g.steps;
    for (long m = 0; m < rows; m++) {
        float *to = g.x + m / g.width * g.steps * g.width + m % g.width;
        const float *x = call->x + m * call->x_stride;
        if (m >= call->rows) memset(row, 0, (size_t)g.steps * 4);
        else if (g.int8) row_of[m] = int8_quantize(x, call->in, row, W, KC);
        else pack_row(true, x, call->in, g.steps, row, W);
        for (long s = 0; s < g.steps; s++) to[s * g.width] = row[s];
    }
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), tile_dot_task, &g);
}
#endif
