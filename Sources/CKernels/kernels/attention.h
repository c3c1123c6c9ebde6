// Softmax attention over tiles, the score matrix never whole.
//
//   packed keys    [head][panel of NR keys][steps of a head][NR]       transposed once per call, so a panel's scores are a small product
//   packed values  [head][panel of NR columns][steps of the keys][NR]  the last panel has W columns where that is enough
//   one task       QUERIES queries of one head: for each tile of keys:
//                  scores [QUERIES][keys] = Q · Kᵀ, running maximum and sum, P · V added to the output, MR queries at a time,
//                  all of them with one panel while it is in the first-level cache
//
// A step is one f32, or a pair of bf16: of neighbours in the head for Q and K, of neighbouring keys for P and V. Scores, sums
// and outputs are f32 always. The scale and log₂e are folded into Q, so the exponential is a power of two. Query heads that
// share a key head share its packing.
#pragma once
#include "finish.h"
#include "micro.h"
#include "pack.h"
#include "tiles.h"

MICRO(micro_tile, MR, NV, false)
MICRO(micro_1, MR, 1, false)
#if CK_HAS_BF16
MICRO_BF16(micro_tile_bf16, MR, NV, false)
MICRO_BF16(micro_1_bf16, MR, 1, false)
#endif

/// Rows of scores lie so far apart that they don't share sets of the cache.
enum { QUERIES = 4 * MR, KEY_TILE = 256, SCORE_STRIDE = KEY_TILE + W, FEW_ROWS = 4 };
/// Queries of a task. By AMX as many as one block has: their scores stay in the first-level cache.
INLINE long task_queries(bool bf16) { return CK_HAS_TILES && bf16 ? BF16_ROWS : QUERIES; }
_Static_assert(QUERIES >= FEW_ROWS && (!CK_HAS_TILES || QUERIES >= BF16_ROWS), "scores have room");
static const float LOG2E = 1.44269504088896341f, NO_SCORE = -1e30f;

typedef struct {
    ck_context *context;
    const ck_attention_call *call;
    bool bf16;
    float *keys, *values;
    long panels;                 // of keys
    long key_steps;              // of a head's size
    long value_pad;              // columns of packed values: the head's size in whole vectors
    long value_steps;            // of a panel of values
    long key_stride, value_stride; // floats from one packed head to the next
    long head;                   // the first key-value head in packed keys and values
    long queries, query_blocks;  // of a task, a whole number of blocks of rows; and how many there are of one head
} attention_t;

/// Sixteen f32 of a row, or thirty-two as pairs, from step `s` on; zero from element `size` on.
INLINE vf attention_steps(bool bf16, const float *row, long size, long s, float scale) {
#if CK_HAS_BF16
    if (bf16) {
        long left = size - 2 * s;
        return pair_bf16(load_n(row + 2 * s, left) * scale, left > W ? load_n(row + 2 * s + W, left - W) * scale : splat(0));
    }
#endif
    (void)bf16;
    return load_n(row + s, size - s) * scale;
}

INLINE void attention_pack_keys(bool bf16, const attention_t *g, const float *from, long count, float *to) {
    for (int v = 0; v < NV; v++) {
        for (long s = 0; s < g->key_steps; s += W) {
            vf r[W];
            for (int j = 0; j < W; j++) {
                long row = v * W + j;
                r[j] = row < count ? attention_steps(bf16, from + row * g->call->key_stride, g->call->head_size, s, 1) : splat(0);
            }
            transpose16(r);
            for (int j = 0; j < W && s + j < g->key_steps; j++) store(to + (s + j) * NR + v * W, r[j]);
        }
    }
}

/// Of the panel that column `d`, the first of a vector, lies in.
INLINE long value_width(const attention_t *g, long d) { return g->value_pad - d / NR * NR < NR ? W : NR; }

/// Where step `step` of that vector lies.
INLINE float *value_place(const attention_t *g, float *values, long step, long d) {
    return values + d / NR * NR * g->value_steps + step * value_width(g, d) + d % NR;
}

INLINE void attention_pack_values(bool bf16, const attention_t *g, const float *from, long count, long step, float *values) {
    long size = g->call->head_size, stride = g->call->value_stride;
#if CK_HAS_BF16
    if (bf16) {
        // AMX multiplies what lies behind the last key, and columns behind the head: with zeros.
        long rows = CK_HAS_TILES ? NR : count, columns = CK_HAS_TILES ? g->value_pad : size;
        for (long j = 0; j < rows; j += 2, step++) {
            for (long d = 0; d < columns; d += W) {
                vf low = j < count && d < size ? load_n(from + j * stride + d, size - d) : splat(0);
                vf high = j + 1 < count && d < size ? load_n(from + (j + 1) * stride + d, size - d) : splat(0);
                vh a = round_bf16(low), b = round_bf16(high);
                store_u(value_place(g, values, step, d), __builtin_convertvector(a, vu) | __builtin_convertvector(b, vu) << 16);
            }
        }
        return;
    }
#endif
    (void)bf16;
    for (long j = 0; j < count; j++, step++) {
        for (long d = 0; d < size; d += W) store(value_place(g, values, step, d), load_n(from + j * stride + d, size - d));
    }
}

/// Packs panel `panel` of key-value head `head` of the group: its keys to `keys`, its values to steps `step` and on of `values`.
static void attention_pack_panel(const attention_t *g, long head, long panel, float *keys, long step, float *values) {
    const ck_attention_call *call = g->call;
    long key = panel * NR, count = call->keys - key < NR ? call->keys - key : NR;
    const float *from = call->key + key * call->key_stride + (g->head + head) * call->head_size;
    const float *value = call->value + key * call->value_stride + (g->head + head) * call->head_size;
#if CK_HAS_BF16
    if (g->bf16) {
        attention_pack_keys(true, g, from, count, keys);
        attention_pack_values(true, g, value, count, step, values);
        return;
    }
#endif
    attention_pack_keys(false, g, from, count, keys);
    attention_pack_values(false, g, value, count, step, values);
}

static void attention_pack(void *argument, long begin, long end, int thread) {
    (void)thread;
    const attention_t *g = argument;
    for (long item = begin; item < end; item++) {
        long head = item / g->panels, panel = item % g->panels;
        attention_pack_panel(g, head, panel, g->keys + head * g->key_stride + panel * g->key_steps * NR, panel * (NR >> g->bf16),
                             g->values + head * g->value_stride);
    }
}

/// The state of QUERIES queries of one head; `query` and `output` are rows of `stride` floats behind the struct, as long as the head needs.
typedef struct {
    float scores[QUERIES][SCORE_STRIDE];
    float maximum[QUERIES], sum[QUERIES];
    long stride;
    float *query; // steps
    float *output;
} attention_state;

/// For heads of `columns` columns, and as many queries.
static attention_state *attention_state_of(ck_context *context, int thread, long columns, long queries) {
    // An odd number of vectors, so that the rows of a power of two don't share one set of the cache.
    long stride = ((columns + W - 1) / W | 1) * W;
    size_t header = (sizeof(attention_state) + 63) / 64 * 64;
    attention_state *state = ck_scratch(context, thread, THREAD_X, header + (size_t)(2 * queries * stride) * 4);
    state->stride = stride;
    state->query = (float *)((char *)state + header);
    state->output = state->query + queries * stride;
    return state;
}

/// Scores of a block of queries against the keys of a panel.
INLINE void attention_scores(bool bf16, const float *query, long stride, const float *panel, long steps, float *scores) {
#if CK_HAS_TILES
    if (bf16) return tiles_multiply(false, steps, query, stride, W, panel, NR, scores, SCORE_STRIDE, true);
#endif
    vf sum[MR][NV];
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < NV; v++) sum[i][v] = splat(0);
#if CK_HAS_BF16
    if (bf16) micro_tile_bf16(steps, query, stride, panel, NR, sum);
    else
#endif
        micro_tile(steps, query, stride, panel, NR, sum);
    (void)bf16;
#pragma clang loop unroll(full)
    for (int i = 0; i < MR; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < NV; v++) store(scores + i * SCORE_STRIDE + v * W, sum[i][v]);
}

/// Up to W rows of scores to probabilities over `keys` keys (a multiple of NR), as steps in place. `maximum` and `sum` of each row
/// go on from what they are; `shrink` is what the earlier output shrinks by.
INLINE void attention_softmax(bool bf16, float *scores, long rows, long keys, float *maximum, float *sum, float *shrink) {
    vf top[W], total[W];
    for (long i = 0; i < W; i++) {
        top[i] = splat(NO_SCORE);
        total[i] = splat(0);
        if (i >= rows) continue;
        for (long j = 0; j < keys; j += W) top[i] = max_v(top[i], load(scores + i * SCORE_STRIDE + j));
    }
    vf before = load_n(maximum, rows), now = max_v(before, maxima16(top));
    float shift[W];
    store(shift, now);
    for (long i = 0; i < rows; i++, scores += SCORE_STRIDE) {
#if CK_HAS_BF16
        if (bf16) {
            for (long j = 0; j < keys; j += 2 * W) {
                // Panels of one vector may be odd in number.
                bool both = NR % (2 * W) == 0 || j + W < keys;
                vf p = exp2_v(load(scores + j) - shift[i], true), q = both ? exp2_v(load(scores + j + W) - shift[i], true) : splat(0);
                total[i] += p + q;
                store(scores + j / 2, pair_bf16(p, q));
            }
            continue;
        }
#endif
        for (long j = 0; j < keys; j += W) {
            vf p = exp2_v(load(scores + j) - shift[i], false);
            total[i] += p;
            store(scores + j, p);
        }
    }
    (void)bf16;
    vf factor = now == before ? splat(1) : exp2_v(before - now, false);
    store_n(maximum, now, rows);
    store_n(sum, load_n(sum, rows) * factor + sums16(total), rows);
    store_n(shrink, factor, rows);
}

/// output [MR][V · W] = output · shrink + P [MR][steps] · values [steps][V · W].
#define OUTPUT_COLUMNS(NAME, V, F32, BF16)                                                                              \
    INLINE void NAME(bool bf16, const float *p, const float *values, long steps, const float *shrink, float *output, long stride) { \
        vf sum[MR][V];                                                                                                  \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) sum[i][v] = load(output + i * stride + v * W) * shrink[i]; \
        if (bf16) BF16(steps, p, SCORE_STRIDE, values, V * W, sum);                                                         \
        else F32(steps, p, SCORE_STRIDE, values, V * W, sum);                                                               \
        _Pragma("clang loop unroll(full)") for (int i = 0; i < MR; i++)                                                 \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < V; v++) store(output + i * stride + v * W, sum[i][v]); \
    }
#if CK_HAS_BF16
OUTPUT_COLUMNS(attention_output, NV, micro_tile, micro_tile_bf16)
OUTPUT_COLUMNS(attention_output_1, 1, micro_1, micro_1_bf16)
#else
OUTPUT_COLUMNS(attention_output, NV, micro_tile, micro_tile)
OUTPUT_COLUMNS(attention_output_1, 1, micro_1, micro_1)
#endif
#undef OUTPUT_COLUMNS

#if CK_HAS_TILES
/// The same of BF16_ROWS queries and a whole panel.
INLINE void attention_output_tiles(const float *p, const float *values, long steps, const float *shrink, float *output, long stride) {
    for (long i = 0; i < BF16_ROWS; i++) {
        if (shrink[i] == 1) continue;
        for (int v = 0; v < NV; v++) store(output + i * stride + v * W, load(output + i * stride + v * W) * shrink[i]);
    }
    tiles_multiply(false, steps, p, SCORE_STRIDE, W, values, NR, output, stride, false);
}
#endif

/// Bias and mask on the scores of `queries` queries from `row` on, keys from `key` on; whole panels end with no score.
static void attention_adjust(const ck_attention_call *call, long head, long row, long queries, long key, long keys, float *scores) {
    long padded = (keys + NR - 1) / NR * NR;
    for (long i = 0; i < queries; i++, scores += SCORE_STRIDE) {
        if (call->bias && row + i < call->rows) {
            // Column j − i + rows − 1 of this head's bias.
            const float *bias = call->bias + head * call->bias_stride + key - (row + i) + call->rows - 1;
            for (long j = 0; j < keys; j += W) store(scores + j, load(scores + j) + LOG2E * load_n(bias + j, keys - j));
        }
        long seen = keys;
        if (call->causal) {
            long last = row + i + call->keys - call->rows - key + 1;
            seen = last < 0 ? 0 : last < keys ? last : keys;
        }
        for (long j = seen; j < padded; j++) scores[j] = -__builtin_inff();
    }
}

INLINE void attention_queries(bool bf16, const attention_t *g, long head, long block, attention_state *state) {
    const ck_attention_call *call = g->call;
    long size = call->head_size, shared = call->heads / call->key_value_heads;
    long row = block * g->queries, rows = call->rows - row < g->queries ? call->rows - row : g->queries, height = block_rows(bf16);
    const float *keys = g->keys + head / shared * g->key_stride;
    float *values = g->values + head / shared * g->value_stride;
    long query_head = g->head * shared + head, queries = (rows + height - 1) / height * height;
    for (long i = 0; i < queries; i++) {
        const float *query = call->query + (row + i) * call->query_stride + query_head * size;
        for (long s = 0; s < g->key_steps; s += W) store(state->query + i * state->stride + s, i < rows ? attention_steps(bf16, query, size, s, call->scale * LOG2E) : splat(0));
        for (long d = 0; d < g->value_pad; d += W) store(state->output + i * state->stride + d, splat(0));
        state->maximum[i] = NO_SCORE;
        state->sum[i] = 0;
    }
    long visible = call->causal ? row + rows + call->keys - call->rows : call->keys;
    for (long key = 0; key < visible; key += KEY_TILE) {
        long tile = visible - key < KEY_TILE ? visible - key : KEY_TILE, padded = (tile + NR - 1) / NR * NR, steps = row_steps(bf16, tile);
        for (long j = 0; j < tile; j += NR) {
            const float *panel = keys + (key + j) * g->key_steps;
            for (long i = 0; i < queries; i += height) {
                attention_scores(bf16, state->query + i * state->stride, state->stride, panel, g->key_steps, state->scores[i] + j);
            }
        }
        for (long i = 0; i < queries; i += height) {
            bool crossed = call->causal && key + tile > row + i + call->keys - call->rows + 1;
            if (call->bias || crossed || padded != tile) attention_adjust(call, query_head, row + i, height, key, tile, state->scores[i]);
        }
        float shrink[QUERIES];
        for (long i = 0; i < queries; i += W) {
            attention_softmax(bf16, state->scores[i], queries - i < W ? queries - i : W, padded, &state->maximum[i], &state->sum[i], &shrink[i]);
        }
        for (long d = 0; d < g->value_pad; d += NR) {
            const float *panel = value_place(g, values, key >> bf16, d);
            bool whole = value_width(g, d) == NR;
            for (long i = 0; i < queries; i += height) {
                float *output = state->output + i * state->stride + d;
#if CK_HAS_TILES
                if (bf16) {
                    attention_output_tiles(state->scores[i], panel, steps, shrink + i, output, state->stride);
                    continue;
                }
#endif
                if (whole) attention_output(bf16, state->scores[i], panel, steps, shrink + i, output, state->stride);
                else attention_output_1(bf16, state->scores[i], panel, steps, shrink + i, output, state->stride);
            }
        }
    }
    for (long i = 0; i < rows; i++) {
        float *output = call->output + (row + i) * call->output_stride + query_head * size;
        // A query that sees no key at all has no sum: its output is zero.
        float inverse = state->sum[i] != 0 ? 1 / state->sum[i] : 0;
        for (long d = 0; d < size; d += W) store_n(output + d, load(state->output + i * state->stride + d) * inverse, size - d);
    }
}

static void attention_task(void *argument, long begin, long end, int thread) {
    const attention_t *g = argument;
    attention_state *state = attention_state_of(g->context, thread, g->value_pad, QUERIES);
    tiles_open();
    for (long task = begin; task < end; task++) {
        // The longest rows of a causal mask first, so that the threads end together.
        long head = task / g->query_blocks, block = g->query_blocks - 1 - task % g->query_blocks;
#if CK_HAS_BF16
        if (g->bf16) {
            attention_queries(true, g, head, block, state);
            continue;
        }
#endif
        attention_queries(false, g, head, block, state);
    }
    tiles_close();
}

static void attention_many(ck_context *context, const ck_attention_call *call) {
    attention_t g = {.context = context, .call = call, .bf16 = context->bf16};
    g.panels = (call->keys + NR - 1) / NR;
    g.key_steps = row_steps(g.bf16, call->head_size);
    long columns = CK_HAS_TILES && g.bf16 ? NR : W;
    g.value_pad = (call->head_size + columns - 1) / columns * columns;
    g.queries = task_queries(g.bf16);
    g.key_stride = g.panels * NR * g.key_steps;
    g.value_steps = g.panels * (NR >> g.bf16);
    g.value_stride = g.value_steps * g.value_pad;
    g.query_blocks = (call->rows + g.queries - 1) / g.queries;
    // As many heads at a time as fit a bounded scratch, yet enough tasks for all threads.
    long shared = call->heads / call->key_value_heads, group = (16 << 20) / (g.key_stride + g.value_stride + 1);
    if (group * shared * g.query_blocks < 4 * context->threads) group = 1 + 4 * context->threads / (shared * g.query_blocks);
    group = group < 1 ? 1 : group > call->key_value_heads ? call->key_value_heads : group;
    g.keys = ck_shared(context, SHARED_KEYS, (size_t)(group * g.key_stride) * 4 + 64);
    g.values = ck_shared(context, SHARED_VALUES, (size_t)(group * g.value_stride) * 4 + 64);
    for (g.head = 0; g.head < call->key_value_heads; g.head += group) {
        long heads = call->key_value_heads - g.head < group ? call->key_value_heads - g.head : group;
        ck_pool_run(context->pool, heads * g.panels, 4, attention_pack, &g);
        ck_pool_run(context->pool, heads * shared * g.query_blocks, 1, attention_task, &g);
    }
}
