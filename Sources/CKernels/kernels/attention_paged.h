// Attention of one query for each of several sequences, whose keys and values lie in pages of a common pool.
//
//   one task   KEY_TILE keys of one key-value head of one sequence: scores, probabilities and a part of the output of all
//              queries that read this head, four queries at a time
//   at the end a sequence's parts are joined, each weighed by its own maximum
//
// Keys and values are read where they lie, row by row, f32 or bf16; queries and sums are f32. How a sequence is split depends
// on its length alone, so its values depend neither on the threads nor on the other sequences.
#pragma once
#include "attention_few.h"

enum { PAGED_QUERIES = 4, PAGED_KEYS = CK_HAS_AVX512 ? 4 : 1, PAGED_VECTORS = CK_HAS_AVX512 ? 4 : 1 };
/// How many keys ahead one is fetched.
enum { PAGED_AHEAD = 16 };

typedef struct {
    ck_context *context;
    const ck_paged_attention_call *call;
    long shared;         // query heads of one key-value head
    const long *first;   // [sequences + 1] where a sequence's tiles begin
    float *parts;        // [key-value head][tile][query][maximum, sum, 14 unused, output in whole vectors]
    long part_stride;
} paged_t;

/// Rows of a pool are too far apart for the processor to foresee: one is fetched while an earlier one is worked on.
INLINE void paged_fetch(const char *row, long bytes) {
    for (long b = 0; b < bytes; b += 64) __builtin_prefetch(row + b, 0, 2);
}

/// Scores of four queries, `[query][SCORE_STRIDE]`, for the keys at `rows`, elements of the pool. The values are fetched on the way.
INLINE void paged_scores(const ck_paged_attention_call *call, ck_type type, const long *rows, long kv_head, long keys, const float *query, long stride, float *scores) {
    long size = call->head_size, bytes = type_bytes(type);
    const char *head = (const char *)call->keys.data + kv_head * size * bytes, *values = (const char *)call->values.data + kv_head * size * bytes;
    for (long j = 0; j < keys; j += PAGED_KEYS) {
        const char *row[PAGED_KEYS];
        vf sum[16];
#pragma clang loop unroll(full)
        for (int c = 0; c < PAGED_KEYS; c++) {
            row[c] = head + rows[j + c < keys ? j + c : keys - 1] * bytes;
            if (j + c + PAGED_AHEAD < keys) paged_fetch(head + rows[j + c + PAGED_AHEAD] * bytes, size * bytes);
            if (j + c < keys) paged_fetch(values + rows[j + c] * bytes, size * bytes);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < 16; i++) sum[i] = splat(0);
        for (long d = 0; d < size; d += W) {
            vf k[PAGED_KEYS];
#pragma clang loop unroll(full)
            for (int c = 0; c < PAGED_KEYS; c++) k[c] = load_weight_n(row[c], type, d, size - d);
#pragma clang loop unroll(full)
            for (int i = 0; i < PAGED_QUERIES; i++) {
                vf q = load(query + i * stride + d);
#pragma clang loop unroll(full)
                for (int c = 0; c < PAGED_KEYS; c++) sum[i * PAGED_KEYS + c] = q * k[c] + sum[i * PAGED_KEYS + c];
            }
        }
        if (PAGED_KEYS == 4) {
            vf all = sums16(sum);
            for (int i = 0; i < PAGED_QUERIES; i++)
                for (int c = 0; c < PAGED_KEYS; c++) scores[i * SCORE_STRIDE + j + c] = all[i * PAGED_KEYS + c];
        } else {
            for (int i = 0; i < PAGED_QUERIES; i++) scores[i * SCORE_STRIDE + j] = sum_v(sum[i]);
        }
    }
}

/// The columns `d ..< d + 16 · V` of four queries' outputs.
INLINE void paged_output(int V, const ck_paged_attention_call *call, ck_type type, const long *rows, long kv_head, long keys, const float *p, long d, long queries, float *out, long stride) {
    long size = call->head_size, bytes = type_bytes(type);
    const char *head = (const char *)call->values.data + kv_head * size * bytes;
    vf sum[PAGED_QUERIES][PAGED_VECTORS];
#pragma clang loop unroll(full)
    for (int i = 0; i < PAGED_QUERIES; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) sum[i][v] = splat(0);
    for (long j = 0; j < keys; j++) {
        const char *row = head + rows[j] * bytes;
        vf value[PAGED_VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) value[v] = load_weight_n(row, type, d + v * W, size - d - v * W);
#pragma clang loop unroll(full)
        for (int i = 0; i < PAGED_QUERIES; i++)
#pragma clang loop unroll(full)
            for (int v = 0; v < V; v++) sum[i][v] = p[i * SCORE_STRIDE + j] * value[v] + sum[i][v];
    }
    for (int i = 0; i < PAGED_QUERIES; i++) {
        if (i >= queries) break;
#pragma clang loop unroll(full)
        for (int v = 0; v < V; v++) store(out + i * stride + d + v * W, sum[i][v]);
    }
}

INLINE void paged_tile(const paged_t *g, ck_type type, long sequence, long tile, long kv_head, attention_state *state) {
    const ck_paged_attention_call *call = g->call;
    const int32_t *pages = call->pages + sequence * call->pages_stride;
    long size = call->head_size, key = tile * KEY_TILE, left = call->lengths[sequence] - key, keys = left < KEY_TILE ? left : KEY_TILE;
    long padded = (keys + W - 1) / W * W, tiles = g->first[call->sequences];
    long rows[KEY_TILE];
    for (long j = 0, page = key / call->page_rows, row = key % call->page_rows; j < keys; page++, row = 0) {
        for (; row < call->page_rows && j < keys; row++, j++) rows[j] = ((long)pages[page] * call->page_rows + row) * call->cache_stride;
    }
    const float *from = call->query + sequence * call->query_stride + kv_head * g->shared * size;
    for (long q = 0; q < g->shared; q += PAGED_QUERIES) {
        long queries = g->shared - q < PAGED_QUERIES ? g->shared - q : PAGED_QUERIES;
        for (long i = 0; i < PAGED_QUERIES; i++) {
            for (long d = 0; d < size; d += W) store(state->query + i * state->stride + d, i < queries ? load_n(from + (q + i) * size + d, size - d) * (call->scale * LOG2E) : splat(0));
        }
        paged_scores(call, type, rows, kv_head, keys, state->query, state->stride, state->scores[0]);
        float *part = g->parts + ((kv_head * tiles + g->first[sequence] + tile) * g->shared + q) * g->part_stride;
        for (long i = 0; i < queries; i++)
            for (long j = keys; j < padded; j++) state->scores[i][j] = -__builtin_inff();
        attention_part(state->scores[0], queries, padded, part, g->part_stride);
        long d = 0;
        for (; d + PAGED_VECTORS * W <= size; d += PAGED_VECTORS * W) {
            paged_output(PAGED_VECTORS, call, type, rows, kv_head, keys, state->scores[0], d, queries, part + PART_HEAD, g->part_stride);
        }
        for (; d < size; d += W) paged_output(1, call, type, rows, kv_head, keys, state->scores[0], d, queries, part + PART_HEAD, g->part_stride);
    }
}

static void paged_task(void *argument, long begin, long end, int thread) {
    const paged_t *g = argument;
    const ck_paged_attention_call *call = g->call;
    attention_state *state = attention_state_of(g->context, thread, call->head_size, PAGED_QUERIES);
    long sequence = 0;
    for (long task = begin; task < end; task++) {
        long tile = task / call->key_value_heads;
        while (g->first[sequence + 1] <= tile) sequence++;
        if (call->keys.type == CK_BF16) paged_tile(g, CK_BF16, sequence, tile - g->first[sequence], task % call->key_value_heads, state);
        else paged_tile(g, CK_F32, sequence, tile - g->first[sequence], task % call->key_value_heads, state);
    }
}

/// The parts of the query heads `begin ..< end` (of all sequences) joined.
static void paged_join(void *argument, long begin, long end, int thread) {
    (void)thread;
    const paged_t *g = argument;
    const ck_paged_attention_call *call = g->call;
    long size = call->head_size, step = g->shared * g->part_stride, tiles = g->first[call->sequences];
    for (long item = begin; item < end; item++) {
        long sequence = item / call->heads, head = item % call->heads, count = g->first[sequence + 1] - g->first[sequence];
        const float *first = g->parts + ((head / g->shared * tiles + g->first[sequence]) * g->shared + head % g->shared) * g->part_stride;
        attention_join(first, step, count, size, call->output + sequence * call->output_stride + head * size);
    }
}

static void paged_attention(ck_context *context, const ck_paged_attention_call *call) {
    if (call->sequences <= 0 || call->heads <= 0) return;
    paged_t g = {.context = context, .call = call, .shared = call->heads / call->key_value_heads};
    long *first = ck_shared(context, SHARED_KEYS, (size_t)(call->sequences + 1) * sizeof(long));
    first[0] = 0;
    for (long s = 0; s < call->sequences; s++) first[s + 1] = first[s] + (call->lengths[s] + KEY_TILE - 1) / KEY_TILE;
    g.first = first;
    g.part_stride = PART_HEAD + (call->head_size + W - 1) / W * W;
    long tiles = first[call->sequences];
    g.parts = ck_shared(context, SHARED_PARTIAL, (size_t)(call->key_value_heads * tiles * g.shared * g.part_stride + W) * 4);
    ck_pool_run(context->pool, tiles * call->key_value_heads, 1, paged_task, &g);
    ck_pool_run(context->pool, call->sequences * call->heads, 16, paged_join, &g);
}
