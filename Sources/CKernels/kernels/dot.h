// y = x · Wᵀ for few rows of x: W is not packed, because both operands lie along K already. R rows of x meet C rows of W in
// registers, one register of partial sums for each pair (two where there are 32), added up at the end. One row of x reads the weights
// at the memory's speed; more rows share each weight that is loaded and widened.
//
// Several blocks of rows take K in parts and keep their lanes' sums between them, so that both x and W come from near caches.
//
// The sums of a row are taken in the same order however many rows there are, so a request's values are the same to the bit
// alone and in a batch. x stays f32; weights are widened exactly.
//
// bf16 weights are split by shift and mask into even and odd elements, so for them x is laid out once in groups of 32 as 16
// evens and 16 odds.
#pragma once
#include "finish.h"

enum { DOT_ROWS = 6, DOT_COLUMNS = CK_REGISTERS == 32 ? 2 : 4, DOT_SUMS = CK_REGISTERS == 32 ? 2 : 1, DOT_CHUNK = 16 };
/// Elements of a part of K: so much of a block of rows stays in the first-level cache while the weights of a chunk pass by.
enum { DOT_PART = 512 };
/// From how many rows on packing pays. A batch of so many sequences still has the same values as each alone.
enum { DOT_MAX_ROWS = CK_BATCH_ROWS };
/// The longest row of x of which the first-level cache keeps a copy while the weights stream by.
enum { DOT_CACHED = 4096 };

typedef struct {
    ck_context *context;
    const ck_linear_call *call;
    finish_t finish;
    const float *x; // [rows][x_stride], zero behind `in` up to a multiple of 32
    long x_stride;
} dot_t;

/// What one register holds.
typedef float vr __attribute__((ext_vector_type(LANES)));
typedef uint32_t vru __attribute__((ext_vector_type(LANES)));
typedef vr vr_any __attribute__((aligned(1), may_alias));
typedef vru vru_any __attribute__((aligned(1), may_alias));
enum { DOT_REGISTERS = 2 * W / LANES, DOT_HALF = DOT_REGISTERS / 2 };

/// Register `i` of thirty-two weights, in the order that x has.
INLINE vr dot_weights(const char *w, ck_type type, int i) {
    if (type == CK_F32) return *(const vr_any *)(w + i * LANES * 4);
    if (type == CK_BF16) {
        vru pairs = *(const vru_any *)(w + i % DOT_HALF * LANES * 4);
        return __builtin_bit_cast(vr, i < DOT_HALF ? pairs << 16 : pairs & 0xffff0000);
    }
    vh narrow = 0;
    memcpy(&narrow, w + i * LANES * 2, LANES * 2);
    vf wide = widen_f16(narrow);
    vr first;
    memcpy(&first, &wide, sizeof first);
    return first;
}

/// Adds the products of thirty-two elements of R rows of x and C rows of W, register by register: the two that share pairs of
/// bf16 one after the other.
INLINE void dot_step(int R, int C, const char *w, long row_bytes, ck_type type, const float *x, long x_stride, vr sum[DOT_ROWS][DOT_COLUMNS][DOT_SUMS]) {
#pragma clang loop unroll(full)
    for (int n = 0; n < DOT_REGISTERS; n++) {
        int i = n / 2 + n % 2 * DOT_HALF;
        vr a[DOT_COLUMNS];
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) a[c] = dot_weights(w + c * row_bytes, type, i);
#pragma clang loop unroll(full)
        for (int r = 0; r < R; r++) {
            vr p = *(const vr_any *)(x + r * x_stride + i * LANES);
#pragma clang loop unroll(full)
            for (int c = 0; c < C; c++) sum[r][c][i % DOT_SUMS] = a[c] * p + sum[r][c][i % DOT_SUMS];
        }
        // Sixteen registers hold the sums and little else: what looks like another address keeps the compiler from holding,
        // and so spilling, a pair of bf16 that can be read again.
        if (CK_REGISTERS < 32) __asm__("" : "+r"(w));
    }
}

/// A part of K that all blocks of rows pass over, with a chunk of W, before the next part.
typedef struct {
    long k, count, ahead; // bytes to the part that comes next, of this chunk or the next
    bool first, last;
} dot_part_t;

/// `out[r][c]` of R rows of x and C rows of W, or, after a part that is not the last, their sums lane by lane, from which the next part
/// goes on. What is needed soon is fetched from `next` on: C rows of W by a block of rows that is `alone`, otherwise one.
INLINE void dot_tile(int R, int C, const char *w, ck_type type, long in, dot_part_t part, const float *x, long x_stride, bool alone, const char *next, vr *lanes, float *out) {
    vr sum[DOT_ROWS][DOT_COLUMNS][DOT_SUMS];
    long bytes = type_bytes(type), row_bytes = in * bytes;
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++)
#pragma clang loop unroll(full)
            for (int s = 0; s < DOT_SUMS; s++) sum[r][c][s] = part.first ? (vr)(0) : lanes[(r * DOT_CHUNK + c) * DOT_SUMS + s];
    long k = part.k, end = part.k + part.count;
    for (; k + 2 * W <= end; k += 2 * W) {
        // Into the second-level cache: measured best on memory streams, some 8 KB ahead and two neighbouring lines at a time. A
        // step of f32 is two lines of each column; 16-bit weights of the next columns are fetched one line behind the other.
        bool apart = CK_HAS_AVX512 || type == CK_F32 || !alone;
#pragma clang loop unroll(full)
        for (int c = 0; c < (alone ? C : 1); c++) {
            const char *line = next + (apart ? c * row_bytes + k * bytes : k * C * bytes + c * 64);
            __builtin_prefetch(line, 0, 2);
            if (type == CK_F32) __builtin_prefetch(line + 64, 0, 2);
        }
        dot_step(R, C, w + k * bytes, row_bytes, type, x + k, x_stride, sum);
    }
    if (k < end) {
        char last[DOT_COLUMNS][2 * W * 4] = {0};
        for (int c = 0; c < C; c++) memcpy(last[c], w + c * row_bytes + k * bytes, (size_t)((end - k) * bytes));
        dot_step(R, C, last[0], sizeof last[0], type, x + k, x_stride, sum);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++)
#pragma clang loop unroll(full)
        for (int c = 0; c < C; c++) {
            if (!part.last) {
#pragma clang loop unroll(full)
                for (int s = 0; s < DOT_SUMS; s++) lanes[(r * DOT_CHUNK + c) * DOT_SUMS + s] = sum[r][c][s];
                continue;
            }
            vr both = DOT_SUMS == 1 ? sum[r][c][0] : sum[r][c][0] + sum[r][c][DOT_SUMS - 1];
            vf all = 0;
            memcpy(&all, &both, sizeof both);
            out[r * DOT_CHUNK + c] = sum_v(all);
        }
}

/// Rows of W that meet R rows of x: as many sums as hide the time that a product takes, and fit the registers. Few rows wait for f32
/// weights in any case.
INLINE int dot_columns(int R, ck_type type) { return R <= 2 && type != CK_F32 ? DOT_COLUMNS : 2; }

INLINE void dot_rows(int R, bool alone, const dot_t *g, ck_type type, const char *w, dot_part_t part, long columns, long row, long block, vr *lanes, float *sums) {
    const int C = dot_columns(R, type);
    long in = g->call->in, row_bytes = in * type_bytes(type);
    const float *x = g->x + row * g->x_stride;
    lanes += row * DOT_CHUNK * DOT_SUMS;
    sums += row * DOT_CHUNK;
    // Of several blocks, the first fetches even columns of what comes next and the second odd ones, so that memory is waited for
    // while products run; the others name what is there, which costs less than to ask.
    long ahead = block < 2 ? part.ahead + block * row_bytes : 0, j = 0;
    // With AVX-512 one row alone takes the weights as one stream, unless it is too long to stay in the cache: then two at a
    // time, as narrower registers do, whose sums would otherwise wait for each other.
    bool single = CK_HAS_AVX512 && R == 1 && in <= DOT_CACHED;
    if (!single) {
        for (; j + C <= columns; j += C) {
            const char *tile = w + j * row_bytes;
            dot_tile(R, C, tile, type, in, part, x, g->x_stride, alone, tile + (alone ? C * row_bytes : ahead), lanes + j * DOT_SUMS, sums + j);
        }
    }
    for (; j < columns; j++) {
        const char *tile = w + j * row_bytes;
        dot_tile(R, 1, tile, type, in, part, x, g->x_stride, alone, tile + (single ? 8192 : alone ? row_bytes : ahead), lanes + j * DOT_SUMS, sums + j);
    }
}

INLINE void dot_chunk(const dot_t *g, ck_type type, long column, long columns, vr *lanes, float *sums) {
    long in = g->call->in, rows = g->call->rows, blocks = (rows + DOT_ROWS - 1) / DOT_ROWS, bytes = type_bytes(type);
    const char *w = (const char *)g->call->weight.data + column * in * bytes;
    if (blocks == 1) {
        dot_part_t whole = {.count = in, .first = true, .last = true};
        switch (rows) {
        case 1: return dot_rows(1, true, g, type, w, whole, columns, 0, 0, lanes, sums);
        case 2: return dot_rows(2, true, g, type, w, whole, columns, 0, 0, lanes, sums);
        case 3: return dot_rows(3, true, g, type, w, whole, columns, 0, 0, lanes, sums);
        case 4: return dot_rows(4, true, g, type, w, whole, columns, 0, 0, lanes, sums);
        case 5: return dot_rows(5, true, g, type, w, whole, columns, 0, 0, lanes, sums);
        case 6: return dot_rows(6, true, g, type, w, whole, columns, 0, 0, lanes, sums);
        }
    }
    long count = in <= 2 * DOT_PART ? in : DOT_PART;
    for (long k = 0; k < in; k += count) {
        dot_part_t part = {.k = k, .count = in - k < count ? in - k : count, .first = k == 0, .last = k + count >= in};
        part.ahead = (part.last ? DOT_CHUNK * in - k : count) * bytes;
        for (long block = 0; block < blocks; block++) {
            long row = rows * block / blocks, next = rows * (block + 1) / blocks;
            switch (next - row) {
            case 3: dot_rows(3, false, g, type, w, part, columns, row, block, lanes, sums); break;
            case 4: dot_rows(4, false, g, type, w, part, columns, row, block, lanes, sums); break;
            case 5: dot_rows(5, false, g, type, w, part, columns, row, block, lanes, sums); break;
            case 6: dot_rows(6, false, g, type, w, part, columns, row, block, lanes, sums); break;
            }
        }
    }
}

static void dot_task(void *argument, long begin, long end, int thread) {
    const dot_t *g = argument;
    const ck_linear_call *call = g->call;
    vr *lanes = ck_scratch(g->context, thread, THREAD_SUMS, sizeof(vr[DOT_MAX_ROWS * DOT_CHUNK * DOT_SUMS]));
    float sums[DOT_MAX_ROWS * DOT_CHUNK];
    for (long chunk = begin; chunk < end; chunk++) {
        long column = chunk * DOT_CHUNK;
        long columns = call->out - column < DOT_CHUNK ? call->out - column : DOT_CHUNK;
        switch (call->weight.type) {
        case CK_F32: dot_chunk(g, CK_F32, column, columns, lanes, sums); break;
        case CK_BF16: dot_chunk(g, CK_BF16, column, columns, lanes, sums); break;
        case CK_F16: dot_chunk(g, CK_F16, column, columns, lanes, sums); break;
        case CK_I8: break; // dot_int8.h, dot_widened.h
        }
        finish(&g->finish, sums, DOT_CHUNK, call->rows, column, columns, call->y + column, call->y_stride);
    }
}

/// Chunks of a task: long streams for the prefetchers, yet several tasks for each thread.
static long dot_grain(const ck_context *context, const ck_linear_call *call) {
    long chunks = (call->out + DOT_CHUNK - 1) / DOT_CHUNK, most = chunks / (4 * context->threads);
    long grain = 1 + (256 << 10) / (DOT_CHUNK * call->in * type_bytes(call->weight.type) + 1);
    return grain > most && most > 0 ? most : grain;
}

static void dot(ck_context *context, const ck_linear_call *call) {
    dot_t g = {.context = context, .call = call};
    g.finish = make_finish(context, &call->epilogue, call->bias, call->out);
    // Whole groups in their own order can stay where they are, and do with AVX-512; narrower tiles gain more from rows laid out
    // so that they don't share sets of the cache than the copy takes.
    if (call->weight.type != CK_BF16 && call->in % (2 * W) == 0 && (CK_HAS_AVX512 || call->rows == 1)) {
        g.x = call->x;
        g.x_stride = call->x_stride;
    } else {
        // An odd number of vectors, so that rows of a power of two don't share one set.
        g.x_stride = (call->in + 2 * W - 1) / (2 * W) * 2 * W + W;
        float *x = ck_shared(context, SHARED_A, (size_t)(call->rows * g.x_stride) * 4);
        for (long m = 0; m < call->rows; m++) {
            const float *from = call->x + m * call->x_stride;
            float *to = x + m * g.x_stride;
            for (long k = 0; k < call->in; k += 2 * W) {
                long left = call->in - k;
                vf low = load_n(from + k, left), high = left > W ? load_n(from + k + W, left - W) : splat(0);
                if (call->weight.type == CK_BF16) {
                    store(to + k, __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30));
                    store(to + k + W, __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31));
                } else {
                    store(to + k, low);
                    store(to + k + W, high);
                }
            }
        }
        g.x = x;
    }
    ck_pool_run(context->pool, (call->out + DOT_CHUNK - 1) / DOT_CHUNK, dot_grain(context, call), dot_task, &g);
}
